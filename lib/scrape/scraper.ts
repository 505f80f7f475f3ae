// One target, scrape by scrape: body to samples, staleness markers and report, passed on together.

import type { Clock } from '../component.js'
import type { BodyBuffers } from '../net/buffers.js'
import type { HttpClient } from '../net/client.js'
import { type Batch, RecordBatch } from '../record/batch.js'
import type { Identity } from '../record/identity.js'
import { formatOf, openParser } from '../wire/exposition/index.js'
import type { ExpositionParser } from '../wire/exposition/parser.js'
import { Appender, type AppendOptions, type Appended, type LeftOut } from './append.js'
import { staleBatch } from './columns.js'
import type { Family } from './family.js'
import { BodyTooLarge, fetchBody, type FetchOptions } from './fetch.js'
import type { Gate } from './gate.js'
import type { MetadataFilter } from './metadata.js'
import { Reporter, reportFamilies, type ScrapeReport } from './report.js'
import type { Target } from './target.js'
import type { Turns } from './turns.js'

/** What all targets share. */
export interface Shared {
  clock: Clock
  client: HttpClient
  buffers: BodyBuffers
  gate: Gate
  turns: Turns
  metadata: MetadataFilter
  fetch: FetchOptions
  append: Omit<AppendOptions, 'targetLabels'>
  /** Scrape protocol of bodies whose target names none, `''` for none. */
  fallback: string
  /** `_created` lines are start times instead of series. */
  createdAsStart: boolean
  extraMetrics: boolean
  /** Told of samples that were left out, ... */
  leftOut(target: Target, counts: LeftOut): void
  /** ... and how each scrape ended, after so many bytes of a body, decompressed. */
  outcome(target: Target, error: Error | null, bytes: number): void
}

interface Outcome {
  appended: Appended
  /** Markers, where the appended part failed. */
  stale: Appended['stale']
  error: Error | null
  bytes: number
}

export class Scraper {
  readonly appender: Appender
  readonly #reporter: Reporter
  /** Families of the report, until their metadata has been passed on. */
  #unannounced: readonly Family[]

  constructor(
    readonly target: Target,
    private readonly shared: Shared,
    private readonly authorization?: string,
  ) {
    this.appender = new Appender({ ...shared.append, targetLabels: target.labels })
    this.#reporter = new Reporter(target.labels, shared.extraMetrics)
    this.#unannounced = reportFamilies(shared.extraMetrics)
  }

  /**
   * Scrapes once; samples get the time `millis`. `forced` fails the scrape without asking the target. Resolves to whether the
   * target was up; undefined where `stop` came in between, and nothing was passed on.
   */
  async scrape(millis: number, stop: AbortSignal, forced: Error | null): Promise<boolean | undefined> {
    const { clock } = this.shared
    const started = clock.monotonic()
    const outcome = await this.#attempt(millis, stop, forced)
    if (outcome === null) return undefined
    const { appended, error, stale, bytes } = outcome
    const up = error === null
    const report = this.#reporter.batch({ ...this.#report(appended, up, bytes), duration: (clock.monotonic() - started) / 1000 }, millis)
    this.shared.outcome(this.target, error, Math.max(0, bytes))
    this.shared.leftOut(this.target, appended.leftOut)
    const batches: (Batch | null)[] = [this.#metadata(appended.families), appended.samples, stale, report]
    await this.shared.gate.send(batches.filter((batch) => batch !== null))
    return up
  }

  /** Passes on staleness markers of everything that the target had, but of what `lives` elsewhere. */
  async end(millis: number, lives: (series: Identity) => boolean): Promise<void> {
    const ids = [...(this.appender.appendNothing(millis).stale?.layout.ids ?? []), ...this.#reporter.ids]
    const stale = staleBatch(ids.filter((id) => !lives(id)), millis)
    if (stale !== null) await this.shared.gate.send([stale])
  }

  /** Whether the target shows this series, or it is one that the scraper makes about it. */
  has(series: Identity): boolean {
    return this.#reporter.ids.some(({ name }) => name === series.name) || this.appender.has(series)
  }

  async #attempt(millis: number, stop: AbortSignal, forced: Error | null): Promise<Outcome | null> {
    if (forced !== null) return this.#failed(forced, millis, 0)
    try {
      const { client, fetch, buffers } = this.shared
      const { body, contentType } = await fetchBody(client, this.target, fetch, stop, this.authorization, buffers)
      if (stop.aborted) return null
      return await this.#append(body, contentType, millis).finally(() => buffers.give(body))
    } catch (error) {
      if (stop.aborted) return null
      return this.#failed(error as Error, millis, error instanceof BodyTooLarge ? -1 : 0)
    }
  }

  async #append(body: Buffer, contentType: string, millis: number): Promise<Outcome> {
    if (body.length === 0) {
      const appended = this.appender.appendNothing(millis)
      return { appended, stale: appended.stale, error: null, bytes: 0 }
    }
    const { clock, turns } = this.shared
    const appended = await this.appender.appendInTurns(this.#parser(body, contentType), millis, clock.millis(), turns)
    const { error } = appended
    if (error === null) return { appended, stale: appended.stale, error, bytes: body.length }
    return { appended, stale: this.appender.appendNothing(millis).stale, error, bytes: body.length }
  }

  #parser(body: Buffer, contentType: string): ExpositionParser {
    const { target, shared } = this
    const { format, warning } = formatOf(contentType, shared.fallback)
    if (format === null) throw new Error(warning)
    return openParser(body, format, {
      classicHistograms: target.classicHistograms,
      convertToCustomBuckets: target.convertClassicHistograms,
      nativeHistograms: target.nativeHistograms,
      createdAsStart: shared.createdAsStart,
    })
  }

  #failed(error: Error, millis: number, bytes: number): Outcome {
    const appended = this.appender.appendNothing(millis)
    return { appended, stale: appended.stale, error, bytes }
  }

  #report({ scraped, kept, added }: Appended, up: boolean, bytes: number): Omit<ScrapeReport, 'duration'> {
    return { up, scraped, kept, added, bytes, timeout: this.target.timeout / 1000, sampleLimit: this.shared.append.sampleLimit }
  }

  #metadata(families: readonly Family[]): Batch | null {
    const ids = this.shared.metadata.fresh([...families, ...this.#unannounced])
    this.#unannounced = []
    return ids.length === 0 ? null : new RecordBatch(ids, ids.map(() => ({})))
  }
}
