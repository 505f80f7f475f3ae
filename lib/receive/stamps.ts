// Times for lines that bring none: now, and each later than the one before, so that a backend neither sorts two lines
// otherwise nor takes the second of two equal ones for the first.

import type { Clock } from '../component.js'

const SECOND = 1_000_000_000
const DIGITS = 9

export class Stamps {
  #seconds = 0
  #nanos = -1

  constructor(private readonly clock: Pick<Clock, 'now'>) {}

  /** To be called once for each piece that comes in: asking the clock for every line costs more than the line. */
  look(): void {
    const now = this.clock.now()
    const seconds = Number(now.slice(0, -DIGITS))
    const nanos = Number(now.slice(-DIGITS))
    if (seconds < this.#seconds || (seconds === this.#seconds && nanos <= this.#nanos)) return
    this.#seconds = seconds
    this.#nanos = nanos - 1
  }

  /** The time under way. */
  get seconds(): number {
    return this.#seconds
  }

  get nanos(): number {
    return this.#nanos
  }

  /** On to the next time. */
  step(): void {
    this.#nanos++
    if (this.#nanos === SECOND) {
      this.#nanos = 0
      this.#seconds++
    }
  }

  /** The next one, Unix nanoseconds, decimal. */
  next(): string {
    this.step()
    return `${this.#seconds}${String(this.#nanos).padStart(DIGITS, '0')}`
  }
}
