// When the series of an OpenMetrics family started: the `_created` line that comes after them in the same family.

import type { OpenMetricsParser } from './openmetrics.js'

export const CREATED = '_created'

/**
 * Looks ahead for the next `_created` line and keeps what it found until the cursor has passed it, so that a body is
 * read twice at most. A line speaks for the series before it that have its labels; where the next such line speaks of
 * other labels a series has no start, as in Prometheus.
 */
export class CreatedLines {
  /** Cursor positions for which the answer holds. */
  #from = -1
  #until = -1
  #key: string | undefined
  #start = 0

  constructor(private readonly ahead: OpenMetricsParser) {}

  /**
   * @param at where the line after the series begins
   * @param key the series without suffix, le and quantile
   * @returns Unix milliseconds
   */
  startOf(at: number, kind: string, key: () => string): number | undefined {
    if (at < this.#from || at > this.#until) this.#find(at, kind)
    return this.#key !== undefined && this.#key === key() ? this.#start : undefined
  }

  #find(at: number, kind: string): void {
    const { ahead } = this
    ahead.seek(at, kind)
    this.#from = at
    this.#key = undefined
    try {
      do this.#until = ahead.position
      while (ahead.next() === 'series' && (this.#key = ahead.createdKey()) === undefined)
    } catch {
      // The cursor will come to the error itself, and tell it.
      this.#until = Infinity
    }
    this.#start = Math.trunc(ahead.value * 1000)
  }
}

/** Bytes of a name and of all labels but one, as a string to compare. */
export function seriesKey(
  buffer: Buffer,
  start: number,
  end: number,
  offsets: Int32Array,
  count: number,
  omitted: string,
): string {
  let key = buffer.latin1Slice(start, end)
  for (let i = 0; i < count; i += 4) {
    const name = buffer.latin1Slice(offsets[i], offsets[i + 1])
    if (name !== omitted) key += `\xff${name}\xff${buffer.latin1Slice(offsets[i + 2], offsets[i + 3])}`
  }
  return key
}
