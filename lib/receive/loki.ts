// Pushes as Loki takes them, to records and answers.

import type { Account, Clock, Reject } from '../component.js'
import type { ServerAnswer, ServerRequest } from '../net/server.js'
import { type Batch, RecordBatch } from '../record/batch.js'
import type { Identity } from '../record/identity.js'
import { NO_LABELS } from '../record/labels.js'
import type { Payload } from '../record/record.js'
import { parseStream } from '../wire/loki/labels.js'
import { isLokiTime, type PushEntry, type PushStream } from '../wire/loki/push.js'
import { payloadOf, streamIdentity } from '../wire/loki/records.js'
import { TENANT_HEADER, TENANT_LABEL, tenantComplaint } from '../wire/loki/tenant.js'
import type { Snappy } from '../wire/snappy.js'
import type { Acks } from './acks.js'
import { busy, complaintsText } from './answer.js'
import { plainBody, type PushBounds, type PushForm, readBody } from './loki_body.js'
import { NotTaken } from './not_taken.js'
import { Recent } from './recent.js'
import { Stamps } from './stamps.js'

export interface LokiReceiverOptions extends PushBounds {
  snappy: Snappy
  /** Labels of every stream, in the place of those that it brings. */
  label: ReadonlyMap<string, string>
  keep_timestamps: boolean
  /** Streams remembered. */
  max_identities: number
  /** What lets answers wait for commits; null: they do not. */
  acks: Acks | null
}

export interface LokiReceiverContext {
  readonly account: Account
  readonly clock: Clock
  reject(reject: Reject): void
  emit(batch: Batch): void | Promise<void>
}

/** The records of a push, and what was wrong with it. */
interface Taken {
  ids: Identity[]
  payloads: Payload[]
  complaints: string[]
}

/** Reads a body to what it holds. */
type Reading = (request: ServerRequest, tenant: string, taken: Taken) => Promise<void>

export class LokiReceiver {
  /** By tenant and labels as they came: the identity, or what is wrong with them. */
  readonly #streams: Recent<Identity | string>
  readonly #stamps: Stamps

  constructor(
    private readonly options: LokiReceiverOptions,
    private readonly context: LokiReceiverContext,
  ) {
    this.#streams = new Recent(options.max_identities)
    this.#stamps = new Stamps(context.clock)
  }

  /** Answers a push when its records are passed on, or committed. */
  push(request: ServerRequest, form: PushForm): Promise<ServerAnswer> {
    return this.#answer(request, async ({ headers, body }, tenant, taken) => {
      const { 'content-type': type, 'content-encoding': encoding } = headers
      const streams = await readBody(body, form, type, encoding, this.options, this.options.snappy)
      for (const stream of streams) this.#stream(stream, tenant, taken)
    })
  }

  /** The same for plain lines: a body of text, of which each line is an entry. */
  raw(request: ServerRequest): Promise<ServerAnswer> {
    return this.#answer(request, async ({ headers, body }, tenant, taken) => {
      const text = (await plainBody(body, headers['content-encoding'], this.options)).utf8Slice()
      const identity = streamIdentity(NO_LABELS, this.#own(tenant))
      for (const line of text.split(/\r?\n/)) {
        if (line !== '') this.#push(identity, { ts: this.#stamps.next(), body: line }, taken)
      }
    })
  }

  async #answer(request: ServerRequest, read: Reading): Promise<ServerAnswer> {
    this.context.account.in_bytes += request.body.length
    if (this.options.acks?.full === true) return busy('too many requests wait for their commit (--max-waiting)')
    const tenant = request.headers[TENANT_HEADER]?.toString() ?? ''
    const wrong = tenant === '' ? null : tenantComplaint(tenant)
    if (wrong !== null) return { status: 400, text: wrong }
    const taken: Taken = { ids: [], payloads: [], complaints: [] }
    this.#stamps.look()
    try {
      await read(request, tenant, taken)
    } catch (error) {
      if (error instanceof NotTaken) return { status: error.httpStatus, text: error.message }
      throw error
    }
    const stored = taken.ids.length === 0 || (await this.#pass(taken))
    if (!stored) return busy('not committed within the time of --ack-timeout')
    const { complaints } = taken
    return complaints.length === 0 ? { status: 204 } : { status: 400, text: complaintsText(complaints) }
  }

  async #pass({ ids, payloads }: Taken): Promise<boolean> {
    const { acks } = this.options
    if (acks !== null) return acks.pass(ids, payloads)
    await this.context.emit(new RecordBatch(ids, payloads))
    return true
  }

  /** What is good is taken, whatever stands beside it. */
  #stream(stream: PushStream, tenant: string, taken: Taken): void {
    const identity = this.#identity(stream.labels, tenant)
    if (typeof identity === 'string') {
      taken.complaints.push(identity)
      for (const entry of stream.entries) this.#reject('invalid_labels', identity, stream, entry)
      return
    }
    for (const entry of stream.entries) {
      if (!this.options.keep_timestamps) this.#push(identity, { ...payloadOf(entry), ts: this.#stamps.next() }, taken)
      else if (isLokiTime(entry.ts)) this.#push(identity, payloadOf(entry), taken)
      else {
        const detail = `${stream.labels}: time ${entry.ts} is not in the years 1677 to 2262`
        taken.complaints.push(detail)
        this.#reject('invalid_timestamp', detail, stream, entry)
      }
    }
  }

  /** The identity of a stream, the same object as long as it is remembered; or what is wrong with its labels. */
  #identity(labels: string, tenant: string): Identity | string {
    const key = `${tenant}\n${labels}`
    const known = this.#streams.get(key)
    if (known !== undefined) return known
    let answer: Identity | string
    try {
      // Nobody but the header says whose a record is.
      answer = streamIdentity(parseStream(labels, TENANT_LABEL), this.#own(tenant))
    } catch (error) {
      answer = (error as Error).message
    }
    this.#streams.set(key, answer)
    return answer
  }

  /** Labels of all that a tenant sends. */
  #own(tenant: string): ReadonlyMap<string, string> {
    const { label } = this.options
    return tenant === '' ? label : new Map([...label, [TENANT_LABEL, tenant]])
  }

  #push(identity: Identity, payload: Payload, { ids, payloads }: Taken): void {
    ids.push(identity)
    payloads.push(payload)
  }

  #reject(reason: string, detail: string, { labels }: PushStream, { ts, line, metadata }: PushEntry): void {
    this.context.account.in++
    this.context.reject({ reason, detail, original: JSON.stringify({ labels, ts, line, metadata }) })
  }
}
