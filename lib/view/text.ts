// Text from records made fit for a terminal: nothing in it moves the cursor, changes a colour or turns the text around.

import { canonical, type Json } from '../record/json.js'

/** Between parts of a line. */
export const GAP = '  '

/** C0 and C1 controls, DEL, line and paragraph separators, and the marks that reorder text (Unicode UAX 9). */
const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g

const SHORT: { readonly [char: string]: string } = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }

/** The text on one line, with escapes for what a terminal would act upon. */
export function safe(text: string): string {
  return text.replace(UNSAFE, escapeChar)
}

function escapeChar(char: string): string {
  const code = char.charCodeAt(0)
  return SHORT[char] ?? (code < 256 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16)}`)
}

/** Text of several lines: those after the first are indented, tabs stay as spaces. */
export function safeLines(text: string, indent: string): string {
  return text.replace(/\r?\n$/, '').split(/\r?\n/).map((line) => safe(line.replaceAll('\t', '  '))).join(`\n${indent}`)
}

/** A label's value in quotes. */
export function quoted(text: string): string {
  return `"${safe(text.replace(/["\\]/g, '\\$&'))}"`
}

/** At most `width` characters, the last one an ellipsis where something is missing. */
export function cut(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, Math.max(0, width - 1))}…`
}

export function jsonText(value: Json | undefined): string {
  return value === undefined ? '' : safe(canonical(value))
}
