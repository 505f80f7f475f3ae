// The sink behind `write prometheus`: records to requests of remote write 1.0 or 2.0, by lanes, to one receiver.

import type { Context, Sink } from '../component.js'
import { BodyBuffers } from '../net/buffers.js'
import type { HttpClient } from '../net/client.js'
import type { Batch } from '../record/batch.js'
import { type Identity, memoSlot } from '../record/identity.js'
import { type Labels, labelsText } from '../record/labels.js'
import { LineBatch } from '../record/line_batch.js'
import type { Payload } from '../record/record.js'
import { millisOf } from '../record/time.js'
import type { NameScheme } from '../relabel/name.js'
import type { RelabelRules } from '../relabel/rules.js'
import { Families } from '../wire/remote_write/families.js'
import { sampleOf } from '../wire/remote_write/sample.js'
import { hasSixBytes, labelsComplaint, seriesLabels, seriesOf } from '../wire/remote_write/series.js'
import { type Sample, WriteRequest } from '../wire/remote_write/v1.js'
import { SymbolicRequest } from '../wire/remote_write/v2.js'
import type { Snappy, Take } from '../wire/snappy.js'
import { Batches, type Growing } from './batches.js'
import { Delivery } from './delivery.js'
import { MetadataSender } from './metadata.js'
import { NumberedSeries } from './numbered.js'
import type { Outbox, Outgoing, WhenFull } from './outbox.js'
import { shownUrl } from './outcome.js'
import { type Answer, Preparer } from './prepared.js'
import { Protocol } from './protocol.js'
import type { OutboxMaker } from './spooled.js'

export interface RemoteWriteOptions {
  url: string
  protocol: '1' | '2' | 'auto'
  client: HttpClient
  snappy: Snappy
  /** Beside those of the protocol. */
  headers: { readonly [name: string]: string }
  external_label: ReadonlyMap<string, string>
  rules: RelabelRules | null
  name_validation_scheme: NameScheme
  send_exemplars: boolean
  send_native_histograms: boolean
  metadata: boolean
  /** Milliseconds, as all times here. */
  metadata_interval: number
  max_metadata: number
  batch_samples: number
  batch_bytes: number
  batch_wait: number
  concurrency: number
  buffer_bytes: number
  when_full: WhenFull
  /** What holds requests on disk; null to hold them in memory. */
  spool: OutboxMaker | null
  timeout: number
  min_backoff: number
  max_backoff: number
  max_retry_after: number
  retry_on_429: boolean
  drain_timeout: number
}

/** A series as one version of the protocol wants it; only that version's requests take it. */
interface Series {
  readonly hash: number
}

/** A request of either version under construction. */
interface Request extends Growing {
  add(series: Series, value: number, ms: number): void
  addSample(series: Series, sample: Sample): void
  pack(snappy: Snappy, take: Take): Buffer
}

/** How samples get into requests of one version. */
interface Encoding {
  readonly slot: number
  readonly batches: Pick<Batches<Request>, 'at' | 'added' | 'flush'>
  series(labels: Labels, id: Identity): Series
  /** Where the samples of a layout can be made ready. */
  readonly prepared: { preparer: Preparer; batches: Batches<WriteRequest> } | null
}

export class RemoteWriteSink implements Sink {
  readonly #delivery: Outbox
  readonly #protocol: Protocol
  #encoding: Encoding
  /** What requests of 2.0 say about the metrics of their series. */
  readonly #families: Families
  readonly #metadata: MetadataSender
  /** Metadata has a lane of its own: nothing waits for it. */
  readonly #metadataLane: number
  readonly #destination: string
  readonly #bodies = new BodyBuffers()
  readonly #take: Take = (bytes) => this.#bodies.take(bytes)

