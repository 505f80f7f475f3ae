// Exports of OTLP over HTTP, and their answers (OTLP 1.x, "OTLP/HTTP").

import type { ServerAnswer, ServerRequest } from '../net/server.js'
import { REJECTED } from '../wire/otlp/endpoints.js'
import { messageText } from '../wire/otlp/json.js'
import { encodeMessage } from '../wire/otlp/protobuf.js'
import { ANSWERS, type MessageType, type Signal, STATUS } from '../wire/otlp/schema.js'
import { CrossOrigin } from './cross_origin.js'
import { type Entrance, refusedInText } from './entrance.js'
import type { NotTaken } from './not_taken.js'
import type { Form, OtlpReceiver } from './otlp.js'

export interface OtlpHttpOptions {
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
    private readonly entrance: Entrance,
    options: OtlpHttpOptions,
  ) {
    this.#crossOrigin = new CrossOrigin(options.cors_origin, options.cors_header)
  }

  /** Answers an export when its records are passed on, or committed. */
  async answer(request: ServerRequest, signal: Signal): Promise<ServerAnswer> {
    if (request.method === 'OPTIONS') return this.#crossOrigin.preflight(request)
    const take = (bytes: Buffer, form: Form) => this.#export(bytes, form, signal, request)
    const answer = await this.entrance.post(request, FORMS, take, refused)
    return { ...answer, headers: { ...answer.headers, ...this.#crossOrigin.headers(request) } }
  }

  async #export(bytes: Buffer, form: Form, signal: Signal, { headers }: ServerRequest): Promise<ServerAnswer> {
    const { rejected, message } = await this.receiver.take({ signal, form, bytes, headers })
    const partial = { ...(rejected > 0 && { [REJECTED[signal]]: String(rejected) }), errorMessage: message }
    return answerOf(200, message === '' ? {} : { partialSuccess: partial }, ANSWERS[signal], form)
  }
}

/** In the form of the export: a Status; in words where it has none of the forms. */
function refused(why: NotTaken, form: Form | undefined): ServerAnswer {
  if (form === undefined) return refusedInText(why)
  const { httpStatus, httpHeaders, code, message } = why
  const answer = answerOf(httpStatus, { code, message }, STATUS, form)
  return { ...answer, headers: { ...httpHeaders, ...answer.headers } }
}

function answerOf(status: number, message: object, type: MessageType, form: Form): ServerAnswer {
  const body = form === 'application/json' ? messageText(message) : encodeMessage(message, type)
  return { status, headers: { 'content-type': form }, body }
}
