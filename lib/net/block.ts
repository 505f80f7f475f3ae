// A block of lines that ends with an empty one, however its bytes are cut: the head of a message, or its trailers.

import { HeadersTooLarge } from './failure.js'

const END = '\r\n\r\n'
const FIRST_BYTES = 1 << 10

export class Block {
  /** Bytes of a block that came in parts; empty for one that came whole. */
  #held = Buffer.alloc(0)
  #length = 0
  /** Lines with CRLF between them, in Latin-1; there once the block is complete. */
  text = ''

  /**
   * @param limit bytes; a longer block throws HeadersTooLarge
   * @param before what is taken to stand in front
   */
  constructor(
    private readonly limit: number,
    before = '',
  ) {
    if (before !== '') this.#hold(Buffer.from(before, 'latin1'), 0, before.length)
  }

  get empty(): boolean {
    return this.#length === 0
  }

  /** Reads on; returns the position behind the block, -1 where more is to come. */
  add(bytes: Buffer, from: number, to: number): number {
    const before = this.#length
    if (before === 0) {
      const end = bytes.subarray(0, to).indexOf(END, from, 'latin1')
      if (end >= 0) return this.#complete(bytes, from, end, end + END.length)
    }
    this.#hold(bytes, from, to)
    if (before > 0) {
      const end = this.#held.subarray(0, this.#length).indexOf(END, Math.max(0, before - END.length + 1), 'latin1')
      if (end >= 0) return this.#complete(this.#held, 0, end, from + end + END.length - before)
    }
    if (this.#length > this.limit) throw new HeadersTooLarge()
    return -1
  }

  #complete(bytes: Buffer, from: number, end: number, next: number): number {
    if (end - from > this.limit) throw new HeadersTooLarge()
    this.text = bytes.toString('latin1', from, end)
    this.#held = Buffer.alloc(0)
    this.#length = 0
    return next
  }

  #hold(bytes: Buffer, from: number, to: number): void {
    const length = this.#length + to - from
    if (length > this.#held.length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(length, 2 * this.#held.length, FIRST_BYTES))
      this.#held.copy(grown, 0, 0, this.#length)
      this.#held = grown
    }
    bytes.copy(this.#held, this.#length, from, to)
    this.#length = length
  }
}
