// Values of expressions as the JSON of records: what plain JSON does not tell apart is tagged (solder-records(7)).

import { fieldOf, type Json } from '../record/json.js'
import { Duration, Timestamp } from './time.js'
import { FieldMap, isMap, TypeName, Uint, type Value, type ValueMap } from './value.js'

/** Timestamps are RFC 3339, durations seconds (`1.5s`); keys of maps that are no text become text. */
export function jsonOfValue(value: Value): Json {
  switch (typeof value) {
    case 'bigint':
      return integer(value)
    case 'number':
      return Number.isFinite(value) && !Number.isInteger(value) ? value : { $double: fieldOf(value) }
    case 'object':
      if (value === null) return null
      if (Array.isArray(value)) return (value as readonly Value[]).map(jsonOfValue)
      if (value instanceof Uint) return integer(value.value)
      if (value instanceof Uint8Array) return { $bytes: Buffer.from(value).toString('base64') }
      if (value instanceof TypeName) return value.name
      if (value instanceof Timestamp || value instanceof Duration) return value.toString()
      return isMap(value) ? mapJson(value) : null
    default:
      return value
  }
}

function integer(value: bigint): Json {
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : { $int: String(value) }
}

function mapJson(map: ValueMap): Json {
  const pairs = map.keys().map((key): [string, Json] => [keyText(key), jsonOfValue(map.get(key) ?? null)])
  const json = Object.fromEntries(pairs)
  // A map of a record has its tag already.
  return pairs.length === 1 && pairs[0][0].startsWith('$') && !(map instanceof FieldMap) ? { $map: json } : json
}

function keyText(key: Value): string {
  return key instanceof Uint ? String(key.value) : String(key)
}
