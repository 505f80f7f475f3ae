// Requests, errors and durations from spans: a counter of calls and a histogram of their durations, as the OpenTelemetry
// Collector's connector of that name makes them.

import type { Pass, Saved } from '../component.js'
import type { Instrument, Series } from '../aggregate/series.js'
import { MeasuringStage } from '../aggregate/stage.js'
import type { Attribute, Origin, TableContext, TableSettings } from '../aggregate/table.js'
import type { Record } from '../record/record.js'
import { type Dimension, dimensionKey, dimensionValues } from './dimensions.js'
import { durationOf, type JsonMap, keyPart, kindName, mapIn, mapsIn, resourceOf, statusName, statusOf, textIn } from './span.js'

export interface SpanMetricsSettings {
  readonly table: TableSettings
  readonly calls: Instrument
  /** Absent: durations are not measured. */
  readonly duration: Instrument | undefined
  /** Absent: events are not counted. */
  readonly events: Instrument | undefined
  /** What durations count in, nanoseconds. */
  readonly unit: number
  readonly dimensions: readonly Dimension[]
  /** Those that only one of the metrics has. */
  readonly callsDimensions: readonly Dimension[]
  readonly durationDimensions: readonly Dimension[]
  readonly eventDimensions: readonly Dimension[]
  /** Names of the usual ones that are left out. */
  readonly excluded: ReadonlySet<string>
  /** Whether the instrumentation scope is a dimension. */
  readonly scope: boolean
  /** Exemplars of a sample; 0: none. */
  readonly exemplars: number
}

/** Dimensions that are there unless they are excluded. */
export const USUAL_DIMENSIONS = ['service.name', 'span.name', 'span.kind', 'status.code'] as const

export class SpanMetrics extends MeasuringStage {
  constructor(
    private readonly settings: SpanMetricsSettings,
    context: TableContext,
    saved?: Saved,
  ) {
    super(settings.table, context, saved)
    const { calls, duration, events } = settings
    this.table.restore([calls, duration, events].filter((instrument) => instrument !== undefined))
  }

  take(record: Record, _: number, pass: Pass): void {
    const { calls, duration, events, dimensions, callsDimensions, durationDimensions, unit } = this.settings
    const { identity, payload } = record
    const resource = resourceOf(identity)
    const attributes = mapIn(payload.attributes)
    const origin = this.table.origin(identity)
    const time = durationOf(payload) / unit
    const usual = this.#usualKey(record, resource)
    const common = usual + dimensionKey(dimensions, attributes, resource)
    const measure = (instrument: Instrument, own: readonly Dimension[]) => {
      const key = own.length === 0 ? common : common + dimensionKey(own, attributes, resource)
      const series = this.table.series(origin, instrument, key, () => [
        ...this.#usual(record, resource), ...dimensionValues([...dimensions, ...own], attributes, resource),
      ])
      series.add(1)
      series.observe(time)
      this.#exemplar(series, record, time)
    }
    measure(calls, callsDimensions)
    if (duration !== undefined) measure(duration, durationDimensions)
    if (events !== undefined) this.#events(events, record, origin, usual, time)
    pass(record)
  }

  #events(instrument: Instrument, record: Record, origin: Origin, usual: string, time: number): void {
    const { dimensions, eventDimensions } = this.settings
    const resource = resourceOf(record.identity)
    const all = [...dimensions, ...eventDimensions]
    for (const event of mapsIn(record.payload.events)) {
      const attributes: JsonMap = { 'event.name': textIn(event.name), ...mapIn(event.attributes) }
      const series = this.table.series(origin, instrument, usual + dimensionKey(all, attributes, resource), () => [
        ...this.#usual(record, resource), ...dimensionValues(all, attributes, resource),
      ])
      series.add(1)
      this.#exemplar(series, record, time)
    }
  }

  #exemplar(series: Series, { payload }: Record, value: number): void {
    const { exemplars } = this.settings
    if (exemplars === 0 || typeof payload.trace_id !== 'string') return
    series.exemplar(exemplars, () => ({
      value, ts: textIn(payload.end ?? payload.ts), trace_id: textIn(payload.trace_id), span_id: textIn(payload.span_id),
    }))
  }

  #usualKey({ identity, payload }: Record, resource: JsonMap): string {
    const { excluded, scope } = this.settings
    const has = (name: string) => !excluded.has(name)
    let key = has('service.name') ? keyPart(textIn(resource['service.name'])) : ''
    if (has('span.name')) key += keyPart(textIn(payload.name))
    if (has('span.kind')) key += keyPart(textIn(payload.kind))
    if (has('status.code')) key += keyPart(statusOf(payload))
    if (scope) {
      const { name, version } = mapIn(identity.rest.scope)
      key += keyPart(textIn(name)) + keyPart(textIn(version))
    }
    return key
  }

  #usual({ identity, payload }: Record, resource: JsonMap): Attribute[] {
    const service = resource['service.name']
    const found: Attribute[] = [
      ...(service === undefined ? [] : [['service.name', textIn(service)] as const]),
      ['span.name', textIn(payload.name)],
      ['span.kind', kindName(payload.kind)],
      ['status.code', statusName(statusOf(payload))],
    ]
    const usual = found.filter(([name]) => !this.settings.excluded.has(name))
    if (!this.settings.scope) return usual
    const { name, version } = mapIn(identity.rest.scope)
    const scope = 'span.instrumentation.scope'
    return [...usual, [`${scope}.name`, textIn(name)], [`${scope}.version`, textIn(version)]]
  }
}
