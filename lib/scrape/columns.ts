// Gathers the samples of one scrape as columns, over the layout of the scrape before where the series are the same.

import { SampleBatch } from '../record/batch.js'
import type { Identity } from '../record/identity.js'
import { Layout } from '../record/layout.js'
import type { Exemplar, NativeHistogram, Payload } from '../record/record.js'
import { nanosOfMillis } from '../record/time.js'

const NO_VALUES = new Float64Array(0)

export class Columns {
  #layout = new Layout([])
  /** The identities so far, from the first one that differs from the layout. */
  #ids: Identity[] | null = null
  #values = NO_VALUES
  #times: string[] | null = null
  #extra: Map<number, Payload> | null = null
  #length = 0

  /** Of the samples that were finished last. */
  get layout(): Layout {
    return this.#layout
  }

  /** Samples so far. */
  get length(): number {
    return this.#length
  }

  begin(): void {
    this.#ids = null
    // Values are handed over with the batch; those of a scrape that failed are written over.
    if (this.#values.length !== this.#layout.ids.length) this.#values = new Float64Array(this.#layout.ids.length)
    this.#times = null
    this.#extra = null
    this.#length = 0
  }

  /** @param millis where the sample has a time of its own */
  add(id: Identity, value: number, millis: number | undefined): void {
    const row = this.#length++
    if (this.#ids !== null) this.#ids.push(id)
    else if (this.#layout.ids[row] !== id) {
      this.#ids = this.#layout.ids.slice(0, row)
      this.#ids.push(id)
    }
    if (row >= this.#values.length) this.#grow(row + 1)
    this.#values[row] = value
    if (millis !== undefined) {
      this.#times ??= new Array<string>(row).fill('')
      this.#times.push(nanosOfMillis(millis))
    } else if (this.#times !== null) this.#times.push('')
  }

  /**
   * Values to be written from `length` on, up to `count` of them, for those identities of the layout that come next;
   * `close` then says how many there are in all.
   */
  open(count: number): Float64Array {
    if (this.#length + count > this.#values.length) this.#grow(this.#length + count)
    return this.#values
  }

  close(length: number): void {
    if (this.#times !== null) while (this.#times.length < length) this.#times.push('')
    this.#length = length
  }

  /** Further payload of the sample added last. */
  extra(fields: Payload): void {
    this.#extra ??= new Map()
    this.#extra.set(this.#length - 1, fields)
  }

  #grow(length: number): void {
    const larger = new Float64Array(Math.max(64, length, this.#values.length * 2))
    larger.set(this.#values)
    this.#values = larger
  }

  /** What was added, null if nothing was; `stamp` is the time of the scrape, Unix nanoseconds. */
  finish(stamp: string): SampleBatch | null {
    const n = this.#length
    if (this.#ids !== null) this.#layout = new Layout(this.#ids, this.#layout)
    else if (n === this.#layout.ids.length) this.#layout.settle()
    else this.#layout = new Layout(this.#layout.ids.slice(0, n), this.#layout)
    const values = n === this.#values.length ? this.#values : this.#values.slice(0, n)
    const batch = n === 0 ? null : new SampleBatch(this.#layout, stamp, values, this.#times, null, this.#extra)
    this.#values = NO_VALUES
    this.abandon()
    return batch
  }

  /** Forgets what was added: the scrape failed. */
  abandon(): void {
    this.#ids = null
    this.#times = null
    this.#extra = null
    this.#length = 0
  }
}

/** Staleness markers of some series, null for none. @param layout the one that most of them are in */
export function staleBatch(ids: readonly Identity[], millis: number, layout: Layout | null = null): SampleBatch | null {
  const n = ids.length
  if (n === 0) return null
  return new SampleBatch(new Layout(ids, layout), nanosOfMillis(millis), new Float64Array(n), null, 'all')
}

/** What a sample has beside its value, null for nothing. `start` is Unix milliseconds. */
export function extraOf(
  histogram: NativeHistogram | undefined,
  start: number | undefined,
  exemplars: readonly Exemplar[],
): Payload | null {
  const extra: Payload = {}
  if (start !== undefined) extra.start = nanosOfMillis(start)
  if (histogram !== undefined) extra.histogram = histogram as unknown as Payload['histogram']
  if (exemplars.length > 0) extra.exemplars = exemplars as unknown as Payload['exemplars']
  return Object.keys(extra).length === 0 ? null : extra
}
