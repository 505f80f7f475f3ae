// Exponential histograms of OTLP added up and taken apart: what they were divided into is made the same first
// (OpenTelemetry specification, "Exponential Histogram: Merge").

/** Counts of neighbouring buckets; the first has the index `offset`. */
export interface Buckets {
  offset: number
  counts: readonly bigint[]
}

export interface Exponential {
  scale: number
  zeroCount: bigint
  zeroThreshold: number
  positive: Buckets
  negative: Buckets
}

export const NO_BUCKETS: Buckets = { offset: 0, counts: [] }

/** Both together, with no more than `max` buckets on each side. */
export function addExponential(a: Exponential, b: Exponential, max: number): Exponential {
  const threshold = Math.max(a.zeroThreshold, b.zeroThreshold)
  const [x, y] = [widened(a, threshold), widened(b, threshold)]
  let scale = Math.min(x.scale, y.scale)
  let sum: Pick<Exponential, 'positive' | 'negative'>
  for (;;) {
    const [p, q] = [atScale(x, scale), atScale(y, scale)]
    if (Math.max(spread(p.positive, q.positive), spread(p.negative, q.negative)) <= max) {
      sum = { positive: merged(p.positive, q.positive), negative: merged(p.negative, q.negative) }
      break
    }
    scale--
  }
  return { scale, zeroThreshold: threshold, zeroCount: x.zeroCount + y.zeroCount, ...sum }
}

/** What came since `before`; null where a bucket has less than before, or they are finer or narrower than before. */
export function subtractExponential(now: Exponential, before: Exponential): Exponential | null {
  if (now.zeroThreshold < before.zeroThreshold || now.scale > before.scale) return null
  const old = atScale(widened(before, now.zeroThreshold), now.scale)
  const positive = without(now.positive, trimmed(old.positive))
  const negative = without(now.negative, trimmed(old.negative))
  if (positive === null || negative === null) return null
  const zeroCount = now.zeroCount - old.zeroCount
  return zeroCount < 0n ? null : { scale: now.scale, zeroThreshold: now.zeroThreshold, zeroCount, positive, negative }
}

/** With a wider bucket around zero, which takes the observations of buckets that begin in it. */
function widened(histogram: Exponential, threshold: number): Exponential {
  if (threshold <= histogram.zeroThreshold) return histogram
  // The bucket with index i holds what is above 2^(i / 2^scale).
  const first = Math.ceil(Math.log2(threshold) * 2 ** histogram.scale)
  let zeroCount = histogram.zeroCount
  const above = ({ offset, counts }: Buckets): Buckets => {
    const gone = Math.min(Math.max(first - offset, 0), counts.length)
    for (let i = 0; i < gone; i++) zeroCount += counts[i]
    return { offset: offset + gone, counts: counts.slice(gone) }
  }
  const positive = above(histogram.positive)
  const negative = above(histogram.negative)
  return { ...histogram, positive, negative, zeroCount, zeroThreshold: threshold }
}

function atScale(histogram: Exponential, scale: number): Exponential {
  if (scale === histogram.scale) return histogram
  const width = 2 ** (histogram.scale - scale)
  const coarse = ({ offset, counts }: Buckets): Buckets => {
    if (counts.length === 0) return NO_BUCKETS
    const first = Math.floor(offset / width)
    const out = new Array<bigint>(Math.floor((offset + counts.length - 1) / width) - first + 1).fill(0n)
    for (const [i, count] of counts.entries()) out[Math.floor((offset + i) / width) - first] += count
    return { offset: first, counts: out }
  }
  return { ...histogram, scale, positive: coarse(histogram.positive), negative: coarse(histogram.negative) }
}

/** Buckets from the first to the last of both. */
function spread(a: Buckets, b: Buckets): number {
  if (a.counts.length === 0) return b.counts.length
  if (b.counts.length === 0) return a.counts.length
  return Math.max(a.offset + a.counts.length, b.offset + b.counts.length) - Math.min(a.offset, b.offset)
}

function merged(a: Buckets, b: Buckets): Buckets {
  if (b.counts.length === 0) return a
  if (a.counts.length === 0) return b
  const offset = Math.min(a.offset, b.offset)
  const counts = new Array<bigint>(spread(a, b)).fill(0n)
  for (const [i, count] of a.counts.entries()) counts[a.offset + i - offset] += count
  for (const [i, count] of b.counts.entries()) counts[b.offset + i - offset] += count
  return { offset, counts }
}

/** The first without the second; null where that is not in it. */
function without(all: Buckets, part: Buckets): Buckets | null {
  const from = part.offset - all.offset
  if (part.counts.length > 0 && (from < 0 || from + part.counts.length > all.counts.length)) return null
  const counts = [...all.counts]
  for (const [i, count] of part.counts.entries()) if ((counts[from + i] -= count) < 0n) return null
  return trimmed({ offset: all.offset, counts })
}

/** Without empty buckets at the ends. */
function trimmed({ offset, counts }: Buckets): Buckets {
  const first = counts.findIndex((count) => count !== 0n)
  if (first < 0) return NO_BUCKETS
  const last = counts.findLastIndex((count) => count !== 0n)
  return { offset: offset + first, counts: counts.slice(first, last + 1) }
}
