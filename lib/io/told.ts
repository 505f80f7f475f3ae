// Warnings that come again and again, told from time to time.

import type { Clock, Log } from '../component.js'

/** Milliseconds between two warnings of a kind. */
const TELL_EVERY = 10_000

export class Told {
  readonly #told = new Map<string, number>()

  constructor(private readonly context: { readonly clock: Clock; readonly log: Log }) {}

  /** @param what a word for the kind; there are few of them */
  warn(what: string, message: string): void {
    const now = this.context.clock.monotonic()
    if (now - (this.#told.get(what) ?? -Infinity) < TELL_EVERY) return
    this.#told.set(what, now)
    this.context.log.warn(message)
  }
}
