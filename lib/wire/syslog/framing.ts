// Messages in a stream (RFC 6587): octet counting, or an end behind each; told apart frame by frame, as rsyslog does.

import { wholeCharacters } from '../lines/splitter.js'

export const FRAMINGS = ['auto', 'octet-counting', 'newline', 'nul'] as const
export type Framing = (typeof FRAMINGS)[number]

/** Told of each message: its bytes, good during the call, and whether some are missing. */
export type TakeFrame = (frame: Buffer, cut: boolean) => void

const LF = 10
const CR = 13
const SPACE = 32
const ZERO = 48
const LESS = 60
/** Digits of a count; the largest is beyond any bound. */
const MAX_DIGITS = 9

const digit = (byte: number) => byte >= ZERO && byte <= 57

export class Framer {
  readonly #end: number
  /** What begins the frame under way, while it may be a count. */
  #head: number[] = []
  #mode: 'head' | 'ended' | 'counted' = 'head'
  #held: Buffer[] = []
  #bytes = 0
  /** Of a counted frame: bytes to come. */
  #left = 0
  #cut = false

  constructor(
    private readonly framing: Framing,
    private readonly maxBytes: number,
  ) {
    this.#end = framing === 'nul' ? 0 : LF
  }

  /** Takes the next bytes. False where they cannot be framed: nothing behind them can. */
  push(chunk: Buffer, take: TakeFrame): boolean {
    let at = 0
    while (at < chunk.length) {
      if (this.#mode === 'head') {
        if (!this.#begin(chunk[at])) return false
        at++
      } else at = this.#mode === 'ended' ? this.#untilEnd(chunk, at, take) : this.#counted(chunk, at, take)
    }
    return true
  }

  /** What was under way when the stream ended: all there will be of it. */
  end(take: TakeFrame): void {
    const counted = this.#mode === 'counted' && this.#left > 0
    if (this.#mode === 'head') this.#hold(Buffer.from(this.#head))
    if (this.#bytes > 0) this.#finish(take, counted)
  }

  /** The next byte of what may be a count. */
  #begin(byte: number): boolean {
    const head = this.#head
    const counts = this.framing === 'auto' || this.framing === 'octet-counting'
    if (head.length === 0 && (byte === this.#end || byte === LF || byte === CR || byte === 0)) return true
    const last = head.at(-1)
    if (counts && last === SPACE) {
      // In auto a number may as well be the beginning of a text.
      if (this.framing === 'auto' && byte !== LESS) return this.#text(byte)
      return this.#count(Number(String.fromCharCode(...head)), byte)
    }
    const goesOn = head.length > 0 ? digit(byte) || byte === SPACE : digit(byte) && byte !== ZERO
    if (counts && head.length <= MAX_DIGITS && goesOn) {
      head.push(byte)
      return true
    }
    return this.framing !== 'octet-counting' && this.#text(byte)
  }

  /** It was no count, but the beginning of a message with an end. */
  #text(byte: number): true {
    this.#mode = 'ended'
    this.#hold(Buffer.from([...this.#head, byte]))
    this.#head = []
    return true
  }

  #count(bytes: number, first: number): true {
    this.#head = []
    this.#mode = 'counted'
    this.#left = bytes - 1
    this.#hold(Buffer.from([first]))
    return true
  }

  #untilEnd(chunk: Buffer, from: number, take: TakeFrame): number {
    const found = chunk.indexOf(this.#end, from)
    this.#hold(chunk.subarray(from, found < 0 ? chunk.length : found))
    if (found < 0) return chunk.length
    this.#finish(take, false)
    return found + 1
  }

  #counted(chunk: Buffer, from: number, take: TakeFrame): number {
    const to = Math.min(chunk.length, from + this.#left)
    this.#hold(chunk.subarray(from, to))
    this.#left -= to - from
    if (this.#left === 0) this.#finish(take, false)
    return to
  }

  /** Keeps bytes up to the bound. */
  #hold(bytes: Buffer): void {
    if (this.#bytes + bytes.length > this.maxBytes) this.#cut = true
    const room = Math.min(bytes.length, this.maxBytes + 1 - this.#bytes)
    if (room <= 0) return
    this.#held.push(Buffer.from(bytes.subarray(0, room)))
    this.#bytes += room
  }

  #finish(take: TakeFrame, cut: boolean): void {
    const frame = this.#held.length === 1 ? this.#held[0] : Buffer.concat(this.#held)
    const short = this.#cut
    this.#held = []
    this.#head = []
    this.#bytes = 0
    this.#cut = false
    this.#mode = 'head'
    take(short ? wholeCharacters(frame, this.maxBytes) : frame, short || cut)
  }
}
