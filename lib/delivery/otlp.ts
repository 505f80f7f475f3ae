// The sink behind `write otlp`: spans, log entries, data points and profiles to exports, to one destination.

import type { Context } from '../component.js'
import type { Batch } from '../record/batch.js'
import { type Identity, memoSlot } from '../record/identity.js'
import type { Payload, Record } from '../record/record.js'
import type { RecordType } from '../record/type.js'
import { fnv1a } from '../wire/fnv.js'
import { ExportRequest } from '../wire/otlp/export_request.js'
import { ItemBatch } from '../wire/otlp/item_batch.js'
import { RECORD_OF } from '../wire/otlp/records.js'
import { type Signal, SIGNALS } from '../wire/otlp/schema.js'
import { Unfit } from '../wire/otlp/value.js'
import { Batches } from './batches.js'
import { heldExport, recordsOfExport } from './otlp_body.js'
import { type ExportTransport, OtlpExporter } from './otlp_exporter.js'
import type { Outgoing } from './outbox.js'
import { type OutboxOptions, OutboxSink } from './outbox_sink.js'

export interface OtlpOptions extends OutboxOptions {
  /** What messages call the destination. */
  destination: string
  transport: ExportTransport
  compression: 'gzip' | 'none'
  batch_records: number
  batch_bytes: number
  /** Milliseconds, as all times here. */
  batch_wait: number
}

const SIGNAL_OF: ReadonlyMap<RecordType, Signal> = new Map(SIGNALS.map((signal) => [RECORD_OF[signal], signal]))
/** They are gathered in one export, which may go by any lane. */
const SPREAD: ReadonlySet<Signal> = new Set(['traces', 'profiles'])

export class OtlpSink extends OutboxSink {
  readonly #options: OtlpOptions
  readonly #slot = memoSlot()
  readonly #growing = new Map<Signal, Batches<ExportRequest>>()
  /** Where the last export went that may go anywhere. */
  #turn = 0

  constructor(options: OtlpOptions, context: Context) {
    const { destination, transport } = options
    const exporter = new OtlpExporter(destination, transport, context)
    const send = (body: Buffer, signal: AbortSignal) => exporter.send(body, signal)
    super(options, context, { destination, send, recordsOf: recordsOfExport, close: () => transport.close() })
    this.#options = options
  }

  write(batch: Batch): void | Promise<void> {
    if (batch instanceof ItemBatch) this.#items(batch)
    else this.#records(batch)
    return this.outbox.room()
  }

  #records(batch: Batch): void {
    for (let row = 0; row < batch.length; row++) {
      const id = batch.id(row)
      const signal = id === undefined ? undefined : SIGNAL_OF.get(id.type)
      if (signal === undefined) this.context.account.drop('unsupported_type', 1)
      else this.#record(signal, id!, batch.payload(row))
    }
  }

  /** Items that nobody has decoded are copied. */
  #items(batch: ItemBatch): void {
    const { signal, bytes: from } = batch
    const batches = this.#batches(signal)
    const { batch_records, batch_bytes } = this.#options
    const room = (id: Identity) => {
      const { records, bytes } = batches.at(this.#lane(signal, id))
      return { items: batch_records - records, bytes: batch_bytes - bytes }
    }
    batch.runs(room, (identity, start, end, row, items) => {
      const lane = this.#lane(signal, identity)
      try {
        batches.at(lane).addItems(identity, from, start, end, items)
      } catch (error) {
        for (let i = row; i < row + items; i++) this.#unfit(error, { identity, payload: batch.payload(i) })
        return
      }
      batches.added(lane)
    })
  }

  #record(signal: Signal, identity: Identity, payload: Payload): void {
    const batches = this.#batches(signal)
    const lane = this.#lane(signal, identity)
    try {
      batches.at(lane).add(identity, payload)
    } catch (error) {
      return this.#unfit(error, { identity, payload })
    }
    batches.added(lane)
  }

  #unfit(error: unknown, original: Record): void {
    if (!(error instanceof Unfit)) throw error
    this.context.reject({ reason: 'not_otlp', detail: error.message, original })
  }

  /** Log entries of a stream and points of a series arrive in order; spans and profiles have none. */
  #lane(signal: Signal, identity: Identity): number {
    if (SPREAD.has(signal)) return 0
    const memo = (identity.memo ??= [])
    return (memo[this.#slot] ??= fnv1a(identity.passingPrefix) % this.#options.concurrency) as number
  }

  #batches(signal: Signal): Batches<ExportRequest> {
    const known = this.#growing.get(signal)
    if (known !== undefined) return known
    const { concurrency, compression, batch_records: records, batch_bytes: bytes, batch_wait: wait } = this.#options
    const close = (request: ExportRequest): Outgoing => {
      const { records } = request
      return { records, body: heldExport(signal, request, compression === 'gzip') }
    }
    const spread = { push: (_: number, request: Outgoing) => this.outbox.push(this.#nextLane(), request) }
    const [lanes, outbox] = SPREAD.has(signal) ? [1, spread] : [concurrency, this.outbox]
    const open = () => new ExportRequest(signal)
    const batches = new Batches(lanes, open, close, { records, bytes, wait }, outbox, this.context.clock)
    this.#growing.set(signal, batches)
    return batches
  }

  /** The lanes in turn, those that have nothing to send before others. */
  #nextLane(): number {
    const { concurrency } = this.#options
    for (let step = 1; step <= concurrency; step++) {
      const lane = (this.#turn + step) % concurrency
      if (this.outbox.idle(lane)) return (this.#turn = lane)
    }
    return (this.#turn = (this.#turn + 1) % concurrency)
  }

  protected flush(): void {
    for (const batches of this.#growing.values()) batches.flush()
  }
}
