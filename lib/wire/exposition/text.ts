// The Prometheus text format 0.0.4, and 1.0.0 with its quoted UTF-8 names, as Prometheus 3 reads it.

import type { Labels } from '../../record/labels.js'
import type { Exemplar } from '../../record/record.js'
import {
  CLOSE_BRACE, CR, HASH, LF, NAME_PART, NAME_START, NAMES, NINE, OPEN_BRACE, SPACE, TAB, ZERO,
} from './characters.js'
import { TextCursor } from './cursor.js'
import type { EntryKind, SeriesGuess } from './parser.js'

const TYPES = new Map([
  ['counter', 'counter'],
  ['gauge', 'gauge'],
  ['histogram', 'histogram'],
  ['summary', 'summary'],
  ['untyped', 'unknown'],
])

const NO_EXEMPLARS: Exemplar[] = []
const MAX_INT64 = 9_223_372_036_854_775_807n

export class TextParser extends TextCursor {
  guess: SeriesGuess | null = null
  #entry: EntryKind = 'comment'
  /** The bytes of the current series were guessed, and its labels have not been looked at. */
  #unread = false

  next(): EntryKind | null {
    const { buffer } = this
    let at = this.at
    if (this.guess !== null) {
      at = this.guess.run(at, buffer.length)
      if (at > this.at && this.guess.kind !== '') this.kind = this.guess.kind
    }
    let c = buffer[at]
    // Blank lines, and blanks before anything.
    while (c === LF || c === SPACE || c === TAB) c = buffer[++at]
    if (at >= this.length) return null
    if ((NAMES[c] & NAME_START) !== 0 || c === OPEN_BRACE) {
      this.#series(at, c)
      return 'series'
    }
    if (c === HASH) return (this.#entry = this.#hash(at))
    if (c === CR) this.fail(at, 'a carriage return', 'a line feed')
    this.fail(at, 'this begins nothing', "a metric name or '#'")
  }

  /** A line that begins with a hash: known, or to be read. */
  #hash(at: number): EntryKind {
    const end = this.guess === null ? -1 : this.guess.line(at)
    if (end >= 0) {
      if (this.guess!.kind !== '') this.kind = this.guess!.kind
      this.textStart = this.textEnd = this.at = end
      return 'comment'
    }
    const kind = this.#comment(at)
    this.keyStart = at
    this.keyEnd = this.at
    return kind
  }

  get startTimestamp(): undefined {
    return undefined
  }

  exemplars(): Exemplar[] {
    return NO_EXEMPLARS
  }

  /** After `comment` the whole comment. */
  get text(): string {
    if (this.#entry === 'type') return this.kind
    const text = this.buffer.utf8Slice(this.textStart, this.textEnd)
    if (this.#entry === 'comment' || !text.includes('\\')) return text
    return text.replace(/\\[\\n]/g, (found) => (found === '\\n' ? '\n' : '\\'))
  }

  override labels(): Labels {
    if (this.#unread) {
      this.#key(this.keyStart, this.buffer[this.keyStart])
      this.#unread = false
    }
    return super.labels()
  }

  /** The offset of the value of the series whose bytes were guessed, -1 if the guess is wrong. */
  #guessed(at: number): number {
    const end = this.guess!.end(at)
    if (end < 0) return -1
    const value = this.blanks(end)
    // A name may go on, or labels may follow it.
    if (this.buffer[end - 1] !== CLOSE_BRACE && (value === end || this.buffer[value] === OPEN_BRACE)) return -1
    this.keyEnd = end
    return value
  }

  /** Reads name and labels: the offset after them. */
  #key(at: number, c: number): number {
    this.plain = true
    this.count = 0
    const named = c !== OPEN_BRACE
    if (named) {
      this.nameStart = at
      at = this.nameEnd = this.keyEnd = this.name(at, NAME_PART)
      at = this.blanks(at)
    }
    if (this.buffer[at] === OPEN_BRACE) at = this.keyEnd = this.labelSet(at + 1, false, named)
    return this.blanks(at)
  }

