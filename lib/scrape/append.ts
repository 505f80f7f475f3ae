// One target's bodies to batches of samples. In the steady state of a target whose series stay the same, a sample
// costs the parser, one comparison of bytes and two stores: no labels, no objects.

import type { SampleBatch } from '../record/batch.js'
import { Identity } from '../record/identity.js'
import type { Labels } from '../record/labels.js'
import type { Exemplar, NativeHistogram } from '../record/record.js'
import { nanosOfMillis } from '../record/time.js'
import type { EntryKind, ExpositionParser } from '../wire/exposition/parser.js'
import { type Entry, type Series, SeriesCache } from './cache.js'
import { Columns, extraOf, staleBatch } from './columns.js'
import { freshExemplars } from './exemplar.js'
import { Families, type Family } from './family.js'
import { limitBuckets } from './histogram.js'
import { kindIn, namedOf, withKind } from './identity.js'
import { sampleLabels, type SampleLabelOptions } from './labels.js'
import { KnownLines } from './lines.js'
import type { Turns } from './turns.js'

/** Milliseconds that a sample's own time may be ahead of the clock, as in Prometheus. */
const MAX_AHEAD = 600_000
/** Entries read in one turn: a millisecond of a known target, some twenty of a new one. */
const SLICE = 2000

export interface AppendOptions extends SampleLabelOptions {
  /** Labels that the target puts on its series. */
  targetLabels: Labels
  /** Take the times that the target gives its samples. */
  honorTimestamps: boolean
  /** Staleness markers also for series whose samples have times of their own. */
  trackTimestampsStaleness: boolean
  /** Samples left after relabelling that a scrape may have; 0 is any number. */
  sampleLimit: number
  /** Buckets of a native histogram, 0 is any number, and its finest schema. */
  bucketLimit: number
  maxSchema: number
}

/** Samples that were left out, by reason. */
export interface LeftOut {
  duplicate: number
  outOfOrder: number
  outOfBounds: number
}

/** What became of one body. With an `error` nothing of it may be passed on. */
export interface Appended {
  error: Error | null
  /** Samples in the body. */
  scraped: number
  /** Samples left after relabelling. */
  kept: number
  /** Series that were not known before. */
  added: number
  leftOut: LeftOut
  /** Families that are new or changed; they stand before the samples. */
  families: readonly Family[]
  samples: SampleBatch | null
  /** Markers of the series that went. */
  stale: SampleBatch | null
}

export class Appender {
  readonly families = new Families()
  readonly #cache = new SeriesCache()
  readonly #lines = new KnownLines(this.#cache, this.families)
  readonly #columns = new Columns()
  readonly #options: AppendOptions
  #millis = 0
  #latest = 0
  #scraped = 0
  #kept = 0
  #added = 0
  #accepted = 0
  #leftOut: LeftOut = { duplicate: 0, outOfOrder: 0, outOfBounds: 0 }
  #error: Error | null = null
  #limitError: Error | null = null
  #bucketError: Error | null = null

  constructor(options: AppendOptions) {
    this.#options = options
  }

  /**
   * Takes one body in, as of `millis` (Unix milliseconds; `now` is the clock). After an error the scrape is still open:
   * `appendNothing` closes it.
   */
  append(parser: ExpositionParser, millis: number, now: number): Appended {
    this.#begin(parser, millis, now)
    while (!this.#read(parser));
    return this.#finish()
  }

  /** The same in slices; nothing else may be appended meanwhile. */
  async appendInTurns(parser: ExpositionParser, millis: number, now: number, turns: Turns): Promise<Appended> {
    this.#begin(parser, millis, now)
    do await turns.next()
    while (!this.#read(parser))
    return this.#finish()
  }

  /** Reads a slice of the body; true at its end, or at an error. */
  #read(parser: ExpositionParser): boolean {
    try {
      for (let left = SLICE; left > 0; left--) {
        const kind = parser.next()
        if (kind === null) return true
        if (kind === 'series' || kind === 'histogram') this.#sample(parser, kind)
        else if (kind !== 'comment') this.#lines.take(parser, kind)
      }
      return false
    } catch (error) {
      this.#error = error as Error
      return true
    }
  }

  #finish(): Appended {
    const error = this.#error ?? this.#limitError ?? this.#bucketError
    if (error !== null) {
      this.#columns.abandon()
      return this.#result(error, null, null)
    }
    const samples = this.#columns.finish(nanosOfMillis(this.#millis))
    const stale = this.#goneMarkers(this.#millis)
    if (this.#cache.done(true)) this.families.sweep(this.#cache.scrape)
    return this.#result(null, samples, stale)
  }

  /** A scrape without samples (failed, empty, or the last of its target): everything that was there is gone. */
  appendNothing(millis: number): Appended {
    this.#counters()
    const stale = this.#goneMarkers(millis)
    if (this.#cache.done(false)) this.families.sweep(this.#cache.scrape)
    return this.#result(null, null, stale)
  }

  /** Whether the series is known from the last scrapes. */
  has(series: Identity): boolean {
    return this.#cache.has(series)
  }

  /** Exposed series known now. */
  get size(): number {
    return this.#cache.size
  }

  #begin(parser: ExpositionParser, millis: number, now: number): void {
    this.#counters()
    this.#cache.rewind(parser.buffer)
    this.#lines.rewind(parser.buffer)
    if (parser.guess !== undefined) parser.guess = this.#lines
    this.#columns.begin()
    this.#millis = millis
    this.#latest = now + MAX_AHEAD
  }

  #counters(): void {
    this.#scraped = this.#kept = this.#added = this.#accepted = 0
    this.#leftOut = { duplicate: 0, outOfOrder: 0, outOfBounds: 0 }
    this.#error = this.#limitError = this.#bucketError = null
  }

