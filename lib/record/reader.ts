// Lines to batches. The fast way compares bytes with the identity that followed last time and checks a plain sample's tail
// in place; everything else goes the slow way, through JSON. Both give the same records (test/lib/record/reader.test.ts).
// Measured, 20,000 series, 290 bytes a line, read and written again: 200 ns a line, the slow way 7.5 µs.

import { decodeLine, type Rejection, scanDepth } from './decode.js'
import { Dictionary } from './dictionary.js'
import { LineBatch, type Lines } from './line_batch.js'
import { LogScanner } from './log_line.js'
import { larger } from './prefixes.js'
import { sameText, SLACK, slackViewOf, viewOf } from './words.js'

export interface ReaderOptions {
  /** Bytes of the longest line accepted, without its newline. */
  maxLineBytes: number
  /** Levels of nesting accepted in a line. */
  maxDepth: number
  /** Identities remembered; beyond, those unseen for longest are forgotten. */
  maxIdentities: number
  /** Told of every line that is no record; true passes the line on unread. */
  onBad: (rejection: Rejection, lineNumber: number, line: Buffer) => boolean
}

const LF = 10
const INITIAL = 1 << 17
const TS_KEY = Buffer.from(',"ts":"')
const VALUE_KEY = Buffer.from('","value":')
const NO_BYTES = Buffer.alloc(0)
/** Longest `ts` and what stands between it and the value. */
const MAX_STAMP = 40
/** Where the type stands in a line, and the first letter of a metric's and of a log entry's; others with it have no time. */
const TYPE_AT = 9
const METRIC = 109
const LOG = 108

export class LineReader {
  readonly #options: ReaderOptions
  #dictionary: Dictionary
  /** The number of the line before; 0 at first. */
  #previous = 0
  /** The last line's time, as it stood there up to the value. */
  readonly #stamp = Buffer.alloc(MAX_STAMP)
  readonly #stampView = viewOf(this.#stamp)
  #stampLength = 0
  /** What was read: lines handed out with the last batch, then the start of a line that is not complete. */
  #buffer: Buffer = Buffer.allocUnsafeSlow(INITIAL)
  #taken = 0
  #end = 0
  #skipping = false
  readonly #logs = new LogScanner()
  /** The last batch's rows; the arrays serve the next one again. */
  readonly #lines: Lines
  /** Number of the last line that was begun, from 1. */
  lineNumber = 0

