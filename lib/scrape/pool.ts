// All targets of one scraper: which are there, each with a loop of its own.

import type { Identity } from '../record/identity.js'
import { type Labels, labelsText, sameLabels } from '../record/labels.js'
import type { RelabelRules } from '../relabel/rules.js'
import { ScrapeLoop } from './loop.js'
import { Scraper, type Shared } from './scraper.js'
import { discoveredLabels, Target, type TargetDefaults, targetLabels } from './target.js'

/** A target as it was found. */
export interface Found {
  labels: Labels
  /** Values of URL parameters beside the configured ones. */
  params?: ReadonlyMap<string, readonly string[]>
  /** Authorization header of its own. */
  authorization?: string
  /** Unix milliseconds before which it is not scraped. */
  from?: number
}

export interface PoolOptions {
  shared: Shared
  defaults: TargetDefaults
  /** Rules over the targets themselves. */
  relabel?: RelabelRules
  /** Targets beyond which every scrape fails, 0 for any number. */
  targetLimit: number
  stop: AbortSignal
}

/** The target that was found, null where rules drop it. Throws an Error that says why it cannot be scraped. */
export function targetOf(found: Found, defaults: TargetDefaults, relabel?: RelabelRules): Target | null {
  const params = found.params === undefined ? defaults.params : new Map([...defaults.params, ...found.params])
  const labels = targetLabels(discoveredLabels(found.labels, { ...defaults, params }), relabel)
  return labels === null ? null : new Target(labels, params)
}

export class ScrapePool {
  /** By the target's key; several found targets may be the same one. */
  readonly #loops = new Map<string, { loop: ScrapeLoop; sources: Set<string> }>()
  /** Target's key by the labels under which it was found. */
  readonly #keys = new Map<string, string>()
  readonly #running = new Set<Promise<void>>()
  #fail: (error: unknown) => void = () => {}
  /** Rejects when a loop does; never resolves. */
  readonly failed: Promise<never>

  constructor(private readonly options: PoolOptions) {
    this.failed = new Promise<never>((_, reject) => (this.#fail = reject))
    this.failed.catch(() => {})
    options.stop.addEventListener('abort', () => {
      for (const { loop } of this.#loops.values()) loop.wake()
    })
  }

  /** Targets that are to be scraped. */
  get active(): number {
    let active = 0
    for (const { loop } of this.#loops.values()) if (loop.active) active++
    return active
  }

  /** Starts to scrape a target, if it is not scraped already. Throws an Error where it cannot be. */
  present(found: Found): void {
    const source = labelsText(found.labels)
    const target = targetOf(found, this.options.defaults, this.options.relabel)
    if (target === null) return
    const { key } = target
    this.#keys.set(source, key)
    const known = this.#loops.get(key)
    if (known !== undefined && !known.loop.closed) {
      known.sources.add(source)
      known.loop.rejoin()
      return
    }
    const loop = this.#loopOf(new Scraper(target, this.options.shared, found.authorization))
    const entry = { loop, sources: new Set([source]) }
    this.#loops.set(key, entry)
    const run = loop.run(found.from ?? 0).catch(this.#fail).finally(() => {
      this.#running.delete(run)
      if (this.#loops.get(key) === entry) this.#loops.delete(key)
    })
    this.#running.add(run)
  }

  /**
   * A target that was found before is gone as of `until` (Unix milliseconds, 0 for now). It gets staleness markers after two
   * intervals, unless it has come back, or `moved` to another process.
   */
  gone(labels: Labels, moved: boolean, until: number): void {
    const source = labelsText(labels)
    const key = this.#keys.get(source)
    if (key === undefined) return
    this.#keys.delete(source)
    const known = this.#loops.get(key)
    if (known === undefined) return
    known.sources.delete(source)
    if (known.sources.size > 0) return
    known.loop.leave(moved, until)
    // A moved target that comes back begins anew: another process has scraped it meanwhile.
    if (moved && until === 0) this.#loops.delete(key)
  }

  /** Resolves when every target is gone, or the process stops. */
  async idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running)
  }

  #loopOf(scraper: Scraper): ScrapeLoop {
    const { shared, stop, targetLimit } = this.options
    return new ScrapeLoop(scraper, {
      clock: shared.clock,
      gate: shared.gate,
      stop,
      forced: () => (targetLimit === 0 ? null : targetLimitError(this.active, targetLimit)),
      livesElsewhere: (of, series) => this.#livesElsewhere(of, series),
    })
  }

  /** A target found under another address may have taken over the series of one that is gone. */
  #livesElsewhere(of: Scraper, series: Identity): boolean {
    const { labels } = of.target
    for (const { loop } of this.#loops.values()) {
      const { scraper } = loop
      if (loop.active && scraper !== of && sameLabels(scraper.target.labels, labels) && scraper.has(series)) return true
    }
    return false
  }
}

/** Why no target may be scraped where there are too many; Prometheus too fails all rather than choose. */
export function targetLimitError(targets: number, limit: number): Error | null {
  if (limit === 0 || targets <= limit) return null
  return new Error(`target_limit exceeded (number of targets: ${targets}, limit: ${limit})`)
}
