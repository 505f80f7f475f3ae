// A file descriptor as an ordered, bounded queue. Writes go through the thread pool: a reader that does not read blocks no
// timer and no signal, and what arrives meanwhile leaves in one piece.

import { write } from 'node:fs'
import type { Batch } from '../record/batch.js'
import { ByteBuffer } from '../record/bytes.js'

/** The reader of stdout closed it: not an error of ours, exit code 141. */
export class ReaderGone extends Error {
  override readonly name = 'ReaderGone'
}

/** Bytes waiting before a writer has to wait. */
const HIGH_WATER = 1 << 19

export class Output {
  readonly #pending = new ByteBuffer()
  #writing = false
  #waiting: { resolve: () => void; reject: (error: Error) => void; below: number }[] = []
  #error: Error | null = null
  #bytes = 0
  #fail!: (error: Error) => void
  /** Rejects when writing fails; never resolves. */
  readonly failed: Promise<never>

  constructor(readonly fd: number) {
    this.failed = new Promise<never>((_, reject) => (this.#fail = reject))
    this.failed.catch(() => {})
  }

  /** Bytes of the batches that were appended. */
  get bytes(): number {
    return this.#bytes
  }

  /** Appends; wait for the promise, if there is one, before appending more. */
  batch(batch: Batch): void | Promise<void> {
    const before = this.#pending.length
    batch.write(this.#pending)
    this.#bytes += this.#pending.length - before
    return this.#wrote()
  }

  text(text: string): void | Promise<void> {
    this.#pending.text(text)
    return this.#wrote()
  }

  /** Resolves when everything is written. */
  flush(): Promise<void> {
    return this.#below(0)
  }

  #wrote(): void | Promise<void> {
    if (this.#error !== null) throw this.#error
    if (!this.#writing) this.#start()
    if (this.#pending.length > HIGH_WATER) return this.#below(HIGH_WATER >> 1)
  }

  #below(below: number): Promise<void> {
    if (this.#error !== null) return Promise.reject(this.#error)
    if (!this.#writing && this.#pending.length <= below) return Promise.resolve()
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject, below }))
  }

  #start(): void {
    if (this.#pending.length === 0) return
    this.#writing = true
    const bytes = this.#pending.take()
    this.#write(bytes, 0)
  }

  #write(bytes: Buffer, from: number): void {
    write(this.fd, bytes, from, bytes.length - from, null, (error, written) => {
      if (error !== null) {
        // A descriptor shared with a non-blocking peer answers EAGAIN while it is full.
        if (error.code === 'EAGAIN') setTimeout(() => this.#write(bytes, from), 2)
        else this.#failWith(error.code === 'EPIPE' ? new ReaderGone() : error)
      } else if (from + written < bytes.length) this.#write(bytes, from + written)
      else {
        this.#pending.recycle(bytes)
        this.#writing = false
        this.#start()
        this.#settle()
      }
    })
  }

  #settle(): void {
    const held = this.#writing ? this.#pending.length + 1 : 0
    const ready = this.#waiting.filter((waiter) => held <= waiter.below)
    if (ready.length === 0) return
    this.#waiting = this.#waiting.filter((waiter) => held > waiter.below)
    for (const waiter of ready) waiter.resolve()
  }

  #failWith(error: Error): void {
    this.#error = error
    this.#fail(error)
    for (const waiter of this.#waiting) waiter.reject(error)
    this.#waiting = []
  }
}
