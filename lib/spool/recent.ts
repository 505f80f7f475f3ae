// The newest entries of a spool, kept in memory, so that a reader that keeps up reads no files.

import type { Entry } from './frame.js'

const BYTES = 1 << 20

export class RecentEntries {
  #entries: Entry[] = []
  #bytes = 0

  at(seq: number): Entry | undefined {
    return this.#entries.length === 0 ? undefined : this.#entries[seq - this.#entries[0].seq]
  }

  /** Those that follow; the oldest of all go where they are too many. */
  add(entries: readonly Entry[]): void {
    for (const entry of entries) {
      this.#entries.push(entry)
      this.#bytes += entry.body.length
    }
    let gone = 0
    for (let bytes = this.#bytes; bytes > BYTES; gone++) bytes -= this.#entries[gone].body.length
    this.#forget(gone)
  }

  forgetBelow(seq: number): void {
    let gone = 0
    while (gone < this.#entries.length && this.#entries[gone].seq < seq) gone++
    this.#forget(gone)
  }

  #forget(count: number): void {
    for (const { body } of this.#entries.splice(0, count)) this.#bytes -= body.length
  }
}
