// How the records of what was sent go on: checked, one object for each identity, as many as the reader has room for.

import type { Account, Reject } from '../component.js'
import { type Batch, RecordBatch } from '../record/batch.js'
import { Identity } from '../record/identity.js'
import type { Json } from '../record/json.js'
import type { Payload, Record } from '../record/record.js'
import type { Acks } from './acks.js'
import { NotTaken } from './not_taken.js'
import { Recent } from './recent.js'
import { spanComplaint, withoutInvalidIds } from './trace_ids.js'

export interface IntakeOptions {
  /** Identities remembered. */
  max_identities: number
  /** Bytes of requests that wait for the reader. */
  max_waiting_bytes: number
  /** Headers that records keep. */
  include_metadata: readonly string[]
  /** What lets answers wait for commits; null: they do not. */
  acks: Acks | null
}

export interface IntakeContext {
  readonly account: Account
  reject(reject: Reject): void
  emit(batch: Batch): void | Promise<void>
}

export interface RequestHeaders {
  readonly [name: string]: string | readonly string[] | undefined
}

export class Intake {
  readonly #identities: Recent<Identity>
  /** Bytes of requests that are being passed on. */
  #waiting = 0

  constructor(
    private readonly options: IntakeOptions,
    private readonly context: IntakeContext,
  ) {
    this.#identities = new Recent(options.max_identities)
  }

  /** Throws NotTaken where there is no room for a request: it need not be read. */
  admit(): void {
    if (this.options.acks?.full === true) {
      throw new NotTaken('full', 'too many requests wait for their commit (--max-waiting)')
    }
    const { max_waiting_bytes: max } = this.options
    if (this.#waiting > max) {
      throw new NotTaken('full', `more than ${max} bytes wait for the reader (--max-waiting-bytes)`)
    }
  }

  /** Resolves when a batch that is good, with identities of `shared`, is passed on, or committed. Throws NotTaken. */
  passBatch(batch: Batch, bytes: number): Promise<void> {
    return this.#within(bytes, () => this.#emit(batch))
  }

  /**
   * Resolves when what is good is passed on, or committed: with a complaint for each record that is not. Throws
   * NotTaken.
   *
   * @param bytes of the request
   */
  async pass(records: readonly Record[], bytes: number, headers: RequestHeaders): Promise<string[]> {
    const complaints: string[] = []
    await this.#within(bytes, () => this.#pass(records, this.#metadataOf(headers), complaints))
    return complaints
  }

  async #within(bytes: number, pass: () => Promise<boolean>): Promise<void> {
    this.#waiting += bytes
    try {
      if (!(await pass())) throw new NotTaken('late', 'not committed within the time of --ack-timeout')
    } finally {
      this.#waiting -= bytes
    }
  }

  /** False where it was not committed in time. */
  async #pass(records: readonly Record[], metadata: Json | null, complaints: string[]): Promise<boolean> {
    const ids: Identity[] = []
    const payloads: Payload[] = []
    const known = new Map<Identity, Identity>()
    for (const record of records) {
      const { identity: own, payload } = record
      const complaint = own.type === 'span' ? spanComplaint(payload) : null
      if (complaint !== null) {
        complaints.push(complaint)
        this.context.account.in++
        this.context.reject({ reason: 'invalid_id', detail: complaint, original: record })
        continue
      }
      if (own.type === 'log') withoutInvalidIds(payload)
      let identity = known.get(own)
      if (identity === undefined) known.set(own, (identity = this.shared(own, metadata)))
      ids.push(identity)
      payloads.push(payload)
    }
    return this.#emit(new RecordBatch(ids, payloads))
  }

  async #emit(batch: Batch): Promise<boolean> {
    if (batch.length === 0) return true
    if (this.options.acks !== null) return this.options.acks.passBatch(batch)
    await this.context.emit(batch)
    return true
  }

  /** The same object for the same identity, as long as it is remembered. */
  shared(identity: Identity, metadata: Json | null = null): Identity {
    const whole = metadata === null ? identity : withMetadata(identity, metadata)
    const key = whole.prefix.latin1Slice()
    const known = this.#identities.get(key)
    if (known === undefined) this.#identities.set(key, whole)
    return known ?? whole
  }

  /** What records keep of the headers; null where they keep nothing. */
  #metadataOf(headers: RequestHeaders): Json | null {
    const kept = this.options.include_metadata.flatMap((name): [string, string][] => {
      const value = headers[name.toLowerCase()]
      return value === undefined ? [] : [[name.toLowerCase(), [value].flat().join(', ')]]
    })
    return kept.length === 0 ? null : Object.fromEntries(kept)
  }
}

function withMetadata({ type, name, labels, rest }: Identity, metadata: Json): Identity {
  const resource_meta = { ...(rest.resource_meta as object | undefined), metadata }
  return Identity.of(type, name, labels, { ...rest, resource_meta })
}
