// An exponential histogram of OTLP: the width of buckets grows with the value, at the finest scale that needs few enough.

import type { Measured } from '../bridge/temporality/measured.js'
import { fieldOf, type Json } from '../record/json.js'

/** The finest scale: 2^20 buckets for each power of two (OpenTelemetry, metrics SDK: MaxScale). */
const FINEST = 20

/** Of values that are zero or positive. */
export class ExponentialHistogram {
  #count = 0
  #sum = 0
  #min = Infinity
  #max = -Infinity
  #zero = 0
  #scale = FINEST
  #offset = 0
  #counts: number[] = []

  /** @param maxSize buckets, at least 2 */
  constructor(private readonly maxSize: number) {}

  observe(value: number): void {
    this.#count++
    this.#sum += value
    this.#min = Math.min(this.#min, value)
    this.#max = Math.max(this.#max, value)
    if (value > 0) this.#put(finestIndex(value))
    else this.#zero++
  }

  /** The field of a record, and what stands in it (solder-records(7)). */
  field(): { exponential_histogram: Json } {
    const positive: { [key: string]: Json } = {}
    if (this.#counts.length > 0) positive.counts = [...this.#counts]
    if (this.#counts.length > 0 && this.#offset !== 0) positive.offset = this.#offset
    return {
      exponential_histogram: {
        count: String(this.#count), sum: fieldOf(this.#sum), min: fieldOf(this.#min), max: fieldOf(this.#max),
        ...(this.#scale !== 0 && { scale: this.#scale }),
        ...(this.#zero > 0 && { zero_count: String(this.#zero) }),
        positive,
        negative: {},
      },
    }
  }

  /** See `Histogram`. */
  restore(told: Measured): boolean {
    if (told.form !== 'exponential') return false
    const { scale, zeroCount, positive } = told.buckets
    this.#count = Number(told.count)
    this.#sum = told.sum ?? 0
    this.#min = told.min ?? Infinity
    this.#max = told.max ?? -Infinity
    this.#zero = Number(zeroCount)
    this.#scale = scale
    this.#offset = positive.offset
    this.#counts = positive.counts.map(Number)
    while (this.#counts.length > this.maxSize) this.#coarser(1)
    return true
  }

  #put(finest: number): void {
    let index = finest >> (FINEST - this.#scale)
    if (this.#counts.length === 0) this.#offset = index
    let shift = 0
    while (span(this.#offset, this.#counts.length, index, shift) > this.maxSize) shift++
    if (shift > 0) {
      this.#coarser(shift)
      index >>= shift
    }
    while (index < this.#offset) {
      this.#counts.unshift(0)
      this.#offset--
    }
    while (index >= this.#offset + this.#counts.length) this.#counts.push(0)
    this.#counts[index - this.#offset]++
  }

  /** Joins 2^shift buckets at a time. */
  #coarser(shift: number): void {
    const offset = this.#offset >> shift
    const counts: number[] = []
    for (const [i, count] of this.#counts.entries()) {
      const at = ((this.#offset + i) >> shift) - offset
      while (counts.length <= at) counts.push(0)
      counts[at] += count
    }
    this.#scale -= shift
    this.#offset = offset
    this.#counts = counts
  }
}

/** Buckets from the first to the last one that hold something, with one more, 2^shift at a time joined. */
function span(offset: number, length: number, index: number, shift: number): number {
  const low = Math.min(offset, index) >> shift
  const high = Math.max(offset + length - 1, index) >> shift
  return high - low + 1
}

/** The bucket at the finest scale: its upper bound belongs to it. */
function finestIndex(value: number): number {
  return Math.ceil(Math.log2(value) * 2 ** FINEST) - 1
}