  constructor(options: ReaderOptions) {
    this.#options = options
    this.#dictionary = new Dictionary(options.maxIdentities)
    this.#lines = {
      buffer: NO_BYTES,
      view: viewOf(NO_BYTES),
      dictionary: this.#dictionary,
      numbers: new Int32Array(1024),
      bounds: new Int32Array(4096),
      bodyEnds: new Int32Array(1024),
      payloads: new Map(),
    }
  }

  /** Identities held now. */
  get identities(): number {
    return this.#dictionary.size
  }

  /** The records of the lines that `chunk` completes, which is copied; the batch is good until the next call. */
  push(chunk: Buffer): LineBatch | null {
    let from = 0
    if (this.#skipping) {
      from = chunk.indexOf(LF) + 1
      if (from === 0) return null
      this.#skipping = false
      this.#tooLong()
    }
    this.#room(chunk.length - from)
    const start = this.#taken
    const last = chunk.lastIndexOf(LF)
    this.#end += chunk.copy(this.#buffer, this.#end, from)
    if (last < from) {
      this.#bound()
      return null
    }
    this.#taken = this.#end - (chunk.length - last - 1)
    const batch = this.#read(this.#buffer.subarray(start, this.#taken))
    this.#bound()
    return batch
  }

  /** The record of a last line without newline. */
  end(): LineBatch | null {
    if (this.#skipping) {
      this.#skipping = false
      this.#tooLong()
    }
    return this.#end === this.#taken ? null : this.push(Buffer.from('\n'))
  }

  /** Makes room for more bytes behind the incomplete line, which moves to the front. */
  #room(more: number): void {
    const held = this.#end - this.#taken
    let target = this.#buffer
    if (held + more + SLACK > target.length) target = Buffer.allocUnsafeSlow(Math.max(held + more + SLACK, 2 * target.length))
    this.#buffer.copy(target, 0, this.#taken, this.#end)
    this.#buffer = target
    this.#taken = 0
    this.#end = held
  }

  /** Gives up an incomplete line that is too long already. */
  #bound(): void {
    if (this.#end - this.#taken <= this.#options.maxLineBytes) return
    this.#skipping = true
    this.#head = Buffer.from(this.#buffer.subarray(this.#taken, this.#taken + 256))
    this.#end = this.#taken
  }

  #head: Buffer = NO_BYTES

  #tooLong(): void {
    this.lineNumber++
    const detail = `line longer than ${this.#options.maxLineBytes} bytes (max_line_bytes); it begins with this`
    this.#options.onBad({ reason: 'line_too_long', detail }, this.lineNumber, this.#head)
    this.#head = NO_BYTES
  }

  #read(buffer: Buffer): LineBatch | null {
    const lines = this.#lines
    lines.buffer = buffer
    lines.view = slackViewOf(buffer)
    lines.dictionary = this.#dictionary
    this.#logs.begin(buffer, lines.view)
    lines.payloads.clear()
    let rows = 0
    for (let at = 0; at < buffer.length; ) {
      this.lineNumber++
      if (rows === lines.numbers.length) this.#grow()
      const next = this.#fast(at, rows)
      if (next > 0) {
        at = next
        rows++
        continue
      }
      const start = at
      at = buffer.indexOf(LF, start) + 1
      if (this.#slow(start, at, rows)) rows++
    }
    const batch = rows === 0 ? null : new LineBatch(lines, rows)
    this.#turn()
    return batch
  }

  #grow(): void {
    const lines = this.#lines
    lines.numbers = larger(lines.numbers, 2 * lines.numbers.length)
    lines.bounds = larger(lines.bounds, 2 * lines.bounds.length)
    lines.bodyEnds = larger(lines.bodyEnds, 2 * lines.bodyEnds.length)
  }

  #turn(): void {
    const dictionary = this.#dictionary.turn()
    if (dictionary === this.#dictionary) return
    this.#dictionary = dictionary
    this.#previous = 0
  }

  /** Reads a plain sample or a log entry in canonical form, of a known identity: where the next line starts; 0 if the line is anything else. */
  #fast(start: number, row: number): number {
    const { buffer, view, bounds, numbers } = this.#lines
    const dictionary = this.#dictionary
    let number = dictionary.followers[this.#previous]
    if (!dictionary.prefixes.stands(number, view, start)) number = this.#find(start)
    if (number === 0) return 0
    const tail = start + dictionary.prefixes.length(number)
    const type = buffer[start + TYPE_AT]
    let value = 0
    let next = 0
    if (type === LOG) {
      next = this.#logs.scan(tail, this.#options.maxDepth)
      value = this.#logs.state
      this.#lines.bodyEnds[row] = this.#logs.bodyEnd
    } else {
      value = type === METRIC ? this.#valueStart(tail) : 0
      if (value > 0) next = plainLineEnd(buffer, value)
    }
    if (next <= 0 || next - start > this.#options.maxLineBytes) return 0
    this.#previous = number
    dictionary.saw(number)
    numbers[row] = number
    bounds[4 * row] = start
    bounds[4 * row + 1] = tail
    bounds[4 * row + 2] = value
    bounds[4 * row + 3] = next
    return next
  }

  /** The number of the identity whose canonical bytes the line begins with, if it is one already known or plain; else 0. */
  #find(start: number): number {
    const { buffer, view } = this.#lines
    const stop = buffer.indexOf(TS_KEY, start)
    // The key may stand in a later line.
    if (stop < 0 || buffer.indexOf(LF, start) < stop) return 0
    const number = this.#dictionary.find(buffer, view, start, stop + TS_KEY.length)
    if (number > 0) this.#dictionary.followers[this.#previous] = number
    return number
  }

  /** Where the value starts, if what is before it is in canonical form; else 0. */
  #valueStart(tail: number): number {
    const { buffer, view } = this.#lines
    const length = this.#stampLength
    // Lines that were scraped together have one time: comparing it takes a fifth of the time that checking it takes.
    if (length > 0 && tail + length < buffer.length && sameText(this.#stampView, 0, view, tail, length)) return tail + length
    const value = plainValueStart(buffer, tail)
    if (value > 0) this.#stampLength = buffer.copy(this.#stamp, 0, tail, value)
    return value
  }

  /** Any JSON to a record; whether there is one in the row. */
  #slow(start: number, next: number, row: number): boolean {
    const { maxDepth, maxLineBytes, onBad } = this.#options
    const { buffer, bounds, numbers, payloads } = this.#lines
    const line = buffer.subarray(start, next - 1)
    if (line.length === 0) return false
    const decoded =
      line.length > maxLineBytes
        ? { reason: 'line_too_long', detail: `line longer than ${maxLineBytes} bytes (max_line_bytes)` }
        : (scanDepth(line, maxDepth) ?? decodeLine(line))
    numbers[row] = 0
    bounds[4 * row] = start
    bounds[4 * row + 1] = bounds[4 * row + 2] = 0
    bounds[4 * row + 3] = next
    if ('reason' in decoded) return onBad(decoded, this.lineNumber, line)
    const number = this.#dictionary.intern(decoded.identity)
    this.#dictionary.saw(number)
    this.#dictionary.followers[this.#previous] = number
    this.#previous = number
    numbers[row] = number
    payloads.set(row, decoded.payload)
    return true
  }
}

