// Rows found again by a hash, in typed arrays: of a million rows 12 MB, where a Map of numbers takes 70.

const INITIAL = 16

export class HashIndex {
  /** A row and one, zero for none; a power of two of them, two thirds used at most. */
  #slots = new Int32Array(INITIAL)
  /** By row. */
  #hashes = new Int32Array(INITIAL)
  #used = 0

  /** The row of this hash that is the one, -1 if none is. */
  find(hash: number, same: (row: number) => boolean): number {
    const mask = this.#slots.length - 1
    for (let slot = spread(hash) & mask; ; slot = (slot + 1) & mask) {
      const row = this.#slots[slot] - 1
      if (row < 0) return -1
      if (this.#hashes[row] === (hash | 0) && same(row)) return row
    }
  }

  insert(row: number, hash: number): void {
    if (row >= this.#hashes.length) this.#hashes = grown(this.#hashes, row + 1)
    this.#hashes[row] = hash
    if (++this.#used * 3 > this.#slots.length * 2) this.#widen()
    this.#place(row)
  }

  /** Each row of the list gets its place in it as its new number. @param keeps whether a row, by its new number, is to be found */
  reorder(order: Int32Array, keeps: (row: number) => boolean): void {
    const hashes = new Int32Array(Math.max(INITIAL, order.length))
    for (let row = 0; row < order.length; row++) hashes[row] = this.#hashes[order[row]]
    this.#hashes = hashes
    let size = INITIAL
    while (size * 2 < order.length * 3) size *= 2
    this.#slots = new Int32Array(size)
    this.#used = 0
    for (let row = 0; row < order.length; row++) {
      if (!keeps(row)) continue
      this.#used++
      this.#place(row)
    }
  }

  #widen(): void {
    const before = this.#slots
    this.#slots = new Int32Array(before.length * 2)
    for (const entry of before) if (entry > 0) this.#place(entry - 1)
  }

  #place(row: number): void {
    const mask = this.#slots.length - 1
    let slot = spread(this.#hashes[row]) & mask
    while (this.#slots[slot] !== 0) slot = (slot + 1) & mask
    this.#slots[slot] = row + 1
  }
}

/** The low bits of a hash decide about the slot: all others shall have their say. */
function spread(hash: number): number {
  return hash ^ (hash >>> 15)
}

/** A larger copy, for at least `length`. */
export function grown(column: Int32Array, length: number): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(Math.max(length, column.length + (column.length >> 1)))
  larger.set(column)
  return larger
}
