// What the text formats share: a cursor over a body, names and quoted strings, labels, and errors with their place.

import { isUtf8 } from 'node:buffer'
import { EXIT, Problem } from '../../diag/problem.js'
import { compareCodePoints } from '../../record/json.js'
import type { Labels } from '../../record/labels.js'
import type { Exemplar, NativeHistogram } from '../../record/record.js'
import {
  BACKSLASH, CLOSE_BRACE, COMMA, EQUALS, isLegacyName, LABEL_PART, LABEL_START, LF, NAME_PART, NAMES, NUL, QUOTE, SPACE,
  SPECIAL, TAB,
} from './characters.js'
import { floatLabel, NumberReader, parseNumber } from './number.js'
import type { EntryKind, ExpositionOptions, ExpositionParser } from './parser.js'

/** What a quoted string may hold beside ordinary characters. */
export const LINE_FEEDS = 1
export const NULS = 2

/** Bytes of a line that an error shows; further into a line it gives the column alone. */
const EXCERPT = 4096

export abstract class TextCursor implements ExpositionParser {
  /** The body, always with a line feed as its last byte. */
  readonly buffer: Buffer
  /** Bytes that were given. */
  protected readonly length: number
  /** Next byte to be read. */
  protected at = 0
  keyStart = 0
  keyEnd = 0
  value = 0
  /** Milliseconds, meaningful where `stamped`. */
  protected stamp = 0
  protected stamped = false
  /** The type of the last TYPE line; it holds for all that follows, as it does in Prometheus. */
  protected kind = ''
  protected unit = ''
  protected readonly numbers = new NumberReader()
  /** Four offsets a label of the current series: name, end of name, value, end of value. */
  protected offsets = new Int32Array(64)
  protected count = 0
  protected nameStart = 0
  protected nameEnd = 0
  /** Whether the strings of the current series are ASCII without escapes. */
  protected plain = true
  /** Of the last HELP, TYPE, UNIT or comment. */
  protected textStart = 0
  protected textEnd = 0
  readonly histogram: NativeHistogram | undefined = undefined

  constructor(
    body: Buffer,
    protected readonly options: ExpositionOptions,
  ) {
    this.length = body.length
    const ended = body.length > 0 && body[body.length - 1] === LF
    this.buffer = ended ? body : Buffer.concat([body, Buffer.from('\n')])
  }

  abstract next(): EntryKind | null
  abstract get startTimestamp(): number | undefined
  abstract exemplars(): Exemplar[]
  abstract get text(): string

  get timestamp(): number | undefined {
    return this.stamped ? this.stamp : undefined
  }

  get metric(): string {
    return this.string(this.nameStart, this.nameEnd)
  }

  labels(): Labels {
    const { offsets, count, options } = this
    const typed = options.typeAndUnitLabels === true
    if (this.plain && !typed) return this.#plainLabels()
    const out: string[] = ['__name__', this.string(this.nameStart, this.nameEnd)]
    const kind = typed && this.kind !== 'unknown' ? this.kind : ''
    const unit = typed ? this.unit : ''
    if (kind !== '') out.push('__type__', kind)
    if (unit !== '') out.push('__unit__', unit)
    for (let i = 0; i < count; i += 4) {
      const name = this.string(offsets[i], offsets[i + 1])
      // Labels of these names that the target gives are not to be trusted where the parser gives its own.
      const ours = name === '__name__' || (kind !== '' && name === '__type__') || (unit !== '' && name === '__unit__')
      if (typed && ours) continue
      out.push(name, this.#labelValue(name, this.string(offsets[i + 2], offsets[i + 3])))
    }
    return sortLabels(out)
  }

  /** The same for a series in ASCII without escapes: its bytes become a string once, of which the labels are parts. */
  #plainLabels(): Labels {
    const { offsets, count, keyStart } = this
    const key = this.buffer.latin1Slice(keyStart, this.keyEnd)
    const out: string[] = ['__name__', key.slice(this.nameStart - keyStart, this.nameEnd - keyStart)]
    for (let i = 0; i < count; i += 4) {
      const name = key.slice(offsets[i] - keyStart, offsets[i + 1] - keyStart)
      const value = key.slice(offsets[i + 2] - keyStart, offsets[i + 3] - keyStart)
      out.push(name, this.#labelValue(name, value))
    }
    return sortLabels(out)
  }

  #labelValue(name: string, value: string): string {
    const bound = (name === 'le' && this.kind === 'histogram') || (name === 'quantile' && this.kind === 'summary')
    if (!bound) return value
    const number = parseNumber(value)
    return number === undefined ? value : floatLabel(number)
  }

  /** A string of the current series, unescaped. */
  protected string(start: number, end: number): string {
    if (this.plain) return this.buffer.latin1Slice(start, end)
    const text = this.buffer.utf8Slice(start, end)
    return text.includes('\\') ? unescape(text) : text
  }

  /** The offset after the name that begins at `at`, whose first byte is known to start one. */
  protected name(at: number, part: number): number {
    const { buffer } = this
    const names = NAMES
    do at++
    while ((names[buffer[at]] & part) !== 0)
    return at
  }

