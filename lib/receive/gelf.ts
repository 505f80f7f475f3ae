// GELF messages to log records.

import type { SourceContext } from '../component.js'
import { Told } from '../io/told.js'
import type { Connection } from '../listen/connection.js'
import type { Datagram } from '../listen/datagrams.js'
import { RecordBatch } from '../record/batch.js'
import { Identity } from '../record/identity.js'
import type { Json } from '../record/json.js'
import { labelsOfMap } from '../record/labels.js'
import type { Payload } from '../record/record.js'
import { Chunks, isChunk } from '../wire/gelf/chunks.js'
import { type GelfMessage, parseGelf, unpacked } from '../wire/gelf/message.js'
import { LineSplitter } from '../wire/lines/splitter.js'
import { SEVERITIES, SEVERITY_NUMBERS } from '../wire/syslog/names.js'
import { Recent } from './recent.js'
import { Stamps } from './stamps.js'

/** What a message tells beside its text and time, under the words of options. */
export const FIELDS = ['host', 'level', 'facility', 'version', 'peer'] as const
type Fields = { readonly [F in (typeof FIELDS)[number]]: string | undefined }

export interface GelfOptions {
  readonly label: ReadonlyMap<string, string>
  readonly label_fields: readonly string[]
  readonly internal_labels: boolean
  readonly timestamp: 'message' | 'received'
  readonly max_message_bytes: number
  readonly max_depth: number
  readonly max_identities: number
  readonly chunk_timeout: number
  readonly max_chunk_bytes: number
}

type Context = Pick<SourceContext, 'account' | 'clock' | 'emit' | 'log' | 'reject'>

/** Separates values in keys: no text that was read holds a high surrogate alone. */
const SEPARATOR = '\ud800'

interface Taken {
  ids: Identity[]
  payloads: Payload[]
}

export class GelfReceiver {
  readonly #stamps: Stamps
  readonly #told: Told
  readonly #identities: Recent<Identity>
  readonly #chunks: Chunks
  readonly #bounds: { maxBytes: number; maxDepth: number }

  constructor(
    private readonly options: GelfOptions,
    private readonly context: Context,
  ) {
    this.#stamps = new Stamps(context.clock)
    this.#told = new Told(context)
    this.#identities = new Recent(options.max_identities)
    this.#bounds = { maxBytes: options.max_message_bytes, maxDepth: options.max_depth }
    const bounds = { maxBytes: options.max_chunk_bytes, timeout: options.chunk_timeout }
    this.#chunks = new Chunks(bounds, (why) => this.#lost(why))
  }

  /** Reads a connection to its end: each message ends with a zero. */
  async stream(connection: Connection): Promise<void> {
    const { peer } = connection
    const frames = new LineSplitter({ maxBytes: this.options.max_message_bytes, end: 0 })
    let taken = this.#begin()
    const take = (frame: Buffer, cut: boolean) => this.#frame(frame, cut, peer, taken)
    for await (const chunk of connection.chunks()) {
      this.context.account.in_bytes += chunk.length
      taken = this.#begin()
      frames.push(chunk, take)
      await this.#pass(taken)
    }
    taken = this.#begin()
    frames.end(take)
    await this.#pass(taken)
  }

  datagrams(datagrams: readonly Datagram[]): void | Promise<void> {
    const taken = this.#begin()
    for (const { bytes, peer } of datagrams) {
      const whole = isChunk(bytes) ? this.#chunks.add(bytes, peer, this.context.clock.monotonic()) : bytes
      if (whole === null) continue
      const plain = typeof whole === 'string' ? whole : unpacked(whole, this.#bounds)
      if (typeof plain === 'string') this.#reject(plain, bytes, peer)
      else this.#take(plain, peer, taken)
    }
    return this.#pass(taken)
  }

  /** Chunks that still wait are given up. */
  end(): void {
    this.#chunks.end()
  }

  #begin(): Taken {
    this.#stamps.look()
    return { ids: [], payloads: [] }
  }

  #pass({ ids, payloads }: Taken): void | Promise<void> {
    if (ids.length > 0) return this.context.emit(new RecordBatch(ids, payloads))
  }

  #frame(frame: Buffer, cut: boolean, peer: string, taken: Taken): void {
    if (cut) return this.#reject(this.#tooLong(), frame, peer)
    // Some senders add a newline.
    if (frame.some((byte) => byte > 32)) this.#take(frame, peer, taken)
  }

  #take(bytes: Buffer, peer: string, { ids, payloads }: Taken): void {
    const message = bytes.length > this.options.max_message_bytes ? this.#tooLong() : parseGelf(bytes, this.#bounds)
    if (typeof message === 'string') return this.#reject(message, bytes, peer)
    ids.push(this.#identity(message, peer))
    payloads.push(this.#payload(message))
  }

  #tooLong(): string {
    return `longer than ${this.options.max_message_bytes} bytes (--max-message-bytes)`
  }

  #payload({ body, ts, level, facility, attributes }: GelfMessage): Payload {
    const received = this.#stamps.next()
    const told = this.options.timestamp === 'message' ? ts : undefined
    const payload: Payload = { ts: told ?? received, body }
    if (told !== undefined) payload.observed = received
    if (level !== undefined) {
      payload.severity = SEVERITIES[level]
      payload.severity_number = SEVERITY_NUMBERS[level]
    }
    const own: [string, Json][] = [...attributes]
    if (facility !== undefined && !this.options.label_fields.includes('facility')) own.push(['facility', facility])
    // Safe for any name: properties of the object's own.
    if (own.length > 0) payload.attributes = Object.fromEntries(own)
    return payload
  }

  #identity({ host, level, facility, version }: GelfMessage, peer: string): Identity {
    const { label, label_fields, internal_labels } = this.options
    const severity = level === undefined ? undefined : SEVERITIES[level]
    const fields: Fields = { host, level: severity, facility, version, peer: peer === '' ? undefined : peer }
    const used: readonly string[] = internal_labels ? FIELDS : label_fields
    const key = used.map((field) => fields[field as keyof Fields]).join(SEPARATOR)
    const known = this.#identities.get(key)
    if (known !== undefined) return known
    const labels = new Map<string, string>()
    for (const field of label_fields) {
      const value = fields[field as keyof Fields]
      if (value !== undefined) labels.set(field, value)
    }
    for (const [name, value] of label) labels.set(name, value)
    if (internal_labels) {
      for (const field of FIELDS) if (fields[field] !== undefined) labels.set(`__gelf_message_${field}`, fields[field])
    }
    const identity = Identity.of('log', '', labelsOfMap(labels))
    this.#identities.set(key, identity)
    return identity
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
