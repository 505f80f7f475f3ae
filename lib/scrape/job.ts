// A scrape job: the targets, the one client and the one way out that they share, and what is told about them.

import type { SourceContext } from '../component.js'
import { Problem, problemsOf, throwAll } from '../diag/problem.js'
import { BodyBuffers } from '../net/buffers.js'
import { clientOf } from '../net/http.js'
import type { CLIENT_OPTIONS } from '../net/options.js'
import type { OptionValues } from '../option/table.js'
import type { Labels } from '../record/labels.js'
import type { LeftOut } from './append.js'
import { Gate } from './gate.js'
import { MetadataFilter } from './metadata.js'
import type { SCRAPE_OPTIONS } from './options.js'
import { type Found, ScrapePool, targetLimitError, targetOf } from './pool.js'
import { Scraper, type Shared } from './scraper.js'
import { type Settings, settingsOf } from './settings.js'
import type { Target } from './target.js'
import { Turns } from './turns.js'

type Options = OptionValues<typeof SCRAPE_OPTIONS & typeof CLIENT_OPTIONS>

export class ScrapeJob {
  readonly #pool: ScrapePool
  readonly #scrapes = new Set<Promise<unknown>>()
  readonly #complaints = new WeakMap<Target, string>()
  readonly #shared: Shared
  #targets = 0
  #fail: (error: unknown) => void = () => {}
  /** Rejects when passing records on does; never resolves. */
  readonly failed: Promise<never>
  /** Scrapes that found their target up, or down. */
  up = 0
  down = 0

  private constructor(
    private readonly options: Options,
    private readonly settings: Settings,
    client: Shared['client'],
    private readonly context: SourceContext,
  ) {
    this.#shared = {
      clock: context.clock,
      client,
      gate: new Gate((batch) => context.emit(batch)),
      turns: new Turns(),
      buffers: new BodyBuffers(),
      metadata: new MetadataFilter(options.metadata),
      fetch: settings.fetch,
      append: settings.append,
      fallback: options.fallback_scrape_protocol ?? '',
      createdAsStart: options.created_as_start,
      extraMetrics: options.extra_metrics,
      leftOut: (target, counts) => this.#leftOut(target, counts),
      outcome: (target, error, bytes) => this.#outcome(target, error, bytes),
    }
    const { defaults } = settings
    this.#pool = new ScrapePool({ shared: this.#shared, defaults, targetLimit: options.target_limit, stop: context.signal })
    const failed = new Promise<never>((_, reject) => (this.#fail = reject))
    failed.catch(() => {})
    this.failed = Promise.race([failed, this.#pool.failed])
    this.failed.catch(() => {})
  }

  /** Checks everything before any target is asked; throws all problems, those in `problems` first. */
  static async open(options: Options, context: SourceContext, problems: Problem[]): Promise<ScrapeJob> {
    const settings = await settingsOf(options, problems)
    const client = await clientOf(options).catch((error: unknown) => void problems.push(...problemsOf(error)))
    throwAll(problems)
    return new ScrapeJob(options, settings, client!, context)
  }

  /** A target to scrape, once or from now on. Throws an Error where it cannot be scraped. */
  present(found: Found): void {
    if (!this.options.once) return this.#pool.present(found)
    const target = targetOf(found, this.settings.defaults)
    if (target === null) return
    const forced = targetLimitError(++this.#targets, this.options.target_limit)
    const scraper = new Scraper(target, this.#shared, found.authorization)
    const { clock, signal } = this.context
    const scrape = scraper.scrape(clock.millis(), signal, forced).catch(this.#fail).finally(() => this.#scrapes.delete(scrape))
    this.#scrapes.add(scrape)
  }

  /** See `ScrapePool.gone`. */
  gone(labels: Labels, moved: boolean, until: number): void {
    this.#pool.gone(labels, moved, until)
  }

  /** Resolves when nothing is left to scrape, or the process stops. */
  async finished(): Promise<void> {
    await Promise.all(this.#scrapes)
    await this.#pool.idle()
  }

  close(): Promise<void> {
    return this.#shared.client.close()
  }

  #leftOut(target: Target, { duplicate, outOfOrder, outOfBounds }: LeftOut): void {
    const drop = (reason: string, count: number, what: string) => {
      if (count === 0) return
      this.context.account.made += count
      this.context.account.drop(reason, count)
      this.context.log.warn(`${nameOf(target)}: ${count} samples dropped: ${what}`)
    }
    drop('duplicate', duplicate, 'their series already has a sample of that time')
    drop('out_of_order', outOfOrder, 'their series has a later sample')
    drop('out_of_bounds', outOfBounds, 'their time is more than ten minutes ahead')
  }

  #outcome(target: Target, error: Error | null, bytes: number): void {
    this.context.account.in_bytes += bytes
    if (error === null) {
      this.up++
      if (this.#complaints.delete(target)) this.context.log.info(`${nameOf(target)}: up again`)
      return
    }
    this.down++
    const text = complaint(error)
    if (this.#complaints.get(target) === text) return
    this.#complaints.set(target, text)
    this.context.log.warn(`${nameOf(target)}: ${text}`)
  }
}

/** The URL without its parameters, which may be secret. */
function nameOf({ url }: Target): string {
  const query = url.indexOf('?')
  return query < 0 ? url : url.slice(0, query)
}

function complaint(error: Error): string {
  const place = error instanceof Problem ? error.place : undefined
  return place?.line === undefined ? error.message : `line ${place.line}, column ${place.column ?? 1}: ${error.message}`
}
