// Native histograms from what an exposition holds: compaction, and classic buckets turned into custom ones.

import { fieldOf } from '../../record/json.js'
import type { NativeHistogram } from '../../record/record.js'
import type { HistogramMessage, Span } from './metric_message.js'

export const CUSTOM_BUCKETS = -53

/** Empty buckets between two others that an integer histogram with custom buckets writes out, rather than a new span. */
const CUSTOM_EMPTY = 2

interface Side {
  spans: Span[]
  counts: number[]
}

/**
 * The same buckets without the empty ones, but for runs of at most `keep` between others.
 * @param counts absolute, one a bucket of the spans
 */
function compact(spans: readonly Span[], counts: readonly number[], keep: number): Side {
  const out: Side = { spans: [], counts: [] }
  let index = 0
  let next = 0
  let at = 0
  for (const { offset, length } of spans) {
    index += offset
    for (let i = 0; i < length && at < counts.length; i++, index++) {
      const count = counts[at++]
      if (count === 0) continue
      const gap = index - next
      const last = out.spans.at(-1)
      if (last === undefined || gap > keep) out.spans.push({ offset: gap, length: 1 })
      else {
        for (let empty = 0; empty < gap; empty++) out.counts.push(0)
        last.length += gap + 1
      }
      out.counts.push(count)
      next = index + 1
    }
  }
  return out
}

function absolute(deltas: readonly number[]): number[] {
  let sum = 0
  return deltas.map((delta) => (sum += delta))
}

function deltasOf(counts: readonly number[]): number[] {
  return counts.map((count, i) => (i === 0 ? count : count - counts[i - 1]))
}

/** Deltas compacted; as they are where they are beyond exact arithmetic. */
function compactDeltas(spans: Span[], deltas: (number | string)[]): { spans: Span[]; deltas: (number | string)[] } {
  const numbers = deltas.filter((delta) => typeof delta === 'number')
  const counts = absolute(numbers)
  if (numbers.length < deltas.length || counts.some((count) => !Number.isSafeInteger(count))) return { spans, deltas }
  const side = compact(spans, counts, 0)
  return { spans: side.spans, deltas: deltasOf(side.counts) }
}

/** Whether a histogram is meant to be native: it has spans, or a zero bucket. */
export function isNative(message: HistogramMessage): boolean {
  const { positiveSpans, negativeSpans, zeroThreshold, zeroCount, zeroCountFloat } = message
  if (positiveSpans.length > 0 || negativeSpans.length > 0) return true
  return zeroThreshold > 0 || zeroCount !== '0' || zeroCountFloat > 0
}

function matches(spans: readonly Span[], buckets: readonly unknown[]): boolean {
  const forward = spans.every(({ offset }, i) => i === 0 || offset >= 0)
  return forward && spans.reduce((sum, { length }) => sum + length, 0) === buckets.length
}

/** The native form of a histogram message, of floats where it counts in floats; undefined where spans and buckets differ. */
export function nativeHistogram(message: HistogramMessage, gauge: boolean): NativeHistogram | undefined {
  const float = message.countFloat > 0 || message.zeroCountFloat > 0
  if (!matches(message.positiveSpans, float ? message.positiveCounts : message.positiveDeltas)) return undefined
  if (!matches(message.negativeSpans, float ? message.negativeCounts : message.negativeDeltas)) return undefined
  const out: NativeHistogram = {
    schema: message.schema,
    count: float ? fieldOf(message.countFloat) : message.count,
    sum: fieldOf(message.sum),
  }
  if (message.zeroThreshold !== 0) out.zero_threshold = fieldOf(message.zeroThreshold) as number
  if (float && message.zeroCountFloat !== 0) out.zero_count = fieldOf(message.zeroCountFloat)
  if (!float && message.zeroCount !== '0') out.zero_count = message.zeroCount
  if (float) {
    const positive = compact(message.positiveSpans, message.positiveCounts, 0)
    const negative = compact(message.negativeSpans, message.negativeCounts, 0)
    put(out, 'positive', positive.spans, 'counts', positive.counts.map(fieldOf))
    put(out, 'negative', negative.spans, 'counts', negative.counts.map(fieldOf))
  } else {
    const positive = compactDeltas(message.positiveSpans, message.positiveDeltas)
    const negative = compactDeltas(message.negativeSpans, message.negativeDeltas)
    put(out, 'positive', positive.spans, 'deltas', positive.deltas)
    put(out, 'negative', negative.spans, 'deltas', negative.deltas)
  }
  if (gauge) out.reset = 'gauge'
  return out
}

