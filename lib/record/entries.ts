// Log entries whose lines stand as bytes: what a stage asks of them is looked up where it stands, and nothing becomes a string
// that nobody wants as one.

import type { Batch } from './batch.js'
import type { ByteBuffer } from './bytes.js'
import type { Identity } from './identity.js'
import { entryOf, type Json } from './json.js'
import { viewOf } from './words.js'

/** Digits of `ts` from 2001 to 2286; other times are left to those who read text. */
export const STAMP_DIGITS = 19
export const NANOS_DIGITS = 9

const NOTHING = Buffer.alloc(0)

/** An entry where it stands; set to the next one rather than made anew. */
export class EntryBytes {
  buffer: Buffer = NOTHING
  /** All of the buffer; behind the line with SLACK. */
  view = viewOf(NOTHING)
  /** The line, valid UTF-8. The byte behind it is no part of a word: a space, a quote, a newline. */
  start = 0
  end = 0
  /** Whether it stands as between the quotes of a JSON text, with escapes; else it is what it says. */
  escaped = false
  /** Whether nothing was extracted from it. */
  bare = true
  /** Unix time. */
  seconds = 0
  nanos = 0
}

/** A field, and how its name stands in front of its value where it needs no escapes; null where it needs some. */
export interface FieldName {
  readonly text: string
  readonly bytes: Buffer | null
}

const SIMPLE = /^[\w.:/ -]+$/

export function fieldName(text: string): FieldName {
  return { text, bytes: SIMPLE.test(text) ? Buffer.from(`"${text}":`) : null }
}

/**
 * A batch some rows of which are such entries. What it gives is what `payload` says. The bytes are lent: it is good until the
 * next batch is asked for.
 */
export interface Entries extends Batch {
  /** Where an entry stands; false where the row is no entry, has more than time, line and extracted fields, or stands otherwise. */
  entry(row: number, into: EntryBytes): boolean
  /** The text of an extracted field, undefined where there is none; null: `payload` tells. */
  field(row: number, name: FieldName): string | null | undefined
  /** Appends an entry's bytes from the first digit of `ts` to the quote behind its line. */
  writeEntry(row: number, out: ByteBuffer): void
  /** All rows under other identities. */
  under(ids: readonly (Identity | undefined)[]): Entries
}

const BACKSLASH = 92
/** What stands for what behind a backslash; others are themselves. */
const MEANT = Uint8Array.from({ length: 256 }, (_, c) => c)
for (const [escape, meant] of ['b\b', 'f\f', 'n\n', 'r\r', 't\t']) MEANT[escape.charCodeAt(0)] = meant.charCodeAt(0)
let plain = Buffer.allocUnsafeSlow(1 << 12)
let plainView = viewOf(plain)

/** Makes an entry's line what it says, in memory that serves the next one again. */
export function unescape(entry: EntryBytes): void {
  if (!entry.escaped) return
  const { buffer, start, end } = entry
  if (plain.length < end - start) {
    plain = Buffer.allocUnsafeSlow(2 * (end - start))
    plainView = viewOf(plain)
  }
  let to = 0
  for (let at = start; at < end; at++) plain[to++] = buffer[at] === BACKSLASH ? MEANT[buffer[++at]] : buffer[at]
  entry.buffer = plain
  entry.view = plainView
  entry.start = 0
  entry.end = to
  entry.escaped = false
}

const names = new Map<string, FieldName>()
/** Names are those that expressions have. */
const MAX_NAMES = 1000
const bytes = new EntryBytes()

/** See `Batch.part`: a line that stands as it is, and a field that is plain text, are read where they stand. */
export function partOf(entries: Entries, row: number, field: string, key: string | undefined): Json | undefined {
  if (key !== undefined && field === 'extracted') {
    let name = names.get(key)
    if (name === undefined) {
      if (names.size === MAX_NAMES) names.clear()
      names.set(key, (name = fieldName(key)))
    }
    const text = entries.field(row, name)
    if (text !== null) return text
  }
  if (key === undefined && field === 'body' && entries.entry(row, bytes) && !bytes.escaped) {
    return bytes.buffer.utf8Slice(bytes.start, bytes.end)
  }
  const json = entries.payload(row)[field]
  return key === undefined ? json : entryOf(json, key)
}

export function isEntries(batch: Batch): batch is Entries {
  return 'entry' in batch
}
