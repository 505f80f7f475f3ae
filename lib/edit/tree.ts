// Values deep in maps: read, put, taken out; what is around them is shared, not copied.

import type { Json } from '../record/json.js'

type JsonMap = { readonly [key: string]: Json }

/** Why a record cannot be edited; a sentence for people. */
export class Unfit extends Error {}

export function isMap(json: Json | undefined): json is JsonMap {
  return typeof json === 'object' && json !== null && !Array.isArray(json)
}

/** The fields but one that holds nothing: canonical form leaves it out, and so does a record that was never written. */
export function withoutEmpty<M extends { [key: string]: Json | undefined }>(fields: M, name: string): M {
  const value = fields[name]
  if (name !== 'body' && isMap(value) && Object.keys(value).length === 0) delete fields[name]
  return fields
}

/** undefined where there is nothing. */
export function valueAt(json: Json | undefined, keys: readonly string[]): Json | undefined {
  let at = json
  for (const key of keys) {
    if (!isMap(at) || !Object.hasOwn(at, key)) return undefined
    at = at[key]
  }
  return at
}

/** Maps that are not there are made. Throws Unfit where something else stands in their place. */
export function withValue(json: Json | undefined, keys: readonly string[], value: Json): Json {
  if (keys.length === 0) return value
  const [key, ...deeper] = keys
  if (json !== undefined && json !== null && !isMap(json)) throw new Unfit(`no map holds '${key}'`)
  const map = json ?? {}
  const inner = Object.hasOwn(map, key) ? map[key] : undefined
  // Safe for any key: properties of the object's own.
  return Object.fromEntries([...Object.entries(map), [key, withValue(inner, deeper, value)]])
}

/** The same map where there is nothing. */
export function withoutValue(map: JsonMap, keys: readonly string[]): JsonMap {
  const [key, ...deeper] = keys
  if (!Object.hasOwn(map, key)) return map
  if (deeper.length === 0) return Object.fromEntries(Object.entries(map).filter(([name]) => name !== key))
  const inner = map[key]
  if (!isMap(inner)) return map
  const changed = withoutValue(inner, deeper)
  return changed === inner ? map : Object.fromEntries([...Object.entries(map), [key, changed]])
}
