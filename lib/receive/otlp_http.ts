// Exports of OTLP over HTTP, and their answers (OTLP 1.x, "OTLP/HTTP").

import { HttpError } from '../net/client.js'
import { decodeBody } from '../net/encoding.js'
import type { ServerAnswer, ServerRequest } from '../net/server.js'
import { messageText } from '../wire/otlp/json.js'
import { encodeMessage } from '../wire/otlp/protobuf.js'
import { ANSWERS, type MessageType, type Signal, STATUS } from '../wire/otlp/schema.js'
import { busy } from './answer.js'
import { CrossOrigin } from './cross_origin.js'
import { type Form, type OtlpReceiver, Refusal, REJECTED } from './otlp.js'

export interface OtlpHttpOptions {
  max_request_bytes: number
  /** Origins whose pages may send. */
  cors_origin: readonly string[]
  /** Headers that these may send besides. */
  cors_header: readonly string[]
}

const FORMS: readonly Form[] = ['application/x-protobuf', 'application/json']

/** Statuses of HTTP, and codes of google.rpc.Status. */
const STATUSES: Readonly<{ [R in Refusal['reason']]: readonly [status: number, code: number] }> = {
  malformed: [400, 3],
  too_large: [413, 8],
  unsupported: [415, 3],
  full: [503, 14],
  late: [503, 14],
}

export class OtlpHttp {
  readonly #crossOrigin: CrossOrigin

  constructor(
    private readonly receiver: OtlpReceiver,
    private readonly options: OtlpHttpOptions,
    private readonly account: { in_bytes: number },
  ) {
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
    this.account.in_bytes += body.length
    try {
      this.receiver.admit()
      const bytes = await this.#unpacked(body, headers['content-encoding'])
      const { rejected, message } = await this.receiver.take({ signal, form, bytes, headers })
      const partial = { ...(rejected > 0 && { [REJECTED[signal]]: String(rejected) }), errorMessage: message }
      return answerOf(200, message === '' ? {} : { partialSuccess: partial }, ANSWERS[signal], form)
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      return refused(error, form)
    }
  }

  async #unpacked(body: Buffer, encoding: string | undefined): Promise<Buffer> {
    const { max_request_bytes: max } = this.options
    if (encoding === undefined) return body
    try {
      return await decodeBody(body, encoding, max, 'body')
    } catch (error) {
      const { message } = error as Error
      if (!(error instanceof HttpError)) throw error
      if (error.reason === 'too_large') throw new Refusal('too_large', `more than ${max} bytes (--max-request-bytes)`)
      throw new Refusal(message.includes('unknown content encoding') ? 'unsupported' : 'malformed', message)
    }
  }
}

/** A refusal in the form of the export: a Status. */
function refused({ reason, message }: Refusal, form: Form): ServerAnswer {
  const [status, code] = STATUSES[reason]
  const answer = answerOf(status, { code, message }, STATUS, form)
  return { ...answer, headers: { ...(status === 503 && busy('').headers), ...answer.headers } }
}

function answerOf(status: number, message: object, type: MessageType, form: Form): ServerAnswer {
  const body = form === 'application/json' ? messageText(message) : encodeMessage(message, type)
  return { status, headers: { 'content-type': form }, body }
}
