// One plain connection to a server, kept for one request after another.
//
// What it buys over undici, its twin (`npm run bench http`): a body of 650 KB costs a fifth to a quarter of the CPU time, 0.2-0.3 ms
// for 1.1-1.4 ms, because it goes from the socket into the caller's memory, in reads as large as what has arrived; undici takes each
// read into a new 64 KiB buffer and copies it into a parser in WebAssembly. A POST of 60 KB costs two thirds, and a process that
// needs no TLS and no proxy is 11 MiB smaller, since undici is not loaded.

import { connect, type Socket } from 'node:net'
import type { Answer } from './exchange.js'
import { connectionLost, failureOf, notConnected } from './failure.js'
import type { ResponseReader } from './response.js'

/** Where a server listens. */
export type Place = { host: string; port: number } | { path: string }

export interface Errand {
  head: string
  body: Buffer | null
  reader: ResponseReader
  answer: Answer
  /** For messages. */
  host: string
}

/** Every read of every connection goes here first: what is read is used before the next read. */
const SHARED = Buffer.allocUnsafeSlow(1 << 16)
/** How long a connection may take to be made, milliseconds. */
export const CONNECT_MS = 10_000
/** How long a quiet connection waits before the kernel asks whether the other side is still there. */
const PROBE_MS = 60_000

export class Connection {
  /** No request can be sent any more. */
  closed = false
  readonly #socket: Socket
  #errand: Errand | null = null
  #timer: NodeJS.Timeout | undefined

  /**
   * @param idle called when the connection waits for the next request
   * @param gone called once, when it is closed
   */
  constructor(
    place: Place,
    private readonly idle: (connection: Connection) => void,
    private readonly gone: (connection: Connection) => void,
  ) {
    this.#socket = connect({
      ...place,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: PROBE_MS,
      onread: { buffer: () => this.#errand?.reader.room() ?? SHARED, callback: (n, bytes) => this.#read(n, bytes) },
    })
    this.#socket.on('connect', () => clearTimeout(this.#timer))
    this.#socket.on('end', () => this.#ended())
    this.#socket.on('error', (error) => this.#fail(({ host, reader }) => failureOf(error, host, reader.started)))
    this.#socket.on('close', () => this.#lost())
    this.#socket.on('timeout', () => this.close())
  }

  /** The first request: it leaves as soon as the connection is there. */
  open(errand: Errand): void {
    // A process that was busy looks for the connection once more before it gives up.
    const late = () => setImmediate(() => this.#socket.connecting && this.#fail(() => notConnected(errand.host)))
    this.#timer = setTimeout(late, CONNECT_MS)
    this.send(errand)
  }

  send(errand: Errand): void {
    this.#errand = errand
    const { head, body } = errand
    if (body === null) {
      this.#socket.write(head, 'latin1')
      return
    }
    this.#socket.cork()
    this.#socket.write(head, 'latin1')
    this.#socket.write(body)
    this.#socket.uncork()
  }

  /** Takes it out of its idleness. */
  wake(): void {
    this.#socket.setTimeout(0)
    this.#socket.ref()
  }

  /** Drops it, and what is under way, without a word. */
  close(): void {
    if (this.closed) return
    this.closed = true
    this.#errand = null
    clearTimeout(this.#timer)
    this.#socket.destroy()
    this.gone(this)
  }

  #read(length: number, bytes: Uint8Array): boolean {
    const errand = this.#errand
    // Nobody asked: it could be taken for the answer to the next request.
    if (errand === null) {
      this.close()
      return false
    }
    const { reader, answer } = errand
    try {
      let used = length
      if (bytes === SHARED) used = reader.read(SHARED, length)
      else reader.filled(length)
      if (this.closed || !reader.complete) return !this.closed
      this.#errand = null
      if (used < length || reader.keep === 0 || this.#socket.writableLength > 0) this.close()
      else this.#rest(reader.keep)
      answer.end()
    } catch (error) {
      this.#fail(() => failureOf(error, errand.host, true))
    }
    return !this.closed
  }

  #rest(time: number): void {
    this.#socket.setTimeout(time)
    this.#socket.unref()
    this.idle(this)
  }

  #ended(): void {
    const errand = this.#errand
    if (errand === null || !errand.reader.ended()) return this.#lost()
    this.close()
    errand.answer.end()
  }

  #lost(): void {
    this.#fail(({ host, reader }) => connectionLost(host, reader.started))
  }

  #fail(because: (errand: Errand) => Error): void {
    const errand = this.#errand
    this.close()
    errand?.answer.stop(because(errand))
  }
}
