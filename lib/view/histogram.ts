// A native histogram on a line: count, sum, and its buckets as a sparkline.

import { numberOf } from '../record/json.js'
import type { NativeHistogram } from '../record/record.js'
import { numberText } from './value.js'

const BARS = '▁▂▃▄▅▆▇█'
const CELLS = 24
const CUSTOM = -53

/** Counts by bucket index. */
export type Buckets = readonly [index: number, count: number][]

/** One side of a histogram; deltas are added up. */
export function bucketsOf(
  spans: NativeHistogram['positive_spans'],
  deltas: readonly (number | string)[] | undefined,
  counts: readonly (number | string)[] | undefined,
): Buckets {
  const values = (counts ?? deltas ?? []).map((value) => numberOf(value) ?? Number(value))
  const buckets: [number, number][] = []
  let index = 0
  let sum = 0
  for (const span of Array.isArray(spans) ? spans : []) {
    index += Number(span?.offset ?? 0)
    const end = Math.min(Number(span?.length ?? 0), values.length - buckets.length)
    for (let i = 0; i < end; i++, index++) {
      const value = values[buckets.length]
      sum += value
      buckets.push([index, counts === undefined ? sum : value])
    }
  }
  return buckets
}

/** Upper bound of a positive bucket (Prometheus: exponential schemas -4 to 8, -53 with bounds of its own). */
function upperBound(index: number, histogram: NativeHistogram): number {
  if (histogram.schema === CUSTOM) return numberOf(histogram.custom_values?.[index]) ?? Infinity
  return 2 ** (index * 2 ** -histogram.schema)
}

function lowerBound(index: number, histogram: NativeHistogram): number {
  if (histogram.schema === CUSTOM && index === 0) return -Infinity
  return upperBound(index - 1, histogram)
}

/** Buckets from the lowest to the highest, a bar each, gaps included; several share a bar where there are too many. */
export function sparkline(positions: Buckets): string {
  if (positions.length === 0) return ''
  const low = positions[0][0]
  const span = positions[positions.length - 1][0] - low + 1
  const cells = new Array<number>(Math.min(CELLS, span)).fill(0)
  for (const [at, count] of positions) {
    const cell = Math.floor(((at - low) / span) * cells.length)
    cells[Math.min(cells.length - 1, cell)] += count
  }
  const highest = Math.max(...cells)
  return cells.map((count) => (count > 0 ? BARS[Math.min(7, Math.floor((count / highest) * 7.999))] : ' ')).join('')
}

export interface HistogramText {
  count: string
  sum: string
  bars: string
  /** Bounds of the lowest and the highest bucket, `0.5..8`. */
  range: string
}

/** @param valueText how a value of this metric is written */
export function histogramText(histogram: NativeHistogram, valueText: (value: number) => string): HistogramText {
  const positive = bucketsOf(histogram.positive_spans, histogram.positive_deltas, histogram.positive_counts)
  const negative = bucketsOf(histogram.negative_spans, histogram.negative_deltas, histogram.negative_counts)
  const zero = Number(histogram.zero_count ?? 0)
  const all: [number, number][] = []
  // Negative ones are mirrored; what lies around zero stands between both sides.
  const lowest = positive[0]?.[0] ?? 0
  const nearest = negative[0]?.[0] ?? 0
  for (const [index, count] of [...negative].reverse()) all.push([lowest - 2 - (index - nearest), count])
  if (zero > 0) all.push([lowest - 1, zero])
  all.push(...positive)
  return {
    count: numberText(Number(histogram.count)),
    sum: valueText(numberOf(histogram.sum) ?? Number(histogram.sum)),
    bars: sparkline(all),
    range: rangeText(histogram, positive, negative, zero, valueText),
  }
}

function rangeText(
  histogram: NativeHistogram,
  positive: Buckets,
  negative: Buckets,
  zero: number,
  valueText: (value: number) => string,
): string {
  const width = histogram.zero_threshold ?? 0
  const first = negative.at(-1)
  const last = positive.at(-1)
  if (first === undefined && last === undefined && zero === 0) return ''
  const low =
    first !== undefined ? -upperBound(first[0], histogram) : zero > 0 ? -width : lowerBound(positive[0][0], histogram)
  const high =
    last !== undefined ? upperBound(last[0], histogram) : zero > 0 ? width : -lowerBound(negative[0][0], histogram)
  return `${valueText(low)}..${valueText(high)}`
}
