// The sink behind `write prometheus`: records to remote write 1.0 requests, by lanes, to one receiver.

import type { Context, Sink } from '../component.js'
import type { HttpClient } from '../net/client.js'
import type { Batch } from '../record/batch.js'
import { type Identity, memoSlot } from '../record/identity.js'
import { numberOf } from '../record/json.js'
import { labelsText } from '../record/labels.js'
import type { Exemplar, NativeHistogram, Payload } from '../record/record.js'
import { millisOf } from '../record/time.js'
import type { NameScheme } from '../relabel/name.js'
import type { RelabelRules } from '../relabel/rules.js'
import { checkHistogram } from '../wire/remote_write/histogram.js'
import { labelsComplaint, type Series, seriesLabels, seriesOf } from '../wire/remote_write/series.js'
import { checkExemplars, type Sample, WriteRequest } from '../wire/remote_write/v1.js'
import type { Snappy } from '../wire/snappy.js'
import { Batches } from './batches.js'
import { Delivery, type Outgoing } from './delivery.js'
import { MetadataSender } from './metadata.js'
import { post, shownUrl } from './outcome.js'

export interface RemoteWriteOptions {
  url: string
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
  timeout: number
  min_backoff: number
  max_backoff: number
  max_retry_after: number
  retry_on_429: boolean
  drain_timeout: number
}

const PROTOCOL_HEADERS = {
  'content-type': 'application/x-protobuf',
  'content-encoding': 'snappy',
  'x-prometheus-remote-write-version': '0.1.0',
}
/** null: dropped by a rule; a string: what is wrong with it. */
type Answer = Series | null | string

export class RemoteWriteSink implements Sink {
  readonly #slot = memoSlot()
  readonly #delivery: Delivery
  readonly #batches: Batches<WriteRequest>
  readonly #metadata: MetadataSender
  /** Metadata has a lane of its own: nothing waits for it. */
  readonly #metadataLane: number
  readonly #destination: string

