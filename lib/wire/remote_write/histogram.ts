// Native histograms as remote write has them (prompb.Histogram): integer, float and custom buckets.

import { numberOf } from '../../record/json.js'
import type { NativeHistogram } from '../../record/record.js'
import { bytesTag, doubleTag, ProtoWriter, varintTag } from './writer.js'

/** Custom buckets instead of exponential ones. */
const CUSTOM_SCHEMA = -53
const MIN_SCHEMA = -9
const MAX_SCHEMA = 52
const RESET_HINTS = { yes: 1, no: 2, gauge: 3 } as const

/** A bucket list in either form, with exact numbers. */
interface Side {
  spans: readonly { offset: number; length: number }[]
  deltas: readonly bigint[]
  counts: readonly number[]
}

/** A histogram that was checked. */
export interface CheckedHistogram {
  integer: boolean
  schema: number
  /** Exact for integer histograms. */
  count: bigint
  zeroCount: bigint
  floatCount: number
  floatZeroCount: number
  sum: number
  zeroThreshold: number
  negative: Side
  positive: Side
  customValues: readonly number[]
  resetHint: number
}

/**
 * Checks a record's histogram as a receiver would, who answers a bad one by refusing the whole request: numbers in
 * range, spans that fit their buckets, no negative bucket, buckets that add up to the count.
 *
 * @returns the histogram, or what is wrong with it
 */
export function checkHistogram(given: NativeHistogram): CheckedHistogram | string {
  try {
    const integer = isInteger(given)
    const checked: CheckedHistogram = {
      integer,
      schema: schemaOf(given.schema),
      count: integer ? bigOf(given.count, 'count') : 0n,
      zeroCount: integer ? bigOf(given.zero_count ?? 0, 'zero_count') : 0n,
      floatCount: integer ? 0 : numberIn(given.count, 'count'),
      floatZeroCount: integer ? 0 : numberIn(given.zero_count ?? 0, 'zero_count'),
      sum: numberIn(given.sum, 'sum'),
      zeroThreshold: numberIn(given.zero_threshold ?? 0, 'zero_threshold'),
      negative: sideOf(given.negative_spans, given.negative_deltas, given.negative_counts, integer, 'negative'),
      positive: sideOf(given.positive_spans, given.positive_deltas, given.positive_counts, integer, 'positive'),
      customValues: (given.custom_values ?? []).map((value) => numberIn(value, 'custom_values')),
      resetHint: resetHintOf(given.reset),
    }
    return totalComplaint(checked) ?? customComplaint(checked) ?? checked
  } catch (error) {
    if (error instanceof Complaint) return error.message
    throw error
  }
}

class Complaint extends Error {}

function isInteger(given: NativeHistogram): boolean {
  if (given.positive_deltas !== undefined || given.negative_deltas !== undefined) return true
  if (given.positive_counts !== undefined || given.negative_counts !== undefined) return false
  return typeof given.count === 'string' && numberOf(given.count) === undefined
}

function schemaOf(schema: unknown): number {
  if (schema === CUSTOM_SCHEMA) return CUSTOM_SCHEMA
  if (Number.isInteger(schema) && (schema as number) >= MIN_SCHEMA && (schema as number) <= MAX_SCHEMA)
    return schema as number
  throw new Complaint(`schema: expected ${MIN_SCHEMA} to ${MAX_SCHEMA} or ${CUSTOM_SCHEMA}`)
}

function resetHintOf(reset: unknown): number {
  if (reset === undefined) return 0
  if (reset === 'yes' || reset === 'no' || reset === 'gauge') return RESET_HINTS[reset]
  throw new Complaint('reset: expected yes, no or gauge')
}

function numberIn(value: unknown, field: string): number {
  const number = numberOf(value)
  if (number === undefined) throw new Complaint(`${field}: expected a number`)
  return number
}

function bigOf(value: unknown, field: string): bigint {
  const whole =
    typeof value === 'number' ? Number.isSafeInteger(value) : typeof value === 'string' && /^-?\d{1,20}$/.test(value)
  if (!whole) throw new Complaint(`${field}: expected a whole number`)
  return BigInt(value as number | string)
}

function sideOf(spans: unknown, deltas: unknown, counts: unknown, integer: boolean, name: string): Side {
  const side: Side = {
    spans: listOf(spans, `${name}_spans`).map((span) => spanOf(span, name)),
    deltas: integer ? listOf(deltas, `${name}_deltas`).map((delta) => bigOf(delta, `${name}_deltas`)) : [],
    counts: integer ? [] : listOf(counts, `${name}_counts`).map((count) => numberIn(count, `${name}_counts`)),
  }
  const buckets = integer ? side.deltas.length : side.counts.length
  const spanned = side.spans.reduce((sum, span) => sum + span.length, 0)
  if (spanned !== buckets) throw new Complaint(`${name}_spans hold ${spanned} buckets, but there are ${buckets}`)
  if (side.spans.some((span, index) => index > 0 && span.offset < 0)) throw new Complaint(`${name}_spans overlap`)
  return side
}

