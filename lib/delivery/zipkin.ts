// The sink behind `write zipkin`: span records to posts, to one Zipkin.

import type { Context } from '../component.js'
import type { HttpClient } from '../net/client.js'
import type { Batch } from '../record/batch.js'
import type { Identity } from '../record/identity.js'
import type { Payload } from '../record/record.js'
import { Unfit } from '../wire/otlp/value.js'
import { spanOfRecord } from '../wire/zipkin/from_record.js'
import { Batches } from './batches.js'
import { Divided } from './divided.js'
import type { Outgoing } from './outbox.js'
import { type OutboxOptions, OutboxSink } from './outbox_sink.js'
import { post, type Reply, shownUrl } from './outcome.js'
import { halvesOfPost, isPacked, recordsOfPost, ZipkinPost } from './zipkin_body.js'

export interface ZipkinSinkOptions extends OutboxOptions {
  url: string
  client: HttpClient
  compression: 'gzip' | 'none'
  tenant: string | undefined
  batch_spans: number
  batch_bytes: number
  /** Milliseconds, as all times here. */
  batch_wait: number
  timeout: number
  retry_on_429: boolean
}

export class ZipkinSink extends OutboxSink {
  readonly #batches: Batches<ZipkinPost>
  readonly #lanes: number
  /** Where the last post went: spans have no order. */
  #turn = 0

  constructor(options: ZipkinSinkOptions, context: Context) {
    const destination = shownUrl(options.url)
    const { clock, log } = context
    const divided = new Divided({
      destination,
      log,
      monotonic: () => clock.monotonic(),
      smaller: '--batch-bytes',
      attempt: (body, signal) => attempt(body, options, context, signal),
      halves: async (body) => halvesOfPost(body),
    })
    const send = (body: Buffer, signal: AbortSignal) => divided.send(body, signal)
    super(options, context, { destination, send, recordsOf: recordsOfPost, close: () => options.client.close() })
    const { batch_spans: records, batch_bytes: bytes, batch_wait: wait, concurrency, compression } = options
    this.#lanes = concurrency
    const spread = { push: (_: number, request: Outgoing) => this.#push(request) }
    const open = () => new ZipkinPost(compression === 'gzip')
    this.#batches = new Batches(1, open, (growing) => growing.take(), { records, bytes, wait }, spread, clock)
  }

  write(batch: Batch): void | Promise<void> {
    for (let row = 0; row < batch.length; row++) {
      const id = batch.id(row)
      if (id?.type === 'span') this.#span(id, batch.payload(row))
      else this.context.account.drop('unsupported_type', 1)
    }
    return this.outbox.room()
  }

  protected flush(): void {
    this.#batches.flush()
  }

  #span(identity: Identity, payload: Payload): void {
    let span: string
    try {
      span = JSON.stringify(spanOfRecord(identity.rest, payload))
    } catch (error) {
      if (!(error instanceof Unfit)) throw error
      return this.context.reject({ reason: 'not_zipkin', detail: error.message, original: { identity, payload } })
    }
    this.#batches.at(0).add(span)
    this.#batches.added(0)
  }

  #push(request: Outgoing): void {
    this.#turn = (this.#turn + 1) % this.#lanes
    this.outbox.push(this.#turn, request)
  }
}

async function attempt(body: Buffer, options: ZipkinSinkOptions, context: Context, signal: AbortSignal): Promise<Reply> {
  const { tenant, retry_on_429: retry429 } = options
  const headers = { ...headersOf(tenant), ...(isPacked(body) && { 'content-encoding': 'gzip' }) }
  const reply = await post(body, { ...options, headers, retry429, now: () => context.clock.millis() }, signal)
  if (reply.kind === 'stored') context.account.out_bytes += body.length
  return reply
}

/** Of every post. */
export function headersOf(tenant: string | undefined): { [name: string]: string } {
  return { 'content-type': 'application/json', ...(tenant !== undefined && { 'x-scope-orgid': tenant }) }
}
