// Exports of OTLP over HTTP, and their answers (OTLP 1.x, "OTLP/HTTP").

import type { ServerAnswer, ServerRequest } from '../net/server.js'
import { messageText } from '../wire/otlp/json.js'
import { encodeMessage } from '../wire/otlp/protobuf.js'
import { ANSWERS, type MessageType, type Signal, STATUS } from '../wire/otlp/schema.js'
import { CrossOrigin } from './cross_origin.js'
import { NotTaken, unpackedBody } from './not_taken.js'
import { type Form, type OtlpReceiver, REJECTED } from './otlp.js'

export interface OtlpHttpOptions {
  max_request_bytes: number
  /** Origins whose pages may send. */
  cors_origin: readonly string[]
  /** Headers that these may send besides. */
  cors_header: readonly string[]
}

const FORMS: readonly Form[] = ['application/x-protobuf', 'application/json']

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
      const bytes = await unpackedBody(body, headers['content-encoding'], this.options.max_request_bytes)
      const { rejected, message } = await this.receiver.take({ signal, form, bytes, headers })
      const partial = { ...(rejected > 0 && { [REJECTED[signal]]: String(rejected) }), errorMessage: message }
      return answerOf(200, message === '' ? {} : { partialSuccess: partial }, ANSWERS[signal], form)
    } catch (error) {
      if (!(error instanceof NotTaken)) throw error
      return refused(error, form)
    }
  }
}

/** In the form of the export: a Status. */
export function refused({ httpStatus, httpHeaders, code, message }: NotTaken, form: Form): ServerAnswer {
  const answer = answerOf(httpStatus, { code, message }, STATUS, form)
  return { ...answer, headers: { ...httpHeaders, ...answer.headers } }
}

function answerOf(status: number, message: object, type: MessageType, form: Form): ServerAnswer {
  const body = form === 'application/json' ? messageText(message) : encodeMessage(message, type)
  return { status, headers: { 'content-type': form }, body }
}
