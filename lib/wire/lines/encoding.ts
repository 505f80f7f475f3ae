// Text of any encoding to UTF-8, piece by piece.

import { TextDecoder } from 'node:util'
import { Problem } from '../../diag/problem.js'

const BOM = Buffer.from([0xef, 0xbb, 0xbf])
const NOTHING = Buffer.alloc(0)

/** Option values beside the labels of the WHATWG Encoding standard. */
const AUTO = 'auto'

/** Throws a Problem where `label` names no encoding. */
export function checkEncoding(label: string, flag: string): void {
  if (label === AUTO) return
  try {
    new TextDecoder(label)
  } catch (cause) {
    const expected =
      'auto, utf-8, utf-16le, utf-16be, latin1, windows-1252, shift_jis or another label of the Encoding standard'
    throw new Problem(`${flag}: '${label}' is no encoding`, { cause, expected })
  }
}

/**
 * `auto` is UTF-8, unless a byte order mark in front says UTF-16. A mark is left out. Bytes that are no text become U+FFFD;
 * of UTF-8 that is up to whoever reads the bytes.
 */
export class Utf8Stream {
  #first: Buffer | null = NOTHING
  /** null: the bytes are UTF-8 already. */
  #decoder: TextDecoder | null = null

  constructor(private readonly label: string) {
    if (label === AUTO) return
    const decoder = new TextDecoder(label)
    if (decoder.encoding === 'utf-8') return
    this.#decoder = decoder
    this.#first = null
  }

  push(chunk: Buffer): Buffer {
    if (this.#first === null) return this.#decode(chunk)
    const first = Buffer.concat([this.#first, chunk])
    if (first.length < BOM.length && this.#mayBeMark(first)) {
      this.#first = first
      return NOTHING
    }
    return this.#begin(first)
  }

  /** What was held. */
  end(): Buffer {
    const rest = this.#first === null ? NOTHING : this.#begin(this.#first)
    return this.#decoder === null ? rest : Buffer.concat([rest, Buffer.from(this.#decoder.decode())])
  }

  #mayBeMark(first: Buffer): boolean {
    const at = (i: number) => first[i] ?? -1
    if (first.length < 2) return first.length === 0 || at(0) === 0xef || at(0) >= 0xfe
    return at(0) === 0xef && at(1) === 0xbb
  }

  #begin(first: Buffer): Buffer {
    this.#first = null
    if (first.subarray(0, BOM.length).equals(BOM)) return first.subarray(BOM.length)
    if (this.label === AUTO && first.length >= 2) {
      const mark = first.readUInt16BE(0)
      if (mark === 0xfffe) this.#decoder = new TextDecoder('utf-16le')
      if (mark === 0xfeff) this.#decoder = new TextDecoder('utf-16be')
    }
    return this.#decode(first)
  }

  #decode(chunk: Buffer): Buffer {
    return this.#decoder === null ? chunk : Buffer.from(this.#decoder.decode(chunk, { stream: true }))
  }
}
