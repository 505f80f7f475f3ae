// What templates see of an entry.

import type { LogEntry } from './entry.js'
import { textOf } from './text.js'

/** The extracted fields as texts; those that have none are left out. */
export function textsOf(entry: LogEntry): Map<string, string> {
  const texts = new Map<string, string>()
  for (const [name, value] of entry.fields()) {
    const text = textOf(value)
    if (text !== undefined) texts.set(name, text)
  }
  return texts
}
