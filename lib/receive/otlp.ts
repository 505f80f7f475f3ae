// Exports of OTLP over HTTP, to records and answers (OTLP 1.x, "OTLP/HTTP").

import type { Account, Reject } from '../component.js'
import { HttpError } from '../net/client.js'
import { decodeBody } from '../net/encoding.js'
import type { ServerAnswer, ServerRequest } from '../net/server.js'
import { type Batch, RecordBatch } from '../record/batch.js'
import type { Identity } from '../record/identity.js'
import type { Payload, Record } from '../record/record.js'
import { messageText, parseMessage } from '../wire/otlp/json.js'
import type { MetricsRequest, Requests } from '../wire/otlp/message.js'
import { decodeMessage, encodeMessage, TooDeep } from '../wire/otlp/protobuf.js'
import { emptyMetrics, recordsOf } from '../wire/otlp/records.js'
import { ANSWERS, type MessageType, REQUESTS, type Signal, STATUS } from '../wire/otlp/schema.js'
import { TooMuch } from '../wire/remote_write/read.js'
import type { Acks } from './acks.js'
import { busy, complaintsText } from './answer.js'
import { CrossOrigin } from './cross_origin.js'
import { Recent } from './recent.js'

export interface OtlpReceiverOptions {
  /** Largest export after decompression. */
  max_request_bytes: number
  /** Most messages and elements of lists in an export. */
  max_elements: number
  /** Levels of messages in one another. */
  max_depth: number
  /** Identities remembered. */
  max_identities: number
  /** Origins whose pages may send. */
  cors_origin: readonly string[]
  /** Headers that these may send besides. */
  cors_header: readonly string[]
  /** What lets answers wait for commits; null: they do not. */
  acks: Acks | null
}

export interface OtlpReceiverContext {
  readonly account: Account
  reject(reject: Reject): void
  emit(batch: Batch): void | Promise<void>
}

/** Bodies and answers are of one form. */
type Form = 'application/x-protobuf' | 'application/json'
const FORMS: readonly Form[] = ['application/x-protobuf', 'application/json']

/** What answers count as rejected. */
const REJECTED: Readonly<{ [S in Signal]: string }> = {
  traces: 'rejectedSpans',
  logs: 'rejectedLogRecords',
  metrics: 'rejectedDataPoints',
}

/** Codes of google.rpc.Status for statuses of HTTP. */
const CODES: { readonly [status: number]: number } = { 400: 3, 413: 3, 415: 3, 503: 14 }

/** The records of an export, and what its sender may want to know. */
interface Read {
  records: Record[]
  warnings: string[]
}

/** An export that is not taken. */
class Refusal extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message)
  }
}

export class OtlpReceiver {
  readonly #identities: Recent<Identity>
  readonly #crossOrigin: CrossOrigin

  constructor(
    private readonly options: OtlpReceiverOptions,
    private readonly context: OtlpReceiverContext,
  ) {
    this.#identities = new Recent(options.max_identities)
    this.#crossOrigin = new CrossOrigin(options.cors_origin, options.cors_header)
  }

  /** Answers an export when its records are passed on, or committed. */
  async answer(request: ServerRequest, signal: Signal): Promise<ServerAnswer> {
    if (request.method === 'OPTIONS') return this.#crossOrigin.preflight(request)
    const { 'content-type': type = '' } = request.headers
    const form = FORMS.find((name) => name === type.split(';', 1)[0].trim().toLowerCase())
    const answer =
      form === undefined
        ? { status: 415, text: `content-type '${type.slice(0, 80)}': expected ${FORMS.join(' or ')}` }
        : await this.#export(request, signal, form)
    return { ...answer, headers: { ...answer.headers, ...this.#crossOrigin.headers(request) } }
  }

  async #export({ headers, body }: ServerRequest, signal: Signal, form: Form): Promise<ServerAnswer> {
    this.context.account.in_bytes += body.length
    if (this.options.acks?.full === true)
      return told(busy('too many requests wait for their commit (--max-waiting)'), form)
    let read: Read
    try {
      read = await this.#read(body, headers['content-encoding'], signal, form)
    } catch (error) {
      if (error instanceof Refusal) return told({ status: error.status, text: error.message }, form)
      throw error
    }
    const complaints: string[] = []
    const stored = await this.#take(read.records, complaints)
    if (!stored) return told(busy('not committed within the time of --ack-timeout'), form)
    const errorMessage = complaintsText([...complaints, ...read.warnings])
    const rejected = complaints.length > 0 && { [REJECTED[signal]]: String(complaints.length) }
    return answerOf(200, errorMessage === '' ? {} : { partialSuccess: { ...rejected, errorMessage } }, ANSWERS[signal], form)
  }

  async #read(body: Buffer, encoding: string | undefined, signal: Signal, form: Form): Promise<Read> {
    const { max_request_bytes: max, max_elements, max_depth } = this.options
    try {
      const bytes = encoding === undefined ? body : await decodeBody(body, encoding, max, 'body')
      if (bytes.length > max) throw new Refusal(413, `more than ${max} bytes (--max-request-bytes)`)
      const bounds = { max_elements, max_depth }
      const request =
        form === 'application/json'
          ? parseMessage<Requests[Signal]>(bytes.utf8Slice(), REQUESTS[signal], bounds)
          : decodeMessage<Requests[Signal]>(bytes, REQUESTS[signal], bounds)
      const empty = signal === 'metrics' ? emptyMetrics(request as MetricsRequest) : []
      const warnings = empty.map(({ name }) => `metric '${name.slice(0, 80)}' has no data points`)
      return { records: recordsOf(signal, request), warnings }
    } catch (error) {
      throw this.#refusalOf(error as Error, signal)
    }
  }

