// Token buckets: how many entries may go on by now.

export class Bucket {
  #tokens: number
  #at: number

  /**
   * @param rate tokens a second
   * @param burst tokens at most, and at first
   * @param now milliseconds of a clock that never jumps
   */
  constructor(
    private readonly rate: number,
    private readonly burst: number,
    now: number,
  ) {
    this.#tokens = burst
    this.#at = now
  }

  /** Takes a token, if there is one. */
  take(now: number): boolean {
    this.#fill(now)
    if (this.#tokens < 1) return false
    this.#tokens--
    return true
  }

  /** When there will be a token. */
  due(now: number): number {
    this.#fill(now)
    return this.#tokens >= 1 ? now : now + ((1 - this.#tokens) / this.rate) * 1000
  }

  #fill(now: number): void {
    if (now <= this.#at) return
    // A wait that ended a rounding error too early would end again at once.
    this.#tokens = Math.min(this.burst, this.#tokens + ((now - this.#at) / 1000) * this.rate + 1e-9)
    this.#at = now
  }
}

/** Buckets by key; those unused for longest are forgotten, and full when they come again. */
export class Buckets {
  #young = new Map<string, Bucket>()
  #old = new Map<string, Bucket>()

  constructor(
    private readonly make: () => Bucket,
    private readonly max: number,
  ) {}

  of(key: string): Bucket {
    let bucket = this.#young.get(key)
    if (bucket === undefined) {
      bucket = this.#old.get(key) ?? this.make()
      this.#young.set(key, bucket)
      if (this.#young.size >= this.max) {
        this.#old = this.#young
        this.#young = new Map()
      }
    }
    return bucket
  }
}
