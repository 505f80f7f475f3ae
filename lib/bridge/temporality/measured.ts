// What the points of sums and histograms measured, as something that can be added up and subtracted.

import { fieldOf, type Json, numberOf } from '../../record/json.js'
import type { Payload } from '../../record/record.js'
import { listField, mapField, type JsonMap, Unfit } from '../../wire/otlp/value.js'
import { addExponential, type Buckets, type Exponential, NO_BUCKETS, subtractExponential } from './exponential.js'

/** A whole number keeps all its digits. */
export interface Sum {
  form: 'sum'
  value: number | bigint
}

interface Distribution {
  count: bigint
  sum: number | undefined
  min: number | undefined
  max: number | undefined
}

export interface Explicit extends Distribution {
  form: 'explicit'
  bounds: readonly number[]
  counts: readonly bigint[]
}

export interface ExponentialPoint extends Distribution {
  form: 'exponential'
  buckets: Exponential
}

export type Measured = Sum | Explicit | ExponentialPoint

/** null where the point holds something else. Throws Unfit where a field is of the wrong shape. */
export function measuredOf(payload: Payload): Measured | null {
  const { value, int, explicit_histogram, exponential_histogram } = payload
  if (explicit_histogram !== undefined) {
    const map = mapField(explicit_histogram)
    const bounds = listField(map.bounds).map((bound) => number(bound, 'bounds')!)
    return { form: 'explicit', ...distribution(map), bounds, counts: listField(map.counts).map(count) }
  }
  if (exponential_histogram !== undefined) {
    const map = mapField(exponential_histogram)
    const buckets = {
      scale: whole(map.scale, 'scale'),
      zeroCount: count(map.zero_count ?? '0'),
      zeroThreshold: number(map.zero_threshold, 'zero_threshold') ?? 0,
      positive: bucketsOf(map.positive),
      negative: bucketsOf(map.negative),
    }
    return { form: 'exponential', ...distribution(map), buckets }
  }
  const double = numberOf(value)
  if (double === undefined) return null
  if (int === true && Number.isSafeInteger(double)) return { form: 'sum', value: BigInt(double) }
  return { form: 'sum', value: typeof int === 'string' && /^-?\d+$/.test(int) ? BigInt(int) : double }
}

/** The fields of a point that measured this. */
export function measuredFields(measured: Measured): Payload {
  switch (measured.form) {
    case 'sum': {
      const { value } = measured
      if (typeof value === 'number') return { value: fieldOf(value) }
      const double = Number(value)
      return { value: double, int: Number.isSafeInteger(double) ? true : value.toString() }
    }
    case 'explicit': {
      const { bounds, counts } = measured
      return {
        explicit_histogram: {
          ...told(measured),
          ...(bounds.length > 0 && { bounds: bounds.map(fieldOf) }),
          ...(counts.length > 0 && { counts: counts.map(countField) }),
        },
      }
    }
    case 'exponential': {
      const { scale, zeroCount, zeroThreshold, positive, negative } = measured.buckets
      return {
        exponential_histogram: {
          ...told(measured),
          ...(scale !== 0 && { scale }),
          ...(zeroCount > 0n && { zero_count: zeroCount.toString() }),
          ...(zeroThreshold > 0 && { zero_threshold: zeroThreshold }),
          ...(positive.counts.length > 0 && { positive: bucketsField(positive) }),
          ...(negative.counts.length > 0 && { negative: bucketsField(negative) }),
        },
      }
    }
  }
}

/** Both together; null where they cannot be put together. */
export function add(a: Measured, b: Measured, maxBuckets: number): Measured | null {
  if (a.form === 'sum' && b.form === 'sum') return { form: 'sum', value: sumOf(a.value, b.value, 1) }
  if (a.form === 'explicit' && b.form === 'explicit') {
    if (!sameBounds(a, b)) return null
    return { ...a, ...bothDistributions(a, b), counts: a.counts.map((count, i) => count + b.counts[i]) }
  }
  if (a.form === 'exponential' && b.form === 'exponential')
    return { form: 'exponential', ...bothDistributions(a, b), buckets: addExponential(a.buckets, b.buckets, maxBuckets) }
  return null
}

