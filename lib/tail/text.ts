// Bytes of a text file to lines: where lines end in an encoding, and what they say.

import { isAscii, isUtf8 } from 'node:buffer'

const LF = 10
const CR = 13

interface Decoded {
  readonly lines: readonly string[]
  /** Lines with bytes that are no text in the encoding; they stand as U+FFFD. */
  readonly repaired: number
}

/** How the text of a file is written. Every encoding here ends a line with one unit that is part of nothing else. */
export interface Text {
  /** Bytes of a unit; a line begins at a multiple of it. */
  readonly unit: 1 | 2
  /** Length of the byte order mark at the start of the file. */
  readonly mark: number
  /** Behind the first newline at or after `from`; 0 if there is none. */
  firstEnd(data: Buffer, from: number): number
  /** Behind the last newline; 0 if there is none. */
  lastEnd(data: Buffer): number
  /** Where a line may be cut, at most at `end`. */
  boundary(data: Buffer, end: number): number
  /** Whether the bytes are valid UTF-8, and meant so: they need no decoding. */
  isUtf8(data: Buffer): boolean
  /** The lines in `data`, without their ends. */
  decode(data: Buffer): Decoded
}

/**
 * The text of a file by its first bytes.
 *
 * @param encoding a label of the Encoding standard; `auto` is UTF-8, unless a byte order mark says UTF-16
 */
export function textOf(head: Buffer, encoding: string): Text {
  const little = head[0] === 0xff && head[1] === 0xfe
  const big = head[0] === 0xfe && head[1] === 0xff
  const marked = little ? 'utf-16le' : big ? 'utf-16be' : 'utf-8'
  const name = encoding === 'auto' ? marked : new TextDecoder(encoding).encoding
  if (name === 'utf-16le' || name === 'utf-16be') return new Wide(name, (name === 'utf-16le' ? little : big) ? 2 : 0)
  if (name !== 'utf-8') return new Other(name)
  return new Utf8(head[0] === 0xef && head[1] === 0xbb && head[2] === 0xbf ? 3 : 0)
}

class Utf8 implements Text {
  readonly unit = 1
  constructor(readonly mark: number) {}

  firstEnd(data: Buffer, from: number): number {
    return data.indexOf(LF, from) + 1
  }
  lastEnd(data: Buffer): number {
    return data.lastIndexOf(LF) + 1
  }
  boundary(data: Buffer, end: number): number {
    let at = end
    while (at > end - 3 && at > 0 && (data[at] & 0xc0) === 0x80) at--
    return at
  }
  isUtf8(data: Buffer): boolean {
    return isUtf8(data)
  }
  /** One decoding for all lines, which are then slices of one string. */
  decode(data: Buffer): Decoded {
    if (isAscii(data)) return { lines: linesOf(data.latin1Slice(), data), repaired: 0 }
    return { lines: linesOf(data.utf8Slice(), data), repaired: isUtf8(data) ? 0 : badLines(data) }
  }
}

/** Another encoding whose newline is the byte 10, and no part of any other character. */
class Other implements Text {
  readonly unit = 1
  readonly mark = 0
  readonly #decoder: InstanceType<typeof TextDecoder>
  constructor(name: string) {
    this.#decoder = new TextDecoder(name)
  }

  firstEnd(data: Buffer, from: number): number {
    return data.indexOf(LF, from) + 1
  }
  lastEnd(data: Buffer): number {
    return data.lastIndexOf(LF) + 1
  }
  boundary(_: Buffer, end: number): number {
    return end
  }
  isUtf8(): boolean {
    return false
  }
  decode(data: Buffer): Decoded {
    return withRepairs(linesOf(this.#decoder.decode(data), data))
  }
}

/** UTF-16. */
class Wide implements Text {
  readonly unit = 2
  readonly #newline: Buffer
  readonly #decoder: InstanceType<typeof TextDecoder>
  constructor(
    name: string,
    readonly mark: number,
  ) {
    this.#decoder = new TextDecoder(name, { ignoreBOM: true })
    this.#newline = Buffer.from(name === 'utf-16le' ? [LF, 0] : [0, LF])
  }

  firstEnd(data: Buffer, from: number): number {
    let at = data.indexOf(this.#newline, from)
    while (at >= 0 && at % 2 !== 0) at = data.indexOf(this.#newline, at + 1)
    return at < 0 ? 0 : at + 2
  }
  lastEnd(data: Buffer): number {
    let at = data.lastIndexOf(this.#newline)
    while (at > 0 && at % 2 !== 0) at = data.lastIndexOf(this.#newline, at - 1)
    return at < 0 || at % 2 !== 0 ? 0 : at + 2
  }
  boundary(_: Buffer, end: number): number {
    return end - (end % 2)
  }
  isUtf8(): boolean {
    return false
  }
  decode(data: Buffer): Decoded {
    return withRepairs(linesOf(this.#decoder.decode(data), data))
  }
}

/** @param data the bytes of `text`; a search for the carriage return is cheaper there */
function linesOf(text: string, data: Buffer): string[] {
  const lines = text.split('\n')
  if (lines[lines.length - 1] === '') lines.pop()
  if (!data.includes(CR)) return lines
  return lines.map((line) => (line.endsWith('\r') ? line.slice(0, -1) : line))
}

function withRepairs(lines: string[]): Decoded {
  let repaired = 0
  for (const line of lines) if (line.includes('\ufffd')) repaired++
  return { lines, repaired }
}

function badLines(data: Buffer): number {
  let bad = 0
  for (let from = 0; from < data.length; ) {
    const newline = data.indexOf(LF, from)
    const end = newline < 0 ? data.length : newline
    if (!isUtf8(data.subarray(from, end))) bad++
    from = end + 1
  }
  return bad
}
