// The sink behind `write zipkin`: span records to posts, to one Zipkin.

import type { Context, Sink } from '../component.js'
import type { HttpClient } from '../net/client.js'
import type { Batch } from '../record/batch.js'
import type { Identity } from '../record/identity.js'
import type { Payload } from '../record/record.js'
import { Unfit } from '../wire/otlp/value.js'
import { spanOfRecord } from '../wire/zipkin/from_record.js'
import { Batches } from './batches.js'
import { Divided } from './divided.js'
import type { Outbox, WhenFull } from './outbox.js'
import { post, type Reply, shownUrl } from './outcome.js'
import type { OutboxMaker } from './spooled.js'
import { halvesOfPost, isPacked, recordsOfPost, ZipkinPost } from './zipkin_body.js'

export interface ZipkinSinkOptions {
  url: string
  client: HttpClient
  compression: 'gzip' | 'none'
  tenant: string | undefined
  batch_spans: number
  batch_bytes: number
  /** Milliseconds, as all times here. */
  batch_wait: number
  concurrency: number
  buffer_bytes: number
  when_full: WhenFull
  /** What holds posts, in memory or on disk. */
  outbox: OutboxMaker
  timeout: number
  min_backoff: number
  max_backoff: number
  max_retry_after: number
  retry_on_429: boolean
  drain_timeout: number
}

export class ZipkinSink implements Sink {
  readonly #delivery: Outbox
  readonly #destination: string
  readonly #divided: Divided
  readonly #batches: Batches<ZipkinPost>
  /** Where the last post went: spans have no order. */
  #turn = 0

  constructor(
    private readonly options: ZipkinSinkOptions,
    private readonly context: Context,
  ) {
    const { account, clock } = context
    const { batch_spans: records, batch_bytes: bytes, batch_wait: wait, concurrency: lanes, compression } = options
    this.#destination = shownUrl(options.url)
    this.#divided = new Divided({
      destination: this.#destination,
      log: context.log,
      monotonic: () => clock.monotonic(),
      smaller: '--batch-bytes',
      attempt: (body, signal) => this.#attempt(body, signal),
      halves: async (body) => halvesOfPost(body),
    })
    this.#delivery = options.outbox(
      {
        destination: this.#destination,
        lanes,
        bufferBytes: options.buffer_bytes,
        whenFull: options.when_full,
        minBackoff: options.min_backoff,
        maxBackoff: options.max_backoff,
        maxRetryAfter: options.max_retry_after,
        drainTimeout: options.drain_timeout,
        send: (body, signal) => this.#divided.send(body, signal),
        stored: ({ records }) => void (account.out += records),
        refused: ({ body }, words) => this.#refused(body, words),
        dropped: ({ records }, reason) => account.drop(reason, records),
      },
      context,
    )
    const spread = { push: (_: number, request: { body: Buffer; records: number }) => this.#push(request) }
    const open = () => new ZipkinPost(compression === 'gzip')
    this.#batches = new Batches(1, open, (growing) => growing.take(), { records, bytes, wait }, spread, clock)
  }

  write(batch: Batch): void | Promise<void> {
    for (let row = 0; row < batch.length; row++) {
      const id = batch.id(row)
      if (id?.type === 'span') this.#span(id, batch.payload(row))
      else this.context.account.drop('unsupported_type', 1)
    }
    return this.#delivery.room()
  }

  sync(): Promise<void> {
    this.#batches.flush()
    return this.#delivery.sync()
  }

  async end(): Promise<void> {
    this.#batches.flush()
    try {
      await this.#delivery.drain()
    } finally {
      await this.options.client.close()
    }
  }

  async abandon(): Promise<void> {
    this.#batches.flush()
    await this.#delivery.abandon()
    await this.options.client.close()
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

  #push(request: { body: Buffer; records: number }): void {
    this.#turn = (this.#turn + 1) % this.options.concurrency
    this.#delivery.push(this.#turn, request)
  }

  async #attempt(body: Buffer, signal: AbortSignal): Promise<Reply> {
    const { tenant, retry_on_429: retry429 } = this.options
    const headers = { ...headersOf(tenant), ...(isPacked(body) && { 'content-encoding': 'gzip' }) }
    const how = { ...this.options, headers, retry429, now: () => this.context.clock.millis() }
    const reply = await post(body, how, signal)
    if (reply.kind === 'stored') this.context.account.out_bytes += body.length
    return reply
  }

  #refused(body: Buffer, words: string): void {
    const detail = `${this.#destination}: ${words}`
    for (const original of recordsOfPost(body)) this.context.reject({ reason: 'refused', detail, original })
  }
}

/** Of every post. */
export function headersOf(tenant: string | undefined): { [name: string]: string } {
  return { 'content-type': 'application/json', ...(tenant !== undefined && { 'x-scope-orgid': tenant }) }
}
