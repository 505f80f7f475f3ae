// The series that a scraper makes about each target: whether it was up, how long it took, how much it gave.

import { SampleBatch } from '../record/batch.js'
import { Identity } from '../record/identity.js'
import { Layout } from '../record/layout.js'
import type { Labels } from '../record/labels.js'
import { nanosOfMillis } from '../record/time.js'
import { Family } from './family.js'

/** What is reported of one scrape. */
export interface ScrapeReport {
  up: boolean
  /** Seconds. */
  duration: number
  /** Samples in the body, those left after relabelling, and series not known before. */
  scraped: number
  kept: number
  added: number
  /** Bytes of the decompressed body, -1 where it was too large. */
  bytes: number
  /** The target's timeout in seconds and its sample limit. */
  timeout: number
  sampleLimit: number
}

interface Definition {
  name: string
  unit: string
  help: string
  value(report: ScrapeReport): number
}

const ALWAYS: readonly Definition[] = [
  { name: 'up', unit: 'targets', help: 'Whether the last scrape of the target succeeded: 1 for yes, 0 for no.', value: ({ up }) => (up ? 1 : 0) },
  { name: 'scrape_duration_seconds', unit: 'seconds', help: 'How long the last scrape took.', value: ({ duration }) => duration },
  { name: 'scrape_samples_scraped', unit: 'samples', help: 'Samples that the target exposed.', value: ({ scraped }) => scraped },
  {
    name: 'scrape_samples_post_metric_relabeling',
    unit: 'samples',
    help: 'Samples that were left after metric relabelling.',
    value: ({ kept }) => kept,
  },
  { name: 'scrape_series_added', unit: 'series', help: 'Series that the last scrape showed for the first time.', value: ({ added }) => added },
]

const EXTRA: readonly Definition[] = [
  { name: 'scrape_timeout_seconds', unit: 'seconds', help: 'Timeout of the target.', value: ({ timeout }) => timeout },
  { name: 'scrape_sample_limit', unit: 'samples', help: 'Sample limit of the target, 0 for none.', value: ({ sampleLimit }) => sampleLimit },
  {
    name: 'scrape_body_size_bytes',
    unit: 'bytes',
    help: 'Size of the last body, decompressed; -1 where it was over the limit, 0 where the scrape failed otherwise.',
    value: ({ bytes }) => bytes,
  },
]

/** The metadata of the report series. */
export function reportFamilies(extra: boolean): readonly Family[] {
  return definitions(extra).map(({ name, unit, help }) => Object.assign(new Family(name), { kind: 'gauge', unit, help }))
}

function definitions(extra: boolean): readonly Definition[] {
  return extra ? [...ALWAYS, ...EXTRA] : ALWAYS
}

/** The report series of one target. */
export class Reporter {
  readonly #definitions: readonly Definition[]
  readonly #layout: Layout

  /** @param labels of the target */
  constructor(labels: Labels, extra: boolean) {
    this.#definitions = definitions(extra)
    this.#layout = new Layout(this.#definitions.map(({ name }) => Identity.of('metric', name, labels, { kind: 'gauge' })))
  }

  get ids(): readonly Identity[] {
    return this.#layout.ids
  }

  /** @param millis time of the scrape, Unix milliseconds */
  batch(report: ScrapeReport, millis: number): SampleBatch {
    const values = Float64Array.from(this.#definitions, ({ value }) => value(report))
    return new SampleBatch(this.#layout, nanosOfMillis(millis), values)
  }
}
