// Exports of OTLP to records, however they were sent: read within bounds, checked, and passed on.

import type { Account, Reject } from '../component.js'
import { type Batch, RecordBatch } from '../record/batch.js'
import { Identity } from '../record/identity.js'
import type { Json } from '../record/json.js'
import type { Payload, Record } from '../record/record.js'
import { parseMessage } from '../wire/otlp/json.js'
import type { MetricsRequest, Requests } from '../wire/otlp/message.js'
import { decodeMessage, TooDeep } from '../wire/otlp/protobuf.js'
import { emptyMetrics, recordsOf } from '../wire/otlp/records.js'
import { REQUESTS, type Signal } from '../wire/otlp/schema.js'
import { TooMuch } from '../wire/remote_write/read.js'
import type { Acks } from './acks.js'
import { complaintsText } from './answer.js'
import { Recent } from './recent.js'
import { spanComplaint, withoutInvalidIds } from './trace_ids.js'

export interface OtlpReceiverOptions {
  /** Largest export after decompression. */
  max_request_bytes: number
  /** Most messages and elements of lists in an export. */
  max_elements: number
  /** Levels of messages in one another. */
  max_depth: number
  /** Identities remembered. */
  max_identities: number
  /** Bytes of exports that wait for the reader. */
  max_waiting_bytes: number
  /** Headers that records keep. */
  include_metadata: readonly string[]
  /** What lets answers wait for commits; null: they do not. */
  acks: Acks | null
}

export interface OtlpReceiverContext {
  readonly account: Account
  reject(reject: Reject): void
  emit(batch: Batch): void | Promise<void>
}

/** Bodies and answers are of one form. */
export type Form = 'application/x-protobuf' | 'application/json'

/** What answers count as rejected. */
export const REJECTED: Readonly<{ [S in Signal]: string }> = {
  traces: 'rejectedSpans',
  logs: 'rejectedLogRecords',
  metrics: 'rejectedDataPoints',
}

/** Why an export is not taken: `full` and `late` ones may be sent again. */
type Reason = 'malformed' | 'too_large' | 'unsupported' | 'full' | 'late'

export class Refusal extends Error {
  constructor(
    readonly reason: Reason,
    message: string,
  ) {
    super(message)
  }
}

/** An export as it came. */
export interface Export {
  readonly signal: Signal
  readonly form: Form
  /** Unpacked. */
  readonly bytes: Buffer
  readonly headers: { readonly [name: string]: string | readonly string[] | undefined }
}

/** What its sender is told of an export that was taken. */
export interface Taken {
  /** Spans, points or entries that were not. */
  readonly rejected: number
  /** `''` where all is well. */
  readonly message: string
}

export class OtlpReceiver {
  readonly #identities: Recent<Identity>
  /** Bytes of exports that are being passed on. */
  #waiting = 0

  constructor(
    private readonly options: OtlpReceiverOptions,
    private readonly context: OtlpReceiverContext,
  ) {
    this.#identities = new Recent(options.max_identities)
  }

  /** Throws a Refusal where there is no room for an export: it need not be read. */
  admit(): void {
    if (this.options.acks?.full === true) throw new Refusal('full', 'too many requests wait for their commit (--max-waiting)')
    const { max_waiting_bytes: max } = this.options
    if (this.#waiting > max) throw new Refusal('full', `more than ${max} bytes wait for the reader (--max-waiting-bytes)`)
  }

  /** Resolves when its records are passed on, or committed. Throws a Refusal. */
  async take({ signal, form, bytes, headers }: Export): Promise<Taken> {
    const request = this.#read(signal, form, bytes)
    const warnings = signal === 'metrics' ? emptyMetrics(request as MetricsRequest) : []
    const complaints: string[] = []
    this.#waiting += bytes.length
    try {
      const stored = await this.#pass(recordsOf(signal, request), this.#metadataOf(headers), complaints)
      if (!stored) throw new Refusal('late', 'not committed within the time of --ack-timeout')
    } finally {
      this.#waiting -= bytes.length
    }
    const told = [...complaints, ...warnings.map(({ name }) => `metric '${name.slice(0, 80)}' has no data points`)]
    return { rejected: complaints.length, message: complaintsText(told) }
  }

  #read<S extends Signal>(signal: S, form: Form, bytes: Buffer): Requests[S] {
    const { max_request_bytes: max, max_elements, max_depth } = this.options
    if (bytes.length > max) throw new Refusal('too_large', `more than ${max} bytes (--max-request-bytes)`)
    const bounds = { max_elements, max_depth }
    try {
      return form === 'application/json'
        ? parseMessage<Requests[S]>(bytes.utf8Slice(), REQUESTS[signal], bounds)
        : decodeMessage<Requests[S]>(bytes, REQUESTS[signal], bounds)
    } catch (error) {
      if (error instanceof TooMuch) throw new Refusal('too_large', `more than ${max_elements} elements (--max-elements)`)
      if (error instanceof TooDeep) throw new Refusal('malformed', `nested deeper than ${max_depth} levels (--max-depth)`)
      throw new Refusal('malformed', `no export of ${signal}: ${(error as Error).message}`)
    }
  }

  /** Passes on what is good. False where it was not committed in time. */
  async #pass(records: readonly Record[], metadata: Json | null, complaints: string[]): Promise<boolean> {
    const ids: Identity[] = []
    const payloads: Payload[] = []
    const known = new Map<Identity, Identity>()
    for (const record of records) {
      const complaint = record.identity.type === 'span' ? spanComplaint(record.payload) : null
      if (complaint !== null) {
        complaints.push(complaint)
        this.context.account.in++
        this.context.reject({ reason: 'invalid_id', detail: complaint, original: record })
        continue
      }
      if (record.identity.type === 'log') withoutInvalidIds(record.payload)
      let identity = known.get(record.identity)
      if (identity === undefined) known.set(record.identity, (identity = this.#shared(record.identity, metadata)))
      ids.push(identity)
      payloads.push(record.payload)
    }
    if (ids.length === 0) return true
    if (this.options.acks !== null) return this.options.acks.pass(ids, payloads)
    await this.context.emit(new RecordBatch(ids, payloads))
    return true
  }

  /** The same object for the same identity, as long as it is remembered. */
  #shared(identity: Identity, metadata: Json | null): Identity {
    const whole = metadata === null ? identity : withMetadata(identity, metadata)
    const key = whole.prefix.latin1Slice()
    const known = this.#identities.get(key)
    if (known === undefined) this.#identities.set(key, whole)
    return known ?? whole
  }

  /** What records keep of the headers; null where they keep nothing. */
  #metadataOf(headers: Export['headers']): Json | null {
    const kept = this.options.include_metadata.flatMap((name): [string, string][] => {
      const value = headers[name.toLowerCase()]
      return value === undefined ? [] : [[name.toLowerCase(), [value].flat().join(', ')]]
    })
    return kept.length === 0 ? null : Object.fromEntries(kept)
  }
}

function withMetadata({ type, name, labels, rest }: Identity, metadata: Json): Identity {
  return Identity.of(type, name, labels, { ...rest, resource_meta: { ...(rest.resource_meta as object | undefined), metadata } })
}
