// The sink behind `write syslog`: log records to messages, in order, over one connection or as datagrams.

import type { Context, Sink } from '../component.js'
import type { Zone } from '../go/zone.js'
import { Told } from '../io/told.js'
import { type Batch, RecordBatch } from '../record/batch.js'
import { ByteBuffer } from '../record/bytes.js'
import type { Identity } from '../record/identity.js'
import type { Payload } from '../record/record.js'
import { wholeCharacters } from '../wire/lines/splitter.js'
import { format3164, format5424 } from '../wire/syslog/format.js'
import { type MessageDefaults, messageOf } from '../wire/syslog/records.js'
import { Batches } from './batches.js'
import { recordsOfLines } from './body.js'
import type { Outbox, Outgoing, WhenFull } from './outbox.js'
import type { Outcome } from './outcome.js'
import type { OutboxMaker } from './spooled.js'
import type { SyslogWire } from './syslog_wire.js'

export interface SyslogSinkOptions {
  /** What messages call the receiver. */
  destination: string
  wire: SyslogWire
  format: 'rfc5424' | 'rfc3164'
  /** What stands around a message; `none` in a datagram. */
  framing: 'octet-counting' | 'newline' | 'nul' | 'none'
  /** Of the times of RFC 3164. */
  zone: Zone
  defaults: MessageDefaults
  max_message_bytes: number
  batch_bytes: number
  /** Milliseconds, as all times here. */
  batch_wait: number
  buffer_bytes: number
  when_full: WhenFull
  outbox: OutboxMaker
  min_backoff: number
  max_backoff: number
  drain_timeout: number
}

/** Canonical lines under construction. */
class Lines {
  readonly #buffer = new ByteBuffer()
  records = 0

  get bytes(): number {
    return this.#buffer.length
  }

  add(id: Identity, payload: Payload): void {
    new RecordBatch([id], [payload]).write(this.#buffer)
    this.records++
  }

  take(): Outgoing {
    const request = { body: this.#buffer.take(), records: this.records }
    this.records = 0
    return request
  }
}

const LF = Buffer.from('\n')
const NUL = Buffer.from('\0')

export class SyslogSink implements Sink {
  readonly #outbox: Outbox
  readonly #batches: Batches<Lines>
  readonly #told: Told

  constructor(
    private readonly options: SyslogSinkOptions,
    private readonly context: Context,
  ) {
    const { account, clock } = context
    this.#told = new Told(context)
    this.#outbox = options.outbox(
      {
        destination: options.destination,
        // One connection: messages stay in order.
        lanes: 1,
        bufferBytes: options.buffer_bytes,
        whenFull: options.when_full,
        minBackoff: options.min_backoff,
        maxBackoff: options.max_backoff,
        maxRetryAfter: 0,
        drainTimeout: options.drain_timeout,
        send: (body, signal) => this.#send(body, signal),
        stored: ({ records }) => void (account.out += records),
        refused: () => {},
        dropped: ({ records }, reason) => account.drop(reason, records),
      },
      context,
    )
    const limits = { records: Infinity, bytes: options.batch_bytes, wait: options.batch_wait }
    this.#batches = new Batches(1, () => new Lines(), (lines) => lines.take(), limits, this.#outbox, clock)
  }

  write(batch: Batch): void | Promise<void> {
    for (let row = 0; row < batch.length; row++) {
      const id = batch.id(row)
      if (id?.type === 'log') {
        this.#batches.at(0).add(id, batch.payload(row))
        this.#batches.added(0)
      } else this.context.account.drop('unsupported_type', 1)
    }
    return this.#outbox.room()
  }

  sync(): Promise<void> {
    this.#batches.flush()
    return this.#outbox.sync()
  }

  async end(): Promise<void> {
    this.#batches.flush()
    try {
      await this.#outbox.drain()
    } finally {
      await this.options.wire.end()
    }
  }

  async abandon(): Promise<void> {
    this.#batches.flush()
    await this.#outbox.abandon()
    await this.options.wire.end()
  }

  async #send(body: Buffer, signal: AbortSignal): Promise<Outcome> {
    const frames = recordsOfLines(body).map(({ identity, payload }) => this.#frame(identity, payload))
    try {
      await this.options.wire.send(frames, signal)
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException
      return { kind: 'retry', words: code ?? message, after: 0 }
    }
    for (const frame of frames) this.context.account.out_bytes += frame.length
    return { kind: 'stored' }
  }

  #frame(identity: Identity, payload: Payload): Buffer {
    const { format, framing, defaults, zone, max_message_bytes: max } = this.options
    const message = messageOf(identity, payload, defaults)
    // What would end the frame is written as rsyslog writes it.
    if (framing === 'newline') message.body = message.body.replaceAll('\n', '#012')
    if (framing === 'nul') message.body = message.body.replaceAll('\0', '#000')
    let text = Buffer.from(format === 'rfc5424' ? format5424(message) : format3164(message, zone))
    if (text.length > max) {
      this.#told.warn('cut', `a message is longer than ${max} bytes (--max-message-bytes): cut there`)
      text = Buffer.from(wholeCharacters(text, max))
    }
    if (framing === 'none') return text
    if (framing === 'octet-counting') return Buffer.concat([Buffer.from(`${text.length} `), text])
    return Buffer.concat([text, framing === 'nul' ? NUL : LF])
  }
}