  #series(start: number, c: number): void {
    const { buffer } = this
    this.keyStart = start
    let at = this.guess === null ? -1 : this.#guessed(start)
    this.#unread = at >= 0
    if (at < 0) at = this.#key(start, c)
    const end = this.numbers.read(buffer, at)
    if (end < 0 || !this.#ends(buffer[end])) this.#noNumber(at)
    this.value = this.numbers.value
    at = this.blanks(end)
    this.stamped = buffer[at] !== LF
    if (this.stamped) at = this.blanks(this.#timestamp(at))
    if (buffer[at] !== LF) this.fail(at, 'more than a sample', 'the end of the line')
    this.at = at + 1
  }

  #ends(c: number): boolean {
    return c === LF || c === SPACE || c === TAB
  }

  #noNumber(at: number): never {
    const { buffer } = this
    if (buffer[at] === LF) this.fail(at, 'no value after the metric', 'a number')
    let end = at
    while (end < at + 64 && end < buffer.length && !this.#ends(buffer[end])) end++
    if (buffer[end - 1] === CR) this.fail(end - 1, 'a carriage return after the value', 'a line feed')
    const word = buffer.utf8Slice(at, end)
    this.fail(at, `not a number a double can hold: '${word}'`, 'a number, NaN, +Inf or -Inf', end - at)
  }

  /** Whole milliseconds without sign, that fit into 64 bits. */
  #timestamp(start: number): number {
    const { buffer } = this
    let at = start
    let ms = 0
    while (buffer[at] >= ZERO && buffer[at] <= NINE) ms = ms * 10 + (buffer[at++] - ZERO)
    if (at === start && buffer[at] === CR) this.fail(at, 'a carriage return', 'a line feed')
    if (at === start) this.fail(at, 'not a timestamp', 'milliseconds or the end of the line')
    // Up to 2^53 a double has counted exactly; beyond, digits decide.
    const exact = ms <= Number.MAX_SAFE_INTEGER
    if (!exact && (at - start > 64 || BigInt(buffer.latin1Slice(start, at)) > MAX_INT64)) {
      this.fail(start, 'a timestamp beyond 64 bits', 'milliseconds', Math.min(at - start, 64))
    }
    this.stamp = ms
    return at
  }

  #comment(hash: number): EntryKind {
    const { buffer } = this
    let at = hash + 1
    if (buffer[at] === SPACE || buffer[at] === TAB) {
      at = this.blanks(at)
      if (this.#word(at, 'HELP')) return this.#metadata(at + 4, 'HELP')
      if (this.#word(at, 'TYPE')) return this.#metadata(at + 4, 'TYPE')
    }
    this.textStart = hash
    this.textEnd = buffer.indexOf(LF, at)
    this.at = this.textEnd + 1
    return 'comment'
  }

  #word(at: number, word: string): boolean {
    const after = this.buffer[at + 4]
    return (after === SPACE || after === TAB) && this.isAt(at, word)
  }

  #metadata(at: number, keyword: 'HELP' | 'TYPE'): EntryKind {
    const { buffer } = this
    at = this.familyName(this.blanks(at), keyword)
    const end = buffer.indexOf(LF, at)
    this.textEnd = end
    // One separator goes; blanks alone are no text.
    this.textStart = this.blanks(at) === end ? end : at + 1
    this.at = end + 1
    if (keyword === 'HELP') {
      this.checkHelp()
      return 'help'
    }
    const word = buffer.latin1Slice(this.textStart, Math.min(end, this.textStart + 16))
    const kind = TYPES.get(word)
    if (kind === undefined) {
      const length = Math.max(1, Math.min(end - this.textStart, 64))
      this.fail(Math.min(this.textStart, end), `'${word}' is no metric type`, [...TYPES.keys()].join(', '), length)
    }
    this.kind = kind
    return 'type'
  }
}
