// The sink behind `write syslog`: log records to messages, in order, over one connection or as datagrams.

import type { Context } from '../component.js'
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
import type { Outgoing } from './outbox.js'
import { type OutboxOptions, OutboxSink } from './outbox_sink.js'
import type { Outcome } from './outcome.js'
import type { SyslogWire } from './syslog_wire.js'

export interface SyslogSinkOptions extends Omit<OutboxOptions, 'concurrency' | 'max_retry_after'> {
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

export class SyslogSink extends OutboxSink {
  readonly #batches: Batches<Lines>

  constructor(options: SyslogSinkOptions, context: Context) {
    const { destination, wire, batch_bytes: bytes, batch_wait: wait } = options
    const messages = new Messages(options, context)
    const send = (body: Buffer, signal: AbortSignal) => messages.send(body, signal)
    // One connection: messages stay in order. A receiver refuses nothing, and asks for no wait.
    const lane = { ...options, concurrency: 1, max_retry_after: 0 }
    super(lane, context, { destination, send, recordsOf: recordsOfLines, close: () => wire.end() })
    const limits = { records: Infinity, bytes, wait }
    this.#batches = new Batches(1, () => new Lines(), (lines) => lines.take(), limits, this.outbox, context.clock)
  }

  write(batch: Batch): void | Promise<void> {
    for (let row = 0; row < batch.length; row++) {
      const id = batch.id(row)
      if (id?.type === 'log') {
        this.#batches.at(0).add(id, batch.payload(row))
        this.#batches.added(0)
      } else this.context.account.drop('unsupported_type', 1)
    }
    return this.outbox.room()
  }

  protected flush(): void {
    this.#batches.flush()
  }
}

/** Records as messages on the wire. */
class Messages {
  readonly #told: Told

  constructor(
    private readonly options: SyslogSinkOptions,
    private readonly context: Context,
  ) {
    this.#told = new Told(context)
  }

  async send(body: Buffer, signal: AbortSignal): Promise<Outcome> {
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
