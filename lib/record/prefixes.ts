// The canonical bytes of identities by number, in pages in the order in which they came: neighbours in the stream are
// neighbours in memory, and 20,000 of them stay in the cache where 20,000 buffers do not.

import type { ByteBuffer } from './bytes.js'
import { sameText, viewOf } from './words.js'

const PAGE_BITS = 18
/** Bytes of a page; the first ones are smaller. */
const PAGE = 1 << PAGE_BITS
const FIRST_PAGE = 1 << 12

interface Page {
  readonly buffer: Buffer
  readonly view: DataView
}

export class Prefixes {
  readonly #pages: Page[] = []
  /** Bytes of the last page: those used, and all. */
  #used = 0
  #size = 0
  /** By number: the page above, the offset in it below; and how long, 0 where there is none. */
  #starts = new Int32Array(64)
  #lengths = new Int32Array(64)
  /** All of them together. */
  bytes = 0

  has(number: number): boolean {
    return number < this.#lengths.length && this.#lengths[number] > 0
  }

  length(number: number): number {
    return this.#lengths[number]
  }

  /** Keeps `buffer[start, end)`, text of 8 bytes and more. */
  set(number: number, buffer: Buffer, start: number, end: number): void {
    const length = end - start
    if (this.#used + length > this.#size) this.#turn(length)
    if (number >= this.#starts.length) this.#grow(number + 1)
    buffer.copy(this.#pages.at(-1)!.buffer, this.#used, start, end)
    this.#starts[number] = ((this.#pages.length - 1) << PAGE_BITS) | this.#used
    this.#lengths[number] = length
    this.#used += length
    this.bytes += length
  }

  /** Whether the bytes stand in `view` at `at`. */
  stands(number: number, view: DataView, at: number): boolean {
    const length = this.#lengths[number]
    if (length === 0 || at + length > view.byteLength) return false
    const start = this.#starts[number]
    return sameText(this.#pages[start >>> PAGE_BITS].view, start & (PAGE - 1), view, at, length)
  }

  write(number: number, out: ByteBuffer): void {
    const start = this.#starts[number]
    out.piece(this.#pages[start >>> PAGE_BITS].view, start & (PAGE - 1), this.#lengths[number])
  }

  /** The bytes where they are; to be copied if they are kept. */
  slice(number: number): Buffer {
    const start = this.#starts[number]
    const at = start & (PAGE - 1)
    return this.#pages[start >>> PAGE_BITS].buffer.subarray(at, at + this.#lengths[number])
  }

  /** A page, with room for `length` bytes at least; it may be larger than a page then. */
  #turn(length: number): void {
    this.#size = Math.max(length, Math.min(PAGE, Math.max(FIRST_PAGE, this.bytes)))
    const buffer = Buffer.allocUnsafeSlow(this.#size)
    this.#pages.push({ buffer, view: viewOf(buffer) })
    this.#used = 0
  }

  #grow(least: number): void {
    const size = Math.max(least, this.#starts.length + (this.#starts.length >> 1))
    this.#starts = larger(this.#starts, size)
    this.#lengths = larger(this.#lengths, size)
  }
}

export function larger<A extends Int32Array | Uint32Array | Uint16Array | Uint8Array>(array: A, size: number): A {
  const grown = new (array.constructor as new (size: number) => A)(size)
  grown.set(array)
  return grown
}
