// Attribute values of OTLP and the JSON of records, both ways: what plain JSON does not tell apart is tagged.

import { canonical, fieldOf, type Json, numberOf } from '../../record/json.js'
import type { AnyValue, KeyValue } from './message.js'

export interface JsonMap {
  readonly [key: string]: Json
}

/** A value of a record that OTLP cannot tell. */
export class Unfit extends Error {}

const DOUBLE = '$double'
const INT = '$int'
const BYTES = '$bytes'
const NOTHING: AnyValue = {}
/** A map whose only key looks like a tag. */
const MAP = '$map'

/** null is a value that is not there. */
export function jsonOf(value: AnyValue): Json {
  if (value.stringValue !== undefined) return value.stringValue
  if (value.boolValue !== undefined) return value.boolValue
  if (value.intValue !== undefined) {
    const number = Number(value.intValue)
    return Number.isSafeInteger(number) ? number : { [INT]: value.intValue }
  }
  if (value.doubleValue !== undefined) {
    const double = value.doubleValue
    return Number.isFinite(double) && !Number.isInteger(double) ? double : { [DOUBLE]: fieldOf(double) }
  }
  if (value.bytesValue !== undefined) return { [BYTES]: value.bytesValue }
  if (value.arrayValue !== undefined) return (value.arrayValue.values ?? []).map(jsonOf)
  if (value.kvlistValue === undefined) return null
  const map = mapOf(value.kvlistValue.values)
  const keys = Object.keys(map)
  return keys.length === 1 && keys[0].startsWith('$') ? { [MAP]: map } : map
}

/** Attributes as a map; of a repeated key, which OTLP forbids, the last value counts. */
export function mapOf(attributes: readonly KeyValue[] = []): JsonMap {
  const map: { [key: string]: Json } = {}
  for (const { key = '', value = NOTHING } of attributes) {
    if (key !== '__proto__') map[key] = jsonOf(value)
    else Object.defineProperty(map, key, { value: jsonOf(value), enumerable: true, configurable: true, writable: true })
  }
  return map
}

/** Throws Unfit where a tag holds something else than it says. */
export function valueOf(json: Json): AnyValue {
  switch (typeof json) {
    case 'string':
      return { stringValue: json }
    case 'boolean':
      return { boolValue: json }
    case 'number':
      return Number.isSafeInteger(json) && !Object.is(json, -0) ? { intValue: String(json) } : { doubleValue: json }
    default:
      if (json === null) return {}
      if (Array.isArray(json)) return { arrayValue: { values: json.map(valueOf) } }
      return tagged(json as JsonMap) ?? { kvlistValue: { values: attributesOf(json as JsonMap) } }
  }
}

const WHOLE = /^-?\d{1,19}$/

function tagged(map: JsonMap): AnyValue | null {
  const keys = Object.keys(map)
  const value = map[keys[0]]
  if (keys.length !== 1) return null
  switch (keys[0]) {
    case DOUBLE: {
      const doubleValue = numberOf(value)
      if (doubleValue === undefined) throw new Unfit(`${canonical(map).slice(0, 80)}: expected a number`)
      return { doubleValue }
    }
    case INT:
      if (typeof value !== 'string' || !WHOLE.test(value)) throw new Unfit(`${canonical(map).slice(0, 80)}: expected decimal digits`)
      return { intValue: value }
    case BYTES:
      if (typeof value !== 'string') throw new Unfit(`${canonical(map).slice(0, 80)}: expected base64`)
      return { bytesValue: value }
    case MAP:
      return { kvlistValue: { values: attributesOf(mapField(value)) } }
    default:
      return null
  }
}

/** Attributes of a map. */
export function attributesOf(map: JsonMap): KeyValue[] {
  return Object.keys(map).map((key) => ({ key, value: valueOf(map[key]) }))
}

/** A value as the text of a label, as Prometheus and the OpenTelemetry Collector write it. */
export function textOf(json: Json): string {
  if (typeof json === 'string') return json
  if (json === null) return ''
  const value = valueOf(json)
  if (value.bytesValue !== undefined) return value.bytesValue
  if (value.intValue !== undefined) return value.intValue
  if (value.doubleValue !== undefined) return doubleText(value.doubleValue)
  return typeof json === 'boolean' ? String(json) : canonical(plain(json))
}

/** Go's shortest form: an exponent below 1e-6 and from 1e21 on. */
function doubleText(value: number): string {
  if (!Number.isFinite(value)) return String(fieldOf(value))
  return Object.is(value, -0) ? '-0' : String(value).replace(/e([+-])(\d)$/, 'e$10$2')
}

/** A value without its tags. */
function plain(json: Json): Json {
  if (typeof json !== 'object' || json === null) return json
  if (Array.isArray(json)) return json.map(plain)
  const { bytesValue, intValue, doubleValue } = tagged(json as JsonMap) ?? {}
  if (bytesValue !== undefined) return bytesValue
  if (intValue !== undefined) return Number(intValue)
  if (doubleValue !== undefined) return doubleValue
  const map = mapField((json as JsonMap)[MAP] ?? json)
  return Object.fromEntries(Object.keys(map).map((key) => [key, plain(map[key])]))
}

/** A map that a record's field should be. */
export function mapField(json: Json | undefined): JsonMap {
  if (json === undefined || json === null) return {}
  if (typeof json !== 'object' || Array.isArray(json)) throw new Unfit(`${canonical(json).slice(0, 80)}: expected a map`)
  return json as JsonMap
}

/** A list that a record's field should be. */
export function listField(json: Json | undefined): readonly Json[] {
  if (json === undefined || json === null) return []
  if (!Array.isArray(json)) throw new Unfit(`${canonical(json).slice(0, 80)}: expected a list`)
  return json as readonly Json[]
}
