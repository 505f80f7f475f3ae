// Time as records tell it: it is that of the newest record so far, and waits end when records have come to their end.

import type { Clock } from '../component.js'

interface Waiting {
  readonly until: number
  readonly done: () => void
}

export class RecordClock implements Clock {
  #now = 0n
  #waiting: Waiting[] = []
  #ended = false

  now(): string {
    return this.#now.toString()
  }

  millis(): number {
    return Number(this.#now / 1_000_000n)
  }

  monotonic(): number {
    return this.millis()
  }

  /** @param ts Unix nanoseconds, decimal */
  see(ts: string): void {
    const time = BigInt(ts)
    if (time > this.#now) this.#now = time
    this.#wake(this.millis())
  }

  /** Nothing will come any more. */
  end(): void {
    this.#ended = true
    this.#wake(Infinity)
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal?.aborted === true || ms <= 0 || this.#ended) return resolve()
      this.#waiting.push({ until: this.millis() + ms, done: resolve })
      signal?.addEventListener('abort', () => resolve(), { once: true })
    })
  }

  #wake(now: number): void {
    const due = this.#waiting.filter(({ until }) => until <= now)
    this.#waiting = this.#waiting.filter(({ until }) => until > now)
    for (const { done } of due) done()
  }
}
