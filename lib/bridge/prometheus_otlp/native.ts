// Native histograms of Prometheus as histograms of OTLP: exponential ones, or explicit ones where the buckets are
// custom.

import { type Json, numberOf } from '../../record/json.js'
import type { NativeHistogram } from '../../record/record.js'
import { DEFAULT_ZERO_THRESHOLD } from '../otlp_prometheus/histograms.js'

const MIN_SCHEMA = -4
const MAX_SCHEMA = 8
const CUSTOM_BUCKETS = -53

/** A histogram in the fields of a record of OTLP. */
export interface Told {
  field: 'explicit_histogram' | 'exponential_histogram'
  histogram: Json
  /** Whether it has to be said that it was a native one. */
  native: boolean
}

/** Throws an Error where OTLP has no such histogram. */
export function otlpHistogram(histogram: NativeHistogram, maxBuckets: number): Told {
  const { schema, count, reset, sum } = histogram
  if (typeof count !== 'string') throw new Error('OTLP has no histograms that count parts of observations')
  if (reset === 'gauge') throw new Error('OTLP has no histograms that go down (gauge histograms)')
  if (schema === CUSTOM_BUCKETS) return explicit(histogram, count, maxBuckets)
  if (schema < MIN_SCHEMA || schema > MAX_SCHEMA)
    throw new Error(`schema ${schema}: expected ${MIN_SCHEMA} to ${MAX_SCHEMA}`)
  const { zero_count = '0', zero_threshold = 0 } = histogram
  const positive = dense(histogram.positive_spans, histogram.positive_deltas, maxBuckets)
  const negative = dense(histogram.negative_spans, histogram.negative_deltas, maxBuckets)
  const told = {
    count,
    sum,
    scale: schema,
    zero_count,
    ...(zero_threshold !== 0 && { zero_threshold }),
    ...(positive !== null && { positive: { offset: positive.first - 1, counts: positive.counts } }),
    ...(negative !== null && { negative: { offset: negative.first - 1, counts: negative.counts } }),
  }
  return { field: 'exponential_histogram', histogram: told, native: zero_threshold !== DEFAULT_ZERO_THRESHOLD }
}

function explicit(histogram: NativeHistogram, count: string, maxBuckets: number): Told {
  const { sum, custom_values = [], positive_spans, positive_deltas } = histogram
  const counts: Json[] = new Array<Json>(custom_values.length + 1).fill(0)
  const found = dense(positive_spans, positive_deltas, maxBuckets)
  if (found !== null && (found.first < 0 || found.first + found.counts.length > counts.length))
    throw new Error('a bucket beyond the custom bounds')
  for (const [i, one] of (found?.counts ?? []).entries()) counts[found!.first + i] = one
  if (custom_values.some((bound) => numberOf(bound) === undefined)) throw new Error('custom bounds that are no numbers')
  return { field: 'explicit_histogram', histogram: { count, sum, bounds: custom_values, counts }, native: true }
}

/** Sparse buckets as a list of counts from the first one on; null: there are none. */
function dense(
  spans: NativeHistogram['positive_spans'] = [],
  deltas: NativeHistogram['positive_deltas'] = [],
  max: number,
): { first: number; counts: Json[] } | null {
  if (spans.length === 0) return null
  const counts: Json[] = []
  let count = 0n
  let at = 0
  for (const [i, { offset, length }] of spans.entries()) {
    if (counts.length + length + (i === 0 ? 0 : offset) > max) throw new Error(`more than ${max} buckets (--max-buckets)`)
    if (i > 0) for (let gap = 0; gap < offset; gap++) counts.push(0)
    for (let n = 0; n < length; n++) {
      count += BigInt(deltas[at++] ?? 0)
      if (count < 0n) throw new Error('a bucket with less than no observations')
      counts.push(count <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(count) : count.toString())
    }
  }
  return { first: spans[0].offset, counts }
}
