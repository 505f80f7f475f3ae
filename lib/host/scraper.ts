// One machine, read again and again: the samples of its collectors under a layout that stays while the series do,
// staleness markers for series that went, and the report that is made of every scrape.

import type { Clock, Log } from '../component.js'
import { type Batch, RecordBatch, SampleBatch } from '../record/batch.js'
import { Identity } from '../record/identity.js'
import { hasLabel, type Labels, labelsOf, labelPairs, NO_LABELS } from '../record/labels.js'
import { Layout } from '../record/layout.js'
import { nanosOfMillis } from '../record/time.js'
import { Reporter, reportFamilies } from '../scrape/report.js'
import { type Collector, NoData } from './collector.js'
import { Families, type Family } from './families.js'
import type { Host } from './host.js'

const DURATION_HELP = 'node_exporter: Duration of a collector scrape.'
const SUCCESS_HELP = 'node_exporter: Whether a collector succeeded.'

interface Row {
  key: string
  name: string
  kind: string
  labels: Labels
  value: number
}

export class HostScraper {
  /** Identities of the last scrape by name and labels. */
  #known = new Map<string, Identity>()
  #keys: readonly string[] = []
  #layout = new Layout([])
  #described: Set<string> | null = null
  readonly #reporter: Reporter
  readonly #failing = new Map<string, string>()

  /** @param labels `job`, `instance` and what else every series carries */
  constructor(
    private readonly host: Host,
    private readonly collectors: readonly Collector[],
    private readonly labels: Labels,
    private readonly clock: Clock,
    private readonly log: Log,
  ) {
    this.#reporter = new Reporter(labels, false)
  }

  /** One reading: metadata of families not told before, all samples, markers for series that went, the report. */
  async scrape(): Promise<Batch[]> {
    const millis = this.clock.millis()
    const stamp = nanosOfMillis(millis)
    const began = this.clock.monotonic()
    const families = await this.#collect()
    const rows = this.#rows(families)
    const report = {
      up: true,
      duration: (this.clock.monotonic() - began) / 1000,
      scraped: rows.length,
      kept: rows.length,
      added: rows.reduce((count, row) => count + (this.#known.has(row.key) ? 0 : 1), 0),
      bytes: 0,
      timeout: 0,
      sampleLimit: 0,
    }
    const batches = [
      this.#metadata(families),
      this.#samples(rows, stamp),
      this.#gone(rows, stamp),
      this.#reporter.batch(report, millis),
    ]
    this.#known = new Map(rows.map((row, i) => [row.key, this.#layout.ids[i]]))
    return batches.filter((batch) => batch !== null)
  }

  async #collect(): Promise<Families> {
    const out = new Families()
    const times: [string, number, number][] = []
    for (const collector of this.collectors) {
      const began = this.clock.monotonic()
      const success = await this.#run(collector, out)
      times.push([collector.name, (this.clock.monotonic() - began) / 1000, success ? 1 : 0])
    }
    for (const [name, seconds, success] of times) {
      const labels = ['collector', name]
      out.gauge('node_scrape_collector_duration_seconds', DURATION_HELP, seconds, labels)
      out.gauge('node_scrape_collector_success', SUCCESS_HELP, success, labels)
    }
    return out
  }

  /** A collector that fails is told once, until it works again or fails otherwise. */
  async #run(collector: Collector, out: Families): Promise<boolean> {
    try {
      await collector.collect(this.host, out)
      this.#failing.delete(collector.name)
      return true
    } catch (error) {
      const { message } = error as Error
      if (this.#failing.get(collector.name) !== message) {
        this.#failing.set(collector.name, message)
        this.log[error instanceof NoData ? 'debug' : 'warn'](`collector ${collector.name}: ${message}`)
      }
      return false
    }
  }

  #rows(families: Families): Row[] {
    const rows: Row[] = []
    const seen = new Set<string>()
    for (const { name, kind, samples } of families.list) {
      for (const { labels, value } of samples) {
        const key = `${name}\n${labels.join('\n')}`
        if (seen.has(key)) continue
        seen.add(key)
        rows.push({ key, name, kind, labels, value })
      }
    }
    return rows
  }

  #metadata(families: Families): Batch | null {
    const ids: Identity[] = []
    if (this.#described === null) {
      this.#described = new Set()
      for (const { identity } of reportFamilies(false)) ids.push(identity)
    }
    for (const family of families.list) {
      if (this.#described.has(family.name)) continue
      this.#described.add(family.name)
      ids.push(metadataOf(family))
    }
    return ids.length === 0 ? null : new RecordBatch(ids, ids.map(() => ({})))
  }

  #samples(rows: readonly Row[], stamp: string): Batch {
    const same = rows.length === this.#keys.length && rows.every((row, i) => row.key === this.#keys[i])
    if (!same) {
      this.#keys = rows.map((row) => row.key)
      this.#layout = new Layout(rows.map((row) => this.#known.get(row.key) ?? this.#identity(row)), this.#layout)
    }
    return new SampleBatch(this.#layout, stamp, Float64Array.from(rows, (row) => row.value))
  }

  #gone(rows: readonly Row[], stamp: string): Batch | null {
    const now = new Set(rows.map((row) => row.key))
    const ids: Identity[] = []
    for (const [key, identity] of this.#known) if (!now.has(key)) ids.push(identity)
    if (ids.length === 0) return null
    return new SampleBatch(new Layout(ids), stamp, new Float64Array(ids.length), null, 'all')
  }

  /** A label that the series has by itself is kept as `exported_…`, as in a scrape that does not honor labels. */
  #identity({ name, kind, labels }: Row): Identity {
    const pairs: [string, string][] = []
    for (const [label, value] of labelPairs(labels)) {
      if (value !== '') pairs.push([hasLabel(this.labels, label) ? `exported_${label}` : label, value])
    }
    return Identity.of('metric', name, labelsOf([...pairs, ...labelPairs(this.labels)]), { kind })
  }
}

function metadataOf({ name, kind, help }: Family): Identity {
  return Identity.of('metadata', name, NO_LABELS, { kind, unit: '', help })
}