  constructor(
    private readonly options: RemoteWriteOptions,
    private readonly context: Context,
  ) {
    const { url, client, timeout, concurrency } = options
    const { clock, account } = context
    const headers = { ...PROTOCOL_HEADERS, ...options.headers }
    const attempt = { client, url, headers, timeout, retry429: options.retry_on_429, now: () => clock.millis() }
    this.#destination = shownUrl(url)
    this.#metadataLane = concurrency
    this.#metadata = new MetadataSender({
      max: options.max_metadata,
      wait: options.batch_wait,
      interval: options.metadata_interval,
      clock,
      send: (messages, records) => this.#sendMetadata(messages, records),
      idle: () => this.#delivery.idle(this.#metadataLane),
    })
    this.#delivery = new Delivery(
      {
        destination: this.#destination,
        lanes: concurrency + 1,
        bufferBytes: options.buffer_bytes,
        minBackoff: options.min_backoff,
        maxBackoff: options.max_backoff,
        maxRetryAfter: options.max_retry_after,
        drainTimeout: options.drain_timeout,
        send: (body, signal) => post(body, attempt, signal),
        stored: ({ records }) => void (account.out += records),
        refused: (request, words) => this.#refused(request, words),
        dropped: ({ records }) => account.drop('shutdown', records),
      },
      context,
    )
    const limits = { records: options.batch_samples, bytes: options.batch_bytes, wait: options.batch_wait }
    const close = (request: WriteRequest) => this.#close(request)
    this.#batches = new Batches(concurrency, () => new WriteRequest(), close, limits, this.#delivery, clock)
  }

  write(batch: Batch): void | Promise<void> {
    for (let row = 0; row < batch.length; row++) {
      const id = batch.id(row)
      if (id?.type === 'metric') this.#metric(id, batch, row)
      else if (id?.type === 'metadata') this.#family(id)
      else this.context.account.drop('unsupported_type', 1)
    }
    return this.#delivery.room()
  }

  async end(): Promise<void> {
    this.#batches.flush()
    this.#metadata.end()
    try {
      await this.#delivery.drain()
    } finally {
      await this.options.client.close()
    }
  }

  #metric(id: Identity, batch: Batch, row: number): void {
    let series = id.memo?.[this.#slot] as Answer | undefined
    if (series === undefined) series = this.#decide(id)
    if (series === null) return this.context.account.drop('write_relabel', 1)
    if (typeof series === 'string') return this.#reject('invalid_series', series, id, batch.payload(row))
    const lane = series.hash % this.#metadataLane
    const ms = this.#millis(batch.ts(row)!)
    if (batch.plain(row)) this.#batches.at(lane).add(series, batch.value(row), ms)
    else if (!this.#addSample(series, lane, id, batch.payload(row), ms)) return
    this.#batches.added(lane)
  }

  #lastTs = '0'
  #lastMillis = 0

  /** The samples of a scrape have one time. */
  #millis(ts: string): number {
    if (ts === this.#lastTs) return this.#lastMillis
    this.#lastTs = ts
    return (this.#lastMillis = millisOf(ts))
  }

  #decide(id: Identity): Answer {
    const answer = this.#answer(id)
    ;(id.memo ??= [])[this.#slot] = answer
    return answer
  }

  #answer(id: Identity): Answer {
    if (id.rest.temporality === 'delta')
      return 'a delta cannot be told to Prometheus, which knows cumulative values only'
    // Rules see the external labels, as in Prometheus.
    const given = seriesLabels(id.name, id.labels, this.options.external_label)
    const ruled = this.options.rules === null ? given : this.options.rules.apply(given)
    if (ruled === null) return null
    const labels = ruled === given ? given : seriesLabels('', ruled, new Map())
    const complaint = labelsComplaint(labels, this.options.name_validation_scheme)
    if (complaint !== null) return complaint
    return labels.includes('__name__') ? seriesOf(labels) : `no metric name in ${labelsText(labels).slice(0, 200)}`
  }

  /** A sample with more than time and value; false where it is not sent. */
  #addSample(series: Series, lane: number, id: Identity, payload: Payload, ms: number): boolean {
    if (payload.histogram !== undefined && !this.options.send_native_histograms) {
      this.context.account.drop('native_histogram', 1)
      return false
    }
    const sample = this.#sampleOf(payload, ms)
    if (typeof sample === 'string') {
      this.#reject('invalid_sample', `${id.name}: ${sample}`, id, payload)
      return false
    }
    this.#batches.at(lane).addSample(series, sample)
    return true
  }

  #sampleOf(payload: Payload, ms: number): Sample | string {
    const { value, stale, histogram, summary, exemplars } = payload
    const sample: Sample = { ms }
    if (stale === true) sample.stale = true
    else if (histogram !== undefined) {
      const checked = checkHistogram(histogram as unknown as NativeHistogram)
      if (typeof checked === 'string') return `histogram: ${checked}`
      sample.histogram = checked
    } else if (summary !== undefined) return 'a summary is no single series: expected its quantiles, sum and count'
    else sample.value = numberOf(value)
    if (exemplars !== undefined && this.options.send_exemplars) {
      const checked = checkExemplars(exemplars as unknown as Exemplar[], ms)
      if (typeof checked === 'string') return checked
      sample.exemplars = checked
    }
    return sample
  }

  #reject(reason: string, detail: string, identity: Identity, payload: Payload): void {
    this.context.reject({ reason, detail, original: { identity, payload } })
  }

  #close(request: WriteRequest): Outgoing {
    const { records } = request
    return { body: this.options.snappy.compress(request.finish()), records }
  }

  async #refused(request: Outgoing, words: string): Promise<void> {
    const detail = `${this.#destination}: ${words}`
    if (request.records === 0) return this.context.log.warn(`${detail} (metadata)`)
    const { decodeWriteRequest } = await import('../wire/remote_write/decode.js')
    for (const original of decodeWriteRequest(this.options.snappy.uncompress(request.body))) {
      this.context.reject({ reason: 'refused', detail: `${original.identity.name}: ${detail}`, original })
    }
  }

  #family(id: Identity): void {
    const { account } = this.context
    if (!this.options.metadata) return account.drop('metadata', 1)
    const ruled = this.options.rules === null ? id : this.options.rules.identity(id)
    if (ruled === null) return account.drop('write_relabel', 1)
    if (ruled.name === '') return this.#reject('invalid_metadata', 'metadata without a name', id, {})
    if (!this.#metadata.add(ruled)) account.drop('metadata_known', 1)
  }

  #sendMetadata(messages: readonly Buffer[], records: number): void {
    const request = new WriteRequest()
    for (const message of messages) request.addMetadata(message)
    this.#delivery.push(this.#metadataLane, { body: this.options.snappy.compress(request.finish()), records })
  }
}
