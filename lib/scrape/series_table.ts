// The series of one target: found again by the bytes that stand for them in the body, so that their labels are worked
// out once; and which of them were there in the scrape before, so that those that went get a staleness marker. A row is
// one exposed spelling, in the order of the last good body; what is known of it is in columns, as a million objects
// would take twice the memory.

import { grown, HashIndex } from '../record/hash_index.js'
import type { Identity } from '../record/identity.js'
import { type Labels, sameLabels } from '../record/labels.js'
import type { Exemplar } from '../record/record.js'
import type { Family } from './family.js'
import { hash32 } from './hash.js'
import { KeyTable } from './key_table.js'

/** In the column of owners: rules drop the series. */
const DROPPED = -1
/** Entries over twice the last good scrape's number that failing scrapes may leave behind. */
const FAILED_SCRAPES_SLACK = 1000

export class SeriesTable {
  readonly keys = new KeyTable()
  /** By row: the row that keeps what is known of its series: its own, but where spellings share one; or DROPPED. */
  owners = new Int32Array(16)
  /** By owner. */
  identities: Identity[] = []
  /** By row: the family line that stood before it when the identity was made, and that family's kind then. */
  families: (Family | null)[] = []
  kinds: string[] = []
  /** By owner: the last sample with a time of its own, and the newest exemplar so far; few have any. */
  explicit = new Map<number, { millis: number; value: number }>()
  exemplars = new Map<number, Exemplar>()
  /** By row: the scrapes in which it was last seen, noted for staleness, and sampled without a time of its own. */
  #seen = new Int32Array(16)
  #tracked = new Int32Array(16)
  #sampled = new Int32Array(16)
  readonly #byLabels = new HashIndex()
  /** The row that is likely to come next, and where in the body it was found to stand. */
  #next = 0
  #guessedAt = -1
  /** Whether the body has shown rows 0 to `#next` so far, one after the other, and nothing else. */
  #inOrder = true
  /** Where it has not, the rows it showed. */
  #order: number[] = []
  /** Whether rows were noted one by one in this scrape. */
  #noted = false
  /** The scrape of which `#tracked` tells the series that were there last time; none at first, nor is it 0, which is never. */
  #trackedIn = -1
  #goodSize = 0
  /** Rows that share the series of another. */
  #shared = 0
  #droppedRows = 0
  /** Number of this scrape, from 1. */
  scrape = 1

  get size(): number {
    return this.keys.count
  }

  /** The row that is likely to come next. */
  get next(): number {
    return this.#next
  }

  /** Whether the body has shown the rows so far in their order, and nothing else. */
  get inOrder(): boolean {
    return this.#inOrder
  }

  /** Rows seen in this body so far. */
  get rank(): number {
    return this.#inOrder ? this.#next : this.#order.length
  }

  /** Rows whose samples all come in row order, each once, with the time of the scrape. */
  get isPlain(): boolean {
    return this.#shared === 0 && this.explicit.size === 0
  }

  /** Rows that are not dropped. */
  get keptRows(): number {
    return this.keys.count - this.#droppedRows
  }

  /** Starts at the top of a body. */
  rewind(body: Buffer): void {
    this.#begin()
    this.keys.against(body)
  }

