// Policies with limits in time: so many spans or bytes a second.

import { type Answer, passes, type Policy } from './policy.js'
import type { Trace } from './trace.js'

/** A bucket of tokens: it fills at a rate, and lets through what it has tokens for. */
export class TokenBucket {
  #tokens: number
  #at: number | null = null

  /** @param rate tokens a second */
  constructor(private readonly rate: number, private readonly burst: number) {
    this.#tokens = burst
  }

  /** @param now milliseconds */
  allow(count: number, now: number): boolean {
    const passed = this.#at === null ? 0 : Math.max(0, now - this.#at) / 1000
    this.#at = now
    this.#tokens = Math.min(this.burst, this.#tokens + passed * this.rate)
    if (count > this.#tokens) return false
    this.#tokens -= count
    return true
  }
}

export interface Share {
  readonly policy: Policy
  /** Spans a second. */
  readonly most: number
}

/** Policies in an order, each with its share of the spans of every second: the first that wants a trace decides. */
export class Composite implements Policy {
  readonly #sampled: number[]
  #second = -1
  #total = 0

  /** @param most spans a second, of all of them together */
  constructor(readonly name: string, private readonly shares: readonly Share[], private readonly most: number) {
    this.#sampled = shares.map(() => 0)
  }

  decide(trace: Trace, now: number): Answer {
    const second = Math.floor(now / 1000)
    if (second !== this.#second) {
      this.#second = second
      this.#total = 0
      this.#sampled.fill(0)
    }
    const { length } = trace.spans
    for (const [i, { policy, most }] of this.shares.entries()) {
      if (!passes(policy.decide(trace, now))) continue
      if (this.#sampled[i] + length > most || this.#total + length > this.most) return 'not_sampled'
      this.#sampled[i] += length
      this.#total += length
      return 'sampled'
    }
    return 'not_sampled'
  }
}