/** After `digits","value":` in canonical form: where the value starts; 0 if the bytes are something else. */
function plainValueStart(buffer: Buffer, tail: number): number {
  let at = tail
  let c = buffer[at]
  if (c === 48) {
    if (buffer[at + 1] !== 34) return 0
  } else if (c === 45) {
    c = buffer[++at]
    if (c < 49 || c > 57) return 0
  }
  while ((c = buffer[at]) >= 48 && c <= 57) at++
  if (at === tail || at - tail > 20 || c !== 34) return 0
  for (let i = 1; i < VALUE_KEY.length; i++) if (buffer[at + i] !== VALUE_KEY[i]) return 0
  return at + VALUE_KEY.length
}

/** After a canonical number and `}\n`: where the next line starts; -1 if the bytes are something else. */
function plainLineEnd(buffer: Buffer, value: number): number {
  let at = value
  let c = buffer[at]
  if (c === 45) c = buffer[++at]
  const digits = at
  if (c === 48) {
    c = buffer[++at]
    if (c >= 48 && c <= 57) return -1
  } else {
    while (c >= 48 && c <= 57) c = buffer[++at]
    if (at === digits) return wordLineEnd(buffer, value)
  }
  let chars = at - digits
  if (c === 46) {
    const fraction = ++at
    c = buffer[at]
    while (c >= 48 && c <= 57) c = buffer[++at]
    if (at === fraction || buffer[at - 1] === 48) return -1
    chars = at - digits - 1
  }
  if (c !== 125 || buffer[at + 1] !== LF) return exponentLineEnd(buffer, value)
  // Up to 15 digits always read back as themselves; very small numbers are spelled with an exponent.
  const tiny = chars > 6 && buffer[digits] === 48 && buffer.latin1Slice(digits, at).startsWith('0.000000')
  if (chars > 15 || tiny) {
    const text = buffer.latin1Slice(value, at)
    if (String(Number(text)) !== text) return -1
  }
  return at + 2
}

/** `"NaN"`, `"+Inf"`, `"-Inf"`. */
function wordLineEnd(buffer: Buffer, value: number): number {
  const word = buffer.latin1Slice(value, Math.min(value + 8, buffer.length))
  if (word === '"+Inf"}\n' || word === '"-Inf"}\n') return value + 8
  return word.startsWith('"NaN"}\n') ? value + 7 : -1
}

function exponentLineEnd(buffer: Buffer, value: number): number {
  let at = value
  while (at - value < 32 && buffer[at] !== 125 && buffer[at] !== LF) at++
  if (buffer[at] !== 125 || buffer[at + 1] !== LF) return -1
  const text = buffer.latin1Slice(value, at)
  return /^-?\d/.test(text) && String(Number(text)) === text ? at + 2 : -1
}
