// Lines of text as log entries, in the bytes that they were read in.

import type { ByteBuffer } from './bytes.js'
import { type Entries, type EntryBytes, type FieldName, NANOS_DIGITS, partOf } from './entries.js'
import type { Identity } from './identity.js'
import type { Json } from './json.js'
import { larger } from './prefixes.js'
import type { Payload } from './record.js'
import { millisOf } from './time.js'
import { nextSpecial, SLACK, viewOf } from './words.js'

const LF = 10
const CR = 13
const QUOTE = 34
const CLOSE = 125
const INITIAL = 1 << 16
const BETWEEN = viewOf(Buffer.from('","body":"'))
const ASCII = 0x7f
/** Seconds with fewer digits than those of today. */
const EARLY = 1e9

/** Gives each line its time. */
export interface Stamping {
  readonly seconds: number
  readonly nanos: number
  /** Goes on to the next one. */
  step(): void
}

/** Lines that come in, one behind the other; their memory serves those that come later. */
export class TextLines {
  buffer = Buffer.allocUnsafeSlow(INITIAL)
  view = viewOf(this.buffer)
  readonly ids: Identity[] = []
  starts = new Int32Array(1024)
  ends = new Int32Array(1024)
  seconds = new Float64Array(1024)
  nanos = new Int32Array(1024)
  #used = 0

  get length(): number {
    return this.ids.length
  }

  /** @param data lines in valid UTF-8, parted by newlines */
  add(identity: Identity, data: Buffer, stamps: Stamping): void {
    this.#room(data.length + 1 + SLACK)
    const { buffer } = this
    let from = this.#used
    this.#used += data.copy(buffer, from)
    if (buffer[this.#used - 1] !== LF) buffer[this.#used++] = LF
    while (from < this.#used) {
      const end = buffer.indexOf(LF, from)
      stamps.step()
      this.#line(identity, from, end > from && buffer[end - 1] === CR ? end - 1 : end, stamps)
      from = end + 1
    }
  }

  clear(): void {
    this.ids.length = 0
    this.#used = 0
  }

  #line(identity: Identity, start: number, end: number, { seconds, nanos }: Stamping): void {
    const row = this.ids.push(identity) - 1
    if (row === this.starts.length) this.#grow(2 * row)
    this.starts[row] = start
    this.ends[row] = end
    this.seconds[row] = seconds
    this.nanos[row] = nanos
  }

  #grow(rows: number): void {
    this.starts = larger(this.starts, rows)
    this.ends = larger(this.ends, rows)
    this.nanos = larger(this.nanos, rows)
    const seconds = new Float64Array(rows)
    seconds.set(this.seconds)
    this.seconds = seconds
  }

  #room(more: number): void {
    if (this.#used + more <= this.buffer.length) return
    const buffer = Buffer.allocUnsafeSlow(2 * (this.#used + more))
    this.buffer.copy(buffer, 0, 0, this.#used)
    this.buffer = buffer
    this.view = viewOf(buffer)
  }
}

export class TextBatch implements Entries {
  readonly layout = null
  readonly column = null
  readonly markers = false
  readonly length: number
  /** The payload that was asked for last. */
  #latest: Payload = {}
  #latestLine = -1

  /** @param ids of the rows, where they are not those of the lines */
  constructor(
    private readonly lines: TextLines,
    private readonly rows: Int32Array,
    private readonly ids: readonly (Identity | undefined)[] | null = null,
  ) {
    this.length = rows.length
  }

  /** Lines from one to another. */
  static of(lines: TextLines, from: number, to: number): TextBatch {
    return new TextBatch(lines, Int32Array.from({ length: to - from }, (_, i) => from + i))
  }

  id(row: number): Identity | undefined {
    return this.ids === null ? this.lines.ids[this.rows[row]] : this.ids[row]
  }
  payload(row: number): Payload {
    const { buffer, starts, ends } = this.lines
    const line = this.rows[row]
    // An expression may ask for several fields of one row.
    if (line !== this.#latestLine) {
      this.#latest = { ts: this.ts(row), body: buffer.utf8Slice(starts[line], ends[line]) }
      this.#latestLine = line
    }
    return this.#latest
  }
  part(row: number, field: string, key?: string): Json | undefined {
    return partOf(this, row, field, key)
  }
  plain(): boolean {
    return false
  }
  value(): number {
    return NaN
  }
  ts(row: number): string {
    const { seconds, nanos } = this.lines
    const line = this.rows[row]
    return `${seconds[line]}${String(nanos[line]).padStart(NANOS_DIGITS, '0')}`
  }
  millis(row: number): number {
    return millisOf(this.ts(row))
  }

  entry(row: number, into: EntryBytes): boolean {
    const { buffer, view, starts, ends, seconds, nanos } = this.lines
    const line = this.rows[row]
    if (seconds[line] < EARLY) return false
    into.buffer = buffer
    into.view = view
    into.start = starts[line]
    into.end = ends[line]
    into.escaped = false
    into.bare = true
    into.seconds = seconds[line]
    into.nanos = nanos[line]
    return true
  }
  field(_row: number, _name: FieldName): undefined {
    return undefined
  }
  under(ids: readonly (Identity | undefined)[]): TextBatch {
    return new TextBatch(this.lines, this.rows, ids)
  }
  select(ids: readonly (Identity | undefined)[], take: Int32Array): TextBatch {
    const { rows } = this
    return new TextBatch(this.lines, take.map((row) => rows[row]), ids)
  }

  writeEntry(row: number, out: ByteBuffer): void {
    const { buffer, view, starts, ends, seconds, nanos } = this.lines
    const line = this.rows[row]
    out.number(seconds[line])
    out.digits(nanos[line], NANOS_DIGITS)
    out.piece(BETWEEN, 0, BETWEEN.byteLength)
    const end = ends[line]
    let at = starts[line]
    // A newline stands behind the last one.
    while ((at = nextSpecial(view, at)) < end && buffer[at] > ASCII) at++
    if (at >= end) out.short(view, starts[line], end)
    else out.text(JSON.stringify(buffer.utf8Slice(starts[line], end)).slice(1, -1))
    out.one(QUOTE)
  }

  write(out: ByteBuffer): void {
    for (let row = 0; row < this.length; row++) {
      const { prefix } = this.id(row)!
      out.bytes(prefix)
      this.writeEntry(row, out)
      out.two(CLOSE, LF)
    }
  }
}
