// Any JSON, or text: a value, each of a list, or each line.

import type { Json } from '../../record/json.js'
import type { HookEntry } from './entry.js'

/** A list is an entry for each of its elements. */
export function jsonEntries(value: Json): HookEntry[] {
  return Array.isArray(value) ? value.map((body: Json) => ({ body })) : [{ body: value }]
}

/** An entry for each line that is not empty. */
export function lineEntries(text: string): HookEntry[] {
  return text
    .split(/\r?\n/)
    .filter((line) => line !== '')
    .map((body) => ({ body }))
}
