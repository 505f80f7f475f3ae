// Random choices that follow from a seed, so that a test that failed can be run again.

export class Random {
  #state: number

  constructor(readonly seed: number) {
    this.#state = seed >>> 0
  }

  /** From 0 to below 1 (mulberry32). */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let x = this.#state
    x = Math.imul(x ^ (x >>> 15), x | 1)
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61)
    return ((x ^ (x >>> 14)) >>> 0) / 0x1_0000_0000
  }

  /** A whole number from 0 to below `end`. */
  below(end: number): number {
    return Math.floor(this.next() * end)
  }

  /** A whole number from `from` to below `end`. */
  between(from: number, end: number): number {
    return from + this.below(end - from)
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)]
  }

  /** One of the keys, each as often as its weight says. */
  weighted<K extends string>(weights: { readonly [key in K]: number }): K {
    const entries = Object.entries(weights) as [K, number][]
    let rest = this.next() * entries.reduce((sum, [, weight]) => sum + weight, 0)
    for (const [key, weight] of entries) if ((rest -= weight) < 0) return key
    return entries[0][0]
  }

  /** Choices of their own: what is drawn there changes nothing here. */
  fork(): Random {
    return new Random(this.below(0x1_0000_0000))
  }
}
