// What stages did to entries that dropped none of them: counted, and told now and then.

import type { Clock, Log } from '../component.js'

/** Milliseconds between two lines about the same. */
const EVERY = 60_000

export class Notes {
  readonly #counts = new Map<string, { total: number; told: number; at: number }>()

  constructor(
    private readonly clock: Clock,
    private readonly log: Log,
  ) {}

  /** How often each thing has happened. */
  get counts(): ReadonlyMap<string, number> {
    return new Map([...this.#counts].map(([what, { total }]) => [what, total]))
  }

  /** @param what a sentence for people, e.g. `cri: lines truncated (max_partial_line_size)` */
  count(what: string, count = 1): void {
    let known = this.#counts.get(what)
    if (known === undefined) this.#counts.set(what, (known = { total: 0, told: 0, at: -Infinity }))
    known.total += count
    const now = this.clock.monotonic()
    if (now - known.at < EVERY) return
    this.log.warn(`${what}: ${known.total}`)
    known.told = known.total
    known.at = now
  }

  /** Tells what was not told yet. */
  tell(): void {
    for (const [what, known] of this.#counts) {
      if (known.total > known.told) this.log.warn(`${what}: ${known.total}`)
      known.told = known.total
    }
  }
}
