// The forward protocol's connections to records and acknowledgements.

import { randomBytes } from 'node:crypto'
import { hostname } from 'node:os'
import type { SourceContext } from '../component.js'
import type { Connection } from '../listen/connection.js'
import { Identity } from '../record/identity.js'
import type { Json } from '../record/json.js'
import { labelsOf } from '../record/labels.js'
import type { Payload } from '../record/record.js'
import { ValueFrames } from '../wire/fluent/frames.js'
import { type Admission, type Challenge, helo, pong } from '../wire/fluent/handshake.js'
import { ackOf, decodeValue, type FluentEvent, type FluentMessage, jsonOf, messageOf } from '../wire/fluent/message.js'
import type { Acks } from './acks.js'
import { entryPayload } from './entry.js'
import { Recent } from './recent.js'
import { Rows } from './rows.js'
import { Stamps } from './stamps.js'

export interface FluentOptions {
  readonly label: ReadonlyMap<string, string>
  readonly tag_label: string
  readonly body_field: readonly string[]
  readonly timestamp: 'message' | 'received'
  readonly max_message_bytes: number
  readonly max_depth: number
  readonly max_identities: number
  /** What senders must prove, as it is now; null: no handshake. Throws where it cannot be read. */
  readonly admission: (() => Admission) | null
  /** What lets acknowledgements wait for commits; null: they do not. */
  readonly acks: Acks | null
}

type Context = Pick<SourceContext, 'account' | 'clock' | 'emit' | 'reject' | 'log'>

const NONCE_BYTES = 16

export class FluentReceiver {
  readonly #stamps: Stamps
  readonly #identities: Recent<Identity>

  constructor(
    private readonly options: FluentOptions,
    private readonly context: Context,
  ) {
    this.#stamps = new Stamps(context.clock)
    this.#identities = new Recent(options.max_identities)
  }

  /** Reads a connection to its end, or to what cannot be read. */
  async stream(connection: Connection): Promise<void> {
    const { max_message_bytes: maxBytes, max_depth: maxDepth } = this.options
    const challenge = this.#challenge(connection)
    if (challenge === 'cannot tell') return connection.close()
    let admitted = challenge === null
    const frames = new ValueFrames({ maxBytes, maxDepth })
    let values: Buffer[] = []
    for await (const chunk of connection.chunks()) {
      this.context.account.in_bytes += chunk.length
      const wrong = frames.push(chunk, (value) => values.push(Buffer.from(value)))
      for (const value of values) {
        if (admitted) await this.#value(value, connection)
        else if (!(admitted = this.#admits(value, challenge!, connection))) return
      }
      values = []
      if (wrong !== null) return this.#reject(wrong, connection.peer, '')
    }
    if (frames.held > 0) this.#reject('the last message is cut off', connection.peer, '')
  }

  /** Says the first word, where senders must prove something. */
  #challenge(connection: Connection): Challenge | 'cannot tell' | null {
    if (this.options.admission === null) return null
    try {
      const auth = this.options.admission().users === null ? Buffer.alloc(0) : randomBytes(NONCE_BYTES)
      const challenge = { nonce: randomBytes(NONCE_BYTES), auth }
      connection.write(helo(challenge))
      return challenge
    } catch (error) {
      this.context.log.error(`${connection.peer}: not admitted: ${(error as Error).message}`)
      return 'cannot tell'
    }
  }

  #admits(value: Buffer, challenge: Challenge, connection: Connection): boolean {
    try {
      const { answer, refused } = pong(decodeValue(value), challenge, this.options.admission!(), hostname())
      connection.write(answer)
      if (refused !== null) this.context.log.warn(`${connection.peer}: not admitted: ${refused}`)
      return refused === null
    } catch (error) {
      this.context.log.warn(`${connection.peer}: ${(error as Error).message}`)
      return false
    }
  }

  async #value(bytes: Buffer, connection: Connection): Promise<void> {
    let message: FluentMessage | null
    let value: unknown
    try {
      value = decodeValue(bytes)
      message = messageOf(value, { maxBytes: this.options.max_message_bytes, maxDepth: this.options.max_depth })
    } catch (error) {
      const original = value === undefined ? bytes.toString('base64') : JSON.stringify(jsonOf(value))
      return this.#reject((error as Error).message, connection.peer, original)
    }
    if (message === null) return
    for (const complaint of message.complaints) this.#reject(complaint, connection.peer, JSON.stringify(jsonOf(value)))
    // What is wrong would not be better when it comes again.
    if (await this.#pass(message)) if (message.chunk !== undefined) connection.write(ackOf(message.chunk))
  }

  #pass({ tag, events }: FluentMessage): Promise<boolean> {
    this.#stamps.look()
    const identity = this.#identity(tag)
    const rows = new Rows()
    for (const event of events) rows.add(identity, this.#payload(event))
    return rows.store(this.options.acks, this.context)
  }

  #identity(tag: string): Identity {
    const known = this.#identities.get(tag)
    if (known !== undefined) return known
    const { label, tag_label } = this.options
    const identity = Identity.of('log', '', labelsOf([[tag_label, tag], ...label]))
    this.#identities.set(tag, identity)
    return identity
  }

  /**
   * The first text among --body-field is the body, and what stands beside it attributes; else the body is the whole.
   */
  #payload({ ts, record, metadata }: FluentEvent): Payload {
    const told = this.options.timestamp === 'message' ? ts : undefined
    const fields = new Map(Object.entries(record as { readonly [name: string]: Json }))
    const name = this.options.body_field.find((field) => typeof fields.get(field) === 'string')
    const attributes: [string, Json][] = name === undefined ? [] : [...fields].filter(([field]) => field !== name)
    if (metadata !== undefined) attributes.push(['metadata', metadata])
    const body = name === undefined ? record : fields.get(name)!
    return entryPayload(body, this.#stamps.next(), told, undefined, attributes)
  }

  #reject(detail: string, peer: string, original: string): void {
    this.context.account.in++
    this.context.reject({ reason: 'bad_message', detail, where: peer, original })
  }
}
