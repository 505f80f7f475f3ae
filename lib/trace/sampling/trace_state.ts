// The trace state of a span (W3C Trace Context) and OpenTelemetry's part of it: `ot=rv:…;th:…`.

import { parseRandomness, parseThreshold, type Threshold, thresholdText } from './threshold.js'

const MOST_MEMBERS = 32
const LONGEST_PART = 256
const KEY = /^(?:[a-z0-9][a-z0-9_\-*/]{0,255}|[a-z0-9][a-z0-9_\-*/]{0,240}@[a-z][a-z0-9_\-*/]{0,13})$/
const VALUE = /^[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]$/
const FIELD = /^[a-z][a-z0-9]*:[a-zA-Z0-9._-]*$/

export interface TraceState {
  /** 14 digits. */
  randomness: string | null
  threshold: Threshold | null
  /** Other fields of OpenTelemetry's part, as they were written. */
  readonly fields: readonly string[]
  /** Members of other vendors, as they were written. */
  readonly members: readonly string[]
}

/** Members by key and value, in their order; null if the text is no trace state. */
export function parseMembers(text: string): [key: string, value: string][] | null {
  const members: [string, string][] = []
  for (const part of text.split(',')) {
    const member = part.trim()
    if (member === '') continue
    const at = member.indexOf('=')
    const key = member.slice(0, Math.max(0, at))
    const value = member.slice(at + 1)
    if (!KEY.test(key) || !VALUE.test(value)) return null
    members.push([key, value])
  }
  return members.length > MOST_MEMBERS ? null : members
}

/** null if the text is no trace state, or OpenTelemetry's part of it is wrong. */
export function parseTraceState(text: string): TraceState | null {
  const all = text === '' ? [] : parseMembers(text)
  if (all === null) return null
  const state: Own = { randomness: null, threshold: null, fields: [] }
  const members: string[] = []
  for (const [key, value] of all) {
    if (key !== 'ot') members.push(`${key}=${value}`)
    else if (value.length > LONGEST_PART || !value.split(';').every((field) => readField(state, field))) return null
  }
  return { ...state, members }
}

interface Own {
  randomness: string | null
  threshold: Threshold | null
  readonly fields: string[]
}

function readField(state: Own, field: string): boolean {
  if (!FIELD.test(field)) return false
  const value = field.slice(3)
  if (field.startsWith('rv:')) return (state.randomness = parseRandomness(value)) !== null
  if (field.startsWith('th:')) return (state.threshold = parseThreshold(value)) !== null
  state.fields.push(field)
  return true
}

/** What was changed stands first, and what is too much is left out at the end, as the W3C has it. */
export function traceStateText({ randomness, threshold, fields, members }: TraceState): string {
  const own: string[] = []
  if (randomness !== null) own.push(`rv:${randomness}`)
  if (threshold !== null) own.push(`th:${thresholdText(threshold)}`)
  own.push(...fields)
  const all = own.length === 0 ? members : [`ot=${own.join(';')}`, ...members]
  return all.slice(0, MOST_MEMBERS).join(',')
}
