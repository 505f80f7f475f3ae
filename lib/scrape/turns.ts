// The processor, shared fairly: bodies are read in slices, in turn, so that a huge one holds up neither the small ones nor the
// timers and sockets of requests under way.

export class Turns {
  readonly #waiting: (() => void)[] = []
  #scheduled = false

  /** Resolves when it is the caller's turn; one caller gets a turn in each round of the event loop. */
  next(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve)
      this.#schedule()
    })
  }

  #schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    setImmediate(() => {
      this.#scheduled = false
      this.#waiting.shift()?.()
      if (this.#waiting.length > 0) this.#schedule()
    })
  }
}
