// A growing buffer for output. Appending never copies what the caller holds twice; `take` hands over what is there.

import { numberText } from './json.js'
import { copyText, viewOf } from './words.js'

const INITIAL = 1 << 16
const STEP = 8

export class ByteBuffer {
  #buffer: Buffer = Buffer.allocUnsafeSlow(INITIAL)
  #view = viewOf(this.#buffer)
  #spare: Buffer | null = null
  length = 0

  #room(more: number): void {
    if (this.length + more <= this.#buffer.length) return
    let size = this.#buffer.length * 2
    while (size < this.length + more) size *= 2
    const larger = Buffer.allocUnsafeSlow(size)
    this.#buffer.copy(larger, 0, 0, this.length)
    this.#buffer = larger
    this.#view = viewOf(larger)
  }

  bytes(from: Buffer): void {
    this.#room(from.length)
    this.length += from.copy(this.#buffer, this.length)
  }

  slice(from: Buffer, start: number, end: number): void {
    if (start === end) return
    this.#room(end - start)
    this.length += from.copy(this.#buffer, this.length, start, end)
  }

  /** `length` bytes of a piece of text. Short ones cost a quarter of what `slice` costs. */
  piece(from: DataView, start: number, length: number): void {
    this.#room(length)
    copyText(from, start, this.#view, this.length, length)
    this.length += length
  }

  /** `piece` without a bound below. SLACK bytes behind it are read, too. */
  short(from: DataView, start: number, end: number): void {
    const length = end - start
    this.#room(length + STEP)
    const target = this.#view
    const shift = this.length - start
    for (let at = start; at < end; at += STEP) target.setFloat64(at + shift, from.getFloat64(at, true), true)
    this.length += length
  }

  text(text: string): void {
    this.#room(text.length * 3)
    this.length += this.#buffer.utf8Write(text, this.length)
  }

  ascii(text: string): void {
    this.#room(text.length)
    this.length += this.#buffer.latin1Write(text, this.length)
  }

  one(byte: number): void {
    this.#room(1)
    this.#buffer[this.length++] = byte
  }

  /** Two bytes; copying so few from a buffer takes longer. */
  two(first: number, second: number): void {
    this.#room(2)
    this.#buffer[this.length++] = first
    this.#buffer[this.length++] = second
  }

  /**
   * The text of a number. One of up to nine digits, of which up to three are decimals, is written digit by digit, which
   * takes a quarter of the time that a string takes.
   */
  number(value: number): void {
    const size = value < 0 ? -value : value
    // A double has at most one text of up to 15 digits that reads back as it: thousandths are it if dividing gives it back.
    const thousandths = Math.round(size * 1000)
    if (size >= 1e6 || thousandths / 1000 !== size) return this.#whole(value, size)
    if (Object.is(value, -0)) return this.ascii('-0')
    this.#room(11)
    if (value < 0) this.#buffer[this.length++] = 45
    const whole = (thousandths / 1000) | 0
    this.#digits(whole)
    let decimals = thousandths - whole * 1000
    if (decimals === 0) return
    const buffer = this.#buffer
    buffer[this.length++] = 46
    for (let place = 100; decimals > 0; place /= 10) {
      const digit = (decimals / place) | 0
      buffer[this.length++] = 48 + digit
      decimals -= digit * place
    }
  }

  /** A whole number below 2^31 in so many digits, with zeros in front. */
  digits(value: number, digits: number): void {
    this.#room(digits)
    this.#put(value, digits)
  }

  #whole(value: number, size: number): void {
    if (size >= 1e9 || size !== Math.floor(size)) return this.ascii(numberText(value))
    this.#room(10)
    if (value < 0) this.#buffer[this.length++] = 45
    this.#digits(size | 0)
  }

  #digits(whole: number): void {
    let digits = 1
    for (let limit = 10; whole >= limit; limit *= 10) digits++
    this.#put(whole, digits)
  }

  #put(whole: number, digits: number): void {
    this.length += digits
    let rest = whole
    for (let at = this.length - 1; digits > 0; digits--) {
      const tenth = (rest / 10) | 0
      this.#buffer[at--] = 48 + rest - tenth * 10
      rest = tenth
    }
  }

  /** What was appended so far; the buffer starts again, in the memory given back with `recycle` if there is any. */
  take(): Buffer {
    const taken = this.#buffer.subarray(0, this.length)
    this.#buffer = this.#spare ?? Buffer.allocUnsafeSlow(INITIAL)
    this.#view = viewOf(this.#buffer)
    this.#spare = null
    this.length = 0
    return taken
  }

  /** Gives back what `take` handed out, for reuse. */
  recycle(taken: Buffer): void {
    if (taken.buffer.byteLength <= 1 << 23) this.#spare = Buffer.from(taken.buffer)
  }
}
