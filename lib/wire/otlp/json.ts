// Messages of OTLP as JSON (OTLP 1.x, "JSON Protobuf Encoding"): ids in hex, 64-bit numbers as strings or numbers, enums as
// numbers, unknown fields ignored.

import { Budget } from '../remote_write/read.js'
import { type Bounds, type Fields, isDefault, TooDeep } from './protobuf.js'
import type { Field, MessageType, Scalar } from './schema.js'

/** A whole number of so many digits may be one that a double does not hold; strings are passed over. */
const LONG_NUMBERS = /"(?:[^"\\]|\\.)*"|(?<![\d.eE+-])-?\d{16,}(?![\d.eE])/g
const HAS_LONG_NUMBER = /[:,[\s]-?\d{16,}/

/** Reads a message. Throws TooMuch, TooDeep, or an Error that says what is wrong and where. */
export function parseMessage<T extends object>(text: string, type: MessageType, bounds: Bounds): T {
  const exact = HAS_LONG_NUMBER.test(text) ? text.replace(LONG_NUMBERS, (found) => (found[0] === '"' ? found : `"${found}"`)) : text
  const budget = new Budget(bounds.max_elements)
  return readObject(JSON.parse(exact) as unknown, type, budget, bounds.max_depth, 'request') as T
}

function readObject(value: unknown, type: MessageType, budget: Budget, depth: number, where: string): Fields {
  if (depth <= 0) throw new TooDeep('nested too deep')
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrong(where, 'an object')
  const message: Fields = {}
  let chosen: string | undefined
  for (const [name, inner] of Object.entries(value)) {
    const field = type.byName.get(name)
    // In the JSON of protobuf null is a field's default.
    if (field === undefined || inner === null) continue
    if (field.choice) {
      if (chosen !== undefined) throw new Error(`${where}: both ${chosen} and ${name}`)
      chosen = name
    }
    const read = readField(inner, field, budget, depth, name)
    if (field.present || !isDefault(read)) message[name] = read
  }
  return message
}

function readField(value: unknown, field: Field, budget: Budget, depth: number, where: string): unknown {
  const one = (inner: unknown): unknown => {
    if (typeof field.kind === 'string') return readScalar(inner, field.kind, where)
    budget.take()
    return readObject(inner, field.kind, budget, depth - 1, where)
  }
  if (!field.list) return one(value)
  if (!Array.isArray(value)) throw wrong(where, 'a list')
  if (typeof field.kind === 'string') budget.take(value.length)
  // An empty list is a field's default.
  return value.length === 0 ? '' : value.map(one)
}

const WHOLE: { readonly [kind: string]: readonly [bigint, bigint] } = {
  uint32: [0n, 2n ** 32n], fixed32: [0n, 2n ** 32n], int32: [-(2n ** 31n), 2n ** 31n], sint32: [-(2n ** 31n), 2n ** 31n],
  int64: [-(2n ** 63n), 2n ** 63n], sfixed64: [-(2n ** 63n), 2n ** 63n], uint64: [0n, 2n ** 64n], fixed64: [0n, 2n ** 64n],
}
const WORDS: ReadonlyMap<unknown, number> = new Map([['NaN', NaN], ['Infinity', Infinity], ['-Infinity', -Infinity]])
const NUMBER_TEXT = /^-?\d+(\.\d+)?([eE][+-]?\d+)?$/
const HEX = /^([\da-fA-F]{2})*$/
const BASE64 = /^[\w+/-]*={0,2}$/

function readScalar(value: unknown, kind: Scalar, where: string): unknown {
  switch (kind) {
    case 'string':
      if (typeof value !== 'string') throw wrong(where, 'a string')
      return value
    case 'bool':
      if (typeof value !== 'boolean') throw wrong(where, 'true or false')
      return value
    case 'id':
      if (typeof value !== 'string' || !HEX.test(value)) throw wrong(where, 'hexadecimal digits, two for each byte')
      return value.toLowerCase()
    case 'bytes':
      if (typeof value !== 'string' || !BASE64.test(value)) throw wrong(where, 'base64')
      return Buffer.from(value, 'base64').toString('base64')
    case 'double': {
      if (typeof value === 'number') return value
      const word = WORDS.get(value)
      if (word === undefined && !(typeof value === 'string' && NUMBER_TEXT.test(value))) throw wrong(where, 'a number')
      return word ?? Number(value)
    }
    default:
      return readWhole(value, kind, where)
  }
}

function readWhole(value: unknown, kind: Scalar, where: string): string | number {
  const [low, beyond] = WHOLE[kind]
  const isWhole = typeof value === 'number' ? Number.isInteger(value) : typeof value === 'string' && /^-?\d{1,20}$/.test(value)
  if (!isWhole) throw wrong(where, 'a whole number')
  const whole = BigInt(value as number | string)
  if (whole < low || whole >= beyond) throw wrong(where, `a number from ${low} to ${beyond - 1n}`)
  return kind.endsWith('64') ? whole.toString() : Number(whole)
}

function wrong(where: string, expected: string): Error {
  return new Error(`${where}: expected ${expected}`)
}

/** The JSON of a message: as it is, but for numbers that JSON lacks. */
export function messageText(message: object): string {
  return JSON.stringify(message, (_, value: unknown) => {
    if (typeof value !== 'number' || (Number.isFinite(value) && !Object.is(value, -0))) return value
    return value === 0 ? '-0' : String(value)
  })
}
