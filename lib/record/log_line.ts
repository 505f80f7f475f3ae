// Log lines in canonical form, checked where they stand: what is beside the identity is decoded when somebody asks for it. Measured,
// 240 bytes: 0.3 µs, where JSON takes 4.

import type { Json } from './json.js'
import type { Payload } from './record.js'
import { nextSpecial, sameWords, viewOf } from './words.js'

const LF = 10
const QUOTE = 34
const COMMA = 44
const MINUS = 45
const BACKSLASH = 92
const OPEN = 123
const CLOSE = 125
const COLON = 58
/** What may stand behind a backslash; other escapes are left to JSON. */
const ESCAPES = new Set(Buffer.from('"\\bfnrt'))
/** Tails are copied eight bytes at a time. */
const LEAST_BYTES = 8
/** The largest integers that are their own text, by digits. */
const SAFE_DIGITS = 15

/** Keys behind `ts`, in canonical order, and whether their value is a map; lines with others are left to JSON. */
const KEYS = [
  { bytes: Buffer.from(',"body":'), map: false },
  { bytes: Buffer.from(',"severity":'), map: false },
  { bytes: Buffer.from(',"attributes":'), map: true },
  { bytes: Buffer.from(',"extracted":'), map: true },
  { bytes: Buffer.from(',"trace_id":'), map: false },
  { bytes: Buffer.from(',"span_id":'), map: false },
]
const [BODY_KEY, , , EXTRACTED_KEY] = KEYS
const WORDS = [Buffer.from('true'), Buffer.from('false')]

/** Where the body of a line that has nothing else a sink would send starts, in the state of its row; see `Lines`. */
export const SOMETHING_ELSE = -1

/** Marks of a body, below where it ends; see `Lines`. */
export const ESCAPED = 1
export const WIDE = 2
export const MARK_BITS = 2

/** The names in the last map of a kind, with their colons: the next one mostly has the same, which need no other look. */
class Names {
  readonly starts = new Int32Array(MOST_NAMES)
  readonly lengths = new Int32Array(MOST_NAMES)
  count = 0
}

const MOST_NAMES = 64

/** One place in a buffer that ends with a newline. */
export class LogScanner {
  #buffer: Buffer = Buffer.alloc(0)
  #view = viewOf(this.#buffer)
  #at = 0
  readonly #names = KEYS.map(() => new Names())
  /** Whether a backslash, and whether a byte beyond ASCII was seen. */
  #escaped = false
  #wide = false
  /** Of the last line that was good: less than 0; the start of its body, negative, or SOMETHING_ELSE. */
  state = 0
  /** Where its body ends, and the marks of that, where the state is not SOMETHING_ELSE. */
  bodyEnd = 0

