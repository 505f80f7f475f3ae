// Spans as the stages that look at traces read them.

import { type Json } from '../record/json.js'
import type { Identity } from '../record/identity.js'
import type { Payload } from '../record/record.js'

export type JsonMap = { readonly [key: string]: Json }

const NONE: JsonMap = Object.freeze({})

/** A field that should be a map; empty where it is none. */
export function mapIn(value: Json | undefined): JsonMap {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonMap) : NONE
}

/** A field that should be a list of maps. */
export function mapsIn(value: Json | undefined): readonly JsonMap[] {
  return Array.isArray(value) ? value.map(mapIn) : []
}

export function textIn(value: Json | undefined): string {
  return typeof value === 'string' ? value : ''
}

export function resourceOf(identity: Identity): JsonMap {
  return mapIn(identity.rest.resource)
}

/** Nanoseconds from start to end; 0 where a span ends before it starts, or says nothing. */
export function durationOf({ ts, end }: Payload): number {
  if (typeof ts !== 'string' || typeof end !== 'string') return 0
  const nanos = BigInt(end) - BigInt(ts)
  return nanos > 0n ? Number(nanos) : 0
}

/** `ok`, `error` or `''`. */
export function statusOf({ status }: Payload): string {
  return textIn(mapIn(status).code)
}

/** OTLP's name of a kind, e.g. `SPAN_KIND_SERVER`. */
export function kindName(kind: Json | undefined): string {
  return `SPAN_KIND_${kind === undefined ? 'UNSPECIFIED' : textIn(kind).toUpperCase()}`
}

/** OTLP's name of a status, e.g. `STATUS_CODE_ERROR`. */
export function statusName(code: string): string {
  return `STATUS_CODE_${code === '' ? 'UNSET' : code.toUpperCase()}`
}

/** An attribute of the first of these maps that has it. */
export function attributeIn(name: string, ...maps: readonly JsonMap[]): Json | undefined {
  for (const map of maps) if (Object.hasOwn(map, name)) return map[name]
  return undefined
}

/** A text within a key: no text can be taken for two others. */
export function keyPart(text: string): string {
  return `${text.length}:${text}`
}
