// One line of any JSON to a record, or the reason why it is none: the slow way, and the meaning of the fast one.

import { Identity, type IdentityRest, isEmpty } from './identity.js'
import { type Json, numberOf } from './json.js'
import { labelsOfObject, NO_LABELS } from './labels.js'
import type { Payload, Record } from './record.js'
import { isRecordType, type RecordType, RECORD_TYPES, SHAPES } from './type.js'

/** Why a line is no record. `reason` is a word for counters, `detail` a sentence for people. */
export interface Rejection {
  reason: string
  detail: string
}

const QUOTE = 34
const BACKSLASH = 92

/** Rejects lines nested deeper than `max`, before any parser recurses into them. */
export function scanDepth(line: Buffer, max: number): Rejection | null {
  let depth = 0
  let inString = false
  for (let i = 0; i < line.length; i++) {
    const c = line[i]
    if (inString) {
      if (c === BACKSLASH) i++
      else if (c === QUOTE) inString = false
    } else if (c === QUOTE) inString = true
    else if (c === 123 || c === 91) {
      if (++depth > max) return { reason: 'too_deep', detail: `nested deeper than ${max} levels (max_depth)` }
    } else if (c === 125 || c === 93) depth--
  }
  return null
}

/** A whole line, without its newline, to a record. */
export function decodeLine(line: Buffer): Record | Rejection {
  if (!isUtf8(line)) return { reason: 'not_utf8', detail: 'not UTF-8' }
  const text = line.utf8Slice()
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    return { reason: 'not_json', detail: `not JSON: ${jsonComplaint(error, text.length)}` }
  }
  return decodeValue(value)
}

/** A JSON value to a record. */
export function decodeValue(value: unknown): Record | Rejection {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) {
    return { reason: 'not_a_record', detail: 'not a record: expected a JSON object' }
  }
  const object = value as { [key: string]: Json }
  const type = object.type
  if (!isRecordType(type)) {
    const found = type === undefined ? "no 'type'" : `unknown type ${JSON.stringify(type).slice(0, 80)}`
    return { reason: 'unknown_type', detail: `${found}: expected ${RECORD_TYPES.join(', ')}` }
  }
  const complaint = checkFields(type, object)
  if (complaint !== null) return { reason: 'bad_field', detail: complaint }
  return split(type, object)
}

function split(type: RecordType, object: { [key: string]: Json }): Record {
  const shape = SHAPES[type]
  const rest: { [key: string]: Json } = {}
  const payload: Payload = {}
  for (const key of Object.keys(object)) {
    if (key === 'type' || key === 'name' || key === 'labels') {
      if (key === 'name' && !shape.identity.includes('name')) payload.name = object.name
      else if (key === 'labels' && !shape.identity.includes('labels')) payload.labels = object.labels
    } else if (shape.identity.includes(key)) rest[key] = object[key]
    else if (key === '__proto__') Object.defineProperty(payload, key, { value: object[key], enumerable: true, configurable: true, writable: true })
    else if (shape.payload.includes(key) && key !== 'body' && isEmpty(object[key])) continue
    else payload[key] = object[key]
  }
  const named = shape.identity.includes('name')
  const labelled = shape.identity.includes('labels')
  const labels =
    labelled && object.labels !== undefined && object.labels !== null
      ? labelsOfObject(object.labels as { [name: string]: string })
      : NO_LABELS
  return { identity: Identity.of(type, named ? ((object.name as string) ?? '') : '', labels, rest as IdentityRest), payload }
}

const TIMES = ['ts', 'end', 'start', 'observed'] as const
const TIME_TEXT = /^(?:0|-?[1-9][0-9]{0,19})$/

/** What is wrong with a record's fields, or null. */
function checkFields(type: RecordType, object: { [key: string]: Json }): string | null {
  const shape = SHAPES[type]
  const { name, labels, kind } = object
  if (shape.identity.includes('name') && name !== undefined && typeof name !== 'string') {
    return "'name': expected a string"
  }
  if (shape.identity.includes('labels') && labels !== undefined && labels !== null) {
    if (typeof labels !== 'object' || Array.isArray(labels)) return "'labels': expected a map of strings"
    for (const key of Object.keys(labels)) {
      if (typeof (labels as { [name: string]: Json })[key] !== 'string') {
        return `'labels': value of ${JSON.stringify(key).slice(0, 80)}: expected a string`
      }
    }
  }
  if (shape.timed && object.ts === undefined) return "no 'ts': expected Unix nanoseconds as a decimal string"
  for (const key of TIMES) {
    const time = object[key]
    if (shape.timed && time !== undefined && (typeof time !== 'string' || !TIME_TEXT.test(time))) {
      return `'${key}': expected Unix nanoseconds as a decimal string`
    }
  }
  if (kind !== undefined && kind !== null && typeof kind !== 'string') return "'kind': expected a string"
  for (const key of ['resource', 'scope', 'attributes'] as const) {
    const map = object[key]
    if (map !== undefined && map !== null && (typeof map !== 'object' || Array.isArray(map))) return `'${key}': expected a map`
  }
  return type === 'metric' ? checkMetric(object) : null
}

const DISTRIBUTIONS = ['histogram', 'explicit_histogram', 'exponential_histogram', 'summary'] as const

function checkMetric(object: { [key: string]: Json }): string | null {
  const { value, stale, exemplars } = object
  if (value !== undefined && numberOf(value) === undefined) {
    return `'value': expected a number, "NaN", "+Inf" or "-Inf"`
  }
  if (stale !== undefined && stale !== true) return "'stale': expected true"
  for (const key of DISTRIBUTIONS) {
    const field = object[key]
    if (field !== undefined && (field === null || typeof field !== 'object' || Array.isArray(field))) {
      return `'${key}': expected an object`
    }
  }
  if (exemplars !== undefined && !Array.isArray(exemplars)) return "'exemplars': expected a list"
  if (value === undefined && stale === undefined && DISTRIBUTIONS.every((key) => object[key] === undefined)) {
    return "expected one of 'value', 'stale', 'histogram', 'explicit_histogram', 'exponential_histogram', 'summary'"
  }
  return null
}

function isUtf8(line: Buffer): boolean {
  // Decoding replaces bad sequences by U+FFFD, which takes other bytes to encode again.
  for (let i = 0; i < line.length; i++) {
    if (line[i] > 127) return Buffer.byteLength(line.utf8Slice()) === line.length && Buffer.from(line.utf8Slice()).equals(line)
  }
  return true
}

/** V8's complaint without the excerpt of the input, which it may quote at length. */
function jsonComplaint(error: unknown, length: number): string {
  const text = (error as Error).message
  const at = /position (\d+)/.exec(text)
  if (/end of JSON input|Unterminated string/.test(text) || (at !== null && Number(at[1]) >= length)) return 'unexpected end of line'
  const found = /^(?:Unexpected (?:token|non-whitespace character)|Expected|Bad|No number|Exponent)[^"]*?(?=,? ?(?:\.\.\.)?"|$| in JSON| at position)/.exec(text)
  const what = found === null ? 'malformed' : found[0].trim().replace(/^./, (c) => c.toLowerCase())
  return at === null ? what : `${what} at column ${Number(at[1]) + 1}`
}
