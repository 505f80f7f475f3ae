// A layout: the identities of the samples that come together, again and again.

import type { Identity } from './identity.js'

/** An immutable, ordered list of identities that keeps coming back; a stage remembers its answer per layout. */
export class Layout {
  /** Answers of stages, by the slot that `memoSlot()` gave them. */
  memo: unknown[] | null = null
  #previous: Layout | null

  /** @param previous the layout that this one takes the place of, or of which it is a part: what is known of that is of use */
  constructor(
    readonly ids: readonly Identity[],
    previous: Layout | null = null,
  ) {
    this.#previous = previous
    // One step back is enough to take over answers; a chain would keep everything that ever was.
    if (previous !== null) previous.#previous = null
  }

  /**
   * What a stage knew about the layout before this one, and in which row of it each identity of this one stood (-1 where
   * it did not); null where there is none.
   */
  before<A>(slot: number): { answer: A; rows: Int32Array } | null {
    const before = this.#previous
    const answer = before?.memo?.[slot] as A | undefined
    if (before === null || answer === undefined) return null
    return { answer, rows: rowsIn(before.ids, this.ids) }
  }

  /** Lets go of the layout before: this one has come a second time, so that all stages have their answers. */
  settle(): void {
    this.#previous = null
  }
}

/** For each identity its row among others, -1 where it is not there. Most stand in the same order. */
export function rowsIn(others: readonly Identity[], ids: readonly Identity[]): Int32Array {
  const rows = new Int32Array(ids.length)
  let index: Map<Identity, number> | null = null
  let expected = 0
  for (let row = 0; row < ids.length; row++) {
    let at = expected
    if (others[at] !== ids[row]) {
      index ??= new Map(others.map((id, other) => [id, other]))
      at = index.get(ids[row]) ?? -1
    }
    rows[row] = at
    if (at >= 0) expected = at + 1
  }
  return rows
}
