// OpenMetrics text 1.0.0 and 0.0.1, as strict as Prometheus 3: single spaces, no comments, `# EOF` at the end.

import type { Labels } from '../../record/labels.js'
import type { Exemplar } from '../../record/record.js'
import { fieldOf } from '../../record/json.js'
import { nanosOfMillis } from '../../record/time.js'
import {
  CLOSE_BRACE, COMMA, EQUALS, HASH, LABEL_PART, LABEL_START, LF, NAME_PART, NAME_START, NAMES, OPEN_BRACE, QUOTE, SPACE,
} from './characters.js'
import { CreatedLines, CREATED, seriesKey } from './created.js'
import { TextCursor, unescape } from './cursor.js'
import type { EntryKind, SeriesGuess } from './parser.js'

const TYPES = ['counter', 'gauge', 'histogram', 'gaugehistogram', 'summary', 'info', 'stateset', 'unknown']
const LAST = CREATED.charCodeAt(CREATED.length - 1)
const KEYWORDS = ['HELP', 'TYPE', 'UNIT']
/** Types whose series may have a `_created` line. */
const STARTING = ['counter', 'histogram', 'summary']

export class OpenMetricsParser extends TextCursor {
  guess: SeriesGuess | null = null
  /** The bytes of the current series were guessed, and its labels have not been looked at. */
  #unread = false
  #entry: EntryKind = 'help'
  #starting = false
  #familyLength = 0
  #unitFamily = ''
  #created: CreatedLines | null = null
  /** Four offsets a label, of the exemplar's labels. */
  #exemplarOffsets: number[] = []
  #hasExemplar = false
  #exemplarPlain = true
  #exemplarValue = 0
  #exemplarStamp: number | undefined = undefined

