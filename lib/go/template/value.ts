// Values of templates, and Go's words for them.

import { TimeLayout } from '../time_layout.js'
import { type Moment, UTC } from '../zone.js'

/** Names with values; a Map is one. */
export interface Dict {
  readonly size: number
  get(name: string): Value
  has(name: string): boolean
  entries(): Iterable<[string, Value]>
}

/**
 * Go's int, int64 and rune are bigint here, float64 is number; null is nil, undefined what `.name` gives where there is
 * no such name.
 */
export type Value = undefined | null | boolean | bigint | number | string | readonly Value[] | Moment | Dict

/** Why a template has no value. */
export class TemplateFault extends Error {
  override readonly name = 'TemplateFault'
}

export function isList(value: Value): value is readonly Value[] {
  return Array.isArray(value)
}

export function isMoment(value: Value): value is Moment {
  return typeof value === 'object' && value !== null && 'zone' in value
}

export function isDict(value: Value): value is Dict {
  return typeof value === 'object' && value !== null && !isList(value) && !('zone' in value)
}

export function sortedEntries(dict: Dict): [string, Value][] {
  return [...dict.entries()].sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
}

/** Go's name of a value's type. */
export function typeName(value: Value): string {
  switch (typeof value) {
    case 'string':
      return 'string'
    case 'bigint':
      return 'int'
    case 'number':
      return 'float64'
    case 'boolean':
      return 'bool'
  }
  if (value === null || value === undefined) return '<nil>'
  return isList(value) ? '[]interface {}' : isMoment(value) ? 'time.Time' : 'map[string]interface {}'
}

/** What an `if` makes of it: zero, empty and nil are false. */
export function isTrue(value: Value): boolean {
  if (isList(value)) return value.length > 0
  if (isDict(value)) return value.size > 0
  // Not a number is not zero.
  return typeof value === 'number' ? value !== 0 : typeof value === 'bigint' ? value !== 0n : Boolean(value)
}

const TIME = new TimeLayout('2006-01-02 15:04:05.999999999 -0700 MST')

/** As `%v` prints it. */
export function display(value: Value): string {
  switch (typeof value) {
    case 'string':
      return value
    case 'number':
      return floatText(value)
    case 'bigint':
    case 'boolean':
      return String(value)
  }
  if (value === null || value === undefined) return '<nil>'
  if (isList(value)) return `[${value.map(display).join(' ')}]`
  if (isMoment(value)) return TIME.format(value)
  return `map[${sortedEntries(value).map(([name, item]) => `${name}:${display(item)}`).join(' ')}]`
}

/** As `%g` prints it: the fewest digits that read back the same, with an exponent where that is below -4 or above 5. */
export function floatText(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf'
  if (value === 0) return Object.is(value, -0) ? '-0' : '0'
  const [digits, exponent] = value.toExponential().split('e')
  const power = Number(exponent)
  if (power >= -4 && power < 6) return plainText(digits, power)
  return `${digits}e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`
}

/** Digits with their point moved to where the exponent has it. */
function plainText(digits: string, power: number): string {
  const sign = digits[0] === '-' ? '-' : ''
  const all = digits.replace(/[-.]/g, '')
  if (power < 0) return `${sign}0.${'0'.repeat(-power - 1)}${all}`
  if (all.length <= power + 1) return sign + all.padEnd(power + 1, '0')
  return `${sign}${all.slice(0, power + 1)}.${all.slice(power + 1)}`
}

/** sprig's cast to int64: what is no number is 0. */
export function toInt(value: Value): bigint {
  if (typeof value === 'bigint') return value
  if (typeof value === 'number') return Number.isFinite(value) ? BigInt.asIntN(64, BigInt(Math.trunc(value))) : 0n
  if (typeof value === 'boolean') return value ? 1n : 0n
  return typeof value === 'string' ? (parseInt64(value.replace(/\.0*$/, ''), 0) ?? 0n) : 0n
}

/** sprig's cast to float64: what is no number is 0. */
export function toFloat(value: Value): number {
  if (typeof value === 'number') return value
  if (typeof value === 'bigint') return Number(value)
  if (typeof value === 'boolean') return value ? 1 : 0
  return typeof value === 'string' && /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(value) ? Number(value) : 0
}

const RADIXES: { readonly [mark: string]: number } = { x: 16, b: 2, o: 8 }
const DIGITS: { readonly [base: number]: RegExp } = { 2: /^[01]+$/, 8: /^[0-7]+$/, 10: /^\d+$/, 16: /^[0-9a-fA-F]+$/ }

/** Go's ParseInt for bases 8, 10 and 0 (by prefix: 0x, 0o, 0b, 0); undefined if it is none or does not fit 64 bits. */
export function parseInt64(text: string, base: 0 | 8 | 10): bigint | undefined {
  const [, sign, digits] = /^([+-]?)(.*)$/s.exec(text)!
  let radix: number = base
  let rest = digits
  if (base === 0) {
    const prefix = /^0([xXoObB]?)/.exec(digits)
    radix = prefix === null || digits === '0' ? 10 : (RADIXES[prefix[1].toLowerCase()] ?? 8)
    if (prefix !== null && digits !== '0') rest = digits.slice(prefix[0].length)
    rest = rest.replace(/(?<=[0-9a-fA-F])_(?=[0-9a-fA-F])/g, '')
  }
  if (!DIGITS[radix].test(rest)) return undefined
  const size = BigInt(radix === 10 ? rest : `${radix === 16 ? '0x' : radix === 8 ? '0o' : '0b'}${rest}`)
  const value = sign === '-' ? -size : size
  return value === BigInt.asIntN(64, value) ? value : undefined
}

export const EPOCH: Moment = { seconds: 0, nanos: 0, zone: UTC }

/** Values alike in kind and contents. */
export function deepEqual(a: Value, b: Value): boolean {
  if (a === b) return true
  if (isList(a) && isList(b)) return a.length === b.length && a.every((item, i) => deepEqual(item, b[i]))
  if (isDict(a) && isDict(b)) {
    if (a.size !== b.size) return false
    for (const [name, item] of a.entries()) if (!b.has(name) || !deepEqual(item, b.get(name))) return false
    return true
  }
  return (a ?? null) === (b ?? null)
}
