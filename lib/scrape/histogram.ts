// Bounds on native histograms: fewer buckets by halving the resolution, as Prometheus does it.

import type { NativeHistogram } from '../record/record.js'

/** Coarsest and finest exponential schema, and the one of custom buckets. */
const MIN_SCHEMA = -4
const MAX_SCHEMA = 8
const CUSTOM_SCHEMA = -53

type Count = number | string
interface Side {
  spans: { offset: number; length: number }[]
  counts: bigint[] | number[]
}

export function bucketCount(histogram: NativeHistogram): number {
  const { positive_deltas, positive_counts, negative_deltas, negative_counts } = histogram
  const sides = [positive_deltas, positive_counts, negative_deltas, negative_counts]
  return sides.reduce((total, side) => total + (side?.length ?? 0), 0)
}

/** The schema that a `native_histogram_min_bucket_factor` allows at most: buckets grow at least by the factor. */
export function schemaOfFactor(factor: number): number {
  if (factor <= 1) return MAX_SCHEMA
  return Math.min(MAX_SCHEMA, Math.max(MIN_SCHEMA, Math.floor(-Math.log2(Math.log2(factor)))))
}

/**
 * The histogram with at most `limit` buckets (0: any number) and a schema of at most `maxSchema`; itself where nothing had to
 * change. Throws an Error where the coarsest resolution still has too many, or the buckets are custom.
 */
export function limitBuckets(histogram: NativeHistogram, limit: number, maxSchema: number): NativeHistogram {
  let limited = histogram
  if (histogram.schema !== CUSTOM_SCHEMA && histogram.schema > maxSchema) limited = reduced(histogram, maxSchema)
  while (limit > 0 && bucketCount(limited) > limit) {
    if (limited.schema === CUSTOM_SCHEMA || limited.schema <= MIN_SCHEMA) {
      throw new Error(`native_histogram_bucket_limit exceeded (limit: ${limit})`)
    }
    limited = reduced(limited, limited.schema - 1)
  }
  return limited
}

function reduced(histogram: NativeHistogram, schema: number): NativeHistogram {
  const steps = histogram.schema - schema
  const result: NativeHistogram = { ...histogram, schema }
  for (const sign of ['positive', 'negative'] as const) {
    const spans = histogram[`${sign}_spans`]
    if (spans === undefined || spans.length === 0) continue
    const deltas = histogram[`${sign}_deltas`]
    if (deltas !== undefined && deltas.length > 0) {
      const side = merged(spans, absolute(deltas), steps)
      result[`${sign}_spans`] = side.spans
      result[`${sign}_deltas`] = deltasOf(side.counts as bigint[])
    }
    const counts = histogram[`${sign}_counts`]
    if (counts !== undefined && counts.length > 0) {
      const side = merged(spans, counts.map(Number), steps)
      result[`${sign}_spans`] = side.spans
      result[`${sign}_counts`] = side.counts as number[]
    }
  }
  return result
}

/** Adds up buckets that fall together; bucket `i` has the upper bound `base ** i`. */
function merged(spans: readonly { offset: number; length: number }[], counts: readonly (bigint | number)[], steps: number): Side {
  const out: Side = { spans: [], counts: [] }
  const sums = out.counts as (bigint | number)[]
  let index = 0
  let last = NaN
  let at = 0
  for (const { offset, length } of spans) {
    index += offset
    for (let i = 0; i < length; i++, index++, at++) {
      const target = Math.floor((index - 1) / 2 ** steps) + 1
      if (target === last) sums[sums.length - 1] = add(sums[sums.length - 1], counts[at])
      else {
        if (target === last + 1) out.spans[out.spans.length - 1].length++
        else out.spans.push({ offset: Number.isNaN(last) ? target : target - last - 1, length: 1 })
        sums.push(counts[at])
        last = target
      }
    }
  }
  return out
}

function add(a: bigint | number, b: bigint | number): bigint | number {
  return typeof a === 'bigint' ? a + (b as bigint) : a + (b as number)
}

function absolute(deltas: readonly Count[]): bigint[] {
  let sum = 0n
  return deltas.map((delta) => (sum += BigInt(delta)))
}

function deltasOf(counts: readonly bigint[]): Count[] {
  return counts.map((count, i) => {
    const delta = i === 0 ? count : count - counts[i - 1]
    const number = Number(delta)
    return Number.isSafeInteger(number) ? number : delta.toString()
  })
}
