// Reads one response of HTTP/1.1 from the bytes of a connection, cut anywhere (RFC 9112).

import { Block } from './block.js'
import { Chunked } from './chunked.js'
import type { Answer } from './exchange.js'
import { NotHttp } from './failure.js'
import { type Head, parseHead } from './head.js'

const PREFIX = 'HTTP/1.'
/** Less of a body than this is not worth a read of its own. */
const DIRECT_BYTES = 1 << 14

export class ResponseReader {
  /** Whether anything has come. */
  started = false
  /** Whether the response is there, to its last byte. */
  complete = false
  /** Milliseconds that the connection may be kept idle afterwards, 0 for not at all. */
  keep = 0
  #block: Block | null
  #body: Head['body'] = 0
  #chunked: Chunked | null = null

  /**
   * @param method of the request
   * @param headerBytes longest head accepted, interim answers included
   */
  constructor(
    private readonly method: string,
    private headerBytes: number,
    private readonly answer: Answer,
  ) {
    this.#block = new Block(headerBytes)
  }

  /** Reads `bytes` up to `to`; returns the position behind what belongs to the response. Throws NotHttp, HeadersTooLarge. */
  read(bytes: Buffer, to: number): number {
    let at = 0
    while (this.#block !== null) {
      if (at === to) return at
      at = this.#head(this.#block, bytes, at, to)
    }
    if (this.complete || at === to) return at
    if (this.#chunked !== null) {
      at = this.#chunked.read(bytes, at, to)
      this.complete = this.#chunked.done
      return at
    }
    const end = this.#body === 'close' ? to : Math.min(to, at + Number(this.#body))
    this.answer.data(bytes, at, end)
    this.#took(end - at)
    return end
  }

  /** Memory of the body that its next bytes may be read into; null if they come to `read`. */
  room(): Buffer | null {
    const left = this.#chunked?.left ?? (typeof this.#body === 'number' ? this.#body : 0)
    if (left < DIRECT_BYTES) return null
    const free = this.answer.room()
    return free.length < DIRECT_BYTES ? null : free.subarray(0, Math.min(free.length, left))
  }

  /** So many bytes were read into `room()`. */
  filled(bytes: number): void {
    this.answer.filled(bytes)
    if (this.#chunked === null) this.#took(bytes)
    else this.#chunked.took(bytes)
  }

  /** The connection has come to its orderly end; whether that completes the response. */
  ended(): boolean {
    this.complete ||= this.#block === null && this.#body === 'close'
    return this.complete
  }

  #took(bytes: number): void {
    if (typeof this.#body !== 'number') return
    this.#body -= bytes
    this.complete = this.#body === 0
  }

  #head(block: Block, bytes: Buffer, from: number, to: number): number {
    // Who greets with something else, and waits, is found out at once.
    if (block.empty && !PREFIX.startsWith(bytes.toString('latin1', from, Math.min(to, from + PREFIX.length)))) {
      throw new NotHttp('bad status line')
    }
    this.started = true
    const next = block.add(bytes, from, to)
    if (next < 0) return to
    const head = parseHead(block.text, this.method)
    if (head.status < 200) {
      // An upgrade that nobody asked for. Other interim answers say nothing yet (RFC 9110, section 15.2).
      if (head.status === 101) throw new NotHttp('unasked upgrade')
      this.headerBytes -= block.text.length
      this.#block = new Block(this.headerBytes)
      return next
    }
    this.#block = null
    this.#begin(head)
    return next
  }

  #begin({ status, headers, body, keep }: Head): void {
    // To HEAD, a server that is wrong sends a body: the next answer would begin with it.
    this.keep = body === 'close' || this.method === 'HEAD' ? 0 : keep
    this.#body = body
    if (body === 'chunked') this.#chunked = new Chunked(this.answer, this.headerBytes)
    this.complete = body === 0
    this.answer.start(status, headers)
  }
}
