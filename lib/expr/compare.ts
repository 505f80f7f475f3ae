// Equality and order of values: numbers of different types compare by what they are worth.

import { compareCodePoints } from '../record/json.js'
import { Duration, Timestamp } from './time.js'
import { EvaluationError, isMap, kindOf, TypeName, Uint, type Value } from './value.js'

/** CEL equality; values of different types are not equal, apart from numbers. */
export function equal(a: Value, b: Value): boolean {
  if (a === b) return true
  const x = a instanceof Uint ? a.value : a
  const y = b instanceof Uint ? b.value : b
  // Neither less nor greater: between a bigint and a number that is exact, while === looks at the types.
  if (isNumeric(x) && isNumeric(y)) return x <= y && x >= y
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (Array.isArray(a)) return Array.isArray(b) && a.length === b.length && a.every((value, i) => equal(value, b[i]))
  if (a instanceof Uint8Array) return b instanceof Uint8Array && compareBytes(a, b) === 0
  if (a instanceof Timestamp) return b instanceof Timestamp && a.nanos === b.nanos
  if (a instanceof Duration) return b instanceof Duration && a.nanos === b.nanos
  if (a instanceof TypeName) return b instanceof TypeName && a.name === b.name
  if (!isMap(a) || !isMap(b) || a.size !== b.size) return false
  return a.keys().every((key) => b.has(key) && equal(a.get(key)!, b.get(key)!))
}

/**
 * Negative, zero or positive; NaN where a NaN is compared, null where null is. Throws for values without a common
 * order.
 */
export function order(a: Value, b: Value): number | null {
  if (a === null || b === null) return null
  const x = a instanceof Uint ? a.value : a
  const y = b instanceof Uint ? b.value : b
  if (isNumeric(x) && isNumeric(y)) {
    // Between an int and a double the int is rounded to a double first (cel-spec, lt_dyn_int_big_lossy_double).
    const p = typeof y === 'number' ? Number(x) : x
    const q = typeof x === 'number' ? Number(y) : y
    return p < q ? -1 : p > q ? 1 : p >= q ? 0 : NaN
  }
  if (typeof a === 'string' && typeof b === 'string') return compareCodePoints(a, b)
  if (typeof a === 'boolean' && typeof b === 'boolean') return Number(a) - Number(b)
  if (a instanceof Timestamp && b instanceof Timestamp) return compareBig(a.nanos, b.nanos)
  if (a instanceof Duration && b instanceof Duration) return compareBig(a.nanos, b.nanos)
  if (a instanceof Uint8Array && b instanceof Uint8Array) return compareBytes(a, b)
  throw new EvaluationError(`cannot compare ${kindOf(a)} with ${kindOf(b)}`)
}

function isNumeric(value: Value): value is number | bigint {
  return typeof value === 'number' || typeof value === 'bigint'
}

function compareBig(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const n = Math.min(a.length, b.length)
  for (let i = 0; i < n; i++) if (a[i] !== b[i]) return a[i] - b[i]
  return a.length - b.length
}
