// Exports over HTTP (OTLP 1.x, "OTLP/HTTP"): which answers are final, and what they say.

import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { type HttpClient, HttpError, type HttpResponse } from '../net/client.js'
import { type AnswerForm, partialSuccessOf, statusMessageOf } from '../wire/otlp/answer.js'
import { messageText } from '../wire/otlp/json.js'
import type { Signal } from '../wire/otlp/schema.js'
import { retryAfter } from './backoff.js'
import { type HeldExport, requestOf } from './otlp_body.js'
import type { ExportReply, ExportTransport } from './otlp_exporter.js'
import { statusWords } from './outcome.js'

const compress = promisify<Buffer, Buffer>(gzip)
const ANSWER_BYTES = 1 << 20

export interface HttpExportOptions {
  client: HttpClient
  /** Where the exports of each signal go. */
  urls: Readonly<Record<Signal, string>>
  encoding: AnswerForm
  headers: { readonly [name: string]: string }
  /** Milliseconds for one attempt. */
  timeout: number
  retry429: boolean
  /** Unix milliseconds now. */
  now(): number
}

export class HttpExport implements ExportTransport {
  constructor(private readonly options: HttpExportOptions) {}

  async send(held: HeldExport, signal: AbortSignal): Promise<ExportReply> {
    const { client, urls, timeout } = this.options
    const body = await this.#body(held)
    try {
      const answer = await client.request({
        method: 'POST',
        url: urls[held.signal],
        headers: this.#headers(held),
        body,
        keepBody: true,
        timeout,
        signal,
        maxBytes: ANSWER_BYTES,
      })
      return { ...this.#reply(answer, held.signal), sent: body.length }
    } catch (error) {
      if (!(error instanceof HttpError)) throw error
      if (error.status === undefined) return { kind: 'retry', words: error.message, after: 0 }
      // The status says all; whether the rest of the answer is endless, broken or slow does not matter.
      const answer = { status: error.status, headers: new Map<string, string>(), body: Buffer.alloc(0) }
      return { ...this.#reply(answer, held.signal), sent: body.length }
    }
  }

  close(): Promise<void> {
    return this.options.client.close()
  }

  /** What is held is protobuf, whatever is sent. */
  async #body(held: HeldExport): Promise<Buffer> {
    if (this.options.encoding === 'protobuf') return held.message
    const text = Buffer.from(messageText(requestOf(held)))
    return held.gzip ? compress(text) : text
  }

  #headers({ gzip }: HeldExport): { [name: string]: string } {
    const { encoding, headers } = this.options
    const type = encoding === 'json' ? 'application/json' : 'application/x-protobuf'
    return { 'content-type': type, ...(gzip && { 'content-encoding': 'gzip' }), ...headers }
  }

  #reply({ status, headers, body }: HttpResponse, signal: Signal): ExportReply {
    const form = headers.get('content-type')?.includes('json') === true ? 'json' : 'protobuf'
    if (status >= 200 && status < 300) return { kind: 'stored', status, partial: partialSuccessOf(body, signal, form) }
    const said = statusMessageOf(body, form)
    const words = statusWords(status, said === undefined ? body : Buffer.from(said))
    if (!this.#mayPass(status)) return { kind: 'refused', status, words }
    const after = headers.get('retry-after')
    return { kind: 'retry', status, words, after: after === undefined ? 0 : retryAfter(after, this.options.now()) }
  }

  /** "Failures": 429, 502, 503 and 504 may be sent again, all others must not. */
  #mayPass(status: number): boolean {
    return (status === 429 && this.options.retry429) || (status >= 502 && status <= 504)
  }
}
