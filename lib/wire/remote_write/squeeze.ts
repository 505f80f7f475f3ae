// Snappy's block format (google/snappy, format_description.txt) for messages whose values and times are not known yet:
// values stand as they are, the time stands once and is referred to, so that both can be put into compressed bytes.

import { TAIL_BYTES } from './series.js'
import type { ProtoWriter } from './writer.js'

const VALUE_BYTES = 8
/** A longer input would need references further back than two bytes can say. */
export const MOST_BYTES = 0xffff
const TABLE_BITS = 13
const LONGEST_COPY = 64
const SHORTEST = 4

/** Where texts of four bytes stood last, one more; and up to where a reference to them may go. */
const places = new Int32Array(1 << TABLE_BITS)
const limits = new Int32Array(1 << TABLE_BITS)

/** Where to put what is not known yet. */
export interface Gaps {
  /** Of the value of each message, in the output. */
  values: number[]
  /** Of the time, in the output. */
  time: number
}

/**
 * Appends the elements of a block, without the length in front.
 *
 * @param bytes messages as `seriesOf` begins them, with room for value and time, MOST_BYTES at most
 * @param ends where each ends
 */
export function squeeze(bytes: Buffer, ends: readonly number[], out: ProtoWriter): Gaps {
  return new Squeezer(bytes, ends, out).run()
}

class Squeezer {
  readonly #view: DataView
  readonly #gaps: Gaps = { values: [], time: 0 }
  /** Bytes from here on have not been written. */
  #from = 0

  constructor(
    private readonly bytes: Buffer,
    private readonly ends: readonly number[],
    private readonly out: ProtoWriter,
  ) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  }

  run(): Gaps {
    const { ends } = this
    places.fill(0)
    let at = 0
    for (let i = 0; i < ends.length; i++) {
      const value = ends[i] - TAIL_BYTES
      this.#head(at, value)
      at = ends[i]
      // Values, and the first time, are in literals: up to here nothing else is.
      const literal = this.#literal(value + VALUE_BYTES) - VALUE_BYTES
      this.#gaps.values.push(literal)
      if (i === 0) this.#gaps.time = this.#literal(at) - (TAIL_BYTES - VALUE_BYTES - 1)
      else at = this.#again(value, at, at - ends[i - 1], ends[i + 1] ?? at)
    }
    return this.#gaps
  }

  /** Labels from `at` on, by reference where they stood before. */
  #head(at: number, stop: number): void {
    const view = this.#view
    while (at + SHORTEST <= stop) {
      const word = view.getInt32(at, true)
      const slot = Math.imul(word, 0x1e35a7bd) >>> (32 - TABLE_BITS)
      const found = places[slot] - 1
      const limit = limits[slot]
      places[slot] = at + 1
      limits[slot] = stop
      if (found < 0 || view.getInt32(found, true) !== word) {
        at++
        continue
      }
      const length = this.#alike(found, at, Math.min(stop, at + limit - found))
      this.#literal(at)
      this.#copy(at - found, length)
      at += length
    }
  }

  /** Time as in the message before, and what is the same in the labels behind: where it ends. */
  #again(value: number, end: number, distance: number, next: number): number {
    const time = value + VALUE_BYTES
    const most = Math.min(next - TAIL_BYTES, end + value - (end - distance))
    const length = end - time + (most > end ? this.#alike(end - distance, end, most) : 0)
    this.#copy(distance, length)
    return time + length
  }

  /** How many bytes from `at` up to `stop` are as those from `other` on. */
  #alike(other: number, at: number, stop: number): number {
    const { bytes } = this
    const start = at
    while (at < stop && bytes[other] === bytes[at]) {
      at++
      other++
    }
    return at - start
  }

  /** Writes what has not been written up to `to` as it is: where it ends in the output. */
  #literal(to: number): number {
    const { out } = this
    const length = to - this.#from
    if (length === 0) return out.length
    const buffer = out.reserve(length + 3)
    let at = out.length
    if (length <= 60) buffer[at++] = (length - 1) << 2
    else {
      buffer[at++] = length <= 0x100 ? 60 << 2 : 61 << 2
      buffer[at++] = (length - 1) & 0xff
      if (length > 0x100) buffer[at++] = (length - 1) >> 8
    }
    out.length = at + this.bytes.copy(buffer, at, this.#from, to)
    this.#from = to
    return out.length
  }

  #copy(distance: number, length: number): void {
    const { out } = this
    this.#from += length
    for (let left = length; left > 0; ) {
      const some = Math.min(left, LONGEST_COPY)
      const buffer = out.reserve(3)
      let at = out.length
      if (some >= SHORTEST && some < 12 && distance < 2048) {
        buffer[at++] = ((some - SHORTEST) << 2) | 1 | ((distance >> 8) << 5)
        buffer[at++] = distance & 0xff
      } else {
        buffer[at++] = ((some - 1) << 2) | 2
        buffer[at++] = distance & 0xff
        buffer[at++] = distance >> 8
      }
      out.length = at
      left -= some
    }
  }
}
