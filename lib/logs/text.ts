// Values that stages extract, as text; and lengths in bytes, as Loki counts them.

import type { Json } from '../record/json.js'

/**
 * The text of an extracted value; undefined where it has none (null, lists, objects). Numbers have no exponent, as in
 * Alloy.
 */
export function textOf(value: Json | undefined): string | undefined {
  if (typeof value === 'string') return value
  if (typeof value === 'number') return decimal(value)
  if (typeof value === 'boolean') return value ? 'true' : 'false'
  return undefined
}

/** The shortest decimal without exponent that reads back as the same double. */
function decimal(value: number): string {
  const text = String(value)
  const match = /^(-?)(\d)(?:\.(\d+))?e([+-]\d+)$/.exec(text)
  if (match === null) return text === 'Infinity' ? '+Inf' : text === '-Infinity' ? '-Inf' : text
  const [, sign, first, rest = '', exponent] = match
  const point = 1 + Number(exponent)
  const digits = first + rest
  return point > 0 ? sign + digits.padEnd(point, '0') : `${sign}0.${'0'.repeat(-point)}${digits}`
}

/** Whether a text has more bytes of UTF-8 than that. */
export function longerThan(text: string, bytes: number): boolean {
  if (text.length > bytes) return true
  return text.length * 3 > bytes && Buffer.byteLength(text) > bytes
}

/** The beginning of a text, of at most that many bytes; a character is not cut in two. */
export function cutBytes(text: string, bytes: number): string {
  if (!longerThan(text, bytes)) return text
  const buffer = Buffer.from(text)
  let end = bytes
  while (end > 0 && (buffer[end] & 0xc0) === 0x80) end--
  return buffer.utf8Slice(0, end)
}

/** A name that may be a label of Prometheus or Loki. */
export function isLabelName(name: string): boolean {
  return /^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name)
}

/** A label name made of any text: what may not stand in one is an underscore. */
export function labelNameOf(text: string): string {
  if (text === '') return '_'
  return text.replace(/^[^a-zA-Z_]|(?<=.)[^a-zA-Z0-9_]/gsu, '_')
}

/** The text without newlines at its end. By hand: an expression would take the square of the time for many of them. */
export function withoutNewlines(text: string): string {
  let end = text.length
  while (end > 0 && (text[end - 1] === '\n' || text[end - 1] === '\r')) end--
  return end === text.length ? text : text.slice(0, end)
}
