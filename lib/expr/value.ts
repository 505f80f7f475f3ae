// Values of expressions (CEL), and their kinds.

import type { Json } from '../record/json.js'
import { getLabel, hasLabel, type Labels } from '../record/labels.js'
import { Duration, Timestamp } from './time.js'

export type Value =
  | null
  | boolean
  | bigint
  | number
  | string
  | Uint
  | Uint8Array
  | Timestamp
  | Duration
  | TypeName
  | readonly Value[]
  | ValueMap

export type Kind =
  | 'null_type' | 'bool' | 'int' | 'uint' | 'double' | 'string' | 'bytes' | 'timestamp' | 'duration' | 'list' | 'map' | 'type'

/** Why an evaluation has no value. */
export class EvaluationError extends Error {
  override readonly name = 'EvaluationError'
}

/** A uint; an int is a bigint, a double a number. */
export class Uint {
  constructor(readonly value: bigint) {}
}

/** A type as a value, e.g. what `type(1)` gives. */
export class TypeName {
  constructor(readonly name: string) {}
}

/** A map as an expression sees it. */
export interface ValueMap {
  readonly size: number
  /** undefined where an absent key is an error. */
  get(key: Value): Value | undefined
  has(key: Value): boolean
  keys(): Value[]
}

export function isMap(value: Value): value is ValueMap {
  return value instanceof LiteralMap || value instanceof FieldMap || value instanceof LabelMap
}

/** A map written in an expression: the value of an absent key is an error, as CEL has it. */
export class LiteralMap implements ValueMap {
  readonly #entries = new Map<string, [Value, Value]>()

  constructor(entries: Iterable<readonly [Value, Value]>) {
    for (const [key, value] of entries) {
      const kind = kindOf(key)
      if (kind !== 'string' && kind !== 'int' && kind !== 'uint' && kind !== 'bool') {
        throw new EvaluationError(`unsupported key type: ${kind}`)
      }
      const index = keyText(key)
      if (this.#entries.has(index)) throw new EvaluationError('repeated key in a map')
      this.#entries.set(index, [key, value])
    }
  }
  get size(): number {
    return this.#entries.size
  }
  get(key: Value): Value | undefined {
    return this.#entries.get(keyText(key))?.[1]
  }
  has(key: Value): boolean {
    return this.#entries.has(keyText(key))
  }
  keys(): Value[] {
    return [...this.#entries.values()].map(([key]) => key)
  }
}

/** Numbers that are equal are one key, whatever their type. */
function keyText(key: Value): string {
  if (typeof key === 'string') return `s${key}`
  if (typeof key === 'bigint') return `n${key}`
  if (key instanceof Uint) return `n${key.value}`
  if (typeof key === 'number') return Number.isInteger(key) ? `n${BigInt(key)}` : `d${key}`
  return typeof key === 'boolean' ? `b${key}` : 'x'
}

/** A map of a record (attributes, resource …): what is absent is null. */
export class FieldMap implements ValueMap {
  constructor(private readonly object: { readonly [key: string]: Json }) {}
  get size(): number {
    return Object.keys(this.object).length
  }
  get(key: Value): Value {
    return typeof key === 'string' && Object.hasOwn(this.object, key) ? valueOfJson(this.object[key]) : null
  }
  has(key: Value): boolean {
    return typeof key === 'string' && Object.hasOwn(this.object, key)
  }
  keys(): Value[] {
    return Object.keys(this.object)
  }
}

/** A list of a record: beyond its end is null. */
export class FieldList extends Array<Value> {}

/** Labels: what is absent is empty. */
export class LabelMap implements ValueMap {
  constructor(private readonly labels: Labels) {}
  get size(): number {
    return this.labels.length / 2
  }
  get(key: Value): Value {
    return typeof key === 'string' ? getLabel(this.labels, key) : ''
  }
  has(key: Value): boolean {
    return typeof key === 'string' && hasLabel(this.labels, key)
  }
  keys(): Value[] {
    return this.labels.filter((_, i) => i % 2 === 0)
  }
}

/**
 * A record's JSON as a value. Whole numbers are ints, others doubles, and `{"$int": …}`, `{"$double": …}`,
 * `{"$bytes": …}` say it themselves (solder-records(7)).
 */
export function valueOfJson(json: Json | undefined): Value {
  if (json === undefined || json === null) return null
  if (typeof json === 'number') return Number.isSafeInteger(json) && !Object.is(json, -0) ? BigInt(json) : json
  if (typeof json !== 'object') return json
  if (Array.isArray(json)) return listOf(json)
  const object = json as { readonly [key: string]: Json }
  return tagged(object) ?? new FieldMap(object)
}

function listOf(json: readonly Json[]): FieldList {
  const list = new FieldList()
  for (const item of json) list.push(valueOfJson(item))
  return list
}

const WORDS: { readonly [word: string]: number } = { NaN: NaN, '+Inf': Infinity, '-Inf': -Infinity }

function tagged(object: { readonly [key: string]: Json }): Value | undefined {
  const keys = Object.keys(object)
  if (keys.length !== 1 || keys[0][0] !== '$') return undefined
  const value = object[keys[0]]
  if (keys[0] === '$double') {
    if (typeof value === 'number') return value
    return typeof value === 'string' && Object.hasOwn(WORDS, value) ? WORDS[value] : undefined
  }
  if (typeof value !== 'string') return undefined
  if (keys[0] === '$int') return /^-?\d{1,20}$/.test(value) ? BigInt(value) : undefined
  return keys[0] === '$bytes' ? new Uint8Array(Buffer.from(value, 'base64')) : undefined
}

export function kindOf(value: Value): Kind {
  switch (typeof value) {
    case 'string':
      return 'string'
    case 'number':
      return 'double'
    case 'bigint':
      return 'int'
    case 'boolean':
      return 'bool'
    default:
      if (value === null) return 'null_type'
      if (Array.isArray(value)) return 'list'
      if (value instanceof Uint) return 'uint'
      if (value instanceof Uint8Array) return 'bytes'
      if (value instanceof Timestamp) return 'timestamp'
      if (value instanceof Duration) return 'duration'
      return value instanceof TypeName ? 'type' : 'map'
  }
}
