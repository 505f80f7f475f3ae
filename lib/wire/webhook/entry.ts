// What a request of a webhook holds: entries, whatever form it has.

import type { Json } from '../../record/json.js'

export interface HookEntry {
  /** Unix nanoseconds, decimal; undefined where the request does not tell. */
  ts?: string
  body: Json
  labels?: ReadonlyMap<string, string>
  attributes?: ReadonlyMap<string, Json>
  /** A severity of syslog, 0 to 7. */
  severity?: number
}

/** The fields of a JSON object, safe for any name; null where it is none. */
export function fieldsOf(value: Json | undefined): ReadonlyMap<string, Json> | null {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null
  return new Map(Object.entries(value))
}

/** Text, or the text of a number. */
export function textOf(value: Json | undefined): string | undefined {
  if (typeof value === 'number') return String(value)
  return typeof value === 'string' && value !== '' ? value : undefined
}
