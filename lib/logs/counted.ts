// Metrics that are made from log lines: counters, gauges and histograms, a series for each stream's labels.

import { parseDuration } from '../option/value.js'
import { Identity } from '../record/identity.js'
import { fieldOf, type Json } from '../record/json.js'
import type { Labels } from '../record/labels.js'
import type { Record } from '../record/record.js'
import { floatLabel } from '../wire/exposition/number.js'
import { labelsWhere, withLabel } from './streams.js'

export type MetricKind = 'counter' | 'gauge' | 'histogram'

export interface MetricSpec {
  readonly kind: MetricKind
  /** With its prefix. */
  readonly name: string
  readonly help: string
  /** Upper bounds of buckets without +Inf, ascending; of histograms. */
  readonly buckets: readonly number[]
  /** Milliseconds after which a series that does not change is gone. */
  readonly maxIdle: number
}

/** One series, or those of one histogram. */
class Series {
  value = 0
  count = 0
  readonly #ids: readonly Identity[]
  readonly #counts: number[]
  changed = 0

  constructor(
    private readonly spec: MetricSpec,
    labels: Labels,
  ) {
    const { name, kind, buckets } = spec
    const id = (name: string, labels: Labels) => Identity.of('metric', name, labels, { kind })
    this.#counts = buckets.map(() => 0)
    this.#ids = kind !== 'histogram' ? [id(name, labels)] : [
      ...[...buckets, Infinity].map((bound) => id(`${name}_bucket`, withLabel(labels, 'le', floatLabel(bound)))),
      id(`${name}_sum`, labels),
      id(`${name}_count`, labels),
    ]
  }

  observe(value: number): void {
    this.value += value
    this.count++
    for (const [i, bound] of this.spec.buckets.entries()) if (value <= bound) this.#counts[i]++
  }

  /** Takes over what one of its samples said; whether it is one of them. */
  restore({ identity, payload }: Record): boolean {
    const at = this.#ids.findIndex((id) => id.prefix.equals(identity.prefix))
    const value = Number(payload.value)
    if (at < 0) return false
    if (this.spec.kind !== 'histogram' || at === this.#counts.length + 1) this.value = value
    else if (at < this.#counts.length) this.#counts[at] = value
    else this.count = value
    return true
  }

  /** How many samples it has. */
  get size(): number {
    return this.#ids.length
  }

  samples(ts: string): Record[] {
    const { count, value } = this
    const values = this.spec.kind === 'histogram' ? [...this.#counts, count, value, count] : [value]
    return this.#ids.map((identity, i) => ({ identity, payload: { ts, value: fieldOf(values[i]) } }))
  }

  markers(ts: string): Record[] {
    return this.#ids.map((identity) => ({ identity, payload: { ts, stale: true } }))
  }
}

export class CountedMetric {
  /** By the stream whose labels they have; those that changed last are last. */
  readonly #series = new Map<Identity, Series>()
  #told = false

  constructor(private readonly spec: MetricSpec) {}

  get size(): number {
    return this.#series.size
  }

  /** Changes a series; `stream` has the labels that it gets. */
  change(stream: Identity, now: number, change: (series: Series) => void): void {
    let series = this.#series.get(stream)
    if (series === undefined) series = new Series(this.spec, stream.labels)
    else this.#series.delete(stream)
    this.#series.set(stream, series)
    series.changed = now
    change(series)
  }

  /**
   * Goes on from samples of an earlier run. A histogram that has a bucket more since then begins anew.
   * @param streamOf the stream with these labels
   */
  restore(samples: readonly Record[], streamOf: (labels: Labels) => Identity, now: number): void {
    const found = new Map<Identity, { readonly series: Series; restored: number }>()
    for (const sample of samples) {
      const { labels } = sample.identity
      const bare = this.spec.kind === 'histogram' ? labelsWhere(labels, (name) => name !== 'le') : labels
      const stream = streamOf(bare)
      const one = found.get(stream) ?? { series: new Series(this.spec, bare), restored: 0 }
      found.set(stream, one)
      if (one.series.restore(sample)) one.restored++
    }
    for (const [stream, { series, restored }] of found) {
      if (restored < series.size) continue
      series.changed = now
      this.#series.set(stream, series)
    }
  }

  /** What the metric is (once), its samples, and markers of series that are gone from now on. */
  collect(ts: string, now: number): Record[] {
    const { name, kind, help, maxIdle } = this.spec
    const records: Record[] = []
    if (!this.#told && this.#series.size > 0) {
      records.push({ identity: Identity.of('metadata', name, undefined, { kind, unit: '', help }), payload: {} })
      this.#told = true
    }
    for (const [stream, series] of this.#series) {
      if (now - series.changed < maxIdle) records.push(...series.samples(ts))
      else {
        this.#series.delete(stream)
        records.push(...series.markers(ts))
      }
    }
    return records
  }
}

/** The number that a field stands for; durations (`1m30s`) are seconds. undefined where it stands for none. */
export function amountOf(value: Json | undefined): number | undefined {
  if (typeof value === 'number') return value
  if (typeof value === 'boolean') return value ? 1 : 0
  if (typeof value !== 'string' || value.trim() !== value || value === '') return undefined
  const number = Number(value)
  if (!Number.isNaN(number)) return number
  const sign = value.startsWith('-') ? -1 : 1
  const duration = parseDuration(value.replace(/^[+-]/, ''))
  return duration === undefined ? undefined : (sign * duration) / 1000
}

