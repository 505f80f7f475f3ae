// Lines to batches. The fast way compares bytes with the identity that followed last time and checks a plain sample's tail
// in place; everything else goes the slow way, through JSON. Both give the same records (test/lib/record/reader.test.ts).

import { LineBatch, type Lines } from './batch.js'
import type { Identity } from './identity.js'
import type { Payload } from './record.js'
import { beforeFirst, IdentityTable, type Known } from './table.js'
import { decodeLine, type Rejection, scanDepth } from './decode.js'

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

export class LineReader {
  readonly #options: ReaderOptions
  readonly #table: IdentityTable
  #previous: Known = beforeFirst()
  /** What was read: lines handed out with the last batch, then the start of a line that is not complete. */
  #buffer: Buffer = Buffer.allocUnsafeSlow(INITIAL)
  #taken = 0
  #end = 0
  #skipping = false
  /** The last batch's rows; the arrays serve the next one again. */
  readonly #lines: Lines = { buffer: NO_BYTES, ids: [], bounds: new Int32Array(4096), payloads: [] }
  /** Number of the last line that was begun, from 1. */
  lineNumber = 0

  constructor(options: ReaderOptions) {
    this.#options = options
    this.#table = new IdentityTable(options.maxIdentities)
  }

  /** Identities held now. */
  get identities(): number {
    return this.#table.size
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
    if (held + more > target.length) target = Buffer.allocUnsafeSlow(Math.max(held + more, 2 * target.length))
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
    let rows = 0
    for (let at = 0; at < buffer.length; ) {
      this.lineNumber++
      const start = at
      const known = this.#predict(buffer, start, buffer.length)
      if (known !== null) {
        const tail = start + known.prefix.length
        const value = plainValueStart(buffer, tail)
        const next = value > 0 ? plainLineEnd(buffer, value) : -1
        if (next > 0 && next - start <= this.#options.maxLineBytes) {
          this.#put(rows++, known.identity, null, start, tail, value, next)
          at = next
          continue
        }
      }
      at = buffer.indexOf(LF, start) + 1
      const row = this.#slow(buffer.subarray(start, at - 1))
      if (row !== null) this.#put(rows++, row.id, row.payload, start, at, at, at)
    }
    return rows === 0 ? null : new LineBatch(lines, rows)
  }

  #put(
    row: number,
    id: Identity | undefined,
    payload: Payload | null,
    start: number,
    tail: number,
    value: number,
    next: number,
  ): void {
    const lines = this.#lines
    const to = 4 * row
    if (to === lines.bounds.length) {
      const larger = new Int32Array(lines.bounds.length * 2)
      larger.set(lines.bounds)
      lines.bounds = larger
    }
    lines.bounds[to] = start
    lines.bounds[to + 1] = tail
    lines.bounds[to + 2] = value
    lines.bounds[to + 3] = next
    lines.ids[row] = id
    lines.payloads[row] = payload
  }

  /** The identity whose canonical bytes the line begins with, if it is one already known. */
  #predict(buffer: Buffer, start: number, end: number): Known | null {
    const previous = this.#previous
    const guess = previous.next
    if (guess !== null) {
      const { prefix } = guess
      const stop = start + prefix.length
      if (stop < end && buffer.compare(prefix, 0, prefix.length, start, stop) === 0) {
        if (guess.generation !== this.#table.generation) this.#table.renew(guess)
        return (this.#previous = guess)
      }
    }
    const stop = buffer.indexOf(TS_KEY, start)
    // The key may stand in a later line.
    if (stop < 0 || buffer.indexOf(LF, start) < stop) return null
    const known = this.#table.find(buffer, start, stop + TS_KEY.length)
    if (known === null) return null
    previous.next = known
    return (this.#previous = known)
  }

  /** Any JSON to a record. */
  #slow(line: Buffer): { id: Identity | undefined; payload: Payload | null } | null {
    const { maxDepth, maxLineBytes, onBad } = this.#options
    if (line.length === 0) return null
    const decoded =
      line.length > maxLineBytes
        ? { reason: 'line_too_long', detail: `line longer than ${maxLineBytes} bytes (max_line_bytes)` }
        : (scanDepth(line, maxDepth) ?? decodeLine(line))
    if ('reason' in decoded) {
      return onBad(decoded, this.lineNumber, line) ? { id: undefined, payload: null } : null
    }
    const known = this.#table.intern(decoded.identity)
    this.#previous.next = known
    this.#previous = known
    return { id: known.identity, payload: decoded.payload }
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
