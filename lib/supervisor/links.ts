// What joins a pipe to one that reads it: whole lines from one process to the other, while either may be started again.

import type { Readable, Writable } from 'node:stream'

const LF = 10

export class Link {
  #to: Writable | null = null
  #from: Readable | null = null
  /** The start of a line whose end has not come. */
  #rest: Buffer[] = []

  /** The process that writes; what an earlier one left unfinished is no record. */
  from(from: Readable): void {
    this.#rest = []
    this.#from = from
    from.on('data', (chunk: Buffer) => this.#pass(from, chunk))
    from.on('error', () => {})
    if (this.#to === null) from.pause()
  }

  /** The process that reads, from a new line on. */
  to(to: Writable): void {
    this.#to = to
    // A reader that ended is replaced, or its pipe is gone.
    to.on('error', () => {})
    to.on('drain', () => this.#to === to && this.#from?.resume())
    to.on('close', () => {
      if (this.#to !== to) return
      this.#to = null
      this.#from?.pause()
    })
    this.#from?.resume()
  }

  /** Nothing more will be written. */
  end(): void {
    this.#to?.end()
  }

  #pass(from: Readable, chunk: Buffer): void {
    const end = chunk.lastIndexOf(LF) + 1
    if (end === 0) return void this.#rest.push(chunk)
    const whole = Buffer.concat([...this.#rest, chunk.subarray(0, end)])
    this.#rest = end < chunk.length ? [chunk.subarray(end)] : []
    if (this.#to?.write(whole) === false) from.pause()
  }
}
