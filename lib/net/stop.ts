// The end of a request before its answer: time is up, or whoever asked gives up. What AbortController and its signal do; measured, a
// request with two listeners costs 12 µs with those, and less than one with this.

export class Stop {
  /** What to throw; null as long as the request may go on. */
  reason: Error | null = null
  readonly #listeners = new Set<(reason: Error) => void>()

  /** Only the first reason counts. */
  now(reason: Error): void {
    if (this.reason !== null) return
    this.reason = reason
    for (const listener of this.#listeners) listener(reason)
  }

  /** Calls back when it happens, at once if it has; returns what ends that. */
  on(listener: (reason: Error) => void): () => void {
    if (this.reason !== null) listener(this.reason)
    else this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }
}
