// The way out, shared by all targets: while the reader is slow, nobody starts a scrape and one batch at a time leaves.

import type { Batch } from '../record/batch.js'

export class Gate {
  #busy: Promise<void> | null = null

  constructor(private readonly emit: (batch: Batch) => void | Promise<void>) {}

  /** Resolves when the reader keeps up. */
  async open(): Promise<void> {
    while (this.#busy !== null) await this.#busy
  }

  /** Passes the batches on, in order. */
  async send(batches: readonly Batch[]): Promise<void> {
    for (const batch of batches) {
      await this.open()
      const wait = this.emit(batch)
      if (wait === undefined) continue
      this.#busy = wait.finally(() => (this.#busy = null))
      await this.#busy
    }
  }
}
