// Histograms of OTLP as native histograms of Prometheus.

import { fieldOf } from '../../record/json.js'
import type { NativeHistogram } from '../../record/record.js'
import type { Buckets, ExponentialPoint, HistogramPoint } from '../../wire/otlp/message.js'

/** Schemas that Prometheus has. */
const MIN_SCALE = -4
const MAX_SCALE = 8
/** What Prometheus takes for the width of the bucket around zero. */
export const DEFAULT_ZERO_THRESHOLD = 1e-128
const CUSTOM_BUCKETS = -53
/** Empty buckets that are written rather than left out. */
const SHORT_GAP = 2

export interface Layout {
  spans: { offset: number; length: number }[]
  deltas: bigint[]
}

/**
 * Dense buckets as sparse ones. Empty buckets are left out where more than two follow one another; the last one is
 * kept.
 *
 * @param first the index of the first bucket
 * @param scaleDown 2^scaleDown neighbours become one
 * @param shift what indexes grow by: bucket 0 of OTLP is bucket 1 of Prometheus
 */
export function bucketsLayout(counts: readonly bigint[], first: number, scaleDown: number, shift: 0 | 1): Layout {
  if (counts.length === 0) return { spans: [], deltas: [] }
  const merged = new Map<number, bigint>()
  const indexOf = (i: number) => Math.floor((first + i) / 2 ** scaleDown) + shift
  for (const [i, count] of counts.entries()) merged.set(indexOf(i), (merged.get(indexOf(i)) ?? 0n) + count)
  const last = indexOf(counts.length - 1)
  const spans = [{ offset: indexOf(0), length: 0 }]
  const deltas: bigint[] = []
  let before = 0n
  let next = indexOf(0)
  const append = (count: bigint) => {
    spans[spans.length - 1].length++
    deltas.push(count - before)
    before = count
    next++
  }
  for (const [index, count] of merged) {
    if (count === 0n && index !== last) continue
    const gap = index - next
    if (gap > SHORT_GAP) {
      spans.push({ offset: gap, length: 0 })
      next = index
    }
    while (next < index) append(0n)
    append(count)
  }
  return { spans, deltas }
}

/** A histogram, and what is strange about it. */
export interface Native {
  histogram: NativeHistogram
  warning: string | null
}

/**
 * Throws an Error where the scale is below all schemas.
 * @param own whether the zero threshold that is told counts; Prometheus takes one of its own instead
 */
export function nativeOfExponential(point: ExponentialPoint, delta: boolean, own = false): Native {
  const { scale = 0, zeroCount = '0' } = point
  if (scale < MIN_SCALE)
    throw new Error(`cannot convert exponential to native histogram. Scale must be >= ${MIN_SCALE}, was ${scale}`)
  const scaleDown = Math.max(0, scale - MAX_SCALE)
  const side = ({ offset = 0, bucketCounts = [] }: Buckets = {}) =>
    bucketsLayout(bucketCounts.map(BigInt), offset, scaleDown, 1)
  const positive = side(point.positive)
  const negative = side(point.negative)
  const histogram: NativeHistogram = {
    schema: scale - scaleDown,
    count: point.count ?? '0',
    sum: sumOf(point),
    zero_threshold: own ? (point.zeroThreshold ?? 0) : DEFAULT_ZERO_THRESHOLD,
    zero_count: zeroCount,
    ...(positive.spans.length > 0 && {
      positive_spans: positive.spans, positive_deltas: positive.deltas.map(deltaField),
    }),
    ...(negative.spans.length > 0 && {
      negative_spans: negative.spans, negative_deltas: negative.deltas.map(deltaField),
    }),
    // Whether counts began anew is for Prometheus to find out; those of a delta are no counter.
    ...(delta && { reset: 'gauge' }),
  }
  return { histogram, warning: strangeness(point, 'exponential histogram') }
}

/** A histogram with explicit bounds, with these as custom buckets. */
export function nativeOfExplicit(point: HistogramPoint, delta: boolean): Native {
  const counts = (point.bucketCounts ?? []).map(BigInt)
  const first = counts.findIndex((count) => count !== 0n)
  const { spans, deltas } = first < 0 ? bucketsLayout([], 0, 0, 0) : bucketsLayout(counts.slice(first), first, 0, 0)
  const histogram: NativeHistogram = {
    schema: CUSTOM_BUCKETS,
    count: point.count ?? '0',
    sum: sumOf(point),
    zero_count: '0',
    ...(spans.length > 0 && { positive_spans: spans, positive_deltas: deltas.map(deltaField) }),
    ...(point.explicitBounds !== undefined && { custom_values: point.explicitBounds.map(fieldOf) }),
    ...(delta && { reset: 'gauge' }),
  }
  return { histogram, warning: strangeness(point, 'histogram') }
}

function sumOf({ sum = 0 }: HistogramPoint): number | string {
  return fieldOf(sum)
}

function strangeness({ count = '0', sum = 0 }: HistogramPoint, what: string): string | null {
  if (count !== '0' || sum === 0) return null
  return `${what} data point has zero count, but non-zero sum: ${sum.toFixed(6)}`
}

function deltaField(delta: bigint): number | string {
  const number = Number(delta)
  return Number.isSafeInteger(number) ? number : delta.toString()
}
