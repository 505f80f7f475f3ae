// Scrapes one target again and again until it is gone.

import type { Clock } from '../component.js'
import type { Identity } from '../record/identity.js'
import type { Gate } from './gate.js'
import { nextTick, scrapeTime } from './schedule.js'
import type { Scraper } from './scraper.js'

/** Longest sleep in one piece, below what a timer can hold. */
const LONGEST_SLEEP = 3_600_000

export interface LoopOptions {
  clock: Clock
  gate: Gate
  /** Aborts when the process stops. */
  stop: AbortSignal
  /** Why no target may be scraped now. */
  forced(): Error | null
  /** Whether another target now has this series. */
  livesElsewhere(scraper: Scraper, series: Identity): boolean
}

export class ScrapeLoop {
  readonly #wake = new AbortController()
  #leaving: { moved: boolean; until: number } | null = null
  #scraped = false
  /** Its end is being written: too late to rejoin. */
  closed = false

  constructor(
    readonly scraper: Scraper,
    private readonly options: LoopOptions,
  ) {}

  /** Whether the target is to be scraped. */
  get active(): boolean {
    return this.#leaving === null
  }

  /** The target is gone as of `until` (Unix milliseconds, 0 for now); `moved` to another process: no markers. */
  leave(moved: boolean, until: number): void {
    this.#leaving = { moved, until }
    if (moved && until <= this.options.clock.millis()) this.wake()
  }

  /** Ends the sleep: the process stops, or the target has moved. */
  wake(): void {
    this.#wake.abort()
  }

  /** The target is there again, before its end was written. */
  rejoin(): void {
    this.#leaving = null
  }

  /** @param from Unix milliseconds before which the target is not scraped */
  async run(from: number): Promise<void> {
    const { clock, gate, stop } = this.options
    const { target } = this.scraper
    let tick = 0
    let ended: number | null = null
    for (;;) {
      tick = nextTick(Math.max(clock.millis(), from), target.interval, target.offset, tick)
      await this.#sleepUntil(tick)
      if (stop.aborted) return
      const leaving = this.#leaving
      if (leaving !== null && leaving.until <= clock.millis()) {
        if (leaving.moved || !this.#scraped) return
        // Whoever scrapes the same series next shall have begun before markers are written.
        if (ended !== null) return this.#end(ended)
        ended = tick
        continue
      }
      ended = null
      await gate.open()
      if (stop.aborted) return
      const up = await this.scraper.scrape(scrapeTime(clock.millis(), tick, target.interval), stop, this.options.forced())
      if (up !== undefined) this.#scraped = true
    }
  }

  async #end(millis: number): Promise<void> {
    await this.#sleepUntil(this.options.clock.millis() + this.scraper.target.interval / 10)
    if (this.options.stop.aborted) return
    if (this.#leaving === null) return this.run(0)
    this.closed = true
    await this.scraper.end(Math.floor(millis), (series) => this.options.livesElsewhere(this.scraper, series))
  }

  async #sleepUntil(millis: number): Promise<void> {
    const { clock, stop } = this.options
    for (;;) {
      const left = millis - clock.millis()
      if (left <= 0 || stop.aborted || this.#wake.signal.aborted) return
      await clock.sleep(Math.min(left, LONGEST_SLEEP), this.#wake.signal)
    }
  }
}
