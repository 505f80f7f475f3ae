// One request and its response over one connection: collected in bounded memory, and left at once when time is up.

import type { BodyBuffers } from './buffers.js'
import { HttpError, type HttpResponse } from './client.js'
import { decodeBody, tooLarge } from './encoding.js'
import { failureOf } from './failure.js'
import type { Stop } from './stop.js'

/** Brings a request to a server, and what comes back to its answer. */
export interface Transport {
  /** May throw instead of calling `answer.stop`. */
  send(hop: Hop, answer: Answer): void
}

export interface Hop {
  transport: Transport
  /** Not over a connection of our own that was in use before; undici chooses for itself. */
  fresh: boolean
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
/** Room made at once for a body, or a chunk of one, that announces its length. */
const FIRST_BYTES = 1 << 20
/** Room for the beginning of one that does not. */
const SMALLEST_BYTES = 1 << 12
/** What a content encoding may add to a body that does not shrink. */
const ENCODING_SLACK = 1 << 10
const NOTHING = Buffer.alloc(0)

/** @param stop with the HttpError to throw */
export async function exchange(hop: Hop, stop: Stop): Promise<HttpResponse> {
  const answer = await new Promise<HttpResponse>((resolve, reject) => {
    const answer = new Answer(hop, resolve, reject)
    answer.settled = stop.on((reason) => answer.stop(reason))
    if (answer.over) return
    try {
      hop.transport.send(hop, answer)
    } catch (error) {
      answer.stop(failureOf(error, hop.host, false))
    }
  })
  const encoding = answer.headers.get('content-encoding')
  if (encoding === undefined || answer.body.length === 0) return answer
  const body = await decodeBody(answer.body, encoding, hop.maxBytes, hop.host).catch((error: Error) => {
    throw answeredWith(answer.status, error)
  })
  // What was not encoded after all is still the same memory.
  if (body !== answer.body) hop.buffers?.give(answer.body)
  if (stop.reason !== null) throw stop.reason
  answer.body = body
  return answer
}

/** Takes in what a transport brings. Once it is over, more is of no effect. */
export class Answer {
  settled: () => void = () => {}
  /** Complete, failed or given up. */
  over = false
  #drop: (error: Error) => void = () => {}
  #status = 0
  #headers: ReadonlyMap<string, string> = new Map()
  #discard = false
  /** One growing buffer: in a list, every byte of a body sent in one-byte chunks would cost a hundred. */
  #bytes: Buffer = NOTHING
  #length = 0
  #limit: number

  constructor(
    private readonly hop: Hop,
    private readonly resolve: (answer: HttpResponse) => void,
    private readonly reject: (error: Error) => void,
  ) {
    this.#limit = hop.maxBytes
  }

  get started(): boolean {
    return this.#status !== 0
  }

  /** @param drop gives up the connection that the request is on by now */
  carried(drop: (error: Error) => void): void {
    this.#drop = drop
  }

  /** Fails now, and drops the connection. */
  stop(error: Error): void {
    if (this.over) return
    this.over = true
    this.settled()
    this.hop.buffers?.forget(this.#bytes)
    this.reject(this.#status === 0 ? error : answeredWith(this.#status, error))
    this.#drop(error)
  }

  /** @param headers lower-case names; repeated headers joined by `, ` */
  start(status: number, headers: ReadonlyMap<string, string>): void {
    this.#status = status
    this.#headers = headers
    this.#discard = this.hop.discards(status, headers)
    if (headers.has('content-encoding')) this.#limit += ENCODING_SLACK
    if (this.#discard || this.hop.method === 'HEAD') return
    this.announce(Number(headers.get('content-length') ?? 0))
  }

  /** So many more bytes of the body are to come. */
  announce(bytes: number): void {
    if (this.over || this.#discard) return
    const length = this.#length + bytes
    if (length > this.#limit) this.stop(tooLarge(this.hop.host, this.hop.maxBytes))
    else if (length > this.#bytes.length) this.#grow(this.#length + Math.min(bytes, FIRST_BYTES))
  }

  /** The next bytes of the body: those from `from` to `to`, which are copied. */
  data(bytes: Buffer, from: number, to: number): void {
    if (this.over) return
    const length = this.#length + to - from
    if (this.#discard) {
      this.#length = length
      if (length <= DISCARD_BYTES) return
      this.end()
      this.#drop(new Error('body not wanted'))
    } else if (length > this.#limit) this.stop(tooLarge(this.hop.host, this.hop.maxBytes))
    else {
      if (length > this.#bytes.length) this.#grow(Math.max(length, SMALLEST_BYTES))
      bytes.copy(this.#bytes, this.#length, from, to)
      this.#length = length
    }
  }

  /** Memory for the next bytes of the body, where some is ready. */
  room(): Buffer {
    return this.over ? NOTHING : this.#bytes.subarray(this.#length)
  }

  /** So many bytes are in `room()`. */
  filled(bytes: number): void {
    this.#length += bytes
  }

  end(): void {
    if (this.over) return
    this.over = true
    this.settled()
    const body = this.#discard ? NOTHING : this.#bytes.subarray(0, this.#length)
    this.#bytes = NOTHING
    this.resolve({ status: this.#status, headers: this.#headers, body })
  }

  #grow(length: number): void {
    const grown = this.#take(Math.max(length, Math.min(2 * this.#bytes.length, this.#limit)))
    this.#bytes.copy(grown, 0, 0, this.#length)
    this.hop.buffers?.give(this.#bytes)
    this.#bytes = grown
  }

  #take(size: number): Buffer {
    return this.hop.buffers?.take(size) ?? Buffer.allocUnsafeSlow(size)
  }
}

function answeredWith(status: number, error: Error): Error {
  if (error instanceof HttpError) error.status = status
  return error
}
