// A stage that makes metrics of what passes: what they have in common that look at different things.

import type { Pass, Saved, StatefulTransform } from '../component.js'
import type { Record } from '../record/record.js'
import { SeriesTable, type TableContext, type TableSettings } from './table.js'

export abstract class MeasuringStage implements StatefulTransform {
  protected readonly table: SeriesTable

  /** @param saved undefined: the metrics begin anew in each run */
  constructor(settings: TableSettings, context: TableContext, saved: Saved | undefined) {
    this.table = new SeriesTable(settings, context, saved)
  }

  abstract take(record: Record, order: number, pass: Pass): void

  held(): number {
    return Infinity
  }

  due(): number {
    return this.table.due()
  }

  tick(now: number, pass: Pass): void {
    this.table.tick(now, pass)
  }

  flush(pass: Pass): void {
    this.table.collect(pass)
  }
}