  next(): EntryKind | null {
    for (;;) {
      this.#run()
      const { buffer, at } = this
      if (at >= this.length) this.fail(at, 'the body does not end with # EOF', '# EOF in the last line')
      const c = buffer[at]
      if (c === HASH) {
        if (this.#knownLine(at)) return 'comment'
        const entry = this.#metadata(at)
        if (entry !== null) this.#entry = entry
        this.keyStart = at
        this.keyEnd = this.at
        return entry
      }
      const begins = (NAMES[c] & NAME_START) !== 0 || c === OPEN_BRACE
      if (!begins) this.fail(at, 'this begins nothing', "a metric name or '# '")
      this.#series(at, c)
      const skipped = this.#starting && this.options.createdAsStart === true && this.#isCreated()
      if (!skipped) return 'series'
    }
  }

  get startTimestamp(): number | undefined {
    if (!this.#starting || this.options.createdAsStart !== true) return undefined
    this.#created ??= new CreatedLines(new OpenMetricsParser(this.buffer.subarray(0, this.length), {}))
    const { at, kind } = this
    const end = Math.min(this.nameEnd, this.nameStart + this.#familyLength)
    return this.#created.startOf(at, kind, () => this.keyUpTo(end))
  }

  get text(): string {
    if (this.#entry === 'type') return this.kind
    if (this.#entry === 'unit') return this.unit
    const text = this.buffer.utf8Slice(this.textStart, this.textEnd)
    return text.includes('\\') ? unescape(text) : text
  }

  exemplars(): Exemplar[] {
    if (!this.#hasExemplar) return []
    const labels = Object.create(null) as { [name: string]: string }
    const offsets = this.#exemplarOffsets
    const { plain } = this
    this.plain = this.#exemplarPlain
    for (let i = 0; i < offsets.length; i += 4) {
      labels[this.string(offsets[i], offsets[i + 1])] = this.string(offsets[i + 2], offsets[i + 3])
    }
    this.plain = plain
    const exemplar: Exemplar = { value: fieldOf(this.#exemplarValue) }
    if (offsets.length > 0) exemplar.labels = labels
    if (this.#exemplarStamp !== undefined) exemplar.ts = nanosOfMillis(this.#exemplarStamp)
    return [exemplar]
  }

  /** Goes on from here, in a family of this type, for a look ahead. */
  seek(at: number, kind: string): void {
    this.at = at
    this.kind = kind
  }

  get position(): number {
    return this.at
  }

  /** What stands for the series' place in its family: its name up to `end`, and its labels but for le and quantile. */
  keyUpTo(end: number): string {
    const omitted = this.kind === 'summary' ? 'quantile' : this.kind === 'histogram' ? 'le' : ''
    return seriesKey(this.buffer, this.nameStart, end, this.offsets, this.count, omitted)
  }

  /** The key of a `_created` line; undefined for any other series. */
  createdKey(): string | undefined {
    return this.#isCreated() ? this.keyUpTo(this.nameEnd - CREATED.length) : undefined
  }

  #isCreated(): boolean {
    const start = this.nameEnd - CREATED.length
    // The last letter tells most of them apart.
    return start >= this.nameStart && this.buffer[this.nameEnd - 1] === LAST && this.isAt(start, CREATED)
  }

  override labels(): Labels {
    if (this.#unread) {
      this.#key(this.keyStart, this.buffer[this.keyStart])
      this.#unread = false
    }
    return super.labels()
  }

  /** Whether the series that is likely to come next stands here. Where `_created` lines are looked for, labels are needed. */
  #guessed(at: number): boolean {
    if (this.guess === null || this.options.createdAsStart === true) return false
    const end = this.guess.end(at)
    if (end < 0 || this.buffer[end] !== SPACE) return false
    this.plain = true
    this.keyEnd = end
    return true
  }

  /** Passes what is as it was. */
  #run(): void {
    if (this.guess === null || this.options.createdAsStart === true) return
    const at = this.guess.run(this.at, this.length)
    if (at > this.at) this.#begin(this.guess.kind)
    this.at = at
  }

  /** Enters the family of a line that is known. */
  #begin(kind: string): void {
    if (kind === '') return
    this.kind = kind
    this.#starting = STARTING.includes(kind)
  }

  /** Passes a HELP or TYPE line that says what it said last time. */
  #knownLine(at: number): boolean {
    if (this.guess === null || this.options.createdAsStart === true) return false
    const end = this.guess.line(at)
    if (end < 0) return false
    this.#begin(this.guess.kind)
    this.at = end
    return true
  }

  /** Reads name and labels: the offset after them. */
  #key(at: number, c: number): number {
    this.plain = true
    this.count = 0
    const named = c !== OPEN_BRACE
    if (named) {
      this.nameStart = at
      at = this.nameEnd = this.keyEnd = this.name(at, NAME_PART)
    }
    return this.buffer[at] === OPEN_BRACE ? (this.keyEnd = this.labelSet(at + 1, true, named)) : at
  }

  #series(at: number, c: number): void {
    const { buffer } = this
    this.keyStart = at
    this.#hasExemplar = false
    this.#unread = this.#guessed(at)
    at = this.#unread ? this.keyEnd : this.#key(at, c)
    at = this.#number(at, 'the metric', 'a space and a number')
    this.value = this.numbers.value
    this.stamped = buffer[at] === SPACE && !this.#exemplarAt(at)
    if (this.stamped) {
      at = this.#seconds(at, 'the value')
      this.stamp = this.#millis
    }
    if (buffer[at] === SPACE && this.#exemplarAt(at)) at = this.#exemplar(at + 4)
    this.at = this.#lineEnd(at)
  }

  #lineEnd(at: number): number {
    if (this.buffer[at] !== LF) this.fail(at, 'more than a sample', 'the end of the line')
    if (at >= this.length) this.fail(at, 'the body does not end with # EOF', '# EOF in the last line')
    return at + 1
  }

  /** A space and a number, up to a space or the end of the line: the offset after it. */
  #number(at: number, after: string, expected: string): number {
    const { buffer } = this
    const none = buffer[at + 1] === SPACE || buffer[at + 1] === LF
    if (buffer[at] !== SPACE || none) this.fail(at, `no value after ${after}`, expected)
    const end = this.numbers.read(buffer, at + 1)
    if (end >= 0 && (buffer[end] === SPACE || buffer[end] === LF)) return end
    let stop = at + 1
    while (stop < at + 65 && stop < buffer.length && buffer[stop] !== SPACE && buffer[stop] !== LF) stop++
    const word = buffer.utf8Slice(at + 1, stop)
    this.fail(at + 1, `not a number a double can hold: '${word}'`, 'a number, NaN, +Inf or -Inf', stop - at - 1)
  }

  /** Unix milliseconds of what `#seconds` read. */
  #millis = 0

  #seconds(at: number, after: string): number {
    const end = this.#number(at, after, 'seconds or the end of the line')
    const ms = Math.trunc(this.numbers.value * 1000)
    if (!(Math.abs(ms) < 2 ** 63)) this.fail(at + 1, 'not a point in time', 'Unix seconds', end - at - 1)
    this.#millis = ms
    return end
  }

