// GELF messages to log records.

import type { SourceContext } from '../component.js'
import { Told } from '../io/told.js'
import type { Connection } from '../listen/connection.js'
import type { Datagram } from '../listen/datagrams.js'
import type { Json } from '../record/json.js'
import type { Payload } from '../record/record.js'
import { Chunks, isChunk } from '../wire/gelf/chunks.js'
import { type GelfMessage, parseGelf, unpacked } from '../wire/gelf/message.js'
import { LineSplitter } from '../wire/lines/splitter.js'
import { SEVERITIES } from '../wire/syslog/names.js'
import { entryPayload } from './entry.js'
import { FieldLabels, type FieldLabelOptions, type Fields } from './field_labels.js'
import { readFrames } from './read_frames.js'
import { Rows } from './rows.js'
import { Stamps } from './stamps.js'

/** What a message tells beside its text and time, under the words of options. */
export const FIELDS = ['host', 'level', 'facility', 'version', 'peer'] as const
type Field = (typeof FIELDS)[number]
const INTERNAL = new Map(FIELDS.map((field) => [field, `__gelf_message_${field}`]))

export interface GelfOptions extends FieldLabelOptions {
  readonly timestamp: 'message' | 'received'
  readonly max_message_bytes: number
  readonly max_depth: number
  readonly chunk_timeout: number
  readonly max_chunk_bytes: number
}

type Context = Pick<SourceContext, 'account' | 'clock' | 'emit' | 'log' | 'reject'>

export class GelfReceiver {
  readonly #stamps: Stamps
  readonly #told: Told
  readonly #labels: FieldLabels<Field>
  readonly #rows = new Rows()
  readonly #chunks: Chunks
  readonly #bounds: { maxBytes: number; maxDepth: number }

  constructor(
    private readonly options: GelfOptions,
    private readonly context: Context,
  ) {
    this.#stamps = new Stamps(context.clock)
    this.#told = new Told(context)
    this.#labels = new FieldLabels(options, INTERNAL)
    this.#bounds = { maxBytes: options.max_message_bytes, maxDepth: options.max_depth }
    const bounds = { maxBytes: options.max_chunk_bytes, timeout: options.chunk_timeout }
    this.#chunks = new Chunks(bounds, (why) => this.#lost(why))
  }

  /** Reads a connection to its end: each message ends with a zero. */
  async stream(connection: Connection): Promise<void> {
    const { peer } = connection
    const frames = new LineSplitter({ maxBytes: this.options.max_message_bytes, end: 0 })
    const take = (frame: Buffer, cut: boolean) => this.#frame(frame, cut, peer)
    const reader = { begin: () => this.#stamps.look(), take, pass: () => this.#rows.pass(this.context) }
    await readFrames(connection, frames, reader, this.context.account)
  }

  datagrams(datagrams: readonly Datagram[]): void | Promise<void> {
    this.#stamps.look()
    for (const { bytes, peer } of datagrams) {
      const whole = isChunk(bytes) ? this.#chunks.add(bytes, peer, this.context.clock.monotonic()) : bytes
      if (whole === null) continue
      const plain = typeof whole === 'string' ? whole : unpacked(whole, this.#bounds)
      if (typeof plain === 'string') this.#reject(plain, bytes, peer)
      else this.#take(plain, peer)
    }
    return this.#rows.pass(this.context)
  }

  /** Chunks that still wait are given up. */
  end(): void {
    this.#chunks.end()
  }

  #frame(frame: Buffer, cut: boolean, peer: string): void {
    if (cut) return this.#reject(this.#tooLong(), frame, peer)
    // Some senders add a newline.
    if (frame.some((byte) => byte > 32)) this.#take(frame, peer)
  }

  #take(bytes: Buffer, peer: string): void {
    const message = bytes.length > this.options.max_message_bytes ? this.#tooLong() : parseGelf(bytes, this.#bounds)
    if (typeof message === 'string') return this.#reject(message, bytes, peer)
    this.#rows.add(this.#labels.identity(fieldsOf(message, peer)), this.#payload(message))
  }

  #tooLong(): string {
    return `longer than ${this.options.max_message_bytes} bytes (--max-message-bytes)`
  }

  #payload({ body, ts, level, facility, attributes }: GelfMessage): Payload {
    const told = this.options.timestamp === 'message' ? ts : undefined
    const own: [string, Json][] = [...attributes]
    if (facility !== undefined && !this.options.label_fields.includes('facility')) own.push(['facility', facility])
    return entryPayload(body, this.#stamps.next(), told, level, own)
  }

  #lost(why: 'incomplete' | 'bound'): void {
    const { account } = this.context
    account.in++
    account.drop(why === 'bound' ? 'chunks_full' : 'chunks_missing', 1)
    const full = 'too many chunks wait for others (--max-chunk-bytes)'
    const words = why === 'bound' ? full : 'chunks are missing (--chunk-timeout)'
    this.#told.warn(why, `a message is given up: ${words}`)
  }

  #reject(detail: string, original: Buffer, peer: string): void {
    this.context.account.in++
    this.context.reject({ reason: 'bad_message', detail, where: peer, original: original.toString() })
  }
}

function fieldsOf({ host, level, facility, version }: GelfMessage, peer: string): Fields<Field> {
  const severity = level === undefined ? undefined : SEVERITIES[level]
  return { host, level: severity, facility, version, peer: peer === '' ? undefined : peer }
}