/** What came since `before`; `reset` where there is less than before, `mismatch` where they cannot be compared. */
export function subtract(now: Measured, before: Measured): Measured | 'reset' | 'mismatch' {
  if (now.form === 'sum' && before.form === 'sum') {
    return now.value < before.value ? 'reset' : { form: 'sum', value: sumOf(now.value, before.value, -1) }
  }
  if (now.form === 'sum' || before.form === 'sum' || now.form !== before.form) return 'mismatch'
  if (now.count < before.count) return 'reset'
  const sum = now.sum === undefined || before.sum === undefined ? undefined : now.sum - before.sum
  // The least and greatest of all time say nothing of what came since.
  const since = { count: now.count - before.count, sum, min: undefined, max: undefined }
  if (now.form === 'explicit' && before.form === 'explicit') {
    if (!sameBounds(now, before)) return 'mismatch'
    const counts = now.counts.map((count, i) => count - before.counts[i])
    return counts.some((count) => count < 0n) ? 'reset' : { ...now, ...since, counts }
  }
  if (now.form !== 'exponential' || before.form !== 'exponential') return 'mismatch'
  const buckets = subtractExponential(now.buckets, before.buckets)
  return buckets === null ? 'mismatch' : { form: 'exponential', ...since, buckets }
}

function sumOf(a: number | bigint, b: number | bigint, sign: 1 | -1): number | bigint {
  if (typeof a === 'bigint' && typeof b === 'bigint') return a + BigInt(sign) * b
  return Number(a) + sign * Number(b)
}

function sameBounds(a: Explicit, b: Explicit): boolean {
  if (a.counts.length !== b.counts.length || a.bounds.length !== b.bounds.length) return false
  return a.bounds.every((bound, i) => bound === b.bounds[i])
}

function bothDistributions(a: Distribution, b: Distribution): Distribution {
  return {
    count: a.count + b.count,
    sum: a.sum === undefined || b.sum === undefined ? undefined : a.sum + b.sum,
    min: a.min === undefined || b.min === undefined ? undefined : Math.min(a.min, b.min),
    max: a.max === undefined || b.max === undefined ? undefined : Math.max(a.max, b.max),
  }
}

function distribution(map: JsonMap): Distribution {
  const [sum, min, max] = ['sum', 'min', 'max'].map((field) => number(map[field], field))
  return { count: count(map.count ?? '0'), sum, min, max }
}

function told({ count, sum, min, max }: Distribution): { [field: string]: Json } {
  return {
    count: count.toString(),
    ...(sum !== undefined && { sum: fieldOf(sum) }),
    ...(min !== undefined && { min: fieldOf(min) }),
    ...(max !== undefined && { max: fieldOf(max) }),
  }
}

function bucketsOf(json: Json | undefined): Buckets {
  if (json === undefined) return NO_BUCKETS
  const { offset, counts } = mapField(json)
  return { offset: whole(offset, 'offset'), counts: listField(counts).map(count) }
}

function bucketsField({ offset, counts }: Buckets): Json {
  return { ...(offset !== 0 && { offset }), counts: counts.map(countField) }
}

function countField(count: bigint): Json {
  const number = Number(count)
  return Number.isSafeInteger(number) ? number : count.toString()
}

function count(json: Json): bigint {
  if (typeof json === 'number' && Number.isSafeInteger(json) && json >= 0) return BigInt(json)
  if (typeof json === 'string' && /^\d{1,20}$/.test(json)) return BigInt(json)
  throw new Unfit(`${JSON.stringify(json).slice(0, 80)}: expected a whole number of observations`)
}

/** An int32. */
function whole(json: Json | undefined, field: string): number {
  if (json === undefined) return 0
  if (typeof json !== 'number' || (json | 0) !== json) throw new Unfit(`'${field}': expected a whole number`)
  return json
}

function number(json: Json | undefined, field: string): number | undefined {
  if (json === undefined) return undefined
  const number = numberOf(json)
  if (number === undefined) throw new Unfit(`'${field}': expected a number`)
  return number
}
