// The suite scrape_append: bodies against one target's appender, or whole scrapes of a loop.

import { deepEqual, equal, ok } from 'node:assert/strict'
import { BodyBuffers } from '../../../lib/net/buffers.js'
import { HttpError, type HttpClient } from '../../../lib/net/client.js'
import type { Batch } from '../../../lib/record/batch.js'
import { hasLabel, labelsOf, type Labels } from '../../../lib/record/labels.js'
import { Appender, type Appended } from '../../../lib/scrape/append.js'
import { isSeriesOfFamily } from '../../../lib/scrape/family.js'
import { Gate } from '../../../lib/scrape/gate.js'
import { MetadataFilter } from '../../../lib/scrape/metadata.js'
import { Scraper } from '../../../lib/scrape/scraper.js'
import { discoveredLabels, Target, targetLabels } from '../../../lib/scrape/target.js'
import { Turns } from '../../../lib/scrape/turns.js'
import { formatOf, openParser } from '../../../lib/wire/exposition/index.js'
import { bytesOf, type Case } from '../suite.js'
import { familyBytes } from './scrape_prototext.js'
import { appendOptions, type Config, labelsIn, type Sample, samplesOf, withoutZeros } from './scrape_support.js'

interface Metadata {
  type: string
  help: string
  unit: string
}

interface Expected {
  error?: boolean
  samples?: Sample[]
  samples_scraped?: number
  samples_post_metric_relabeling?: number
  series_added?: number
  metadata?: { labels: { [name: string]: string }; metadata: Metadata }[]
  family_metadata?: { [family: string]: Metadata }
  stored_series?: number
  stored_series_matching?: { matcher: string; count: number }
  up?: number
  report_samples?: string[]
}

interface Step {
  op: string
  body?: unknown
  body_template?: string
  body_prototext?: string
  content_type?: string
  time_ms?: number | null
  scrape_error?: string
  flush?: boolean
  then?: string
  expected?: Expected
}

const REPORT = ['up', 'scrape_duration_seconds', 'scrape_samples_scraped', 'scrape_samples_post_metric_relabeling', 'scrape_series_added']

/** Where a case does not say the time. */
const EPOCH = 1_700_000_000_000

export async function append(test: Case): Promise<void> {
  if (test.kind === 'loop') return loop(test)
  new AppendRun(test).run(test.steps as Step[])
}

class AppendRun {
  readonly config: Config
  readonly appender: Appender
  readonly second: boolean
  /** Everything committed since the start or the last reset. */
  recorded: Sample[] = []
  /** Labels of all series ever committed, as text. */
  readonly stored = new Set<string>()
  metadata: Expected['metadata'] = []
  clock = EPOCH

  constructor(test: Case) {
    this.config = test.config as Config
    this.appender = new Appender(appendOptions(this.config))
    this.second = test.appender === 'v2'
  }

  run(steps: readonly Step[]): void {
    for (const step of steps) {
      if (step.op === 'append') this.append(step)
      else if (step.op === 'reset_recorded') {
        this.recorded = []
        this.metadata = []
      }
      // The real loop ends every failed scrape with an empty one.
      else if (step.op === 'cache_iter_done') this.appender.appendNothing(this.clock)
      else throw new Error(`unknown op ${step.op}`)
    }
  }

  append(step: Step): void {
    this.clock = step.time_ms ?? this.clock + 1000
    const appended = this.appended(bodyOf(step, this.clock), step.content_type ?? '')
    const { error } = appended
    const expected = step.expected!
    if (expected.error !== undefined) equal(error !== null, expected.error, error?.message ?? 'no error')
    const { scraped, kept, added } = appended
    const counts = { samples_scraped: scraped, samples_post_metric_relabeling: kept, series_added: added }
    for (const [name, count] of Object.entries(counts)) {
      const wanted = expected[name as keyof typeof counts]
      if (wanted !== undefined) equal(count, wanted, `${name}: ${count}, not ${wanted}`)
    }
    if (step.then === 'commit') this.commit(appended)
    this.check(expected)
  }

  appended(body: Buffer, contentType: string): Appended {
    if (body.length === 0) return this.appender.appendNothing(this.clock)
    const { config } = this
    const { format, warning } = formatOf(contentType, config.fallback_scrape_protocol ?? config.fallback_content_type ?? '')
    if (format === null) throw new Error(warning)
    const parser = openParser(body, format, {
      classicHistograms: config.always_scrape_classic_histograms,
      convertToCustomBuckets: config.convert_classic_histograms_to_nhcb,
      nativeHistograms: config.scrape_native_histograms ?? false,
      typeAndUnitLabels: config.enable_type_and_unit_labels,
      createdAsStart: this.second,
    })
    return this.appender.append(parser, this.clock, this.clock)
  }

  commit({ samples, stale, families }: Appended): void {
    const committed = samplesOf([samples, stale])
    for (const sample of committed) {
      const text = JSON.stringify(sample.labels)
      const known = this.stored.has(text)
      this.stored.add(text)
      const family = [...this.appender.families.byName.values()].find(({ name, kind }) => isSeriesOfFamily(sample.labels.__name__, name, kind))
      // The second appender gets metadata with every sample, the first where a series is new or its family has changed.
      if (family !== undefined && (this.second || !known || families.includes(family))) {
        this.metadata!.push({ labels: sample.labels, metadata: { type: family.kind, help: family.help, unit: family.unit } })
      }
    }
    this.recorded.push(...committed)
  }

