// How many requests may be under way at once: as many as the destination takes well, found as TCP finds its window, by
// additive increase and multiplicative decrease.

export interface ConcurrencyBounds {
  min: number
  max: number
}

/** A request under way. */
export interface Attempt {
  /** Milliseconds of a clock that never jumps. */
  readonly began: number
  readonly round: number
}

/** What stays of the limit after trouble, as in CUBIC (RFC 9438, section 4.6). */
const DECREASE = 0.7
/** How much the newest round counts among those before, and how many deviations are too slow: as in Vector. */
const WEIGHT = 0.4
const DEVIATIONS = 2.5
/** Milliseconds that a busy machine adds by itself. */
const NOISE = 50

/**
 * A limit that moves between its bounds, beginning with the lower one. A round is as many answers as the limit, to requests
 * that began in it. After a round without trouble the limit grows by one, if a request had to wait for its turn. Trouble
 * is a request to be repeated, or a round whose answers took more than twice as long as usual, and far longer than they
 * differ.
 */
export class Concurrency {
  #limit: number
  #waiting: (() => void)[] = []
  #underWay = 0
  #round = 0
  /** Trouble with what began before this round has been answered by a lower limit already. */
  #reducedIn = 0
  #answers = 0
  #spent = 0
  /** Whether a request had to wait in this round. */
  #short = false
  /** Milliseconds of an answer, over the rounds so far, and how far they differ; null before the first. */
  #usual: number | null = null
  #deviation = 0
  #open = false

  /** @param moved told of every change of the limit */
  constructor(
    private readonly bounds: ConcurrencyBounds,
    private readonly monotonic: () => number,
    private readonly moved: (limit: number, before: number) => void = () => {},
  ) {
    this.#limit = bounds.min
  }

  get limit(): number {
    return this.#limit
  }

  /** Resolves when one more request may be under way; `end` is to be called for it. First come, first served. */
  async begin(): Promise<Attempt> {
    if (!this.#admits()) {
      this.#short = true
      await new Promise<void>((resolve) => this.#waiting.push(resolve))
    } else this.#underWay++
    return { began: this.monotonic(), round: this.#round }
  }

  /** @param good whether there was an answer that need not be asked for again */
  end({ began, round }: Attempt, good: boolean): void {
    this.#underWay--
    if (!good && round >= this.#reducedIn) this.#reduce()
    else if (good && round === this.#round) this.#answered(this.monotonic() - began)
    this.#admit()
  }

  /** Lets everything in from now on: there is nothing to protect any more. */
  open(): void {
    this.#open = true
    this.#admit()
  }

  #admits(): boolean {
    return this.#open || this.#underWay < this.#limit
  }

  #admit(): void {
    while (this.#waiting.length > 0 && this.#admits()) {
      this.#underWay++
      this.#waiting.shift()!()
    }
  }

  #answered(ms: number): void {
    this.#answers++
    this.#spent += ms
    if (this.#answers < this.#limit) return
    if (this.#slow(this.#spent / this.#answers)) return this.#reduce()
    this.#move(this.#short ? Math.min(this.#limit + 1, this.bounds.max) : this.#limit)
  }

  /** Whether answers take far longer than usual. What is slow for long becomes usual: then waiting helps nobody. */
  #slow(mean: number): boolean {
    const usual = this.#usual ?? mean
    const away = mean - usual
    const slow = away > usual + NOISE && away > DEVIATIONS * this.#deviation
    this.#usual = usual + WEIGHT * away
    this.#deviation += WEIGHT * (Math.abs(away) - this.#deviation)
    return slow
  }

  #reduce(): void {
    this.#reducedIn = this.#round + 1
    this.#move(Math.max(this.bounds.min, Math.floor(this.#limit * DECREASE)))
  }

  /** Begins a round. */
  #move(limit: number): void {
    const before = this.#limit
    this.#limit = limit
    this.#round++
    this.#answers = 0
    this.#spent = 0
    this.#short = this.#waiting.length > 0
    if (limit !== before) this.moved(limit, before)
  }
}
