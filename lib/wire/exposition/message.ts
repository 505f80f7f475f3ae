// Fields of a protobuf message in place (protobuf encoding guide): a reader over a range of bytes, nothing copied.

export const VARINT = 0
export const FIXED64 = 1
export const BYTES = 2
const START_GROUP = 3
const END_GROUP = 4
const FIXED32 = 5

/** Deepest nesting of groups that is skipped. */
const MAX_GROUPS = 32

/** Bytes that are no protobuf message; `offset` is where, in the whole buffer. */
export class MessageError extends Error {
  override readonly name = 'MessageError'
  constructor(
    message: string,
    readonly offset: number,
  ) {
    super(message)
  }
}

export class MessageReader {
  /** Of the field that `next` came to: where its tag begins, its number and its wire type. */
  from = 0
  field = 0
  wire = 0
  /** Of a bytes field: its range. */
  start = 0
  stop = 0
  /** Of a varint field: 32 low and 32 high bits. */
  low = 0
  high = 0

  constructor(
    readonly buffer: Buffer,
    public at: number,
    public end: number,
  ) {}

  /** Goes to the next field, whose value is then read; false at the end. */
  next(): boolean {
    if (this.at >= this.end) return false
    this.from = this.at
    this.#varint()
    this.field = this.low >>> 3
    this.wire = this.low & 7
    if (this.high !== 0 || this.field === 0) throw new MessageError('an impossible field number', this.at)
    if (this.wire === BYTES) {
      this.#range('a field longer than its message')
    } else if (this.wire === VARINT) this.#varint()
    else if (this.wire === FIXED64) this.#fixed(8)
    else if (this.wire === FIXED32) this.#fixed(4)
    else if (this.wire === START_GROUP) this.#skipGroup(this.field, 0)
    else throw new MessageError('an unknown wire type', this.at)
    return true
  }

  /** Whether the field is this one; throws if it is, but of another wire type. */
  is(field: number, wire: number): boolean {
    if (this.field !== field) return false
    if (this.wire !== wire) throw new MessageError(`field ${field} has the wrong wire type ${this.wire}`, this.at)
    return true
  }

  /** A length in front of a message; the range is in `start` and `stop`. */
  delimited(): void {
    this.#range('a message longer than the body')
  }

  double(): number {
    return this.buffer.readDoubleLE(this.start)
  }

  /** uint64 as the nearest double. */
  unsigned(): number {
    return this.high * 2 ** 32 + this.low
  }

  /** uint64, exact. */
  unsignedText(): string {
    if (this.high < 1 << 21) return String(this.unsigned())
    return ((BigInt(this.high) << 32n) | BigInt(this.low)).toString()
  }

  /** int64 and int32, as the nearest double. */
  signed(): number {
    return (this.high | 0) * 2 ** 32 + this.low
  }

  /** sint64: a number where it is exact, else decimal text. */
  zigzag(): number | string {
    const negative = (this.low & 1) === 1
    if (this.high < 1 << 21) {
      const value = this.unsigned()
      return negative ? -(value + 1) / 2 : value / 2
    }
    const half = ((BigInt(this.high) << 32n) | BigInt(this.low)) >> 1n
    return (negative ? -half - 1n : half).toString()
  }

  /** Calls `each` for the varints of a field that may be packed. */
  varints(each: () => void): void {
    if (this.wire === VARINT) return each()
    if (this.wire !== BYTES) throw new MessageError(`field ${this.field} has the wrong wire type ${this.wire}`, this.at)
    const { at, end } = this
    this.at = this.start
    this.end = this.stop
    while (this.at < this.end) {
      this.#varint()
      each()
    }
    this.at = at
    this.end = end
  }

  /** Appends the doubles of a field that may be packed. */
  doubles(out: number[]): void {
    if (this.wire === FIXED64) out.push(this.double())
    else if (this.wire !== BYTES || (this.stop - this.start) % 8 !== 0) {
      throw new MessageError(`field ${this.field} is no list of doubles`, this.at)
    } else for (let at = this.start; at < this.stop; at += 8) out.push(this.buffer.readDoubleLE(at))
  }

  #range(tooLong: string): void {
    this.#varint()
    if (this.high !== 0 || this.low > this.end - this.at) throw new MessageError(tooLong, this.at)
    this.start = this.at
    this.at = this.stop = this.at + this.low
  }

  #fixed(bytes: number): void {
    if (this.end - this.at < bytes) throw new MessageError('a field longer than its message', this.at)
    this.start = this.at
    this.at = this.stop = this.at + bytes
  }

  #varint(): void {
    const { buffer, end } = this
    let at = this.at
    let low = 0
    let high = 0
    for (let shift = 0; ; shift += 7) {
      if (at >= end) throw new MessageError('the message ends within a field', at)
      if (shift > 63) throw new MessageError('a number beyond 64 bits', at)
      const byte = buffer[at++]
      const bits = byte & 0x7f
      if (shift < 28) low |= bits << shift
      else if (shift === 28) {
        low |= bits << 28
        high = bits >>> 4
      } else high |= bits << (shift - 32)
      if (byte < 0x80) break
    }
    this.low = low >>> 0
    this.high = high >>> 0
    this.at = at
  }

  #skipGroup(field: number, depth: number): void {
    if (depth >= MAX_GROUPS) throw new MessageError(`groups nested deeper than ${MAX_GROUPS}`, this.at)
    for (;;) {
      this.#varint()
      const inner = this.low >>> 3
      const wire = this.low & 7
      if (wire === END_GROUP) {
        if (inner !== field) throw new MessageError('a group that does not end', this.at)
        this.field = field
        return
      }
      if (wire === VARINT) this.#varint()
      else if (wire === FIXED64) this.#fixed(8)
      else if (wire === FIXED32) this.#fixed(4)
      else if (wire === BYTES) this.delimited()
      else if (wire === START_GROUP) this.#skipGroup(inner, depth + 1)
      else throw new MessageError('an unknown wire type', this.at)
    }
  }
}
