// Entries of a push to records, and the record's own fields to an entry's structured metadata.

import { canonical, sortedKeys } from '../../record/json.js'
import { Identity } from '../../record/identity.js'
import { type Labels, labelPairs, labelsOfMap } from '../../record/labels.js'
import type { Payload, Record } from '../../record/record.js'
import { parseStream } from './labels.js'
import type { PushEntry, PushStream } from './push.js'
import { TENANT_LABEL } from './tenant.js'

/** The identity of a stream: its labels, and those of `more`, which replace others. */
export function streamIdentity(labels: Labels, more: ReadonlyMap<string, string>): Identity {
  return Identity.of('log', '', more.size === 0 ? labels : labelsOfMap(new Map([...labelPairs(labels), ...more])))
}

export function payloadOf({ ts, line, metadata }: PushEntry): Payload {
  if (metadata.length === 0) return { ts, body: line }
  const pairs: [string, string][] = []
  for (let i = 0; i < metadata.length; i += 2) pairs.push([metadata[i], metadata[i + 1]])
  // Safe for any name: properties of the object's own.
  return { ts, body: line, attributes: Object.fromEntries(pairs) }
}

/** The records of a push of a tenant, `''` for none. Throws an Error where labels are none. */
export function recordsOf(streams: readonly PushStream[], tenant: string): Record[] {
  const more = new Map(tenant === '' ? [] : [[TENANT_LABEL, tenant]])
  return streams.flatMap(({ labels, entries }) => {
    const identity = streamIdentity(parseStream(labels), more)
    return entries.map((entry) => ({ identity, payload: payloadOf(entry) }))
  })
}

/** The line of a record. A body that is no text is sent as JSON. */
export function lineOf({ body }: Payload): string {
  if (typeof body === 'string') return body
  return body === undefined || body === null ? '' : canonical(body)
}

const NOTHING: readonly string[] = Object.freeze([])

/**
 * The structured metadata of a record: names and values in turn. Fields beside its attributes have the names that Loki's
 * own OTLP endpoint gives them, and go before an attribute of that name.
 */
export function metadataOf(payload: Payload): readonly string[] {
  if (isBare(payload)) return NOTHING
  const { attributes, trace_id, span_id, severity, severity_number } = payload
  const metadata: string[] = []
  if (isThere(trace_id)) metadata.push('trace_id', textOf(trace_id))
  if (isThere(span_id)) metadata.push('span_id', textOf(span_id))
  if (isThere(severity)) metadata.push('severity_text', textOf(severity))
  if (isThere(severity_number)) metadata.push('severity_number', textOf(severity_number))
  if (!isThere(attributes)) return metadata.length === 0 ? NOTHING : metadata
  const fields = metadata.filter((_, i) => i % 2 === 0)
  const map = attributes as { readonly [name: string]: Payload[string] }
  for (const name of sortedKeys(map)) {
    if (!fields.includes(name)) metadata.push(name, textOf(map[name]))
  }
  return metadata
}

/** Whether a record says no more than its time and its line. Asking for what is not there takes five times as long. */
function isBare(payload: Payload): boolean {
  for (const key in payload) if (key !== 'ts' && key !== 'body' && key !== 'extracted') return false
  return true
}

function isThere(value: Payload[string]): boolean {
  return value !== undefined && value !== null && value !== ''
}

/** Structured metadata is text; other values are JSON. */
function textOf(value: Payload[string]): string {
  return typeof value === 'string' ? value : canonical(value)
}