  /** Whether the bytes at `at` are these ASCII ones. */
  protected isAt(at: number, word: string): boolean {
    return at + word.length <= this.buffer.length && this.buffer.latin1Slice(at, at + word.length) === word
  }

  protected blanks(at: number): number {
    const { buffer } = this
    while (buffer[at] === SPACE || buffer[at] === TAB) at++
    return at
  }

  /**
   * From the opening quote to the closing one: its offset.
   * @param allowed LINE_FEEDS, NULS
   */
  protected quoted(open: number, allowed: number, what: string): number {
    const { buffer } = this
    const special = SPECIAL
    let high = false
    let at = open + 1
    for (;;) {
      while (special[buffer[at]] === 0) at++
      const c = buffer[at]
      if (c === QUOTE) break
      else if (c >= 0x80) {
        high = true
        at++
      } else if (c === BACKSLASH) {
        this.plain = false
        do at++
        while (buffer[at] === NUL && (allowed & NULS) !== 0)
        if (buffer[at] === LF || buffer[at] === NUL) this.unclosed(open, what)
        if (buffer[at] >= 0x80) high = true
        at++
      } else if (c === NUL) {
        if ((allowed & NULS) === 0) this.fail(at, `a NUL byte in ${what}`)
        at++
      } else {
        if ((allowed & LINE_FEEDS) === 0 || at + 1 >= buffer.length) this.unclosed(open, what)
        at++
      }
    }
    if (high) {
      this.plain = false
      if (!isUtf8(buffer.subarray(open + 1, at))) this.fail(open, `${what} is not valid UTF-8`)
    }
    return at
  }

  protected unclosed(open: number, what: string): never {
    this.fail(open, `${what} does not end`, 'a closing double quote')
  }

  /**
   * What stands between braces; `at` is after the opening one. Fills `offsets`, and the metric's name if it is there.
   * The text format skips blanks everywhere and does not insist on commas, OpenMetrics does neither.
   */
  protected labelSet(at: number, strict: boolean, named: boolean): number {
    const { buffer } = this
    let count = 0
    for (;;) {
      const next = this.#plainLabel(at, count)
      if (next > 0) {
        at = next
        count += 4
        continue
      }
      if (!strict) at = this.blanks(at)
      let c = buffer[at]
      if (c === CLOSE_BRACE) break
      const start = at
      const quoted = c === QUOTE
      if (quoted) at = this.quoted(at, LINE_FEEDS, 'the name') + 1
      else if ((NAMES[c] & LABEL_START) !== 0) at = this.name(at, LABEL_PART)
      else this.fail(at, 'no label name here', 'a label name or a closing brace')
      const end = at
      if (!strict) at = this.blanks(at)
      c = buffer[at]
      if (quoted && (c === COMMA || c === CLOSE_BRACE)) {
        if (named) this.fail(start, 'a second metric name', "'=' and a value, if this is a label")
        named = true
        this.nameStart = start + 1
        this.nameEnd = end - 1
        this.checkName(start + 1, end - 1, false)
      } else {
        at = this.#label(start, end, quoted, at, strict, count)
        count += 4
        if (!strict) at = this.blanks(at)
        c = buffer[at]
        const ended = c === COMMA || c === CLOSE_BRACE
        if (strict && !ended) this.fail(at, 'no end of the label', 'a comma or a closing brace')
      }
      if (c === COMMA) at++
    }
    this.count = count
    if (!named) this.fail(this.keyStart, 'a series without a name', 'a metric name, before the brace or quoted inside')
    return at + 1
  }

