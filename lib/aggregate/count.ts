// Counts of what passes: spans and their events, metrics and their data points, log entries, under conditions and by
// attributes (OpenTelemetry Collector, count connector).

import type { Context, Pass, Saved } from '../component.js'
import { RecordedView } from '../expr/field.js'
import { EvaluationError, type Expression } from '../expr/expression.js'
import { type Json } from '../record/json.js'
import { labelPairs } from '../record/labels.js'
import type { Record } from '../record/record.js'
import { type Dimension, dimensionKey, dimensionValues } from '../trace/dimensions.js'
import { type JsonMap, mapIn, mapsIn, resourceOf } from '../trace/span.js'
import type { Instrument } from './series.js'
import { MeasuringStage } from './stage.js'
import { attributeText, type TableSettings } from './table.js'

export const COUNTED = ['spans', 'spanevents', 'metrics', 'datapoints', 'logs'] as const
export type Counted = (typeof COUNTED)[number]

/** What is counted, unless somebody names it. */
export const COUNT_NAMES: { readonly [C in Counted]: string } = {
  spans: 'trace.span.count', spanevents: 'trace.span.event.count', metrics: 'metric.count',
  datapoints: 'metric.datapoint.count', logs: 'log.record.count',
}

const HELP: { readonly [C in Counted]: string } = {
  spans: 'Spans.', spanevents: 'Events of spans.', metrics: 'Metrics.', datapoints: 'Data points of metrics.',
  logs: 'Log entries.',
}

export interface CountSettings {
  readonly table: TableSettings
  /** Names of the metrics by what they count. */
  readonly counts: ReadonlyMap<Counted, string>
  /** It is counted if one of them is true; if there are none, always. */
  readonly conditions: readonly Expression[]
  /** What lacks one that has no default is not counted. */
  readonly attributes: readonly Dimension[]
}

export class Counts extends MeasuringStage {
  readonly #instruments: ReadonlyMap<Counted, Instrument>
  readonly #view = new RecordedView()
  /** The first data point of the metric that is passing. */
  #metric: Record | undefined
  #failed = 0

  constructor(
    private readonly settings: CountSettings,
    private readonly context: Context,
    saved?: Saved,
  ) {
    super(settings.table, context, saved)
    const instrument = (of: Counted, name: string): Instrument => ({ name, kind: 'counter', unit: '', help: HELP[of] })
    this.#instruments = new Map([...settings.counts].map(([of, name]) => [of, instrument(of, name)]))
    this.table.restore([...this.#instruments.values()])
  }

  take(record: Record, _: number, pass: Pass): void {
    const { identity, payload } = record
    switch (identity.type) {
      case 'span':
        this.#count('spans', record, [mapIn(payload.attributes)])
        if (this.#instruments.has('spanevents')) this.#events(record)
        break
      case 'log':
        this.#count('logs', record, [mapIn(payload.attributes), labelMap(record)])
        break
      default:
        this.#count('datapoints', record, [labelMap(record)])
        if (this.#instruments.has('metrics') && this.#isNew(record)) this.#count('metrics', record, null)
    }
    pass(record)
  }

  #events(record: Record): void {
    const { trace_id, span_id } = record.payload
    for (const event of mapsIn(record.payload.events)) {
      const payload = { trace_id, span_id, ...event } as Record['payload']
      this.#count('spanevents', { identity: record.identity, payload }, [mapIn(event.attributes)])
    }
  }

  /** A metric ends where another one begins, or where its first data point comes again. */
  #isNew(record: Record): boolean {
    const before = this.#metric?.identity
    const { identity } = record
    const same = before !== undefined && before !== identity && before.name === identity.name
      && sameOrigin(before.rest, identity.rest) && !before.prefix.equals(identity.prefix)
    if (!same) this.#metric = record
    return !same
  }

  /** @param own attributes of what is counted; null: it has none, whatever is asked for */
  #count(of: Counted, record: Record, own: readonly JsonMap[] | null): void {
    const instrument = this.#instruments.get(of)
    if (instrument === undefined || !this.#meets(record)) return
    const { identity } = record
    const attributes = own === null ? [] : this.settings.attributes
    const maps = own === null ? [] : [...own, mapIn(mapIn(identity.rest.scope).attributes), resourceOf(identity)]
    const values = dimensionValues(attributes, ...maps)
    if (values.length < attributes.length) return
    this.table.series(this.table.origin(identity), instrument, dimensionKey(attributes, ...maps), () => values).add(1)
  }

  #meets(record: Record): boolean {
    const { conditions } = this.settings
    if (conditions.length === 0) return true
    this.#view.at(record)
    return conditions.some((condition) => {
      try {
        return condition.test(this.#view)
      } catch (error) {
        if (!(error instanceof EvaluationError)) throw error
        if (this.#failed++ === 0) this.context.log.warn(`not counted: the condition has no value: ${error.message}`)
        return false
      }
    })
  }

  override flush(pass: Pass): void {
    super.flush(pass)
    if (this.#failed > 1) this.context.log.warn(`the condition had no value ${this.#failed} times`)
  }
}

/** Labels; an attribute of a data point has its type as long as its label says the same. */
function labelMap({ identity: { labels, rest } }: Record): JsonMap {
  const typed = mapIn(rest.attributes)
  const valueOf = (name: string, text: string) =>
    Object.hasOwn(typed, name) && attributeText(typed[name]) === text ? typed[name] : text
  return Object.fromEntries([...labelPairs(labels)].map(([name, text]) => [name, valueOf(name, text)]))
}

/** Where a metric belongs: all of a record's identity but its name, labels and their types. */
function sameOrigin(a: { readonly [key: string]: Json }, b: { readonly [key: string]: Json }): boolean {
  for (const key of ORIGIN) if (a[key] !== b[key] && JSON.stringify(a[key]) !== JSON.stringify(b[key])) return false
  return true
}

const ORIGIN = ['resource', 'scope', 'kind', 'unit', 'temporality', 'monotonic']