  #begin(): void {
    this.#next = 0
    this.#guessedAt = -1
    this.#inOrder = true
    this.#noted = false
    this.#order = []
  }

  /** Where the series ends that followed last time, if it stands here. */
  end(at: number): number {
    if (this.#next >= this.keys.count) return -1
    const end = this.keys.stands(this.#next, at)
    if (end >= 0) this.#guessedAt = at
    return end
  }

  /** Rows up to `next` stood in the body one after the other. */
  passed(next: number): void {
    this.#next = next
    this.#guessedAt = -1
  }

  /** The row for the bytes of a series, -1 if they are new. */
  find(buffer: Buffer, start: number, end: number): number {
    const { keys } = this
    const guess = this.#next
    if (guess < keys.count) {
      const sure = start === this.#guessedAt && keys.length(guess) === end - start
      this.#guessedAt = -1
      if (sure || keys.equals(guess, buffer, start, end)) {
        this.#next = guess + 1
        return guess
      }
    }
    const row = keys.find(buffer, start, end)
    this.#leaveOrder()
    if (row >= 0) this.#next = row + 1
    return row
  }

  /** From here on the body is another: what was passed is noted row by row. */
  #leaveOrder(): void {
    if (!this.#inOrder) return
    this.#notePassed()
    this.#inOrder = false
    this.#order = Array.from({ length: this.#next }, (_, row) => row)
  }

  /** Notes the rows that were passed without a look: each has got one sample. */
  #notePassed(): void {
    const { scrape, owners } = this
    this.#noted = true
    for (let row = 0; row < this.#next; row++) {
      if (this.#seen[row] === scrape) continue
      this.#seen[row] = scrape
      if (owners[row] !== DROPPED) this.#sampled[row] = this.#tracked[row] = scrape
    }
  }

  /** The row that keeps the series of this name and labels (without `__name__`), -1 if it is new. */
  ownerOf(name: string, labels: Labels): number {
    // Hashes may collide; labels do not.
    return this.#byLabels.find(hash32(name, labels), (row) => {
      const identity = this.identities[row]
      return identity.name === name && sameLabels(identity.labels, labels)
    })
  }

  /** A row for new bytes. @param series the row that keeps it, its identity if it is new, null where rules drop it */
  add(buffer: Buffer, start: number, end: number, series: number | Identity | null): number {
    const row = this.keys.add(buffer, start, end)
    if (row >= this.owners.length) this.#grow(row + 1)
    this.families[row] = null
    this.kinds[row] = ''
    if (series === null) {
      this.owners[row] = DROPPED
      this.#droppedRows++
    } else if (typeof series === 'number') {
      this.owners[row] = series
      this.#shared++
    } else {
      this.owners[row] = row
      this.identities[row] = series
      this.#byLabels.insert(row, hash32(series.name, series.labels))
    }
    this.#seen[row] = this.#tracked[row] = this.#sampled[row] = 0
    this.see(row)
    return row
  }

  /** Notes that a row is in this scrape; false if it was already. */
  see(row: number): boolean {
    if (this.#seen[row] === this.scrape) return false
    this.#seen[row] = this.scrape
    this.#noted = true
    if (!this.#inOrder) this.#order.push(row)
    return true
  }

  /** Notes that the series of an owner was there. */
  track(owner: number): void {
    this.#tracked[owner] = this.scrape
  }

  /** Notes a sample without a time of its own. */
  sample(owner: number): void {
    this.#sampled[owner] = this.scrape
  }

  /** Whether the series had such a sample in this scrape. */
  isSampled(owner: number): boolean {
    return this.#sampled[owner] === this.scrape
  }

  /** Owners of the series that were there in the scrape before and were not noted in this one. */
  gone(): number[] {
    if (this.#isComplete) return []
    this.#leaveOrder()
    const gone: number[] = []
    const tracked = this.#tracked
    for (let row = 0; row < this.keys.count; row++) {
      if (this.owners[row] === row && tracked[row] === this.#trackedIn && tracked[row] !== this.scrape) gone.push(row)
    }
    return gone
  }

  get #isComplete(): boolean {
    return this.#inOrder && this.#next === this.keys.count
  }

  /** Ends a scrape. `flush` after a good one: what it did not show is forgotten. Returns whether it was. */
  done(flush: boolean): boolean {
    const size = this.keys.count
    const forced = !flush && size > this.#goodSize * 2 + FAILED_SCRAPES_SLACK
    const same = this.#isComplete
    if (flush) this.#goodSize = size
    if (this.#inOrder && (this.#noted || !flush)) this.#notePassed()
    if ((flush && !same) || forced) {
      this.#leaveOrder()
      this.#reorder(Int32Array.from(this.#order))
    }
    // Where nothing was noted all that was there is there still.
    if (this.#noted || !flush) this.#trackedIn = this.scrape
    this.scrape++
    this.#begin()
    return flush || forced
  }

  #reorder(order: Int32Array): void {
    const { owners, identities, families, kinds, explicit, exemplars } = this
    const count = order.length
    const kept = new Int32Array(this.keys.count).fill(-1)
    const sources = order.slice()
    this.owners = new Int32Array(Math.max(16, count))
    this.explicit = new Map()
    this.exemplars = new Map()
    this.#shared = this.#droppedRows = 0
    for (let row = 0; row < count; row++) {
      const owner = owners[order[row]]
      this.owners[row] = owner === DROPPED ? DROPPED : kept[owner]
      if (owner === DROPPED) this.#droppedRows++
      else if (kept[owner] >= 0) this.#shared++
      else {
        // The first of the spellings keeps the series.
        this.owners[row] = kept[owner] = row
        sources[row] = owner
        move(explicit, owner, this.explicit, row)
        move(exemplars, owner, this.exemplars, row)
      }
    }
    this.identities = Array.from(sources, (source) => identities[source])
    this.families = Array.from(order, (row) => families[row])
    this.kinds = Array.from(order, (row) => kinds[row])
    this.#seen = picked(this.#seen, order)
    this.#tracked = picked(this.#tracked, sources)
    this.#sampled = picked(this.#sampled, sources)
    this.#byLabels.reorder(sources, (row) => this.owners[row] === row)
    this.keys.reorder(order)
  }

  #grow(length: number): void {
    this.owners = grown(this.owners, length)
    this.#seen = grown(this.#seen, length)
    this.#tracked = grown(this.#tracked, length)
    this.#sampled = grown(this.#sampled, length)
  }
}

function move<V>(from: ReadonlyMap<number, V>, key: number, to: Map<number, V>, newKey: number): void {
  const value = from.get(key)
  if (value !== undefined) to.set(newKey, value)
}

function picked(column: Int32Array, rows: Int32Array): Int32Array<ArrayBuffer> {
  const out = new Int32Array(Math.max(16, rows.length))
  for (let i = 0; i < rows.length; i++) out[i] = column[rows[i]]
  return out
}
