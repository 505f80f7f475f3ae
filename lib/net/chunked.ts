// A body in chunks (RFC 9112, section 7.1). Extensions and trailers are checked and left out.

import { Block } from './block.js'
import type { Answer } from './exchange.js'
import { NotHttp } from './failure.js'
import { parseField } from './head.js'

const CR = 13
const LF = 10
const SEMICOLON = 59

/** Bytes of one chunk's line. */
const LINE_BYTES = 4096
/** What may stand beside the data without counting: a line for each chunk, as long as the chunk or 16 bytes. */
const FREE_BYTES = 16
/** Of more than that, so much in all: a body of small chunks with long extensions is an attack. */
const EXCESS_BYTES = 1 << 14

const NAME = "[!#$%&'*+\\-.^_`|~\\w]+"
const QUOTED = '"(?:[\\t \\x21\\x23-\\x5b\\x5d-\\x7e\\x80-\\xff]|\\\\[\\t\\x20-\\x7e\\x80-\\xff])*"'
const EXTENSIONS = new RegExp(`^(?:;${NAME}(?:=(?:${NAME}|${QUOTED}))?)*$`)

const enum At {
  Size,
  Extension,
  LineEnd,
  Data,
  DataCr,
  DataLf,
  Trailers,
  Done,
}

export class Chunked {
  #at = At.Size
  #digits = 0
  #size = 0
  #extension = ''
  #excess = 0
  /** The line end before an empty trailer section is that of the last chunk. */
  readonly #trailers: Block

  constructor(
    private readonly answer: Answer,
    maxTrailerBytes: number,
  ) {
    this.#trailers = new Block(maxTrailerBytes, '\r\n')
  }

  get done(): boolean {
    return this.#at === At.Done
  }

  /** Reads on; returns the position behind what belongs to the body. */
  read(bytes: Buffer, from: number, to: number): number {
    let i = from
    while (i < to && this.#at !== At.Done) {
      if (this.#at === At.Data) i = this.#data(bytes, i, to)
      else if (this.#at === At.Trailers) i = this.#trailer(bytes, i, to)
      else this.#step(bytes[i++])
    }
    return i
  }

  /** Bytes of a chunk that are still to come. */
  get left(): number {
    return this.#at === At.Data ? this.#size : 0
  }

  /** So many of those were read elsewhere. */
  took(bytes: number): void {
    this.#size -= bytes
    if (this.#size === 0) this.#at = At.DataCr
  }

  #step(byte: number): void {
    switch (this.#at) {
      case At.Size:
        return this.#digit(byte)
      case At.Extension:
        if (byte === CR) this.#at = At.LineEnd
        else if (this.#extension.length < LINE_BYTES) this.#extension += String.fromCharCode(byte)
        else throw new NotHttp('chunk extension too long')
        return
      case At.LineEnd:
        expect(byte, LF)
        return this.#begin()
      case At.DataCr:
        expect(byte, CR)
        this.#at = At.DataLf
        return
      default:
        expect(byte, LF)
        this.#at = At.Size
    }
  }

  #digit(byte: number): void {
    const value = hexOf(byte)
    if (value >= 0) {
      this.#size = this.#size * 16 + value
      if (++this.#digits > LINE_BYTES || this.#size > Number.MAX_SAFE_INTEGER) throw new NotHttp('bad chunk size')
    } else if (this.#digits > 0 && byte === CR) this.#at = At.LineEnd
    else if (this.#digits > 0 && byte === SEMICOLON) {
      this.#extension = ';'
      this.#at = At.Extension
    } else throw new NotHttp('bad chunk size')
  }

  #begin(): void {
    if (this.#extension !== '' && !EXTENSIONS.test(this.#extension)) throw new NotHttp('bad chunk extension')
    const beside = this.#digits + this.#extension.length
    this.#excess = Math.max(0, this.#excess + beside - FREE_BYTES - this.#size)
    if (this.#excess > EXCESS_BYTES) throw new NotHttp('more chunk extensions than data')
    this.#extension = ''
    this.#digits = 0
    this.#at = this.#size === 0 ? At.Trailers : At.Data
    this.answer.announce(this.#size)
  }

  #data(bytes: Buffer, from: number, to: number): number {
    const end = Math.min(to, from + this.#size)
    this.answer.data(bytes, from, end)
    this.took(end - from)
    return end
  }

  #trailer(bytes: Buffer, from: number, to: number): number {
    const next = this.#trailers.add(bytes, from, to)
    if (next < 0) return to
    for (const line of this.#trailers.text.split('\r\n').slice(1)) {
      const [name] = parseField(line)
      if (name === 'content-length' || name === 'transfer-encoding') throw new NotHttp(`${name} in a trailer`)
    }
    this.#at = At.Done
    return next
  }
}

function expect(byte: number, wanted: number): void {
  if (byte !== wanted) throw new NotHttp('bad end of a chunk')
}

/** -1 for any byte but a hexadecimal digit. */
function hexOf(byte: number): number {
  if (byte >= 48 && byte <= 57) return byte - 48
  const letter = byte | 32
  return letter >= 97 && letter <= 102 ? letter - 87 : -1
}
