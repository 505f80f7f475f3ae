// The body of a post to Zipkin as it is held: a list of spans in JSON, which may be packed.

import { gunzipSync, gzipSync } from 'node:zlib'
import { Identity } from '../record/identity.js'
import { NO_LABELS } from '../record/labels.js'
import type { Record } from '../record/record.js'
import { readSpan } from '../wire/zipkin/span.js'
import { spanRecord } from '../wire/zipkin/to_record.js'
import type { Growing } from './batches.js'
import type { Outgoing } from './outbox.js'

/** The first byte of what gzip packs. */
const GZIP_MAGIC = 0x1f
const GZIP_LEVEL = 1

/** A post under construction. */
export class ZipkinPost implements Growing {
  #spans: string[] = []
  bytes = 0

  constructor(private readonly gzip: boolean) {}

  get records(): number {
    return this.#spans.length
  }

  /** @param span its JSON */
  add(span: string): void {
    this.#spans.push(span)
    this.bytes += span.length + 1
  }

  /** What there is, which is none afterwards. */
  take(): Outgoing {
    const { records } = this
    const body = heldPost(this.#spans, this.gzip)
    this.#spans = []
    this.bytes = 0
    return { body, records }
  }
}

function heldPost(spans: readonly string[], gzip: boolean): Buffer {
  const body = Buffer.from(`[${spans.join(',')}]`)
  return gzip ? gzipSync(body, { level: GZIP_LEVEL }) : body
}

/** Whether a held post is packed. */
export function isPacked(body: Buffer): boolean {
  return body[0] === GZIP_MAGIC
}

/** Throws where the bytes are no such post. */
function spansIn(body: Buffer): unknown[] {
  return JSON.parse((isPacked(body) ? gunzipSync(body) : body).toString()) as unknown[]
}

/** Two posts with half of the spans each; null where there is one alone. */
export function halvesOfPost(body: Buffer): [Outgoing, Outgoing] | null {
  const spans = spansIn(body).map((span) => JSON.stringify(span))
  if (spans.length < 2) return null
  const middle = spans.length >> 1
  const half = (part: readonly string[]) => ({ body: heldPost(part, isPacked(body)), records: part.length })
  return [half(spans.slice(0, middle)), half(spans.slice(middle))]
}

/** The records of a post, as 'receive zipkin' would make them. Throws where the bytes are no such post. */
export function recordsOfPost(body: Buffer): Record[] {
  return spansIn(body).map((span) => {
    const { rest, payload } = spanRecord(readSpan(span))
    return { identity: Identity.of('span', '', NO_LABELS, rest), payload }
  })
}
