// What operators, field access and calls do to values, once a record is there.

import { equal, order } from './compare.js'
import type { Overload } from './function.js'
import type { Frame, Part, Run } from './part.js'
import { EvaluationError, FieldList, isMap, kindOf, LiteralMap, Uint, type Value } from './value.js'

export function fail(message: string): never {
  throw new EvaluationError(message)
}

/** The value of a field; null where what it should be in is null or has no fields. */
export function fieldOf(from: Value, key: string): Value {
  if (from === null) return null
  if (!isMap(from)) return fail(`no field '${key}' in ${kindOf(from)}`)
  return from.get(key) ?? absent(from, key)
}

function absent(from: Value, key: Value): Value {
  if (from instanceof LiteralMap && !from.has(key)) return fail('no such key')
  return null
}

export function elementOf(from: Value, key: Value): Value {
  if (from === null) return null
  if (isMap(from)) return from.get(key) ?? absent(from, key)
  if (!Array.isArray(from)) return fail(`${kindOf(from)} has no elements`)
  const list = from as readonly Value[]
  const at = key instanceof Uint ? Number(key.value) : typeof key === 'bigint' || typeof key === 'number' ? Number(key) : NaN
  if (!Number.isInteger(at)) return key === null ? null : fail(`not an index: ${kindOf(key)}`)
  if (at >= 0 && at < list.length) return list[at]
  return from instanceof FieldList ? null : fail(`index out of range: ${at}`)
}

/** The first operand of the value `decider` decides; else an error counts; else the value is the other one. */
export function decision<S>(runs: readonly ((frame: Frame<S>) => boolean)[], decider: boolean): Run<S> {
  return (frame) => {
    let failure: EvaluationError | null = null
    for (const run of runs) {
      try {
        if (run(frame) === decider) return decider
      } catch (error) {
        if (!(error instanceof EvaluationError)) throw error
        failure ??= error
      }
    }
    if (failure !== null) throw failure
    return !decider
  }
}

export function equality<S>(left: Part<S>, right: Part<S>, wanted: boolean): Run<S> {
  const { constant } = right
  const { run } = left
  // Texts and truth values are equal only if they are the same.
  if (typeof constant === 'string' || typeof constant === 'boolean') return (frame) => (run(frame) === constant) === wanted
  return (frame) => equal(run(frame), right.run(frame)) === wanted
}

/** Values compared with null are neither less nor greater nor equal. */
export function comparison<S>(op: '<' | '<=' | '>' | '>=', left: Part<S>, right: Part<S>): Run<S> {
  const holds = (result: number | null): boolean => {
    if (result === null) return false
    return op === '<' ? result < 0 : op === '<=' ? result <= 0 : op === '>' ? result > 0 : result >= 0
  }
  const bound = exactNumber(right.constant)
  if (bound === undefined) return (frame) => holds(order(left.run(frame), right.run(frame)))
  const other = right.constant!
  const { run } = left
  const slow = (value: Value) => holds(order(value, other))
  // The usual filter, a sample's value against a constant, in plain numbers.
  switch (op) {
    case '<':
      return (frame) => { const value = run(frame); return typeof value === 'number' ? value < bound : slow(value) }
    case '<=':
      return (frame) => { const value = run(frame); return typeof value === 'number' ? value <= bound : slow(value) }
    case '>':
      return (frame) => { const value = run(frame); return typeof value === 'number' ? value > bound : slow(value) }
    case '>=':
      return (frame) => { const value = run(frame); return typeof value === 'number' ? value >= bound : slow(value) }
  }
}

/** A constant as a double that is exactly as large. */
function exactNumber(constant: Value | undefined): number | undefined {
  if (typeof constant === 'number') return constant
  return typeof constant === 'bigint' && BigInt(Number(constant)) === constant ? Number(constant) : undefined
}

export function membership<S>(left: Part<S>, right: Part<S>): Run<S> {
  const { constant } = right
  if (Array.isArray(constant) && constant.every((value) => typeof value === 'string')) {
    const texts = new Set<Value>(constant)
    return (frame) => texts.has(left.run(frame))
  }
  return (frame) => {
    const value = left.run(frame)
    const within = right.run(frame)
    if (within === null) return false
    if (isMap(within)) return within.has(value)
    return Array.isArray(within) ? within.some((each: Value) => equal(each, value)) : fail(`no such overload: in ${kindOf(within)}`)
  }
}

/** Calls the overload for the kinds of the values. null gives null, or false where the answer is a bool. */
export function invocation<S>(name: string, candidates: readonly Overload[], parts: readonly Part<S>[]): Run<S> {
  const empty = candidates.every(({ gives }) => gives === 'bool') && name !== 'bool' ? false : null
  return (frame) => {
    const values = parts.map((part) => part.run(frame))
    const kinds = values.map(kindOf)
    for (const { takes, run } of candidates) {
      if (takes.every((kind, i) => kind === 'dyn' || kind === kinds[i])) return run(...(values as never[]))
    }
    return kinds.includes('null_type') ? empty : fail(`no such overload: ${name}(${kinds.join(', ')})`)
  }
}