function listOf(value: unknown, field: string): readonly unknown[] {
  if (value === undefined) return []
  if (!Array.isArray(value)) throw new Complaint(`${field}: expected a list`)
  return value
}

function spanOf(span: unknown, name: string): { offset: number; length: number } {
  const { offset, length } = (span ?? {}) as { offset?: unknown; length?: unknown }
  const fits = (value: unknown, min: number) =>
    Number.isInteger(value) && (value as number) >= min && (value as number) < 2 ** 31
  if (!fits(offset, -(2 ** 31)) || !fits(length, 0))
    throw new Complaint(`${name}_spans: expected whole offset and length`)
  return { offset: offset as number, length: length as number }
}

function totalComplaint(histogram: CheckedHistogram): string | null {
  const { integer, negative, positive } = histogram
  if (!integer)
    return [...negative.counts, ...positive.counts].some((count) => count < 0) ? 'a bucket is negative' : null
  let total = histogram.zeroCount
  for (const { deltas } of [negative, positive]) {
    let bucket = 0n
    for (const delta of deltas) {
      bucket += delta
      if (bucket < 0n) return 'a bucket is negative'
      total += bucket
    }
  }
  // Observations of NaN are counted, but are in no bucket.
  const fits = Number.isNaN(histogram.sum) ? total <= histogram.count : total === histogram.count
  return fits ? null : `buckets hold ${total} observations, but count is ${histogram.count}`
}

function customComplaint({ schema, customValues, negative, positive, zeroThreshold }: CheckedHistogram): string | null {
  if (schema !== CUSTOM_SCHEMA) return customValues.length > 0 ? 'custom_values without schema -53' : null
  if (customValues.some((bound, index) => !(bound < Infinity) || (index > 0 && bound <= customValues[index - 1]))) {
    return 'custom_values: expected ascending bounds without +Inf'
  }
  if (negative.spans.length > 0 || zeroThreshold !== 0) return 'custom buckets have no zero bucket and no negative ones'
  const last = positive.spans.reduce((sum, span) => sum + span.offset + span.length, 0)
  return last > customValues.length + 1 ? 'more buckets than custom_values' : null
}

/** A Histogram message. @param ms Unix milliseconds */
export function writeHistogram(writer: ProtoWriter, histogram: CheckedHistogram, ms: number): void {
  const { integer } = histogram
  if (integer) {
    writer.uint(varintTag(1))
    writer.big(histogram.count)
  } else double(writer, 2, histogram.floatCount)
  double(writer, 3, histogram.sum)
  if (histogram.schema !== 0) {
    writer.uint(varintTag(4))
    writer.zigzag(BigInt(histogram.schema))
  }
  if (histogram.zeroThreshold !== 0) double(writer, 5, histogram.zeroThreshold)
  if (integer) {
    writer.uint(varintTag(6))
    writer.big(histogram.zeroCount)
  } else double(writer, 7, histogram.floatZeroCount)
  writeSide(writer, 8, histogram.negative)
  writeSide(writer, 11, histogram.positive)
  if (histogram.resetHint !== 0) {
    writer.uint(varintTag(14))
    writer.uint(histogram.resetHint)
  }
  writer.uint(varintTag(15))
  writer.int(ms)
  packedDoubles(writer, 16, histogram.customValues)
}

function double(writer: ProtoWriter, field: number, value: number): void {
  writer.uint(doubleTag(field))
  writer.double(value)
}

/** Spans at `field`, deltas and counts at the two fields after it. */
function writeSide(writer: ProtoWriter, field: number, { spans, deltas, counts }: Side): void {
  const part = new ProtoWriter(64)
  for (const { offset, length } of spans) {
    part.uint(varintTag(1))
    part.zigzag(BigInt(offset))
    part.uint(varintTag(2))
    part.uint(length)
    writer.message(field, part.view())
    part.length = 0
  }
  for (const delta of deltas) part.zigzag(delta)
  if (deltas.length > 0) writer.message(field + 1, part.view())
  packedDoubles(writer, field + 2, counts)
}

function packedDoubles(writer: ProtoWriter, field: number, values: readonly number[]): void {
  if (values.length === 0) return
  writer.uint(bytesTag(field))
  writer.uint(values.length * 8)
  for (const value of values) writer.double(value)
}
