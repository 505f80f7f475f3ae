// Requests of webhooks to records and answers.

import { timingSafeEqual } from 'node:crypto'
import type { SourceContext } from '../component.js'
import { mediaType } from '../net/media_type.js'
import type { ServerAnswer, ServerRequest } from '../net/server.js'
import type { Secret } from '../net/secret.js'
import { scanDepth } from '../record/decode.js'
import { Identity } from '../record/identity.js'
import type { Json } from '../record/json.js'
import { labelsOfMap } from '../record/labels.js'
import type { Payload } from '../record/record.js'
import type { HookEntry } from '../wire/webhook/entry.js'
import {
  ACCESS_KEY_HEADER, ATTRIBUTES_HEADER, commonLabels, firehoseEntries, REQUEST_ID_HEADER,
} from '../wire/webhook/firehose.js'
import { gcpEntry } from '../wire/webhook/gcp.js'
import { herokuEntries } from '../wire/webhook/heroku.js'
import { jsonEntries, lineEntries } from '../wire/webhook/plain.js'
import { entryPayload } from './entry.js'
import { NotTaken } from './not_taken.js'
import { Recent } from './recent.js'
import { Stamps } from './stamps.js'
import { type RequestOptions, takeRequest } from './take_request.js'

export interface WebhookOptions extends RequestOptions {
  readonly label: ReadonlyMap<string, string>
  readonly timestamp: 'message' | 'received'
  readonly max_depth: number
  readonly max_identities: number
  /** What Firehose must send as its access key; undefined: anything. */
  readonly accessKey: Secret | undefined
}

/** Separates names and values in keys: no text that was read holds a high surrogate alone. */
const SEPARATOR = '\ud800'
/** application/x-ndjson, application/jsonl, application/json-lines … */
const LINES_TYPE = /ndjson|jsonl|json-lines/
const NO_LABELS: ReadonlyMap<string, string> = new Map()

export class WebhookReceiver {
  readonly #identities: Recent<Identity>
  readonly #stamps: Stamps

  constructor(
    private readonly options: WebhookOptions,
    private readonly context: Pick<SourceContext, 'account' | 'clock' | 'emit'>,
  ) {
    this.#identities = new Recent(options.max_identities)
    this.#stamps = new Stamps(context.clock)
  }

  /** Any JSON; text where that is what the request says it is, lines of JSON where it says that. */
  any(request: ServerRequest): Promise<ServerAnswer> {
    return this.#answer(request, (body, { headers }) => {
      const type = mediaType(headers['content-type'])
      if (type.startsWith('text/')) return lineEntries(body.utf8Slice())
      if (!LINES_TYPE.test(type)) return jsonEntries(this.#json(body))
      return lineEntries(body.utf8Slice()).map((line) => ({ body: this.#json(Buffer.from(line.body as string)) }))
    })
  }

  heroku(request: ServerRequest): Promise<ServerAnswer> {
    return this.#answer(request, (body) => herokuEntries(body))
  }

  gcp(request: ServerRequest): Promise<ServerAnswer> {
    return this.#answer(request, (body) => [gcpEntry(this.#json(body))])
  }

  /** Firehose wants its request's id back, and why it failed. */
  async firehose(request: ServerRequest): Promise<ServerAnswer> {
    const { headers } = request
    let requestId = headers[REQUEST_ID_HEADER]?.toString() ?? ''
    const answer = this.#knows(headers[ACCESS_KEY_HEADER]?.toString())
      ? await this.#answer(request, (body) => {
          const found = firehoseEntries(this.#json(body), this.options.max_request_bytes)
          requestId = found.requestId
          const more = commonLabels(headers[ATTRIBUTES_HEADER]?.toString())
          return found.entries.map((entry) => ({ ...entry, labels: new Map([...more, ...(entry.labels ?? [])]) }))
        })
      : { status: 401, text: 'wrong or missing access key' }
    const { status, text: errorMessage } = answer
    const body = { requestId, timestamp: this.context.clock.millis(), errorMessage }
    return {
      status: status === 204 ? 200 : status,
      headers: { ...answer.headers, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    }
  }

  #knows(given = ''): boolean {
    const { accessKey } = this.options
    if (accessKey === undefined) return true
    const [wanted, found] = [Buffer.from(accessKey.value), Buffer.from(given)]
    return wanted.length === found.length && timingSafeEqual(wanted, found)
  }

  async #answer(
    request: ServerRequest, read: (body: Buffer, request: ServerRequest) => HookEntry[],
  ): Promise<ServerAnswer> {
    const wrong = await takeRequest(request, this.options, this.context, (body, rows) => {
      const entries = read(body, request)
      this.#stamps.look()
      for (const entry of entries) rows.add(this.#identity(entry.labels ?? NO_LABELS), this.#payload(entry))
    })
    return wrong ?? { status: 204 }
  }

  #identity(labels: ReadonlyMap<string, string>): Identity {
    const key = [...labels].flat().join(SEPARATOR)
    const known = this.#identities.get(key)
    if (known !== undefined) return known
    const identity = Identity.of('log', '', labelsOfMap(new Map([...labels, ...this.options.label])))
    this.#identities.set(key, identity)
    return identity
  }

  #payload({ ts, body, attributes, severity }: HookEntry): Payload {
    const told = this.options.timestamp === 'message' ? ts : undefined
    return entryPayload(body, this.#stamps.next(), told, severity, attributes)
  }

  /** Throws NotTaken. */
  #json(body: Buffer): Json {
    const deep = scanDepth(body, this.options.max_depth)
    if (deep !== null) throw new NotTaken('malformed', deep.detail)
    try {
      return JSON.parse(body.utf8Slice()) as Json
    } catch (error) {
      throw new NotTaken('malformed', `not JSON: ${(error as Error).message}`)
    }
  }
}