  check(expected: Expected): void {
    if (expected.samples !== undefined) compareSamples(this.recorded, expected.samples)
    if (expected.metadata !== undefined) deepEqual(this.metadata, expected.metadata)
    if (expected.stored_series !== undefined) equal(this.stored.size, expected.stored_series)
    for (const [name, wanted] of Object.entries(expected.family_metadata ?? {})) {
      const { kind, help, unit } = this.appender.families.byName.get(name)!
      deepEqual({ type: kind, help, unit }, wanted)
    }
    if (expected.stored_series_matching !== undefined) {
      const { matcher, count } = expected.stored_series_matching
      const wanted = [...matcher.matchAll(/(\w+)="([^"]*)"/g)]
      const matching = [...this.stored].filter((text) => {
        const labels = JSON.parse(text) as { [name: string]: string }
        return wanted.every(([, name, value]) => labels[name] === value)
      })
      equal(matching.length, count)
    }
  }
}

function bodyOf(step: Step, now: number): Buffer {
  if (step.body_prototext !== undefined) return familyBytes(step.body_prototext)
  if (step.body_template !== undefined) return Buffer.from(step.body_template.replaceAll('${NOW_MS}', String(now)))
  return bytesOf(step.body ?? '')
}

/** Samples in order, with neighbouring markers in any order; what the expected ones do not name is not compared. */
export function compareSamples(got: readonly Sample[], expected: readonly Partial<Sample>[]): void {
  equal(got.length, expected.length, `samples: ${JSON.stringify(got.map(({ labels, value }) => [labels, value]))}`)
  const ordered = inOrder(expected)
  for (const [i, sample] of inOrder(got).entries()) {
    const wanted = ordered[i]
    const shown = Object.fromEntries(Object.keys(wanted).map((key) => [key, sample[key as keyof Sample]]))
    deepEqual(shown, wanted.histogram === undefined ? wanted : { ...wanted, histogram: withoutZeros(wanted.histogram) })
  }
}

function inOrder<T extends Partial<Sample>>(samples: readonly T[]): T[] {
  const key = ({ labels }: T) => JSON.stringify(Object.entries(labels!).sort())
  const ordered: T[] = []
  let run: T[] = []
  const flush = () => {
    ordered.push(...run.sort((a, b) => (key(a) < key(b) ? -1 : 1)))
    run = []
  }
  for (const sample of samples) {
    if (sample.value === 'StaleNaN') run.push(sample)
    else {
      flush()
      ordered.push(sample)
    }
  }
  flush()
  return ordered
}

async function loop(test: Case): Promise<void> {
  const config = test.config as Config
  let now = EPOCH
  let step: Step
  const client: HttpClient = {
    request: () => {
      if (step.scrape_error !== undefined) return Promise.reject(new HttpError('connect', step.scrape_error))
      const headers = new Map([['content-type', step.content_type ?? '']])
      return Promise.resolve({ status: 200, headers, body: bodyOf(step, now) })
    },
    close: () => Promise.resolve(),
  }
  const batches: Batch[] = []
  const scraper = scraperOf(config, client, () => now, batches)
  let total = 0
  for (step of test.steps as Step[]) {
    now += 10
    batches.length = 0
    const up = await scraper.scrape(now, new AbortController().signal, null)
    const { expected = {} } = step
    equal(Number(up), expected.up)
    const all = samplesOf(batches)
    total += all.length
    const report = all.filter(({ labels }) => REPORT.includes(labels.__name__)).map(({ labels }) => labels.__name__)
    if (expected.report_samples !== undefined) deepEqual(report, expected.report_samples)
    if (expected.samples !== undefined)
      compareSamples(all.filter(({ labels }) => !REPORT.includes(labels.__name__)), expected.samples)
  }
  const { total_samples } = (test.expected ?? {}) as { total_samples?: number }
  if (total_samples !== undefined) equal(total, total_samples)
}

/** A scraper with its effects given. */
export function scraperOf(config: Config, client: HttpClient, now: () => number, batches: Batch[], address = 'target'): Scraper {
  const found: Labels = labelsOf([['__address__', address]])
  const defaults = {
    job: '', scheme: 'http', metricsPath: '/metrics', interval: 10_000, timeout: 10_000, params: new Map<string, string[]>(),
    nativeHistograms: config.scrape_native_histograms ?? false,
    classicHistograms: config.always_scrape_classic_histograms ?? false,
    convertClassicHistograms: config.convert_classic_histograms_to_nhcb ?? false,
  }
  const own = labelsIn(config.target_labels)
  const hidden = targetLabels(discoveredLabels(found, defaults))!.filter((_, i, all) => all[i - (i % 2)] !== 'instance')
  const target = new Target(labelsOf([...pairs(hidden), ...pairs(own)]), defaults.params)
  ok(!hasLabel(target.labels, '__address__'))
  return new Scraper(target, {
    clock: { now: () => `${now()}000000`, millis: now, monotonic: now, sleep: () => Promise.resolve() },
    client,
    gate: new Gate((batch) => void batches.push(batch)),
    turns: new Turns(),
    buffers: new BodyBuffers(),
    metadata: new MetadataFilter(true),
    fetch: { accept: '*/*', compression: true, bodySizeLimit: 0 },
    append: appendOptions(config),
    fallback: config.fallback_scrape_protocol ?? config.fallback_content_type ?? '',
    createdAsStart: false,
    extraMetrics: false,
    leftOut: () => {},
    outcome: () => {},
  })
}

function pairs(labels: Labels): [string, string][] {
  const out: [string, string][] = []
  for (let i = 0; i < labels.length; i += 2) out.push([labels[i], labels[i + 1]])
  return out
}
