// Series that are one metric in OTLP, held back until all that belong to one point are there.

import type { Identity } from '../../record/identity.js'
import type { Piece } from './distributions.js'

/** The series that belong together: they have the same name and labels but for suffix, `le` and `quantile`. */
export interface Group {
  /** Under which its points go on, by what of them is not always the same. */
  readonly identities: Map<string, Identity>
  /** Pieces that a point had when it was last waited for; 0: it is not known. */
  expected: number
  /** The time of the last point that went on. */
  last: string
  readonly open: Map<string, Point>
}

/** A point of a group that waits for more. */
export interface Point {
  readonly group: Group
  readonly ts: string
  readonly pieces: Piece[]
  readonly order: number
  /** Milliseconds of the clock that never jumps. */
  readonly due: number
}

export class Groups {
  readonly #groups = new Map<string, Group>()
  /** In the order in which they were opened. */
  readonly #open = new Set<Point>()
  #pieces = 0

  /**
   * @param max groups remembered
   * @param maxHeld pieces held
   * @param wait milliseconds
   */
  constructor(private readonly limits: { max: number; maxHeld: number; wait: number; monotonic(): number }) {}

  /** Adds a sample. The points that are complete by that, or go because there are too many; null: it comes too late. */
  add(key: string, piece: Piece, order: number): Point[] | null {
    const group = this.#group(key)
    const ts = piece.record.payload.ts ?? '0'
    let point = group.open.get(ts)
    if (point === undefined) {
      if (group.last === ts) {
        // Others may be missing as well: next time nothing goes before its time.
        group.expected = 0
        return null
      }
      point = { group, ts, pieces: [], order, due: this.limits.monotonic() + this.limits.wait }
      group.open.set(ts, point)
      this.#open.add(point)
    }
    point.pieces.push(piece)
    this.#pieces++
    const ready: Point[] = []
    if (point.pieces.length === group.expected) ready.push(this.#close(point))
    while (this.#pieces > this.limits.maxHeld) ready.push(this.#close(this.#first()!))
    return ready
  }

  /** The order of the oldest piece that is held. */
  held(): number {
    return this.#first()?.order ?? Infinity
  }

  due(): number {
    return this.#first()?.due ?? Infinity
  }

  /** Points that have waited long enough. */
  *dueAt(now: number): Generator<Point> {
    for (const point of this.#open) {
      if (point.due > now) return
      yield this.#close(point)
    }
  }

  #first(): Point | undefined {
    for (const point of this.#open) return point
    return undefined
  }

  #close(point: Point): Point {
    const { group, ts } = point
    this.#open.delete(point)
    group.open.delete(ts)
    this.#pieces -= point.pieces.length
    group.expected = point.pieces.length
    group.last = ts
    return point
  }

  #group(key: string): Group {
    let group = this.#groups.get(key)
    if (group === undefined) {
      group = { identities: new Map(), expected: 0, last: '', open: new Map() }
      this.#groups.set(key, group)
      // Its open points go on all the same.
      if (this.#groups.size > this.limits.max) this.#groups.delete(this.#groups.keys().next().value!)
    }
    return group
  }
}
