// Deltas added up: each point says what its series came to since it began.

import { add } from './measured.js'
import {
  type Keep, Refused, type SeriesState, type TemporalityContext, type TemporalitySettings, TemporalityStage,
} from './stage.js'

export interface CumulativeSettings extends TemporalitySettings {
  /** On each side of an exponential histogram; beyond, the scale goes down. */
  max_buckets: number
}

export class CumulativeTransform extends TemporalityStage {
  constructor(
    private readonly settings: CumulativeSettings,
    context: TemporalityContext,
    keep: Keep | null,
  ) {
    super('delta', 'cumulative', settings, context, keep)
  }

  protected override takesSum(): boolean {
    return true
  }

  protected override next(before: SeriesState | undefined, now: SeriesState): SeriesState {
    // Everything after it would be none either.
    if (now.measured.form === 'sum' && Number.isNaN(now.measured.value))
      throw new Refused('not_a_number', 'it is no number')
    // A delta that does not tell when it began began with the series.
    if (before === undefined) return { ...now, start: now.start === '0' ? now.ts : now.start }
    if (now.start !== '0' && BigInt(now.start) < BigInt(before.start))
      throw new Refused('out_of_order', 'it began before the series did')
    const measured = add(before.measured, now.measured, this.settings.max_buckets)
    if (measured !== null) return { ...now, start: before.start, measured }
    // Other bounds: nothing can be added, and the series begins anew.
    return { ...now, start: now.start === '0' ? before.ts : now.start }
  }

  protected override remembered(point: SeriesState): SeriesState {
    return point
  }
}
