// Functions of templates on numbers and conditions: Go's comparisons, sprig's arithmetic.

import { fn, type FunctionTable, variadic } from '../function.js'
import { display, isTrue, parseInt64, TemplateFault, toFloat, toInt, typeName, type Value } from '../value.js'

const int64 = (value: bigint) => BigInt.asIntN(64, value)

function whole(value: bigint): bigint {
  if (value === 0n) throw new TemplateFault('integer divide by zero')
  return value
}

/** Whether two values are equal, which they can be only in one type. Throws a TemplateFault for two types. */
function equal(a: Value, b: Value): boolean {
  if (a === undefined || a === null || b === undefined || b === null) return (a ?? null) === (b ?? null)
  if (typeof a !== typeof b) throw new TemplateFault(`incompatible types for comparison: ${typeName(a)} and ${typeName(b)}`)
  if (typeof a === 'object') throw new TemplateFault(`non-comparable type ${typeName(a)}`)
  return a === b
}

function less(a: Value, b: Value): boolean {
  for (const value of [a, b]) {
    if (typeof value === 'object' || value === undefined) throw new TemplateFault('invalid type for comparison')
  }
  if (typeof a !== typeof b) throw new TemplateFault(`incompatible types for comparison: ${typeName(a)} and ${typeName(b)}`)
  if (typeof a === 'boolean') throw new TemplateFault('invalid type for comparison')
  if (typeof a === 'string') return Buffer.compare(Buffer.from(a), Buffer.from(b as string)) < 0
  return (a as bigint) < (b as bigint)
}

/** Sums and differences of decimals, without the noise of binary fractions. */
function decimal(a: number, b: number, operate: (x: bigint, y: bigint) => bigint): number {
  const places = Math.max(placesOf(a), placesOf(b))
  const scaled = (value: number) => BigInt(value.toFixed(places).replace('.', ''))
  return Number(`${operate(scaled(a), scaled(b))}e-${places}`)
}

function placesOf(value: number): number {
  const match = /^-?\d+(?:\.(\d+))?(?:e([+-]\d+))?$/.exec(String(value))
  return Math.min(100, Math.max(0, (match?.[1]?.length ?? 0) - Number(match?.[2] ?? 0)))
}

function rounded(value: number, places: number, from: number): number {
  const scale = 10 ** places
  const digit = scale * value
  return (digit - Math.trunc(digit) >= from ? Math.ceil(digit) : Math.floor(digit)) / scale
}

/** Numbers from `start` on to before `stop`. */
export function counted(start: number, stop: number, step: number, make: (length: number) => void): bigint[] {
  if ((stop < start && step >= 0) || (stop >= start && step <= 0)) return []
  const count = Math.ceil((stop - start) / step)
  make(count * 8)
  return Array.from({ length: count }, (_, i) => BigInt(start + i * step))
}

function sequence(params: readonly number[], make: (length: number) => void): string {
  const [first, second, third] = params
  let [start, step, end] = [first, second, third]
  if (params.length === 1) [start, step, end] = [1, first < 1 ? -1 : 1, first]
  else if (params.length === 2) [step, end] = [second < first ? -1 : 1, second]
  if (params.length === 0 || params.length > 3 || (end < start && step > 0)) return ''
  return counted(start, end + (end < start ? -1 : 1), step, make).join(' ')
}

const folded = (operate: (a: number, b: number) => number) =>
  variadic(['any'], 'any', (rest, first) => rest.map(toFloat).reduce(operate, toFloat(first)))
const best = (better: (a: bigint, b: bigint) => boolean) =>
  variadic(['any'], 'any', (rest, first) => rest.map(toInt).reduce((a, b) => (better(b, a) ? b : a), toInt(first)))