  #result(error: Error | null, samples: SampleBatch | null, stale: SampleBatch | null): Appended {
    const families = error === null ? this.families.takeChanged() : []
    const counts = { scraped: this.#scraped, kept: this.#kept, added: this.#added, leftOut: this.#leftOut }
    return { error, ...counts, families, samples, stale }
  }

  #sample(parser: ExpositionParser, kind: EntryKind): void {
    this.#scraped++
    const { buffer, keyStart, keyEnd } = parser
    const entry = this.#cache.find(buffer, keyStart, keyEnd)
    const millis = this.#options.honorTimestamps ? parser.timestamp : undefined
    if (entry === null) {
      this.#newSample(parser, kind, millis)
      return
    }
    const first = this.#cache.see(entry)
    const { series } = entry
    if (series === null) return
    this.#kept++
    const { family } = this.#lines
    if (entry.family !== family || (family !== null && family.kind !== entry.kind)) this.#setFamily(entry, series)
    if (!first && millis === undefined) this.#leftOut.duplicate++
    else this.#add(parser, kind, series, millis)
  }

  /** A series whose bytes are new. */
  #newSample(parser: ExpositionParser, kind: EntryKind, millis: number | undefined): void {
    const options = this.#options
    const { buffer, keyStart, keyEnd } = parser
    const labels = sampleLabels(parser.labels(), options.targetLabels, options)
    if (labels === null) {
      this.#cache.add(buffer, keyStart, keyEnd, null)
      return
    }
    const { name, own } = namedOf(labels)
    const series = this.#cache.intern(name, own, () => Identity.of('metric', name, own))
    this.#kept++
    const before = this.#accepted
    // A sample that was not accepted leaves no trace: it is new again next time.
    if (!this.#accepts(parser, series, millis)) return
    const entry = this.#cache.add(buffer, keyStart, keyEnd, series)
    this.#setFamily(entry, series)
    this.#store(parser, kind, series, millis)
    if (this.#accepted > before && this.#limitError === null && this.#bucketError === null) this.#added++
  }

  #add(parser: ExpositionParser, kind: EntryKind, series: Series, millis: number | undefined): void {
    if (this.#accepts(parser, series, millis)) this.#store(parser, kind, series, millis)
  }

  /** Whether a store would take the sample, after those that the series had before. */
  #accepts(parser: ExpositionParser, series: Series, millis: number | undefined): boolean {
    if (millis === undefined) {
      if (series.sampledIn === this.#cache.scrape) {
        this.#leftOut.duplicate++
        return false
      }
      if (series.explicit !== null && series.explicit.millis > this.#millis) {
        this.#leftOut.outOfOrder++
        return false
      }
    } else if (!this.#acceptsTime(parser, series, millis)) return false
    const { sampleLimit } = this.#options
    if (sampleLimit > 0 && this.#accepted >= sampleLimit) {
      this.#limitError ??= new Error(`sample limit exceeded (sample_limit: ${sampleLimit})`)
      return false
    }
    return true
  }

  #acceptsTime(parser: ExpositionParser, series: Series, millis: number): boolean {
    if (millis > this.#latest) {
      this.#leftOut.outOfBounds++
      return false
    }
    const { explicit } = series
    if (explicit !== null && millis < explicit.millis) {
      this.#leftOut.outOfOrder++
      return false
    }
    // The same sample once more is usual where targets pass on what they got elsewhere.
    if (explicit !== null && millis === explicit.millis && !Object.is(parser.value, explicit.value)) {
      this.#leftOut.duplicate++
      return false
    }
    return true
  }

  #store(parser: ExpositionParser, kind: EntryKind, series: Series, millis: number | undefined): void {
    let histogram: NativeHistogram | undefined
    if (kind === 'histogram') {
      try {
        histogram = limitBuckets(parser.histogram!, this.#options.bucketLimit, this.#options.maxSchema)
      } catch (error) {
        this.#bucketError ??= error as Error
        return
      }
    }
    this.#accepted++
    if (millis === undefined) series.sampledIn = this.#cache.scrape
    else series.explicit = { millis, value: parser.value }
    if (millis === undefined || this.#options.trackTimestampsStaleness) this.#cache.track(series)
    this.#columns.add(series.identity, histogram === undefined ? parser.value : NaN, millis)
    this.#beside(parser, series, histogram)
  }

  /** What a sample has beside its value. */
  #beside(parser: ExpositionParser, series: Series, histogram: NativeHistogram | undefined): void {
    const start = parser.startTimestamp
    let exemplars: readonly Exemplar[] = parser.exemplars()
    if (histogram === undefined && start === undefined && exemplars.length === 0) return
    if (exemplars.length > 0) {
      const fresh = freshExemplars(exemplars, histogram !== undefined, series.exemplar)
      exemplars = fresh.exemplars
      series.exemplar = fresh.newest
    }
    const extra = extraOf(histogram, start, exemplars)
    if (extra !== null) this.#columns.extra(extra)
  }

  /** Gives the series the kind of the family it belongs to. */
  #setFamily(entry: Entry, series: Series): void {
    const { family } = this.#lines
    entry.family = family
    entry.kind = family?.kind ?? ''
    series.identity = withKind(series.identity, kindIn(family, series.identity.name))
  }

  #goneMarkers(millis: number): SampleBatch | null {
    const gone = this.#cache.gone().filter(({ explicit }) => explicit === null || explicit.millis < millis)
    return staleBatch(gone.map((series) => series.identity), millis)
  }
}
