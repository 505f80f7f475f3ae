// How long to wait before the next attempt.

/** A Retry-After that cannot be read still asks for patience. */
const UNREADABLE_MS = 5000

/** Exponential, from `min` to `max` milliseconds, each wait between half and all of its step, never below `min`. */
export class Backoff {
  #step: number

  constructor(
    private readonly min: number,
    private readonly max: number,
    private readonly random: () => number = Math.random,
  ) {
    this.#step = min
  }

  next(): number {
    const step = this.#step
    this.#step = Math.min(step * 2, this.max)
    return Math.max(this.min, step * (0.5 + this.random() / 2))
  }

  /** The destination named a wait itself: the next step starts from it. */
  waited(ms: number): void {
    this.#step = Math.min(Math.max(ms * 2, this.min), this.max)
  }
}

const SECONDS = /^\d{1,15}$/
const HTTP_DATE = /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/

/**
 * Milliseconds that a Retry-After header asks for (RFC 9110, section 10.2.3): seconds or a date; 0 for a date that has
 * passed.
 *
 * @param now Unix milliseconds
 */
export function retryAfter(header: string, now: number): number {
  const text = header.trim()
  if (SECONDS.test(text)) return Number(text) * 1000
  const date = HTTP_DATE.test(text) ? Date.parse(text) : NaN
  return Number.isNaN(date) ? UNREADABLE_MS : Math.max(0, date - now)
}