export const NUMBER_FUNCTIONS: FunctionTable = [
  // What `and` and `or` do stands where they are compiled: they do not look at all of their arguments.
  ['and', variadic(['value'], 'value', () => undefined)],
  ['or', variadic(['value'], 'value', () => undefined)],
  ['not', fn(['value'], (value) => !isTrue(value))],
  ['eq', variadic(['value'], 'value', (rest, first) => {
    if (rest.length === 0) throw new TemplateFault('missing argument for comparison')
    return rest.some((value) => equal(first, value))
  })],
  ['ne', fn(['value', 'value'], (a, b) => !equal(a, b))],
  ['lt', fn(['value', 'value'], (a, b) => less(a, b))],
  ['le', fn(['value', 'value'], (a, b) => less(a, b) || equal(a, b))],
  ['gt', fn(['value', 'value'], (a, b) => !(less(a, b) || equal(a, b)))],
  ['ge', fn(['value', 'value'], (a, b) => !less(a, b))],
  ['int', fn(['any'], toInt)],
  ['int64', fn(['any'], toInt)],
  ['float64', fn(['any'], toFloat)],
  ['atoi', fn(['string'], (text) => parseInt64(text, 10) ?? 0n)],
  ['add', variadic([], 'any', (args) => args.map(toInt).reduce((a, b) => int64(a + b), 0n))],
  ['add1', fn(['any'], (value) => int64(toInt(value) + 1n))],
  ['sub', fn(['any', 'any'], (a, b) => int64(toInt(a) - toInt(b)))],
  ['mul', variadic(['any'], 'any', (rest, first) => rest.map(toInt).reduce((a, b) => int64(a * b), toInt(first)))],
  ['div', fn(['any', 'any'], (a, b) => int64(toInt(a) / whole(toInt(b))))],
  ['mod', fn(['any', 'any'], (a, b) => toInt(a) % whole(toInt(b)))],
  ['addf', variadic([], 'any', (args) => args.map(toFloat).reduce((a, b) => decimal(a, b, (x, y) => x + y), 0))],
  ['add1f', fn(['any'], (value) => decimal(toFloat(value), 1, (x, y) => x + y))],
  ['subf', folded((a, b) => decimal(a, b, (x, y) => x - y))],
  ['mulf', folded((a, b) => Number((a * b).toPrecision(15)))],
  ['divf', folded((a, b) => {
    if (b === 0) throw new TemplateFault('decimal division by 0')
    return a / b
  })],
  ['max', best((a, b) => a > b)],
  ['biggest', best((a, b) => a > b)],
  ['min', best((a, b) => a < b)],
  ['maxf', folded((a, b) => Math.max(a, b))],
  ['minf', folded((a, b) => Math.min(a, b))],
  ['ceil', fn(['any'], (value) => Math.ceil(toFloat(value)))],
  ['floor', fn(['any'], (value) => Math.floor(toFloat(value)))],
  ['round', variadic(['any', 'size'], 'float', ([from = 0.5], value, places) => rounded(toFloat(value), places, from))],
  ['until', fn(['size'], (count, { make }) => counted(0, count, count < 0 ? -1 : 1, make))],
  ['untilStep', fn(['size', 'size', 'size'], (start, stop, step, { make }) => counted(start, stop, step, make))],
  ['seq', { params: [], rest: 'size', optional: 0, call: (args, { make }) => sequence(args as number[], make) }],
  ['ternary', fn(['any', 'any', 'bool'], (yes, no, condition) => (condition ? yes : no))],
  ['default', variadic(['any'], 'any', (given, fallback) => (given.length === 0 || isEmpty(given[0]) ? fallback : given[0]))],
  ['empty', fn(['any'], (value) => isEmpty(value))],
  ['coalesce', variadic([], 'any', (args) => args.find((arg) => !isEmpty(arg)) ?? null)],
  ['all', variadic([], 'any', (args) => args.every((arg) => !isEmpty(arg)))],
  ['any', variadic([], 'any', (args) => args.some((arg) => !isEmpty(arg)))],
  ['fail', fn(['string'], (message) => {
    throw new TemplateFault(message)
  })],
  ['typeOf', fn(['any'], (value) => typeName(value))],
  ['typeIs', fn(['string', 'any'], (name, value) => name === typeName(value))],
  ['typeIsLike', fn(['string', 'any'], (name, value) => name === typeName(value) || `*${name}` === typeName(value))],
  ['kindOf', fn(['any'], (value) => kindOf(value))],
  ['kindIs', fn(['string', 'any'], (name, value) => name === kindOf(value))],
]

/** Zero, empty, false and nil. */
export const isEmpty = (value: Value): boolean => !isTrue(value)

function kindOf(value: Value): string {
  const name = typeName(value)
  if (name === '<nil>') return 'invalid'
  return name.startsWith('[]') ? 'slice' : name.startsWith('map') ? 'map' : name === 'time.Time' ? 'struct' : display(name)
}
