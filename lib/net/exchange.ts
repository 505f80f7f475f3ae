// One request and its response over one connection: collected in bounded memory, and left at once when time is up.

import type { Dispatcher } from 'undici'
import type { BodyBuffers } from './buffers.js'
import { HttpError, type HttpResponse } from './client.js'
import { decodeBody, tooLarge } from './encoding.js'
import { failureOf } from './failure.js'

export interface Hop {
  dispatcher: Dispatcher
  origin: string
  /** Path and query; the whole URL for a proxy. */
  path: string
  method: string
  /** Names and values in turn. */
  headers: string[]
  body: Buffer | string | undefined
  /** For messages. */
  host: string
  maxBytes: number
  buffers: BodyBuffers | undefined
  /** Whether the body of a response is of no interest. */
  discards(status: number, headers: ReadonlyMap<string, string>): boolean
}

/** Of a body that nobody wants, this much is read to keep the connection. */
const DISCARD_BYTES = 1 << 16
/** Room made at once for a body that announces its length. */
const FIRST_BYTES = 1 << 20
/** What a content encoding may add to a body that does not shrink. */
const ENCODING_SLACK = 1 << 10

/** @param stop aborts with the HttpError to throw */
export async function exchange(hop: Hop, stop: AbortSignal): Promise<HttpResponse> {
  const answer = await new Promise<HttpResponse>((resolve, reject) => {
    const collector = new Collector(hop, resolve, reject)
    const onStop = () => collector.stop(stop.reason as Error)
    collector.settled = () => stop.removeEventListener('abort', onStop)
    if (stop.aborted) return reject(stop.reason as Error)
    stop.addEventListener('abort', onStop)
    const { origin, path, headers, body = null } = hop
    try {
      hop.dispatcher.dispatch(
        { origin, path, method: hop.method, headers, body, headersTimeout: 0, bodyTimeout: 0 },
        collector,
      )
    } catch (error) {
      collector.stop(failureOf(error, hop.host, false))
    }
  })
  const encoding = answer.headers.get('content-encoding')
  if (encoding === undefined || answer.body.length === 0) return answer
  const body = await decodeBody(answer.body, encoding, hop.maxBytes, hop.host).catch((error: Error) => {
    throw answeredWith(answer.status, error)
  })
  // What was not encoded after all is still the same memory.
  if (body !== answer.body) hop.buffers?.give(answer.body)
  if (stop.aborted) throw stop.reason
  return { ...answer, body }
}

class Collector implements Dispatcher.DispatchHandler {
  settled: () => void = () => {}
  #controller: Dispatcher.DispatchController | undefined
  #failure: Error | undefined
  #status = 0
  #headers: ReadonlyMap<string, string> = new Map()
  #discard = false
  /** One growing buffer: in a list, every byte of a body sent in one-byte chunks would cost a hundred. */
  #bytes: Buffer = Buffer.alloc(0)
  #length = 0
  #limit: number

  constructor(
    private readonly hop: Hop,
    private readonly resolve: (answer: HttpResponse) => void,
    private readonly reject: (error: Error) => void,
  ) {
    this.#limit = hop.maxBytes
  }

  /** Fails now; a connection that is still being made is dropped when it is there. */
  stop(error: Error): void {
    this.#failure = error
    this.settled()
    this.hop.buffers?.forget(this.#bytes)
    this.reject(this.#status === 0 ? error : answeredWith(this.#status, error))
    this.#controller?.abort(error)
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    if (this.#failure !== undefined) controller.abort(this.#failure)
  }

  onResponseStart(
    _: Dispatcher.DispatchController,
    status: number,
    headers: { [name: string]: string | string[] | undefined },
  ): void {
    if (status < 200) return
    this.#status = status
    this.#headers = headersOf(headers)
    this.#discard = this.hop.discards(status, this.#headers)
    if (this.#headers.has('content-encoding')) this.#limit += ENCODING_SLACK
    if (this.#discard || this.hop.method === 'HEAD') return
    const announced = Number(this.#headers.get('content-length') ?? 0)
    if (announced > this.#limit) this.stop(tooLarge(this.hop.host, this.hop.maxBytes))
    else if (announced > 0) this.#bytes = this.#take(Math.min(announced, FIRST_BYTES))
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#failure !== undefined) return
    const length = this.#length + chunk.length
    if (this.#discard) {
      this.#length = length
      if (length <= DISCARD_BYTES) return
      this.#succeed(Buffer.alloc(0))
      controller.abort(new Error('body not wanted'))
    } else if (length > this.#limit) this.stop(tooLarge(this.hop.host, this.hop.maxBytes))
    else this.#append(chunk, length)
  }

  onResponseEnd(): void {
    this.#succeed(this.#discard ? Buffer.alloc(0) : this.#bytes.subarray(0, this.#length))
  }

  onResponseError(_: Dispatcher.DispatchController, error: Error): void {
    this.stop(failureOf(error, this.hop.host, this.#status !== 0))
  }

  #append(chunk: Buffer, length: number): void {
    if (length > this.#bytes.length) {
      const grown = this.#take(Math.max(length, Math.min(2 * this.#bytes.length, this.#limit), 1 << 12))
      this.#bytes.copy(grown, 0, 0, this.#length)
      this.hop.buffers?.give(this.#bytes)
      this.#bytes = grown
    }
    chunk.copy(this.#bytes, this.#length)
    this.#length = length
  }

  #take(size: number): Buffer {
    return this.hop.buffers?.take(size) ?? Buffer.allocUnsafeSlow(size)
  }

  #succeed(body: Buffer): void {
    this.settled()
    this.resolve({ status: this.#status, headers: this.#headers, body })
  }
}

function answeredWith(status: number, error: Error): Error {
  if (error instanceof HttpError) error.status = status
  return error
}

function headersOf(headers: { [name: string]: string | string[] | undefined }): Map<string, string> {
  const map = new Map<string, string>()
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) map.set(name, typeof value === 'string' ? value : value.join(', '))
  }
  return map
}
