// The body of an export of OTLP as it is held: what it is of and how it is packed in two bytes, then the protobuf message.

import { gunzipSync, gzipSync } from 'node:zlib'
import type { Record } from '../record/record.js'
import { ExportRequest } from '../wire/otlp/export_request.js'
import type { Requests } from '../wire/otlp/message.js'
import { decodeMessage } from '../wire/otlp/protobuf.js'
import { recordsOf } from '../wire/otlp/records.js'
import { REQUESTS, type Signal, SIGNALS } from '../wire/otlp/schema.js'

const HEAD_BYTES = 2
/** It was ours before it was held. */
const UNBOUND = { max_elements: Infinity, max_depth: Infinity }
/** Measured on spans: a third of the time of level 6 for a tenth more bytes. */
const GZIP_LEVEL = 1

export interface HeldExport {
  readonly signal: Signal
  readonly gzip: boolean
  /** Packed, where it is. */
  readonly message: Buffer
}

/** What has grown, which is then as new. @param gzip whether to pack it */
export function heldExport(signal: Signal, request: ExportRequest, gzip: boolean): Buffer {
  const head = Buffer.from([SIGNALS.indexOf(signal), gzip ? 1 : 0])
  return gzip ? Buffer.concat([head, gzipSync(request.finish(), { level: GZIP_LEVEL })]) : request.finish(head)
}

/** Throws where the bytes are no export. */
export function exportOf(body: Buffer): HeldExport {
  const signal = SIGNALS[body[0]]
  if (body.length < HEAD_BYTES || signal === undefined) throw new Error('no export of OTLP')
  return { signal, gzip: body[1] === 1, message: body.subarray(HEAD_BYTES) }
}

/** The message itself, decoded. */
export function requestOf({ signal, gzip, message }: HeldExport): Requests[Signal] {
  return decodeMessage<Requests[Signal]>(gzip ? gunzipSync(message) : message, REQUESTS[signal], UNBOUND)
}

/** Throws where the bytes are no export. */
export function recordsOfExport(body: Buffer): Record[] {
  const held = exportOf(body)
  return recordsOf(held.signal, requestOf(held))
}

/** Two exports with half of the records each; null where there is one alone. */
export function halvesOfExport(body: Buffer): [Half, Half] | null {
  const held = exportOf(body)
  const records = recordsOf(held.signal, requestOf(held))
  if (records.length < 2) return null
  const middle = records.length >> 1
  return [halfOf(held, records.slice(0, middle)), halfOf(held, records.slice(middle))]
}

interface Half {
  body: Buffer
  records: number
}

function halfOf({ signal, gzip }: HeldExport, records: readonly Record[]): Half {
  const request = new ExportRequest(signal)
  for (const { identity, payload } of records) request.add(identity, payload)
  return { body: heldExport(signal, request, gzip), records: records.length }
}
