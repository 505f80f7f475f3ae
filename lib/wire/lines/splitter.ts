// Bytes to lines, whatever pieces the bytes come in; no line is held beyond a bound.

/** Told of each line: its bytes without what ended it, good during the call, and whether it was cut at the bound. */
export type TakeLine = (line: Buffer, cut: boolean) => void

export interface LineBounds {
  /** A line longer than this is cut here, and the rest of it is passed over. */
  maxBytes: number
  /** The byte that ends a line: LF if absent. */
  end?: number
}

const LF = 10
const CR = 13
/** Bytes of UTF-8 behind the first of a character. */
const MOST_TRAILING = 3

export class LineSplitter {
  readonly #end: number
  readonly #max: number
  #held: Buffer[] = []
  #bytes = 0
  /** The line under way was cut: what is left of it does not count. */
  #cut = false

  constructor({ maxBytes, end = LF }: LineBounds) {
    this.#max = maxBytes
    this.#end = end
  }

  /** Bytes of the line under way. */
  get held(): number {
    return this.#bytes
  }

  /** Takes the next bytes, which stay the caller's: what of them is needed later is copied. */
  push(chunk: Buffer, take: TakeLine): void {
    let from = 0
    for (let at = chunk.indexOf(this.#end); at >= 0; at = chunk.indexOf(this.#end, from)) {
      this.#finish(chunk.subarray(from, at), take)
      from = at + 1
    }
    if (from < chunk.length) this.#hold(chunk.subarray(from), take)
  }

  /** The last line, which nothing ended. */
  end(take: TakeLine): void {
    if (this.#bytes > 0) this.#finish(Buffer.alloc(0), take)
    this.#cut = false
  }

  #finish(rest: Buffer, take: TakeLine): void {
    if (this.#cut) {
      this.#cut = false
      return
    }
    let line = rest
    if (this.#bytes > 0) {
      line = Buffer.concat([...this.#held, rest])
      this.#held = []
      this.#bytes = 0
    }
    // What ends a line of Windows does not count for its length.
    if (this.#end === LF && line[line.length - 1] === CR) line = line.subarray(0, -1)
    if (line.length > this.#max) take(wholeCharacters(line, this.#max), true)
    else take(line, false)
  }

  #hold(piece: Buffer, take: TakeLine): void {
    if (this.#cut) return
    this.#held.push(Buffer.from(piece))
    this.#bytes += piece.length
    // One byte more may be the CR of an end.
    if (this.#bytes <= this.#max + 1) return
    const line = Buffer.concat(this.#held)
    this.#held = []
    this.#bytes = 0
    this.#cut = true
    take(wholeCharacters(line, this.#max), true)
  }
}

/** At most `max` bytes, without part of a character of UTF-8 at their end. */
export function wholeCharacters(bytes: Buffer, max: number): Buffer {
  if (bytes.length <= max) return bytes
  let to = max
  while (to > 0 && max - to < MOST_TRAILING && (bytes[to] & 0xc0) === 0x80) to--
  return bytes.subarray(0, (bytes[to] & 0xc0) === 0x80 ? max : to)
}
