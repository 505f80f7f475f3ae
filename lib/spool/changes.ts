// Those who wait for a change, whatever it may be, and look then whether it is theirs.

export class Changes {
  /** How many there were. */
  version = 0
  #waiting: (() => void)[] = []

  next(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  tell(): void {
    this.version++
    const waiting = this.#waiting
    this.#waiting = []
    for (const resolve of waiting) resolve()
  }
}
