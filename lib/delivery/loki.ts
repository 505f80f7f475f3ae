// The sink behind `write loki`: log records to pushes, by lanes and tenants, to one Loki.

import { hasOrigin, lokiLine, lokiMetadata, lokiOrigin } from '../bridge/otlp_loki.js'
import type { Context } from '../component.js'
import type { HttpClient } from '../net/client.js'
import type { Batch } from '../record/batch.js'
import { type Entries, EntryBytes, isEntries } from '../record/entries.js'
import { type Identity, memoSlot } from '../record/identity.js'
import type { Payload } from '../record/record.js'
import { Recent } from '../receive/recent.js'
import { isLokiTime } from '../wire/loki/push.js'
import { lineOf, metadataOf } from '../wire/loki/records.js'
import { Arenas, PushRequest, StreamHead } from '../wire/loki/request.js'
import type { Snappy } from '../wire/snappy.js'
import { Batches } from './batches.js'
import { heldPush, recordsOfPush } from './loki_body.js'
import { LokiPush } from './loki_push.js'
import { promotedAttributes, type ResourceLabels, streamOf } from './loki_stream.js'
import type { Outgoing } from './outbox.js'
import { type OutboxOptions, OutboxSink } from './outbox_sink.js'
import { shownUrl } from './outcome.js'

export interface LokiOptions extends ResourceLabels, OutboxOptions {
  url: string
  client: HttpClient
  snappy: Snappy
  format: 'protobuf' | 'json'
  gzip: boolean
  /** Labels for streams that do not have them. */
  label: ReadonlyMap<string, string>
  /** Of records that do not name one. */
  tenant: string | undefined
  /** Longest line; 0: no bound. */
  max_entry_bytes: number
  /** Streams of a push, and streams remembered. */
  max_streams: number
  batch_bytes: number
  /** Milliseconds, as all times here. */
  batch_wait: number
  timeout: number
  retry_on_429: boolean
}

/** The stream of entries of OTLP, and what each of them says of its resource and scope. */
interface OtlpStream {
  readonly head: StreamHead
  readonly metadata: readonly string[]
}

/** Tenants with pushes under construction; beyond, all of these go before their time. */
const MAX_TENANTS = 1000
/** The last second that Loki's times have in full, see `isLokiTime`. */
const LAST_SECOND = 9_223_372_035

export class LokiSink extends OutboxSink {
  readonly #options: LokiOptions
  readonly #slot = memoSlot()
  readonly #streams: Recent<StreamHead>
  readonly #promoted: ReadonlySet<string>
  readonly #tenants = new Map<string, Batches<PushRequest>>()
  readonly #arenas: Arenas
  readonly #bytes = new EntryBytes()

  constructor(options: LokiOptions, context: Context) {
    const destination = shownUrl(options.url)
    const how = { destination, headers: {}, retry429: options.retry_on_429, now: () => context.clock.millis() }
    const push = new LokiPush({ ...options, ...how }, context)
    const send = (body: Buffer, signal: AbortSignal) => push.send(body, signal)
    const recordsOf = (body: Buffer) => recordsOfPush(body, options.snappy)
    super(options, context, { destination, send, recordsOf, close: () => options.client.close() })
    this.#options = options
    this.#streams = new Recent(options.max_streams)
    this.#promoted = promotedAttributes(options)
    this.#arenas = new Arenas(options.concurrency)
  }

  write(batch: Batch): void | Promise<void> {
    const entries = isEntries(batch) ? batch : null
    for (let row = 0; row < batch.length; row++) {
      const id = batch.id(row)
      if (entries !== null && id !== undefined && this.#line(id, entries, row)) continue
      if (id?.type === 'log') this.#entry(id, batch.payload(row))
      else this.context.account.drop('unsupported_type', 1)
    }
    return this.outbox.room()
  }

  /** Takes an entry in its bytes, if it stands so and nothing is wrong with it. */
  #line(id: Identity, batch: Entries, row: number): boolean {
    const { max_entry_bytes: max } = this.#options
    const bytes = this.#bytes
    if (!batch.entry(row, bytes) || bytes.seconds > LAST_SECOND || (max > 0 && bytes.end - bytes.start > max)) return false
    const answer = this.#answer(id)
    if (!(answer instanceof StreamHead)) return false
    const batches = this.#batches(answer)
    const lane = this.#lane(answer)
    batches.at(lane).addLine(answer, bytes)
    batches.added(lane)
    return true
  }

