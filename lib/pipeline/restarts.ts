// When what has ended is started again: soon where its exit code says that trying again is sensible, never where it
// says that it is not.

import { EXIT } from '../diag/problem.js'
import { Backoff } from '../delivery/backoff.js'

/** Milliseconds: the first wait and the longest. */
const SOON = [250, 5000] as const
const GROWING = [1000, 60_000] as const

/** Milliseconds after which what ran counts as healthy, and the waits begin anew. */
const HEALTHY = 60_000

export class Restarts {
  #soon = new Backoff(...SOON)
  #growing = new Backoff(...GROWING)

  /**
   * Milliseconds to wait before the next start; null: there is to be none.
   * @param lasted how long it ran, milliseconds
   */
  next(code: number, lasted: number): number | null {
    if (code === EXIT.usage) return null
    if (lasted >= HEALTHY) {
      this.#soon = new Backoff(...SOON)
      this.#growing = new Backoff(...GROWING)
    }
    return (code === EXIT.temporary ? this.#soon : this.#growing).next()
  }
}
