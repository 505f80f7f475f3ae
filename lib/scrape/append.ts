// One target's bodies to batches of samples. In the steady state of a target whose series stay the same, a sample
// costs one comparison of bytes, the reading of a number and a store: no labels, no objects.

import type { SampleBatch } from '../record/batch.js'
import { Identity } from '../record/identity.js'
import type { Labels } from '../record/labels.js'
import type { Layout } from '../record/layout.js'
import type { Exemplar, NativeHistogram } from '../record/record.js'
import { nanosOfMillis } from '../record/time.js'
import type { EntryKind, ExpositionParser } from '../wire/exposition/parser.js'
import { Columns, extraOf, staleBatch } from './columns.js'
import { freshExemplars } from './exemplar.js'
import { Families, type Family } from './family.js'
import { limitBuckets } from './histogram.js'
import { kindIn, namedOf, withKind } from './identity.js'
import { KnownBody } from './known_body.js'
import { sampleLabels, type SampleLabelOptions } from './labels.js'
import { SeriesTable } from './series_table.js'
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
  readonly #table = new SeriesTable()
  readonly #columns = new Columns()
  readonly #known: KnownBody
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
    this.#known = new KnownBody(this.#table, this.families, this.#columns, options.sampleLimit)
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
      const { taken } = this.#known
      for (let left = SLICE; left > 0; left--) {
        const before = taken.scraped
        const kind = parser.next()
        left -= taken.scraped - before
        if (kind === null) return true
        if (kind === 'series' || kind === 'histogram') this.#sample(parser, kind)
        else if (kind !== 'comment') this.#known.take(parser, kind)
      }
      return false
    } catch (error) {
      this.#error = error as Error
      return true
    }
  }

  #finish(): Appended {
    this.#known.release()
    const error = this.#error ?? this.#limitError ?? this.#bucketError
    if (error !== null) {
      this.#columns.abandon()
      return this.#result(error, null, null)
    }
    const { length: accepted, layout } = this.#columns
    const samples = this.#columns.finish(nanosOfMillis(this.#millis))
    const stale = this.#goneMarkers(this.#millis, layout)
    if (this.#table.done(true)) this.families.sweep(this.#table.scrape)
    this.#known.settled(accepted)
    return this.#result(null, samples, stale)
  }

  /** A scrape without samples (failed, empty, or the last of its target): everything that was there is gone. */
  appendNothing(millis: number): Appended {
    this.#counters()
    const stale = this.#goneMarkers(millis, this.#columns.layout)
    if (this.#table.done(false)) this.families.sweep(this.#table.scrape)
    this.#known.stray()
    return this.#result(null, null, stale)
  }

  /** Whether the series is known from the last scrapes. */
  has(series: Identity): boolean {
    return this.#table.ownerOf(series.name, series.labels) >= 0
  }

  /** Exposed series known now. */
  get size(): number {
    return this.#table.size
  }

  #begin(parser: ExpositionParser, millis: number, now: number): void {
    this.#counters()
    this.#table.rewind(parser.buffer)
    this.#known.rewind(parser.buffer)
    if (parser.guess !== undefined) parser.guess = this.#known
    this.#columns.begin()
    this.#millis = millis
    this.#latest = now + MAX_AHEAD
  }

  #counters(): void {
    this.#scraped = this.#kept = this.#added = this.#accepted = 0
    this.#known.taken.scraped = this.#known.taken.kept = 0
    this.#leftOut = { duplicate: 0, outOfOrder: 0, outOfBounds: 0 }
    this.#error = this.#limitError = this.#bucketError = null
  }

  #result(error: Error | null, samples: SampleBatch | null, stale: SampleBatch | null): Appended {
    const families = error === null ? this.families.takeChanged() : []
    const { scraped, kept } = this.#known.taken
    const counts = { scraped: this.#scraped + scraped, kept: this.#kept + kept, added: this.#added, leftOut: this.#leftOut }
    return { error, ...counts, families, samples, stale }
  }

  #sample(parser: ExpositionParser, kind: EntryKind): void {
    this.#scraped++
    const table = this.#table
    const row = table.find(parser.buffer, parser.keyStart, parser.keyEnd)
    const millis = this.#options.honorTimestamps ? parser.timestamp : undefined
    if (row < 0) {
      this.#newSample(parser, kind, millis)
      return
    }
    const first = table.see(row)
    const owner = table.owners[row]
    if (owner < 0) return
    this.#kept++
    const { family } = this.#known
    if (table.families[row] !== family || (family !== null && family.kind !== table.kinds[row])) this.#setFamily(row, owner)
    if (!first && millis === undefined) this.#leftOut.duplicate++
    else if (this.#accepts(parser, owner, millis)) return this.#store(parser, kind, owner, millis)
    this.#known.irregular()
  }

  /** A series whose bytes are new. */
  #newSample(parser: ExpositionParser, kind: EntryKind, millis: number | undefined): void {
    const options = this.#options
    const table = this.#table
    const { buffer, keyStart, keyEnd } = parser
    const labels = sampleLabels(parser.labels(), options.targetLabels, options)
    if (labels === null) {
      table.add(buffer, keyStart, keyEnd, null)
      return
    }
    const { name, own } = namedOf(labels)
    const known = table.ownerOf(name, own)
    this.#kept++
    const before = this.#accepted
    // A sample that was not accepted leaves no trace: it is new again next time.
    if (!this.#accepts(parser, known, millis)) return
    const row = table.add(buffer, keyStart, keyEnd, known < 0 ? Identity.of('metric', name, own) : known)
    const owner = table.owners[row]
    this.#setFamily(row, owner)
    this.#store(parser, kind, owner, millis)
    if (this.#accepted > before && this.#limitError === null && this.#bucketError === null) this.#added++
  }

  /** Whether a store would take the sample, after those that the series had before. @param owner -1 where it had none */
  #accepts(parser: ExpositionParser, owner: number, millis: number | undefined): boolean {
    if (millis === undefined) {
      if (owner >= 0 && this.#table.isSampled(owner)) {
        this.#leftOut.duplicate++
        return false
      }
      const explicit = this.#table.explicit.get(owner)
      if (explicit !== undefined && explicit.millis > this.#millis) {
        this.#leftOut.outOfOrder++
        return false
      }
    } else if (!this.#acceptsTime(parser, owner, millis)) return false
    const { sampleLimit } = this.#options
    if (sampleLimit > 0 && this.#columns.length >= sampleLimit) {
      this.#limitError ??= new Error(`sample limit exceeded (sample_limit: ${sampleLimit})`)
      return false
    }
    return true
  }

  #acceptsTime(parser: ExpositionParser, owner: number, millis: number): boolean {
    if (millis > this.#latest) {
      this.#leftOut.outOfBounds++
      return false
    }
    const explicit = this.#table.explicit.get(owner)
    if (explicit === undefined) return true
    if (millis < explicit.millis) {
      this.#leftOut.outOfOrder++
      return false
    }
    // The same sample once more is usual where targets pass on what they got elsewhere.
    if (millis === explicit.millis && !Object.is(parser.value, explicit.value)) {
      this.#leftOut.duplicate++
      return false
    }
    return true
  }

  #store(parser: ExpositionParser, kind: EntryKind, owner: number, millis: number | undefined): void {
    const table = this.#table
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
    if (millis === undefined) table.sample(owner)
    else table.explicit.set(owner, { millis, value: parser.value })
    if (millis === undefined || this.#options.trackTimestampsStaleness) table.track(owner)
    this.#columns.add(table.identities[owner], histogram === undefined ? parser.value : NaN, millis)
    this.#beside(parser, owner, histogram)
  }

  /** What a sample has beside its value. */
  #beside(parser: ExpositionParser, owner: number, histogram: NativeHistogram | undefined): void {
    const start = parser.startTimestamp
    let exemplars: readonly Exemplar[] = parser.exemplars()
    if (histogram === undefined && start === undefined && exemplars.length === 0) return
    if (exemplars.length > 0) {
      const fresh = freshExemplars(exemplars, histogram !== undefined, this.#table.exemplars.get(owner) ?? null)
      exemplars = fresh.exemplars
      if (fresh.newest !== null) this.#table.exemplars.set(owner, fresh.newest)
    }
    const extra = extraOf(histogram, start, exemplars)
    if (extra !== null) this.#columns.extra(extra)
  }

  /** Gives the series the kind of the family it belongs to. */
  #setFamily(row: number, owner: number): void {
    const table = this.#table
    const { family } = this.#known
    table.families[row] = family
    table.kinds[row] = family?.kind ?? ''
    const identity = table.identities[owner]
    table.identities[owner] = withKind(identity, kindIn(family, identity.name))
    this.#known.stray()
  }

  #goneMarkers(millis: number, layout: Layout): SampleBatch | null {
    const { explicit, identities } = this.#table
    const gone = this.#table.gone().filter((owner) => {
      const last = explicit.get(owner)
      return last === undefined || last.millis < millis
    })
    return staleBatch(gone.map((owner) => identities[owner]), millis, layout)
  }
}