  #answer(id: Identity): StreamHead | OtlpStream | string {
    return (id.memo?.[this.#slot] as StreamHead | OtlpStream | string | undefined) ?? this.#decide(id)
  }

  #entry(id: Identity, payload: Payload): void {
    const answer = this.#answer(id)
    if (typeof answer === 'string') return this.#reject('invalid_labels', answer, id, payload)
    const ts = payload.ts!
    if (!isLokiTime(ts)) return this.#reject('invalid_timestamp', `${ts} is not in the years 1677 to 2262`, id, payload)
    if (answer instanceof StreamHead) this.#add(answer, lineOf(payload), metadataOf(payload), id, payload)
    else this.#otlp(answer, id, payload)
  }

  #otlp({ head, metadata }: OtlpStream, id: Identity, payload: Payload): void {
    let line: string
    let all: readonly string[]
    try {
      line = lokiLine(payload)
      all = lokiMetadata(payload, metadata)
    } catch (error) {
      return this.#reject('invalid_attributes', (error as Error).message, id, payload)
    }
    this.#add(head, line, all, id, payload)
  }

  #add(stream: StreamHead, line: string, metadata: readonly string[], id: Identity, payload: Payload): void {
    if (this.#isTooLong(line)) {
      const detail = `an entry longer than ${this.#options.max_entry_bytes} bytes (--max-entry-bytes)`
      return this.#reject('entry_too_long', detail, id, payload)
    }
    const batches = this.#batches(stream)
    const lane = this.#lane(stream)
    batches.at(lane).add(stream, payload.ts!, line, metadata)
    batches.added(lane)
  }

  #batches({ tenant }: StreamHead): Batches<PushRequest> {
    return this.#tenants.get(tenant) ?? this.#tenant(tenant)
  }

  #lane({ hash }: StreamHead): number {
    return hash % this.#options.concurrency
  }

  #isTooLong(line: string): boolean {
    const { max_entry_bytes: max } = this.#options
    // A character takes up to three bytes.
    return max > 0 && line.length * 3 > max && Buffer.byteLength(line) > max
  }

  #decide(id: Identity): StreamHead | OtlpStream | string {
    const answer = hasOrigin(id.rest) ? this.#decideOtlp(id) : this.#decideLabels(id, this.#options.label)
    ;(id.memo ??= [])[this.#slot] = answer
    id.release()
    return answer
  }

  #decideLabels(id: Identity, more: ReadonlyMap<string, string>): StreamHead | string {
    const found = streamOf(id.labels, more, this.#options.tenant)
    return typeof found === 'string' ? found : this.#stream(found.text, found.tenant)
  }

  #decideOtlp(id: Identity): OtlpStream | string {
    try {
      const { labels, metadata } = lokiOrigin(id.rest, this.#promoted)
      const head = this.#decideLabels(id, new Map([...this.#options.label, ...labels]))
      return typeof head === 'string' ? head : { head, metadata }
    } catch (error) {
      return (error as Error).message
    }
  }

  /** The same for all identities of a stream, as long as it is remembered. */
  #stream(text: string, tenant: string): StreamHead {
    const key = `${tenant}\n${text}`
    const known = this.#streams.get(key)
    if (known !== undefined) return known
    const stream = new StreamHead(text, tenant)
    this.#streams.set(key, stream)
    return stream
  }

  #tenant(tenant: string): Batches<PushRequest> {
    if (this.#tenants.size >= MAX_TENANTS) {
      this.flush()
      this.#tenants.clear()
    }
    const { concurrency, max_streams, batch_bytes: bytes, batch_wait: wait, snappy } = this.#options
    const close = (request: PushRequest): Outgoing => {
      const { records } = request
      return { records, body: heldPush({ tenant, block: snappy.compress(request.finish()) }) }
    }
    const limits = { records: Infinity, bytes, wait }
    const open = () => new PushRequest(max_streams, this.#arenas)
    const batches = new Batches(concurrency, open, close, limits, this.outbox, this.context.clock)
    this.#tenants.set(tenant, batches)
    return batches
  }

  protected flush(): void {
    for (const batches of this.#tenants.values()) batches.flush()
  }

  #reject(reason: string, detail: string, identity: Identity, payload: Payload): void {
    this.context.reject({ reason, detail, original: { identity, payload } })
  }
}