  constructor(
    private readonly options: RemoteWriteOptions,
    private readonly context: Context,
  ) {
    const { concurrency } = options
    const { clock, account } = context
    this.#destination = shownUrl(options.url)
    this.#families = new Families(options.max_metadata)
    const how = { destination: this.#destination, retry429: options.retry_on_429, now: () => clock.millis() }
    this.#protocol = new Protocol({ ...options, ...how, fellBack: () => this.#fallBack() }, context)
    this.#metadataLane = concurrency
    this.#metadata = new MetadataSender({
      max: options.max_metadata,
      wait: options.batch_wait,
      interval: options.metadata_interval,
      clock,
      send: (messages, records) => this.#sendMetadata(messages, records),
      idle: () => this.#delivery.idle(this.#metadataLane),
    })
    const outbox: OutboxMaker = options.spool ?? ((delivery) => new Delivery(delivery, context))
    this.#delivery = outbox(
      {
        destination: this.#destination,
        lanes: concurrency + 1,
        bufferBytes: options.buffer_bytes,
        whenFull: options.when_full,
        minBackoff: options.min_backoff,
        maxBackoff: options.max_backoff,
        maxRetryAfter: options.max_retry_after,
        drainTimeout: options.drain_timeout,
        send: (body, signal) => this.#protocol.send(body, signal),
        stored: ({ records }) => void (account.out += records),
        refused: (request, words) => this.#refused(request, words),
        settled: ({ body }) => this.#bodies.give(body),
        dropped: ({ records }, reason) => account.drop(reason, records),
      },
      context,
    )
    this.#encoding = this.#protocol.version === 1 ? this.#encodingOne() : this.#encodingTwo()
  }

  #encodingOne(): Encoding {
    const slot = memoSlot()
    const batches = this.#batches(() => new WriteRequest(this.options.snappy))
    const { concurrency, batch_samples: records, batch_bytes: bytes, snappy } = this.options
    const answer = (id: Identity) => this.#answer(id, seriesOf)
    const preparer = new Preparer(slot, concurrency, { records, bytes }, snappy, answer)
    return { slot, batches, series: seriesOf, prepared: { preparer, batches } }
  }

  #encodingTwo(): Encoding {
    const lanes: SymbolicRequest[] = []
    const batches = this.#batches(() => lanes[lanes.push(new SymbolicRequest(this.#families)) - 1])
    const series = (labels: Labels, id: Identity) => {
      const { hash } = seriesOf(labels)
      return lanes[hash % lanes.length].series(labels, id, hash)
    }
    return { slot: memoSlot(), batches, series, prepared: null }
  }

  #batches<R extends Request>(open: () => R): Batches<R> {
    const { concurrency, batch_samples: records, batch_bytes: bytes, batch_wait: wait } = this.options
    const limits = { records, bytes, wait }
    return new Batches(concurrency, open, (request) => this.#close(request), limits, this.#delivery, this.context.clock)
  }

  /** The receiver knows 1.0 only. What is held in 2.0 is turned into that when it is sent. */
  #fallBack(): void {
    this.#encoding.batches.flush()
    this.#encoding = this.#encodingOne()
    for (const family of this.#families.all()) if (this.#metadata.add(family)) this.context.account.made++
  }

  write(batch: Batch): void | Promise<void> {
    if (!this.#writeColumn(batch) && !this.#writeLines(batch)) for (let row = 0; row < batch.length; row++) this.#writeRow(batch, row)
    return this.#delivery.room()
  }

  /** A column or markers over a layout, which are ready but for values and time; false where it is not such a batch. */
  #writeColumn(batch: Batch): boolean {
    const { layout, column, markers } = batch
    const { prepared } = this.#encoding
    if (layout === null || (column === null && !markers) || prepared === null || batch.length === 0) return false
    const millis = batch.millis(0)
    if (!hasSixBytes(millis)) return false
    const { blocks, others, dropped } = prepared.preparer.of(layout)
    if (dropped > 0) this.context.account.drop('write_relabel', dropped)
    for (const row of others) this.#writeRow(batch, row)
    for (let lane = 0; lane < blocks.length; lane++) {
      if (blocks[lane].length === 0) continue
      blocks[lane].patch(column, millis)
      prepared.batches.addBlock(lane, blocks[lane])
    }
    return true
  }

  /** Lines, whose samples are ready but for values and times; false where they are not lines. */
  #writeLines(batch: Batch): boolean {
    const { slot, prepared } = this.#encoding
    if (!(batch instanceof LineBatch) || prepared === null) return false
    const { names } = batch
    const { batches } = prepared
    const limits = { records: this.options.batch_samples, bytes: this.options.batch_bytes }
    const answer = (id: Identity) => this.#answer(id, seriesOf)
    const series = (names.memo[slot] ??= new NumberedSeries(names, this.#metadataLane, limits, answer)) as NumberedSeries
    const dropped = series.write(batch, batches, (row) => this.#writeRow(batch, row))
    if (dropped > 0) this.context.account.drop('write_relabel', dropped)
    return true
  }

  #writeRow(batch: Batch, row: number): void {
    const id = batch.id(row)
    if (id?.type === 'metric') this.#metric(id, batch, row)
    else if (id?.type === 'metadata') this.#family(id)
    else this.context.account.drop('unsupported_type', 1)
  }

  sync(): Promise<void> {
    this.#encoding.batches.flush()
    this.#metadata.flush()
    return this.#delivery.sync()
  }

  async end(): Promise<void> {
    this.#encoding.batches.flush()
    this.#metadata.end()
    try {
      await this.#delivery.drain()
    } finally {
      await this.options.client.close()
    }
  }

  async abandon(): Promise<void> {
    this.#encoding.batches.flush()
    this.#metadata.end()
    await this.#delivery.abandon()
    await this.options.client.close()
  }

  #metric(id: Identity, batch: Batch, row: number): void {
    const { slot, batches } = this.#encoding
    let series = id.memo?.[slot] as Answer<Series> | undefined
    if (series === undefined) series = this.#decide(id)
    if (series === null) return this.context.account.drop('write_relabel', 1)
    if (typeof series === 'string') return this.#reject('invalid_series', series, id, batch.payload(row))
    const lane = series.hash % this.#metadataLane
    const ms = this.#millis(batch.ts(row)!)
    if (batch.plain(row)) batches.at(lane).add(series, batch.value(row), ms)
    else if (!this.#addSample(series, lane, id, batch.payload(row), ms)) return
    batches.added(lane)
  }

  #lastTs = '0'
  #lastMillis = 0

  /** The samples of a scrape have one time. */
  #millis(ts: string): number {
    if (ts === this.#lastTs) return this.#lastMillis
    this.#lastTs = ts
    return (this.#lastMillis = millisOf(ts))
  }

  #decide(id: Identity): Answer<Series> {
    const answer = this.#answer(id, this.#encoding.series)
    ;(id.memo ??= [])[this.#encoding.slot] = answer
    return answer
  }

  #answer<S extends Series>(id: Identity, series: (labels: Labels, id: Identity) => S): Answer<S> {
    if (id.rest.temporality === 'delta')
      return 'a delta cannot be told to Prometheus, which knows cumulative values only'
    // Rules see the external labels, as in Prometheus.
    const given = seriesLabels(id.name, id.labels, this.options.external_label)
    const ruled = this.options.rules === null ? given : this.options.rules.apply(given)
    if (ruled === null) return null
    const labels = ruled === given ? given : seriesLabels('', ruled, new Map())
    const complaint = labelsComplaint(labels, this.options.name_validation_scheme)
    if (complaint !== null) return complaint
    return labels.includes('__name__') ? series(labels, id) : `no metric name in ${labelsText(labels).slice(0, 200)}`
  }

  /** A sample with more than time and value; false where it is not sent. */
  #addSample(series: Series, lane: number, id: Identity, payload: Payload, ms: number): boolean {
    if (payload.histogram !== undefined && !this.options.send_native_histograms) {
      this.context.account.drop('native_histogram', 1)
      return false
    }
    const sample = sampleOf(payload, ms, this.options.send_exemplars)
    if (typeof sample === 'string') {
      this.#reject('invalid_sample', `${id.name}: ${sample}`, id, payload)
      return false
    }
    this.#encoding.batches.at(lane).addSample(series, sample)
    return true
  }

  #reject(reason: string, detail: string, identity: Identity, payload: Payload): void {
    this.context.reject({ reason, detail, original: { identity, payload } })
  }

  #close(request: Request): Outgoing {
    const { records } = request
    return { body: request.pack(this.options.snappy, this.#take), records }
  }

  async #refused(request: Outgoing, words: string): Promise<void> {
    const detail = `${this.#destination}: ${words}`
    if (request.records === 0) return this.context.log.warn(`${detail} (metadata)`)
    const { recordsOfBody } = await import('./body.js')
    for (const original of recordsOfBody(request.body, this.options.snappy)) {
      this.context.reject({ reason: 'refused', detail: `${original.identity.name}: ${detail}`, original })
    }
  }

  #family(id: Identity): void {
    const { account } = this.context
    if (!this.options.metadata) return account.drop('metadata', 1)
    const ruled = this.options.rules === null ? id : this.options.rules.identity(id)
    if (ruled === null) return account.drop('write_relabel', 1)
    if (ruled.name === '') return this.#reject('invalid_metadata', 'metadata without a name', id, {})
    const two = this.#protocol.version === 2
    if (!(two ? this.#families.add(ruled) : this.#metadata.add(ruled))) account.drop('metadata_known', 1)
    // 2.0 has it in every series.
    else if (two) account.out++
  }

  #sendMetadata(messages: readonly Buffer[], records: number): void {
    const request = new WriteRequest()
    for (const message of messages) request.addMetadata(message)
    this.#delivery.push(this.#metadataLane, { body: this.options.snappy.compress(request.finish()), records })
  }
}
