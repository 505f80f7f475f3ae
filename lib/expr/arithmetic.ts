// + - * / % and unary minus over values. null in, null out; a result out of range is an error.

import { Duration, durationOf, Timestamp, timestampOf } from './time.js'
import type { Type } from './type.js'
import { EvaluationError, type Kind, kindOf, Uint, type Value } from './value.js'

export type ArithmeticOp = '+' | '-' | '*' | '/' | '%'

const MIN_INT = -(1n << 63n)
const MAX_INT = (1n << 63n) - 1n
const MAX_UINT = (1n << 64n) - 1n

export function checkInt(value: bigint): bigint {
  if (value < MIN_INT || value > MAX_INT) throw new EvaluationError('int out of range')
  return value
}

export function checkUint(value: bigint): Uint {
  if (value < 0n || value > MAX_UINT) throw new EvaluationError('uint out of range')
  return new Uint(value)
}

export function checkTime<T>(value: T | undefined): T {
  if (value === undefined) throw new EvaluationError('time out of range')
  return value
}

/** The kind of a result by operator and kinds of the operands; undefined where there is none. */
export function resultKind(op: ArithmeticOp, a: Kind, b: Kind): Kind | undefined {
  if (op === '+' && a === 'timestamp' && b === 'duration') return 'timestamp'
  if (op === '+' && a === 'duration' && b === 'timestamp') return 'timestamp'
  if (op === '-' && a === 'timestamp') return b === 'timestamp' ? 'duration' : b === 'duration' ? 'timestamp' : undefined
  if (a !== b) return undefined
  switch (a) {
    case 'int':
    case 'uint':
      return a
    case 'double':
      return op === '%' ? undefined : a
    case 'string':
    case 'bytes':
    case 'list':
      return op === '+' ? a : undefined
    case 'duration':
      return op === '+' || op === '-' ? a : undefined
    default:
      return undefined
  }
}

const KINDS: readonly Kind[] = ['int', 'uint', 'double', 'string', 'bytes', 'list', 'timestamp', 'duration']

/** The result's type as far as the operands' are known; undefined where no values could have one. */
export function resultType(op: ArithmeticOp, a: Type, b: Type): Type | undefined {
  const left = a.kind === 'dyn' ? KINDS : [a.kind]
  const right = b.kind === 'dyn' ? KINDS : [b.kind]
  const kinds = new Set<Kind>()
  for (const x of left) {
    for (const y of right) {
      const kind = resultKind(op, x, y)
      if (kind !== undefined) kinds.add(kind)
    }
  }
  const [first] = kinds
  return first === undefined ? undefined : { kind: kinds.size === 1 ? first : 'dyn' }
}

export function arithmetic(op: ArithmeticOp, a: Value, b: Value): Value {
  if (a === null || b === null) return null
  if (typeof a === 'number' && typeof b === 'number' && op !== '%') return ofDoubles(op, a, b)
  if (typeof a === 'bigint' && typeof b === 'bigint') return checkInt(ofIntegers(op, a, b))
  if (a instanceof Uint && b instanceof Uint) return checkUint(ofIntegers(op, a.value, b.value))
  if (op === '+') {
    if (typeof a === 'string' && typeof b === 'string') return a + b
    if (Array.isArray(a) && Array.isArray(b)) return [...(a as readonly Value[]), ...(b as readonly Value[])]
    if (a instanceof Uint8Array && b instanceof Uint8Array) return new Uint8Array([...a, ...b])
  }
  return ofTimes(op, a, b) ?? fail(op, a, b)
}

function fail(op: ArithmeticOp, a: Value, b: Value): never {
  throw new EvaluationError(`no such overload: ${kindOf(a)} ${op} ${kindOf(b)}`)
}

function ofDoubles(op: ArithmeticOp, a: number, b: number): number {
  switch (op) {
    case '+':
      return a + b
    case '-':
      return a - b
    case '*':
      return a * b
    default:
      return a / b
  }
}

function ofIntegers(op: ArithmeticOp, a: bigint, b: bigint): bigint {
  if (b === 0n && (op === '/' || op === '%')) throw new EvaluationError('division by zero')
  switch (op) {
    case '+':
      return a + b
    case '-':
      return a - b
    case '*':
      return a * b
    case '/':
      return a / b
    case '%':
      return a % b
  }
}

function ofTimes(op: ArithmeticOp, a: Value, b: Value): Value | undefined {
  if (op !== '+' && op !== '-') return undefined
  const sign = op === '+' ? 1n : -1n
  if (a instanceof Timestamp && b instanceof Duration) return checkTime(timestampOf(a.nanos + sign * b.nanos))
  if (a instanceof Duration && b instanceof Duration) return checkTime(durationOf(a.nanos + sign * b.nanos))
  if (a instanceof Duration && b instanceof Timestamp && op === '+') return checkTime(timestampOf(a.nanos + b.nanos))
  if (a instanceof Timestamp && b instanceof Timestamp && op === '-') return checkTime(durationOf(a.nanos - b.nanos))
  return undefined
}

export function negate(value: Value): Value {
  if (value === null) return null
  if (typeof value === 'number') return -value
  if (typeof value === 'bigint') return checkInt(-value)
  throw new EvaluationError(`no such overload: -${kindOf(value)}`)
}