  /** @param view with SLACK */
  begin(buffer: Buffer, view: DataView): void {
    this.#buffer = buffer
    this.#view = view
    for (const names of this.#names) names.count = 0
  }

  /**
   * Checks a line from the first digit of its `ts` on. Where the next one starts; 0 if the line is not in canonical form, or of a
   * form that is left to JSON.
   */
  scan(tail: number, maxDepth: number): number {
    const buffer = this.#buffer
    this.#at = tail
    this.#escaped = this.#wide = false
    if (!this.#time()) return 0
    let others = 0
    let body = 0
    for (let k = 0; k < KEYS.length; k++) {
      const key = KEYS[k]
      if (!this.#takes(key.bytes)) continue
      if (key === BODY_KEY) body = this.#at + 1
      else if (key !== EXTRACTED_KEY) others++
      if (!(key.map ? maxDepth > 1 && this.#map(this.#names[k]) : this.#string())) return 0
      if (key === BODY_KEY) this.bodyEnd = ((this.#at - 1) << MARK_BITS) | (this.#escaped ? ESCAPED : 0) | (this.#wide ? WIDE : 0)
    }
    if (buffer[this.#at] !== CLOSE || buffer[this.#at + 1] !== LF) return 0
    const next = this.#at + 2
    if (next - tail < LEAST_BYTES) return 0
    // What is not UTF-8 is read as this character.
    if (this.#wide && buffer.utf8Slice(tail, next).includes('\ufffd')) return 0
    this.state = others === 0 && body > 0 ? -body : SOMETHING_ELSE
    return next
  }

  /** Digits as records have them, and the quote behind them. */
  #time(): boolean {
    const start = this.#at
    if (this.#buffer[start] === MINUS) this.#at++
    const digits = this.#integer(20)
    const time = digits && this.#at - start <= 20 && this.#buffer[this.#at] === QUOTE
    this.#at++
    return time
  }

  /** `0` or digits that begin with no zero. */
  #integer(most: number): boolean {
    const buffer = this.#buffer
    const start = this.#at
    let at = start
    while (buffer[at] >= 48 && buffer[at] <= 57) at++
    this.#at = at
    const digits = at - start
    return digits > 0 && digits <= most && (buffer[start] !== 48 || (digits === 1 && buffer[start - 1] !== MINUS))
  }

  #takes(bytes: Buffer): boolean {
    const buffer = this.#buffer
    const at = this.#at
    for (let i = 0; i < bytes.length; i++) if (buffer[at + i] !== bytes[i]) return false
    this.#at = at + bytes.length
    return true
  }

  #string(): boolean {
    const buffer = this.#buffer
    const view = this.#view
    let at = this.#at
    if (buffer[at] !== QUOTE) return false
    for (;;) {
      at = nextSpecial(view, at + 1)
      const c = buffer[at]
      if (c === QUOTE) break
      if (c < 0x20) return false
      if (c === BACKSLASH) {
        if (!ESCAPES.has(buffer[++at])) return false
        this.#escaped = true
      } else this.#wide = true
    }
    this.#at = at + 1
    return true
  }

  /** Names in order, none twice, with text, small integers or truth values; an empty map would have been left out. */
  #map(names: Names): boolean {
    if (this.#buffer[this.#at] !== OPEN) return false
    const { starts, lengths } = names
    for (let n = 0; ; n++) {
      const start = ++this.#at
      if (n < names.count && sameWords(this.#view, starts[n], start, lengths[n])) this.#at = start + lengths[n]
      else {
        if (n === MOST_NAMES || !this.#name()) return false
        if (n > 0 && !this.#isBehind(starts[n - 1], lengths[n - 1], start)) return false
        starts[n] = start
        lengths[n] = this.#at - start
        names.count = Math.min(names.count, n)
        // Whether bytes beyond ASCII are UTF-8 is seen at the end, each time.
        if (!this.#wide && names.count === n) names.count++
      }
      if (!this.#value()) return false
      if (this.#buffer[this.#at] !== COMMA) return this.#buffer[this.#at++] === CLOSE
    }
  }

  /** A name without escapes, and its colon. */
  #name(): boolean {
    const escaped = this.#escaped
    this.#escaped = false
    if (!this.#string() || this.#escaped) return false
    this.#escaped = escaped
    return this.#buffer[this.#at++] === COLON
  }

  #value(): boolean {
    const c = this.#buffer[this.#at]
    if (c === QUOTE) return this.#string()
    if (c === 116 || c === 102) return WORDS.some((word) => this.#takes(word))
    if (c === MINUS) this.#at++
    return this.#integer(SAFE_DIGITS)
  }

  /** Whether the name under way sorts behind another one. */
  #isBehind(before: number, length: number, start: number): boolean {
    const buffer = this.#buffer
    const own = this.#at - start
    // Without the quotes and colons.
    const least = Math.min(length, own) - 2
    for (let i = 1; i < least; i++) if (buffer[before + i] !== buffer[start + i]) return buffer[before + i] < buffer[start + i]
    return length < own
  }
}

/**
 * The text of an extracted field of a line that was found good, from what stands behind the quote of its body; undefined
 * where there is none, null where it is no text or has escapes.
 *
 * @param name as it stands there, with the colon
 */
export function textField(buffer: Buffer, view: DataView, from: number, name: Buffer): string | null | undefined {
  if (buffer[from] !== COMMA) return undefined
  for (let at = from + EXTRACTED_KEY.bytes.length; buffer[at++] !== CLOSE; ) {
    let i = 0
    while (i < name.length && buffer[at + i] === name[i]) i++
    if (i === name.length) return plainText(buffer, view, at + i)
    at = stringEnd(buffer, view, at) + 1
    if (buffer[at] === QUOTE) at = stringEnd(buffer, view, at)
    else while (buffer[at] !== COMMA && buffer[at] !== CLOSE) at++
  }
  return undefined
}

/** Behind the string that begins at `from`. */
function stringEnd(buffer: Buffer, view: DataView, from: number): number {
  for (let at = from + 1; ; at++) {
    at = nextSpecial(view, at)
    if (buffer[at] === QUOTE) return at + 1
    if (buffer[at] === BACKSLASH) at++
  }
}

function plainText(buffer: Buffer, view: DataView, from: number): string | null {
  if (buffer[from] !== QUOTE) return null
  let wide = false
  for (let at = from + 1; ; at++) {
    at = nextSpecial(view, at)
    if (buffer[at] === QUOTE) return wide ? buffer.utf8Slice(from + 1, at) : buffer.latin1Slice(from + 1, at)
    if (buffer[at] === BACKSLASH) return null
    wide = true
  }
}

const BODY = '","body":"'
const EXTRACTED = ',"extracted":'

/** The entry that was made last, and the text of what was extracted from it. */
let latest: Payload | null = null
let latestText = ''

/**
 * The payload of a line that was found good, from the first digit of its `ts` to its closing brace. What was extracted from
 * the line, where that is all besides, is decoded when somebody asks for it: sinks do not.
 */
export function entryOf(text: string): Payload {
  const stop = text.indexOf('"')
  const from = stop + BODY.length
  if (!text.startsWith(BODY, stop) || !text.endsWith('}}')) return JSON.parse(`{"ts":"${text}`) as Payload
  const end = closingQuote(text, from)
  if (!text.startsWith(EXTRACTED, end + 1)) return JSON.parse(`{"ts":"${text}`) as Payload
  const raw = text.slice(from, end)
  const rest = text.slice(end + 1 + EXTRACTED.length, -1)
  let extracted: Payload[string]
  latestText = rest
  latest = {
    ts: text.slice(0, stop),
    body: raw.includes('\\') ? (JSON.parse(`"${raw}"`) as string) : raw,
    get extracted() {
      return (extracted ??= JSON.parse(rest) as Payload[string])
    },
  }
  return latest
}

/** A name that is written as it is. */
const SIMPLE = /^[\w.:/ -]+$/

/**
 * A field that was extracted, undefined where there is none. Of the entry that was made last it is found in its text: a stage
 * that asks for one field of a dozen does not pay for the others.
 */
export function extractedField(payload: Payload, name: string): Json | undefined {
  if (payload !== latest || !SIMPLE.test(name)) return ownField(payload.extracted, name)
  const key = `"${name}":`
  const at = latestText.indexOf(key)
  // No name in the text, and inside of a string its quotes would be escaped.
  if (at < 0) return undefined
  const from = at + key.length
  if (latestText.charCodeAt(at - 1) === BACKSLASH || latestText.charCodeAt(from) !== QUOTE) return ownField(payload.extracted, name)
  const text = latestText.slice(from + 1, closingQuote(latestText, from + 1))
  return text.includes('\\') ? (JSON.parse(`"${text}"`) as string) : text
}

function ownField(fields: Json | undefined, name: string): Json | undefined {
  const isMap = typeof fields === 'object' && fields !== null && !Array.isArray(fields)
  return isMap && Object.hasOwn(fields, name) ? (fields as { readonly [name: string]: Json })[name] : undefined
}

/** Where a string ends that begins at `from`, behind its quote. */
function closingQuote(text: string, from: number): number {
  for (let at = text.indexOf('"', from); ; at = text.indexOf('"', at + 1)) {
    let backslashes = 0
    while (text.charCodeAt(at - 1 - backslashes) === BACKSLASH) backslashes++
    if (backslashes % 2 === 0) return at
  }
}