function put(
  out: NativeHistogram,
  sign: 'positive' | 'negative',
  spans: Span[],
  form: 'deltas' | 'counts',
  buckets: (number | string)[],
): void {
  if (spans.length === 0) return
  out[`${sign}_spans`] = spans
  out[`${sign}_${form}`] = buckets
}

/** A classic histogram as it comes in, series by series. */
export class ClassicBuckets {
  #buckets: { le: number; count: number }[] = []
  #sorted = true
  #count: number | undefined
  #sum = 0
  #bad = false

  /** Cumulative count of the bucket; a second value for the same bound is ignored. */
  bucket(le: number, count: number): void {
    if (Number.isNaN(le) || !(count >= 0)) this.#bad = true
    const last = this.#buckets.at(-1)
    if (last !== undefined && last.le >= le) this.#sorted = false
    this.#buckets.push({ le, count })
  }

  count(count: number): void {
    if (!(count >= 0)) this.#bad = true
    this.#count = count
  }

  sum(sum: number): void {
    this.#sum = sum
  }

  /** The histogram with custom buckets; undefined where the counts contradict each other or there are none. */
  convert(): NativeHistogram | undefined {
    const buckets = this.#sorted ? [...this.#buckets] : inOrder(this.#buckets)
    const count = this.#count ?? buckets.at(-1)?.count
    if (this.#bad || count === undefined) return undefined
    if (buckets.at(-1)?.le !== Infinity) buckets.push({ le: Infinity, count })
    if (buckets.at(-1)!.count !== count) return undefined
    const counts = buckets.map((bucket, i) => bucket.count - (i === 0 ? 0 : buckets[i - 1].count))
    if (counts.some((each) => each < 0)) return undefined
    const integer = buckets.every((bucket) => Number.isSafeInteger(bucket.count))
    const side = compact([{ offset: 0, length: counts.length }], counts, integer ? CUSTOM_EMPTY : 0)
    const out: NativeHistogram = {
      schema: CUSTOM_BUCKETS,
      count: integer ? String(count) : fieldOf(count),
      sum: fieldOf(this.#sum),
    }
    if (integer) put(out, 'positive', side.spans, 'deltas', deltasOf(side.counts))
    else put(out, 'positive', side.spans, 'counts', side.counts.map(fieldOf))
    const bounds = buckets.slice(0, -1).map((bucket) => fieldOf(bucket.le))
    if (bounds.length > 0) out.custom_values = bounds
    return out
  }
}

function inOrder(buckets: readonly { le: number; count: number }[]): { le: number; count: number }[] {
  const sorted = buckets.toSorted((a, b) => (a.le < b.le ? -1 : a.le > b.le ? 1 : 0))
  return sorted.filter(({ le }, i) => i === 0 || sorted[i - 1].le !== le)
}

/** Classic buckets of a histogram message as custom ones. */
export function customHistogram(message: HistogramMessage, gauge: boolean): NativeHistogram | undefined {
  const classic = new ClassicBuckets()
  classic.count(message.countFloat === 0 ? Number(message.count) : message.countFloat)
  classic.sum(message.sum)
  for (const { bound, count, countFloat } of message.buckets) {
    classic.bucket(bound, countFloat === 0 ? Number(count) : countFloat)
  }
  const out = classic.convert()
  if (gauge && out !== undefined) out.reset = 'gauge'
  return out
}
