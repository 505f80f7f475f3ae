// A histogram of OTLP with bounds that were given.

import type { Measured } from '../bridge/temporality/measured.js'
import { fieldOf, type Json } from '../record/json.js'

export class ExplicitHistogram {
  #count = 0
  #sum = 0
  readonly #counts: number[]

  /** @param bounds upper bounds of the buckets but the last one, ascending */
  constructor(private readonly bounds: readonly number[]) {
    this.#counts = new Array<number>(bounds.length + 1).fill(0)
  }

  observe(value: number): void {
    this.#count++
    this.#sum += value
    let low = 0
    let high = this.bounds.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (value <= this.bounds[middle]) high = middle
      else low = middle + 1
    }
    this.#counts[low]++
  }

  /** The field of a record, and what stands in it (solder-records(7)). */
  field(): { explicit_histogram: Json } {
    return {
      explicit_histogram: {
        count: String(this.#count), sum: fieldOf(this.#sum), bounds: [...this.bounds], counts: [...this.#counts],
      },
    }
  }

  /** See `Histogram`. */
  restore(told: Measured): boolean {
    if (told.form !== 'explicit' || told.bounds.join() !== this.bounds.join()) return false
    this.#count = Number(told.count)
    this.#sum = told.sum ?? 0
    for (const i of this.#counts.keys()) this.#counts[i] = Number(told.counts[i] ?? 0)
    return true
  }
}
