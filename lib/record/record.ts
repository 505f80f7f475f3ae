// A record taken apart: identity and payload; and the payload's canonical text.

import type { Identity } from './identity.js'
import { isEmpty } from './identity.js'
import { canonical, type Json, sortedKeys } from './json.js'
import { SHAPES } from './type.js'

/** What was measured: `ts` (Unix nanoseconds, decimal string) for timed types, then the fields of the type's shape. */
export interface Payload {
  ts?: string
  [key: string]: Json | undefined
}

export interface Record {
  readonly identity: Identity
  readonly payload: Payload
}

/** Exemplar of a metric sample, as it stands in the record's `exemplars`. */
export interface Exemplar {
  labels?: { [name: string]: string }
  value: number | string
  /** Unix nanoseconds. */
  ts?: string
}

/** Whether a record is a metric sample with `ts` and `value` alone. */
export function isPlain(id: Identity | undefined, payload: Payload): boolean {
  if (id?.type !== 'metric' || payload.value === undefined) return false
  for (const key in payload) if (key !== 'ts' && key !== 'value') return false
  return true
}

/**
 * A native histogram, as it stands in the record's `histogram`. Integer histograms have `count` and `zero_count` as decimal
 * strings and bucket deltas; float histograms have numbers and absolute bucket counts. Deltas beyond 2^53 are decimal
 * strings.
 */
export interface NativeHistogram {
  schema: number
  count: number | string
  sum: number | string
  zero_threshold?: number
  zero_count?: number | string
  positive_spans?: { offset: number; length: number }[]
  positive_deltas?: (number | string)[]
  positive_counts?: (number | string)[]
  negative_spans?: { offset: number; length: number }[]
  negative_deltas?: (number | string)[]
  negative_counts?: (number | string)[]
  /** Upper bounds without +Inf, schema -53. */
  custom_values?: (number | string)[]
  /** Counter reset hint; absent means unknown. */
  reset?: 'yes' | 'no' | 'gauge'
}

/** Everything after an identity's prefix: for timed types from the first digit of `ts`, to the closing brace and newline. */
export function tailText(identity: Identity, payload: Payload): string {
  const shape = SHAPES[identity.type]
  let text = shape.timed ? `${payload.ts ?? '0'}"` : ''
  let known = shape.timed ? 1 : 0
  for (const key of shape.payload) {
    const value = payload[key]
    if (value === undefined) continue
    known++
    if (key === 'body' || !isEmpty(value)) text += `,"${key}":${canonical(value)}`
  }
  if (Object.keys(payload).length > known) {
    for (const key of sortedKeys(payload)) {
      const value = payload[key]
      if (key === 'ts' || value === undefined || shape.payload.includes(key)) continue
      text += `,${JSON.stringify(key)}:${canonical(value)}`
    }
  }
  return text + '}\n'
}
