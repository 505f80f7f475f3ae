// Samples of remote write 1.0 whose series come back in the same order: their messages are made once, then only values
// and time are put in. Measured, 20 ns a sample, where copying labels and appending the rest takes 230.

import { sixBytes, TAIL_BYTES, TIME_BYTES, TIME_TAG } from './series.js'
import { NORMAL_NAN, STALE_NAN } from './value.js'

/** `TimeSeries` messages of one sample each, one after the other. */
export class SeriesBlock {
  readonly #doubles: DataView
  #millis = -1

  /**
   * @param bytes messages as `seriesOf` begins them, with room for value and time
   * @param ends where each ends in `bytes`
   * @param rows where the value of each stands in its column
   */
  constructor(
    readonly bytes: Buffer,
    readonly ends: Uint32Array,
    readonly rows: Int32Array,
  ) {
    this.#doubles = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  }

  get length(): number {
    return this.ends.length
  }

  /**
   * @param column null for staleness markers
   * @param millis a time whose varint takes six bytes, see `hasSixBytes`
   */
  patch(column: Float64Array | null, millis: number): void {
    const doubles = this.#doubles
    const { ends, rows } = this
    const nan = column === null ? STALE_NAN : NORMAL_NAN
    const sameTime = millis === this.#millis
    this.#millis = millis
    const [low, high] = sixBytes(millis)
    for (let i = 0; i < ends.length; i++) {
      const at = ends[i]
      const value = column === null ? NaN : column[rows[i]]
      if (value === value) doubles.setFloat64(at - TAIL_BYTES, value, true)
      else nan.copy(this.bytes, at - TAIL_BYTES)
      if (sameTime) continue
      doubles.setUint32(at - TIME_BYTES, low, true)
      doubles.setUint16(at - 2, high, true)
    }
  }

  /** Of the messages from `from` on, those that take up to `bytes`, but at least one: the first that is none of them. */
  upTo(from: number, bytes: number): number {
    const { ends } = this
    const start = this.start(from)
    if (ends[ends.length - 1] - start <= bytes) return ends.length
    let to = from + 1
    while (ends[to] - start <= bytes) to++
    return to
  }

  /** The bytes of messages; valid until the next `patch`. */
  slice(from: number, to: number): Buffer {
    return this.bytes.subarray(this.start(from), this.ends[to - 1])
  }

  start(index: number): number {
    return index === 0 ? 0 : this.ends[index - 1]
  }
}

/** Gathers the messages of a block. */
export class BlockBuilder {
  #bytes = Buffer.allocUnsafeSlow(1 << 12)
  #length = 0
  readonly #ends: number[] = []
  readonly #rows: number[] = []

  /** @param head as `seriesOf` made it; or a part of `from` */
  add(from: Buffer, row: number, start = 0, end = from.length): void {
    const at = this.#length + end - start
    this.#length = at + TAIL_BYTES
    if (this.#length > this.#bytes.length) this.#grow()
    from.copy(this.#bytes, at - (end - start), start, end)
    this.#bytes[at + 8] = TIME_TAG
    this.#ends.push(this.#length)
    this.#rows.push(row)
  }

  /** Takes over a series of another block. */
  addFrom(block: SeriesBlock, index: number, row: number): void {
    this.add(block.bytes, row, block.start(index), block.ends[index] - TAIL_BYTES)
  }

  finish(): SeriesBlock {
    // Exactly as large as it is: it stays as long as its layout.
    const bytes = Buffer.allocUnsafeSlow(this.#length)
    this.#bytes.copy(bytes, 0, 0, this.#length)
    return new SeriesBlock(bytes, Uint32Array.from(this.#ends), Int32Array.from(this.#rows))
  }

  #grow(): void {
    const larger = Buffer.allocUnsafeSlow(this.#length * 2)
    this.#bytes.copy(larger)
    this.#bytes = larger
  }
}