  #refusalOf(error: Error, signal: Signal): Refusal {
    const { max_request_bytes, max_elements, max_depth } = this.options
    if (error instanceof Refusal) return error
    if (error instanceof TooMuch) return new Refusal(413, `more than ${max_elements} elements (--max-elements)`)
    if (error instanceof TooDeep) return new Refusal(400, `nested deeper than ${max_depth} levels (--max-depth)`)
    if (!(error instanceof HttpError)) return new Refusal(400, `no export of ${signal}: ${error.message}`)
    if (error.reason === 'too_large') return new Refusal(413, `more than ${max_request_bytes} bytes (--max-request-bytes)`)
    return new Refusal(error.message.includes('unknown content encoding') ? 415 : 400, error.message)
  }

  /** Passes on what is good. False where it was not committed in time. */
  async #take(records: readonly Record[], complaints: string[]): Promise<boolean> {
    const ids: Identity[] = []
    const payloads: Payload[] = []
    const known = new Map<Identity, Identity>()
    for (const record of records) {
      const complaint = complaintOf(record)
      if (complaint !== null) {
        complaints.push(complaint)
        this.context.account.in++
        this.context.reject({ reason: 'invalid_id', detail: complaint, original: record })
        continue
      }
      let identity = known.get(record.identity)
      if (identity === undefined) known.set(record.identity, (identity = this.#shared(record.identity)))
      ids.push(identity)
      payloads.push(record.payload)
    }
    if (ids.length === 0) return true
    if (this.options.acks !== null) return this.options.acks.pass(ids, payloads)
    await this.context.emit(new RecordBatch(ids, payloads))
    return true
  }

  /** The same object for the same identity, as long as it is remembered. */
  #shared(identity: Identity): Identity {
    const key = identity.prefix.latin1Slice()
    const known = this.#identities.get(key)
    if (known === undefined) this.#identities.set(key, identity)
    return known ?? identity
  }
}

const TRACE_ID = /^(?!0{32})[\da-f]{32}$/
const SPAN_ID = /^(?!0{16})[\da-f]{16}$/

/** What is wrong with the ids of a span (trace.proto, Span): other receivers would refuse all that is sent with it. */
function complaintOf({ identity, payload }: Record): string | null {
  if (identity.type === 'log') dropInvalidIds(payload)
  if (identity.type !== 'span') return null
  const { trace_id = '', span_id = '', parent_span_id, name } = payload
  const of = `span '${String(name ?? '').slice(0, 80)}': `
  if (!TRACE_ID.test(String(trace_id))) return `${of}trace id '${String(trace_id).slice(0, 64)}': expected 16 bytes that are not all zero`
  if (!SPAN_ID.test(String(span_id))) return `${of}span id '${String(span_id).slice(0, 64)}': expected 8 bytes that are not all zero`
  // Some senders tell a root by zeros.
  if (parent_span_id === '0000000000000000') delete payload.parent_span_id
  else if (parent_span_id !== undefined && !SPAN_ID.test(String(parent_span_id)))
    return `${of}parent span id '${String(parent_span_id).slice(0, 64)}': expected 8 bytes`
  return null
}

/** An entry whose ids are none stands in no trace (logs.proto, LogRecord). */
function dropInvalidIds(payload: Payload): void {
  if (payload.trace_id !== undefined && !TRACE_ID.test(String(payload.trace_id))) delete payload.trace_id
  if (payload.span_id !== undefined && !SPAN_ID.test(String(payload.span_id))) delete payload.span_id
}

/** A refusal in the form of the export: a Status. */
function told({ status, text = '', headers }: ServerAnswer, form: Form): ServerAnswer {
  const answer = answerOf(status, { code: CODES[status] ?? 2, message: text }, STATUS, form)
  return { ...answer, headers: { ...headers, ...answer.headers } }
}

function answerOf(status: number, message: object, type: MessageType, form: Form): ServerAnswer {
  const body = form === 'application/json' ? messageText(message) : encodeMessage(message, type)
  return { status, headers: { 'content-type': form }, body }
}