  #exemplarAt(at: number): boolean {
    const { buffer } = this
    return buffer[at + 1] === HASH && buffer[at + 2] === SPACE && buffer[at + 3] === OPEN_BRACE
  }

  #exemplar(at: number): number {
    const { plain } = this
    this.plain = true
    at = this.#exemplarLabels(at)
    this.#exemplarPlain = this.plain
    this.plain = plain
    at = this.#number(at, "the exemplar's labels", 'a space and a number')
    this.#exemplarValue = this.numbers.value
    this.#exemplarStamp = undefined
    if (this.buffer[at] === SPACE) {
      at = this.#seconds(at, "the exemplar's value")
      this.#exemplarStamp = this.#millis
    }
    this.#hasExemplar = true
    return at
  }

  #exemplarLabels(at: number): number {
    const { buffer } = this
    const offsets: number[] = []
    while (buffer[at] !== CLOSE_BRACE) {
      const quote = buffer[at] === QUOTE ? 1 : 0
      const start = at + quote
      if (quote === 1) at = this.quoted(at, 0, 'the label name') + 1
      else if ((NAMES[buffer[at]] & LABEL_START) !== 0) at = this.name(at, LABEL_PART)
      else this.fail(at, 'no label name here', 'a label name or a closing brace')
      const end = at - quote
      if (buffer[at] !== EQUALS) this.fail(at, 'no value for the label', "'='")
      if (buffer[++at] !== QUOTE) this.fail(at, 'no label value here', 'a string in double quotes')
      const close = this.quoted(at, 0, 'the label value')
      offsets.push(start, end, at + 1, close)
      at = close + 1
      if (buffer[at] === COMMA) at++
      else if (buffer[at] !== CLOSE_BRACE) this.fail(at, 'no end of the label', 'a comma or a closing brace')
    }
    this.#exemplarOffsets = offsets
    return at + 1
  }

  /** HELP, TYPE, UNIT; null for EOF. */
  #metadata(hash: number): EntryKind | null {
    const { buffer } = this
    if (this.isAt(hash, '# EOF')) return this.#eof(hash)
    const keyword = KEYWORDS.find((word) => this.isAt(hash, `# ${word} `))
    if (keyword === undefined) {
      this.fail(hash, 'not a line of OpenMetrics, which has no comments', '# HELP, # TYPE, # UNIT or # EOF')
    }
    const at = this.familyName(hash + 7, keyword)
    this.#familyLength = this.nameEnd - this.nameStart
    if (buffer[at] !== SPACE) this.fail(at, `no text in ${keyword}`, 'a space and the text')
    const end = buffer.indexOf(LF, at)
    this.#lineEnd(end)
    this.textStart = at + 1
    this.textEnd = end
    this.at = end + 1
    if (keyword === 'TYPE') return this.#type()
    if (keyword === 'UNIT') return this.#unit()
    this.checkHelp()
    return 'help'
  }

  #eof(hash: number): null {
    const end = this.buffer[hash + 5] === LF ? hash + 6 : hash + 5
    if (end < this.length) this.fail(hash + 5, 'data after # EOF', 'nothing more')
    this.at = hash
    return null
  }

  #type(): EntryKind {
    const { textStart, textEnd } = this
    const word = this.buffer.latin1Slice(textStart, Math.min(textEnd, textStart + 16))
    if (!TYPES.includes(word)) {
      const length = Math.max(1, Math.min(textEnd - textStart, 64))
      this.fail(textStart, `'${word}' is no metric type`, TYPES.join(', '), length)
    }
    this.kind = word
    if (this.metric !== this.#unitFamily) this.unit = ''
    this.#starting = STARTING.includes(word)
    return 'type'
  }

  #unit(): EntryKind {
    const unit = this.buffer.utf8Slice(this.textStart, this.textEnd)
    if (unit !== '' && !this.metric.endsWith(`_${unit}`)) {
      const length = Math.min(this.textEnd - this.textStart, 64)
      const expected = `a metric name that ends with _${unit.slice(0, 64)}`
      this.fail(this.textStart, 'the unit is not the end of the name', expected, length)
    }
    this.unit = unit
    this.#unitFamily = this.metric
    return 'unit'
  }
}
