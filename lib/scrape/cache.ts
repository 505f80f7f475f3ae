// The series of one target: found again by the bytes that stand for them in the body, so that their labels are worked
// out once; and which of them were there in the scrape before, so that those that went get a staleness marker.

import type { Identity } from '../record/identity.js'
import type { Labels } from '../record/labels.js'
import type { Family } from './family.js'
import type { Exemplar } from '../record/record.js'
import { hash53, hashBytes53 } from './hash.js'
import { KeyStore } from './key_store.js'

/** One final label set. Several exposed spellings may share it. */
export class Series {
  /** The round in which it was last noted for staleness. */
  trackedIn = 0
  /** The scrape in which it last got a sample without a time of its own. */
  sampledIn = 0
  /** The last sample with a time of its own. */
  explicit: { millis: number; value: number } | null = null
  /** The newest exemplar so far. */
  exemplar: Exemplar | null = null
  identity: Identity

  constructor(identity: Identity) {
    this.identity = identity
  }
}

/** What the bytes of one exposed series stand for. */
export class Entry {
  /** The entry that followed it in the last scrape. */
  next: Entry | null = null
  seenIn = 0
  /** The family line that stood before it when `series.identity` was made, and that family's kind then. */
  family: Family | null = null
  kind = ''

  /**
   * @param start its bytes in the cache's store
   * @param series null where rules drop the series
   */
  constructor(
    public start: number,
    public length: number,
    public series: Series | null,
  ) {}
}

/** Entries over twice the last good scrape's number that failing scrapes may leave behind. */
const FAILED_SCRAPES_SLACK = 1000

export class SeriesCache {
  /** By the hash of their bytes; of two with the same hash the newer stays, and the other is new again next time. */
  readonly #entries = new Map<number, Entry>()
  readonly #series = new Map<number, Series>()
  readonly #head = new Entry(0, 0, null)
  readonly #keys = new KeyStore()
  #last = this.#head
  /** Where `end` was right last. */
  #guessedAt = -1
  #seen = 0
  #goodSize = 0
  /** Number of this scrape, from 1. */
  scrape = 1
  #current: Series[] = []
  #previous: Series[] = []

  get size(): number {
    return this.#entries.size
  }

  /** Starts at the top of a body. */
  rewind(body: Buffer): void {
    this.#last = this.#head
    this.#guessedAt = -1
    this.#keys.against(body)
  }

  /** Where the series ends that followed last time, if it stands here. */
  end(at: number): number {
    const guess = this.#last.next
    if (guess === null || !this.#keys.stands(guess, at)) return -1
    this.#guessedAt = at
    return at + guess.length
  }

  /** The entry for the bytes of a series, null if they are new. */
  find(buffer: Buffer, start: number, end: number): Entry | null {
    const guess = this.#last.next
    if (guess !== null) {
      const sure = start === this.#guessedAt && guess.length === end - start
      const guessed = sure || this.#keys.equals(guess, buffer, start, end)
      this.#guessedAt = -1
      if (guessed) return (this.#last = guess)
    }
    const entry = this.#entries.get(hashBytes53(buffer, start, end))
    if (entry === undefined || !this.#keys.equals(entry, buffer, start, end)) return null
    this.#last.next = entry
    return (this.#last = entry)
  }

  add(buffer: Buffer, start: number, end: number, series: Series | null): Entry {
    const entry = new Entry(this.#keys.add(buffer, start, end), end - start, series)
    this.#entries.set(hashBytes53(buffer, start, end), entry)
    this.#last.next = entry
    this.see(entry)
    return (this.#last = entry)
  }

  /** Notes that an entry is in this scrape; false if it was already. */
  see(entry: Entry): boolean {
    if (entry.seenIn === this.scrape) return false
    entry.seenIn = this.scrape
    this.#seen++
    return true
  }

  /** The series of this name and labels (without `__name__`), made by `make` if it is new. */
  intern(name: string, labels: Labels, make: () => Identity): Series {
    const known = this.#lookup(name, labels)
    if (known !== undefined) return known
    const series = new Series(make())
    this.#series.set(keyOf(name, labels), series)
    return series
  }

  /** Whether the series is known. */
  has({ name, labels }: Identity): boolean {
    return this.#lookup(name, labels) !== undefined
  }

  #lookup(name: string, labels: Labels): Series | undefined {
    const known = this.#series.get(keyOf(name, labels))
    return known !== undefined && isSame(known.identity, name, labels) ? known : undefined
  }

  /** Notes that the series was there. */
  track(series: Series): void {
    if (series.trackedIn === this.scrape) return
    series.trackedIn = this.scrape
    this.#current.push(series)
  }

  /** The series that were there in the scrape before and were not noted in this one. */
  gone(): readonly Series[] {
    return this.#previous.filter((series) => series.trackedIn !== this.scrape)
  }

  /** Ends a scrape. `flush` after a good one: what it did not show is forgotten. Returns whether it was. */
  done(flush: boolean): boolean {
    const size = this.#entries.size
    const forced = !flush && size > this.#goodSize * 2 + FAILED_SCRAPES_SLACK
    if (flush) this.#goodSize = size
    if ((flush || forced) && this.#seen < size) this.#sweep()
    this.scrape++
    this.#seen = 0
    const spare = this.#previous
    this.#previous = this.#current
    this.#current = spare
    spare.length = 0
    return flush || forced
  }

  #sweep(): void {
    const kept = new Set<Series>(this.#current)
    for (const [key, entry] of this.#entries) {
      if (entry.seenIn === this.scrape) {
        if (entry.series !== null) kept.add(entry.series)
        continue
      }
      this.#entries.delete(key)
      // No bytes of a series are empty: a guess that still leads here never holds.
      entry.length = 0
    }
    this.#keys.compact(this.#entries.values())
    for (const [key, series] of this.#series) if (!kept.has(series)) this.#series.delete(key)
  }
}

function keyOf(name: string, labels: Labels): number {
  return hash53([name, ...labels])
}

/** Hashes of 53 bits may collide; labels do not. */
function isSame(identity: Identity, name: string, labels: Labels): boolean {
  const own = identity.labels
  if (identity.name !== name || own.length !== labels.length) return false
  for (let i = 0; i < own.length; i++) if (own[i] !== labels[i]) return false
  return true
}
