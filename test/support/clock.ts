// A clock for tests: hours pass at once.

import type { Clock } from '../../lib/component.js'

/** Time that passes when everything else stands still. */
export class TestClock implements Clock {
  time = 0
  readonly slept: number[] = []
  #sleeping: { until: number; wake: () => void }[] = []
  now = () => String(this.time * 1e6)
  millis = () => this.time
  monotonic = () => this.time
  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    this.slept.push(ms)
    if (signal?.aborted === true) return Promise.resolve()
    return new Promise((resolve) => {
      const entry = { until: this.time + ms, wake: resolve }
      this.#sleeping.push(entry)
      signal?.addEventListener('abort', () => {
        this.#sleeping = this.#sleeping.filter((other) => other !== entry)
        resolve()
      })
    })
  }
  /** Lets time run until the promise is settled. */
  async run<T>(promise: Promise<T>): Promise<T> {
    let settled = false
    const watched = promise.finally(() => (settled = true))
    watched.catch(() => {})
    while (!settled) {
      for (let i = 0; i < 20; i++) await null
      await new Promise(setImmediate)
      const next = this.#sleeping.sort((a, b) => a.until - b.until).shift()
      if (next === undefined) continue
      this.time = Math.max(this.time, next.until)
      next.wake()
      for (let i = 0; i < 20; i++) await null
    }
    return watched
  }
}
