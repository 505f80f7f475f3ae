// Posts of Zipkin's senders to span records.

import type { SourceContext } from '../component.js'
import { mediaType } from '../net/media_type.js'
import type { ServerAnswer, ServerRequest } from '../net/server.js'
import { scanDepth } from '../record/decode.js'
import { Identity } from '../record/identity.js'
import { NO_LABELS } from '../record/labels.js'
import { decodeSpans, spanOfMessage } from '../wire/zipkin/protobuf.js'
import { BadSpan, readSpan, type ZipkinSpan } from '../wire/zipkin/span.js'
import { spanRecord } from '../wire/zipkin/to_record.js'
import { readV1Span } from '../wire/zipkin/v1.js'
import { complaintsText } from './answer.js'
import { NotTaken, readWithin } from './not_taken.js'
import { Recent } from './recent.js'
import type { Rows } from './rows.js'
import { type RequestOptions, takeRequest } from './take_request.js'

export interface ZipkinOptions extends RequestOptions {
  /** Most spans, annotations and tags of a post. */
  readonly max_elements: number
  readonly max_depth: number
  /** Services with their resources that are remembered. */
  readonly max_identities: number
}

/** A span as it came, and what makes one of it; that throws BadSpan. */
interface Came {
  readonly original: unknown
  read(): ZipkinSpan
}

const PROTOBUF = 'application/x-protobuf'

export class ZipkinReceiver {
  readonly #identities: Recent<Identity>

  constructor(
    private readonly options: ZipkinOptions,
    private readonly context: Pick<SourceContext, 'account' | 'emit' | 'reject'>,
  ) {
    this.#identities = new Recent(options.max_identities)
  }

  /** Answers a post of v2 or v1 when its spans are passed on, or committed. */
  async answer(request: ServerRequest, version: 1 | 2): Promise<ServerAnswer> {
    const type = mediaType(request.headers['content-type'])
    if (type === 'application/x-thrift') return { status: 415, text: `thrift is not taken: expected application/json or, for v2, ${PROTOBUF}` }
    const complaints: string[] = []
    const wrong = await takeRequest(request, this.options, this.context, (body, rows) => {
      const spans = version === 2 && type === PROTOBUF ? this.#messages(body) : this.#json(body, version)
      for (const span of spans) this.#take(span, rows, complaints)
    })
    if (wrong !== null) return wrong
    return complaints.length === 0 ? { status: 202 } : { status: 202, text: `left out: ${complaintsText(complaints)}` }
  }

  #messages(body: Buffer): Came[] {
    const { max_elements, max_depth } = this.options
    const messages = readWithin(body, 'list of spans', this.options, () => decodeSpans(body, { max_elements, max_depth }))
    return messages.map((original) => ({ original, read: () => spanOfMessage(original) }))
  }

  #json(body: Buffer, version: 1 | 2): Came[] {
    const deep = scanDepth(body, this.options.max_depth)
    if (deep !== null) throw new NotTaken('malformed', deep.detail)
    let spans: unknown
    try {
      spans = JSON.parse(body.utf8Slice())
    } catch (error) {
      throw new NotTaken('malformed', `not JSON: ${(error as Error).message}`)
    }
    if (!Array.isArray(spans)) throw new NotTaken('malformed', 'expected a list of spans')
    const { max_elements: max } = this.options
    if (spans.length > max) throw new NotTaken('too_large', `more than ${max} elements (--max-elements)`)
    return spans.map((original: unknown) => ({
      original, read: () => (version === 2 ? readSpan : readV1Span)(original),
    }))
  }

  #take({ original, read }: Came, rows: Rows, complaints: string[]): void {
    try {
      const { rest, payload } = spanRecord(read())
      const identity = Identity.of('span', '', NO_LABELS, rest)
      rows.add(this.#shared(identity), payload)
    } catch (error) {
      if (!(error instanceof BadSpan)) throw error
      complaints.push(error.message)
      this.context.account.in++
      this.context.reject({ reason: 'bad_span', detail: error.message, original: JSON.stringify(original) })
    }
  }

  /** The same object for the same identity, as long as it is remembered. */
  #shared(identity: Identity): Identity {
    const key = identity.prefix.latin1Slice()
    const known = this.#identities.get(key)
    if (known === undefined) this.#identities.set(key, identity)
    return known ?? identity
  }
}
