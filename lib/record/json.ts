// Canonical JSON: the one spelling of every value that a stage writes.

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

/**
 * Orders strings by code point, as UTF-8 bytes would sort. `<` compares UTF-16 units, which puts U+E000..U+FFFF after
 * the astral planes.
 */
export function compareCodePoints(a: string, b: string): number {
  const n = a.length < b.length ? a.length : b.length
  for (let i = 0; i < n; i++) {
    let x = a.charCodeAt(i)
    let y = b.charCodeAt(i)
    if (x !== y) {
      // Lift surrogates above the rest of the basic plane.
      if (x >= 0xd800 && y >= 0xd800) {
        x = x >= 0xe000 ? x - 0x800 : x + 0x2000
        y = y >= 0xe000 ? y - 0x800 : y + 0x2000
      }
      return x - y
    }
  }
  return a.length - b.length
}

/** The keys of a map in canonical order. */
export function sortedKeys(map: object): string[] {
  const keys = Object.keys(map)
  for (let i = 1; i < keys.length; i++) {
    if (compareCodePoints(keys[i - 1], keys[i]) > 0) return keys.sort(compareCodePoints)
  }
  return keys
}

/** Text of a number: the shortest that reads back as the same double; `"NaN"`, `"+Inf"`, `"-Inf"` where JSON has none. */
export function numberText(value: number): string {
  if (value === 0) return Object.is(value, -0) ? '-0' : '0'
  if (Number.isFinite(value)) return String(value)
  return Number.isNaN(value) ? '"NaN"' : value > 0 ? '"+Inf"' : '"-Inf"'
}

type JsonMap = { readonly [key: string]: Json }

export function isMap(json: Json | undefined): json is JsonMap {
  return typeof json === 'object' && json !== null && !Array.isArray(json)
}

/** What stands under a key; undefined where it is not there, or where there is no map. */
export function entryOf(json: Json | undefined, key: string): Json | undefined {
  return isMap(json) && Object.hasOwn(json, key) ? json[key] : undefined
}

/** Keys as they came, and in order; null where an object does not keep an order for them. */
interface KeyOrder {
  readonly keys: readonly string[]
  readonly sorted: readonly string[] | null
}

/** By the number of keys: maps that come one after another mostly have the same, such as what is extracted from log lines. */
const orders = new Map<number, KeyOrder>()
const MOST_KEYS = 64
/** Numbers come first in an object, whenever they were put in. */
const KEEPS_ORDER = /^(?!__proto__$)[^0-9]/

/**
 * The canonical text of a map of text, by one call of JSON.stringify: one for each key and value takes three times as long. null
 * where that is not the way.
 */
function textMap(map: JsonMap): string | null {
  let count = 0
  for (const key in map) {
    if (typeof map[key] !== 'string') return null
    count++
  }
  let order = orders.get(count)
  if (order === undefined || !hasKeys(map, order.keys)) {
    if (inOrder(map)) return JSON.stringify(map)
    order = learn(map)
  }
  if (order.sorted === null) return null
  const sorted: { [key: string]: Json } = {}
  for (const key of order.sorted) sorted[key] = map[key]
  return JSON.stringify(sorted)
}

function hasKeys(map: JsonMap, keys: readonly string[]): boolean {
  let at = 0
  for (const key in map) if (keys[at++] !== key) return false
  return true
}

function inOrder(map: JsonMap): boolean {
  let before = ''
  for (const key in map) {
    if (before !== '' && compareCodePoints(before, key) > 0) return false
    before = key
  }
  return true
}

function learn(map: JsonMap): KeyOrder {
  const keys = Object.keys(map)
  const keeps = keys.length <= MOST_KEYS && keys.every((key) => KEEPS_ORDER.test(key))
  const order = { keys, sorted: keeps ? [...keys].sort(compareCodePoints) : null }
  if (keys.length <= MOST_KEYS) orders.set(keys.length, order)
  return order
}

/** Any JSON value in canonical form: no spaces, object keys sorted by code point. */
export function canonical(value: Json | undefined): string {
  switch (typeof value) {
    case 'string':
      return JSON.stringify(value)
    case 'number':
      return numberText(value)
    case 'boolean':
      return value ? 'true' : 'false'
    case 'object': {
      if (value === null) return 'null'
      if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
      const map = value as JsonMap
      const short = textMap(map)
      if (short !== null) return short
      let text = ''
      for (const key of sortedKeys(map)) {
        if (map[key] !== undefined) text += `${text === '' ? '' : ','}${JSON.stringify(key)}:${canonical(map[key])}`
      }
      return `{${text}}`
    }
    default:
      return 'null'
  }
}

/** The number that a record field holds: a JSON number or one of `"NaN"`, `"+Inf"`, `"-Inf"`; undefined if it is neither. */
export function numberOf(value: unknown): number | undefined {
  if (typeof value === 'number') return value
  if (value === 'NaN') return NaN
  if (value === '+Inf') return Infinity
  if (value === '-Inf') return -Infinity
  return undefined
}

/** The record-field form of a number: itself where JSON has it, else its word. */
export function fieldOf(value: number): number | 'NaN' | '+Inf' | '-Inf' {
  if (Number.isFinite(value)) return value
  return Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf'
}