  /**
   * `name="value"` without quoted name, blanks, escapes or other alphabets, and its comma: the offset of what follows;
   * -1 where the label is another, or not before a comma or the closing brace. Most labels are such, and are read in
   * half the time.
   */
  #plainLabel(start: number, count: number): number {
    const { buffer } = this
    const names = NAMES
    const special = SPECIAL
    let at = start
    if ((names[buffer[at]] & LABEL_START) === 0) return -1
    while ((names[buffer[at]] & LABEL_PART) !== 0) at++
    if (buffer[at] !== EQUALS || buffer[at + 1] !== QUOTE) return -1
    let close = at + 2
    while (special[buffer[close]] === 0) close++
    const after = buffer[close + 1]
    if (buffer[close] !== QUOTE || (after !== COMMA && after !== CLOSE_BRACE)) return -1
    if (count + 4 > this.offsets.length) this.#grow()
    const { offsets } = this
    offsets[count] = start
    offsets[count + 1] = at
    offsets[count + 2] = at + 2
    offsets[count + 3] = close
    return after === COMMA ? close + 2 : close + 1
  }

  #label(start: number, end: number, quoted: boolean, at: number, strict: boolean, count: number): number {
    const { buffer } = this
    if (buffer[at] !== EQUALS) this.fail(at, 'no value for the label', "'='")
    at++
    if (!strict) at = this.blanks(at)
    if (buffer[at] !== QUOTE) this.fail(at, 'no label value here', 'a string in double quotes')
    const close = this.quoted(at, strict ? NULS : NULS | LINE_FEEDS, 'the label value')
    if (count + 4 > this.offsets.length) this.#grow()
    const { offsets } = this
    const quote = quoted ? 1 : 0
    offsets[count] = start + quote
    offsets[count + 1] = end - quote
    offsets[count + 2] = at + 1
    offsets[count + 3] = close
    if (quoted) this.checkName(start + 1, end - 1, true)
    return close + 1
  }

  #grow(): void {
    const larger = new Int32Array(this.offsets.length * 2)
    larger.set(this.offsets)
    this.offsets = larger
  }

  /** Refuses an empty name, and one that Prometheus 2 would refuse where the options say so. */
  protected checkName(start: number, end: number, label: boolean): void {
    if (start === end) this.fail(start - 1, 'an empty name', undefined, 2)
    if (this.options.legacyNames !== true || isLegacyName(this.string(start, end), label)) return
    this.fail(start - 1, 'a name that the legacy rules do not allow', 'letters, digits, underscores', end - start + 2)
  }

  /** The name in a HELP, TYPE or UNIT line: the offset after it. */
  protected familyName(at: number, keyword: string): number {
    const { buffer } = this
    this.plain = true
    if (buffer[at] === QUOTE) {
      const close = this.quoted(at, LINE_FEEDS, 'the metric name')
      this.nameStart = at + 1
      this.nameEnd = close
      this.checkName(at + 1, close, false)
      return close + 1
    }
    if ((NAMES[buffer[at]] & 1) === 0) this.fail(at, `no metric name after ${keyword}`, 'a metric name')
    const end = this.name(at, NAME_PART)
    this.nameStart = at
    this.nameEnd = end
    return end
  }

  protected checkHelp(): void {
    const { buffer, textStart, textEnd } = this
    if (!isUtf8(buffer.subarray(textStart, textEnd))) this.fail(textStart, 'the help text is not valid UTF-8')
  }

  /** A series that the text itself does not forbid, but that cannot be: its place is that of the current one. */
  invalid(message: string): Problem {
    return this.#problem(this.keyStart, message, undefined, this.keyEnd - this.keyStart)
  }

  protected fail(at: number, message: string, expected?: string, length?: number): never {
    throw this.#problem(at, message, expected, length)
  }

  #problem(at: number, message: string, expected: string | undefined, length: number | undefined): Problem {
    const { buffer } = this
    let line = 1
    let start = 0
    for (let lf = buffer.indexOf(LF); lf >= 0 && lf < at; lf = buffer.indexOf(LF, start)) {
      line++
      start = lf + 1
    }
    const file = this.options.name ?? 'body'
    if (at - start > EXCERPT) {
      const column = characters(buffer, start, at) + 1
      return new Problem(message, { exit: EXIT.failed, expected, place: { file, line, column } })
    }
    const end = buffer.subarray(0, at + EXCERPT).indexOf(LF, at)
    const source = buffer.utf8Slice(start, end < 0 ? Math.min(at + EXCERPT, buffer.length) : end)
    const column = buffer.utf8Slice(start, at).length + 1
    return new Problem(message, {
      exit: EXIT.failed,
      expected,
      // Control characters would reach the terminal; an empty line has nothing to show.
      place: { file, line, column, length: length ?? 1, source: source.replaceAll(/[^\P{Cc}\t]/gu, '�') || undefined },
    })
  }
}

function characters(buffer: Buffer, start: number, end: number): number {
  let count = 0
  for (let at = start; at < end; at++) if ((buffer[at] & 0xc0) !== 0x80) count++
  return count
}

/** Labels up to which shifting them into place is faster than a sort; beyond, it would be quadratic. */
const FEW = 64

/** Names and values in turn, put into order by name; of equal names the first stays first. */
export function sortLabels(pairs: string[]): string[] {
  if (pairs.length > 2 * FEW) return sortMany(pairs)
  for (let end = 2; end < pairs.length; end += 2) {
    const name = pairs[end]
    if (compareCodePoints(pairs[end - 2], name) <= 0) continue
    const value = pairs[end + 1]
    let i = end
    for (; i > 0 && compareCodePoints(pairs[i - 2], name) > 0; i -= 2) {
      pairs[i] = pairs[i - 2]
      pairs[i + 1] = pairs[i - 1]
    }
    pairs[i] = name
    pairs[i + 1] = value
  }
  return pairs
}

function sortMany(pairs: readonly string[]): string[] {
  const order = Array.from({ length: pairs.length / 2 }, (_, i) => 2 * i)
  order.sort((a, b) => compareCodePoints(pairs[a], pairs[b]))
  return order.flatMap((i) => [pairs[i], pairs[i + 1]])
}

/** `\"`, `\\` and `\n`; any other backslash stands for itself. */
export function unescape(text: string): string {
  return text.replace(/\\["\\n]/g, (found) => (found === '\\n' ? '\n' : found[1]))
}
