// One machine, read again and again: the samples of its collectors under a layout that stays while the series do, staleness
// markers for series that went, and the report that Prometheus adds to every scrape.

import type { Clock, Log } from '../component.js'
import { type Batch, Layout, RecordBatch, SampleBatch } from '../record/batch.js'
import { Identity } from '../record/identity.js'
import { hasLabel, type Labels, labelsOf, labelPairs, NO_LABELS } from '../record/labels.js'
import { type Collector, NoData } from './collector.js'
import { Families, type Family } from './families.js'
import type { Host } from './host.js'

/** The series that Prometheus adds, in its order. */
const REPORT = ['up', 'scrape_duration_seconds', 'scrape_samples_scraped', 'scrape_samples_post_metric_relabeling', 'scrape_series_added']

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
  readonly #described = new Set<string>()
  readonly #failing = new Map<string, string>()

  /** @param labels `job`, `instance` and what else every series carries */
  constructor(
    private readonly host: Host,
    private readonly collectors: readonly Collector[],
    private readonly labels: Labels,
    private readonly clock: Clock,
    private readonly log: Log,
  ) {}

  /** One reading: metadata of families not told before, all samples, markers for series that went. */
  async scrape(): Promise<Batch[]> {
    const stamp = this.clock.now()
    const began = this.clock.monotonic()
    const families = await this.#collect()
    const rows = this.#rows(families)
    const scraped = rows.length
    const added = rows.reduce((count, row) => count + (this.#known.has(row.key) ? 0 : 1), 0)
    const seconds = (this.clock.monotonic() - began) / 1000
    for (const [i, value] of [1, seconds, scraped, scraped, added].entries()) {
      rows.push({ key: REPORT[i], name: REPORT[i], kind: 'gauge', labels: NO_LABELS, value })
    }
    const batches = [this.#metadata(families), this.#samples(rows, stamp), this.#gone(rows, stamp)]
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
      out.gauge('node_scrape_collector_duration_seconds', 'node_exporter: Duration of a collector scrape.', seconds, labels)
      out.gauge('node_scrape_collector_success', 'node_exporter: Whether a collector succeeded.', success, labels)
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
      this.#layout = new Layout(rows.map((row) => this.#known.get(row.key) ?? this.#identity(row)))
    }
    return new SampleBatch(this.#layout, stamp, Float64Array.from(rows, (row) => row.value))
  }

  #gone(rows: readonly Row[], stamp: string): Batch | null {
    const now = new Set(rows.map((row) => row.key))
    const ids: Identity[] = []
    for (const [key, identity] of this.#known) if (!now.has(key)) ids.push(identity)
    if (ids.length === 0) return null
    return new SampleBatch(new Layout(ids), stamp, new Float64Array(ids.length), null, new Uint8Array(ids.length).fill(1))
  }

  /** A label that the machine's own series has too is kept as `exported_…`, as in a scrape that does not honor labels. */
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
