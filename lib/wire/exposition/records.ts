// An exposition as records: metadata of each family, then its samples, in batches.

import { EXIT, Problem } from '../../diag/problem.js'
import { type Batch, RecordBatch, SampleBatch } from '../../record/batch.js'
import { Identity, type IdentityRest } from '../../record/identity.js'
import type { Json } from '../../record/json.js'
import { hasLabel, type Labels } from '../../record/labels.js'
import { Layout } from '../../record/layout.js'
import type { Payload } from '../../record/record.js'
import { nanosOfMillis } from '../../record/time.js'
import { sortLabels } from './cursor.js'
import { Families, type Family, metadataOf } from './family.js'
import type { ExpositionParser } from './parser.js'

export interface RecordOptions {
  /** Unix nanoseconds of samples that bring no time of their own. */
  now: string
  /** Added to every sample that does not have them. */
  labels: Labels
  /** Whether to make metadata records. */
  metadata: boolean
}

/** Rows of a batch, so that the records of a large body are never all there at once. */
const ROWS = 4096

/**
 * Reads a body to its end without keeping anything of it. Throws a Problem where it is wrong, has a series that cannot
 * be, or more families than `maxFamilies`.
 */
export function checkExposition(parser: ExpositionParser, maxFamilies: number): void {
  const families = new Set<string>()
  for (let kind = parser.next(); kind !== null; kind = parser.next()) {
    if (kind === 'series' || kind === 'histogram') {
      const labels = parser.labels()
      for (let i = 2; i < labels.length; i += 2) {
        if (labels[i] === labels[i - 2]) throw parser.invalid(`label ${JSON.stringify(labels[i])} stands there twice`)
      }
    } else if (kind !== 'comment' && families.add(parser.metric).size > maxFamilies) {
      const message = `more than ${maxFamilies} metric families (max_families)`
      throw new Problem(message, { exit: EXIT.failed, hint: 'raise --max-families' })
    }
  }
}

/** The records of a body that was checked, in its order. */
export function* recordsOf(parser: ExpositionParser, options: RecordOptions): Generator<Batch> {
  const reading = new Reading(parser, options)
  for (let kind = parser.next(); kind !== null; kind = parser.next()) {
    if (kind === 'help' || kind === 'unit') reading.metadata(kind)
    else if (kind === 'type') reading.metadata('kind')
    else if (kind !== 'comment') reading.sample(kind === 'histogram')
    if (reading.full) yield* reading.take()
  }
  reading.end()
  yield* reading.take()
}

class Reading {
  readonly #families = new Families()
  #batches: Batch[] = []
  #rows = 0
  readonly #rests = new Map<string, IdentityRest>()
  #untold: Family[] = []
  #ids: Identity[] = []
  #values: number[] = []
  #times: string[] = []
  #timed = false
  #extra = new Map<number, Payload>()

  constructor(
    private readonly parser: ExpositionParser,
    private readonly options: RecordOptions,
  ) {}

  get full(): boolean {
    return this.#rows >= ROWS
  }

  /** The batches that are whole. */
  take(): Batch[] {
    this.#flushSamples()
    const batches = this.#batches
    this.#batches = []
    this.#rows = 0
    return batches
  }

  metadata(field: 'kind' | 'unit' | 'help'): void {
    const family = this.#families.set(this.parser.metric, field, this.parser.text)
    if (family.told || !this.options.metadata) return
    family.told = true
    this.#flushSamples()
    this.#untold.push(family)
    this.#rows++
  }

  sample(isHistogram: boolean): void {
    const { parser } = this
    this.#flushMetadata()
    const row = this.#ids.push(this.#identity()) - 1
    this.#rows++
    this.#values.push(isHistogram ? 0 : parser.value)
    const { timestamp, startTimestamp } = parser
    this.#times.push(timestamp === undefined ? '' : nanosOfMillis(timestamp))
    if (timestamp !== undefined) this.#timed = true
    const exemplars = parser.exemplars()
    if (!isHistogram && startTimestamp === undefined && exemplars.length === 0) return
    const extra: Payload = {}
    if (startTimestamp !== undefined) extra.start = nanosOfMillis(startTimestamp)
    if (isHistogram) extra.histogram = parser.histogram as unknown as Json
    if (exemplars.length > 0) extra.exemplars = exemplars as unknown as Json
    this.#extra.set(row, extra)
  }

  end(): void {
    this.#flushSamples()
    this.#flushMetadata()
  }

  #identity(): Identity {
    const all = this.parser.labels()
    const labels: string[] = []
    let name = ''
    for (let i = 0; i < all.length; i += 2) {
      if (all[i] === '__name__') name = all[i + 1]
      // An empty label is no label.
      else if (all[i + 1] !== '') labels.push(all[i], all[i + 1])
    }
    const added = this.options.labels
    for (let i = 0; i < added.length; i += 2) if (!hasLabel(labels, added[i])) labels.push(added[i], added[i + 1])
    return Identity.of('metric', name, sortLabels(labels), this.#rest(this.#families.kindOf(name)))
  }

  #rest(kind: string): IdentityRest {
    let rest = this.#rests.get(kind)
    if (rest === undefined) this.#rests.set(kind, (rest = { kind }))
    return rest
  }

  #flushMetadata(): void {
    if (this.#untold.length === 0) return
    const ids = this.#untold.map(metadataOf)
    this.#batches.push(new RecordBatch(ids, ids.map(() => ({}))))
    this.#untold = []
  }

  #flushSamples(): void {
    if (this.#ids.length === 0) return
    const times = this.#timed ? this.#times : null
    const extra = this.#extra.size > 0 ? this.#extra : null
    const values = Float64Array.from(this.#values)
    this.#batches.push(new SampleBatch(new Layout(this.#ids), this.options.now, values, times, null, extra))
    this.#ids = []
    this.#values = []
    this.#times = []
    this.#timed = false
    this.#extra = new Map()
  }
}
