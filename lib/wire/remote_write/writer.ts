// Protobuf bytes, appended in order: the few field kinds that remote write has.

import { copyText } from '../../record/words.js'

const INITIAL = 1 << 12
/** Text is copied eight bytes at a time. */
const LEAST_TEXT = 8

/** Field tags: number and wire type. */
export const varintTag = (field: number): number => field << 3
export const doubleTag = (field: number): number => (field << 3) | 1
export const bytesTag = (field: number): number => (field << 3) | 2

export class ProtoWriter {
  #buffer: Buffer
  #doubles: DataView
  length = 0

  constructor(size = INITIAL) {
    this.#buffer = Buffer.allocUnsafeSlow(size)
    this.#doubles = new DataView(this.#buffer.buffer)
  }

  /** Makes room and says where to write; the caller then sets `length`. */
  reserve(more: number): Buffer {
    if (this.length + more > this.#buffer.length) {
      const size = Math.max(this.length + more, this.#buffer.length + (this.#buffer.length >> 1))
      const larger = Buffer.allocUnsafeSlow(size)
      this.#buffer.copy(larger, 0, 0, this.length)
      this.#buffer = larger
      this.#doubles = new DataView(larger.buffer)
    }
    return this.#buffer
  }

  /** A view on what was written; valid until the next append. */
  view(): Buffer {
    return this.#buffer.subarray(0, this.length)
  }

  /** A copy of what was written, which starts again. */
  take(): Buffer {
    const taken = Buffer.from(this.view())
    this.length = 0
    return taken
  }

  /** An unsigned number below 2^53. */
  uint(value: number): void {
    const buffer = this.reserve(8)
    let at = this.length
    while (value >= 0x80) {
      buffer[at++] = (value % 0x80) | 0x80
      value = Math.floor(value / 0x80)
    }
    buffer[at++] = value
    this.length = at
  }

  /** Any 64-bit number, signed ones in two's complement. */
  big(value: bigint): void {
    const buffer = this.reserve(10)
    let rest = BigInt.asUintN(64, value)
    let at = this.length
    while (rest >= 0x80n) {
      buffer[at++] = Number(rest & 0x7fn) | 0x80
      rest >>= 7n
    }
    buffer[at++] = Number(rest)
    this.length = at
  }

  /** int64 of a whole number. */
  int(value: number): void {
    if (value >= 0) this.uint(value)
    else this.big(BigInt(value))
  }

  /** sint64 of a whole number. */
  zigzag(value: bigint): void {
    this.big((value << 1n) ^ (value >> 63n))
  }

  /** IEEE 754 as it is, negative zero included. */
  double(value: number): void {
    this.reserve(8)
    this.#doubles.setFloat64(this.length, value, true)
    this.length += 8
  }

  bytes(from: Uint8Array): void {
    this.reserve(from.length).set(from, this.length)
    this.length += from.length
  }

  /** A piece of UTF-8 text. Short ones cost a third of what `bytes` costs. */
  text(from: DataView, start: number, length: number): void {
    this.reserve(length)
    if (length >= LEAST_TEXT) copyText(from, start, this.#doubles, this.length, length)
    else for (let i = 0; i < length; i++) this.#buffer[this.length + i] = from.getUint8(start + i)
    this.length += length
  }

  /** Tag, length and UTF-8 of a string; nothing where it is empty. */
  string(field: number, text: string): void {
    if (text === '') return
    this.uint(bytesTag(field))
    this.uint(Buffer.byteLength(text))
    const buffer = this.reserve(text.length * 3)
    this.length += buffer.write(text, this.length)
  }

  /** Tag, length and bytes of a message that is written already. */
  message(field: number, from: Buffer): void {
    this.uint(bytesTag(field))
    this.uint(from.length)
    this.bytes(from)
  }
}
