// Decisions that were made, for spans that come late: those of the traces seen last, of each kind so many.

/** Trace ids in the order in which they were last asked for. */
class Recent {
  readonly #ids = new Set<string>()

  constructor(private readonly most: number) {}

  add(id: string): void {
    this.#ids.delete(id)
    this.#ids.add(id)
    if (this.#ids.size > this.most) this.#ids.delete(this.#ids.keys().next().value!)
  }

  /** Whether it is known; it counts as seen again then. */
  has(id: string): boolean {
    if (!this.#ids.has(id)) return false
    this.add(id)
    return true
  }

  delete(id: string): void {
    this.#ids.delete(id)
  }

  get size(): number {
    return this.#ids.size
  }

  [Symbol.iterator](): Iterator<string> {
    return this.#ids.values()
  }
}

export class Decisions {
  readonly #sampled: Recent
  readonly #others: Recent

  /** @param sampled how many traces that were sampled are remembered, and `others` how many that were not */
  constructor(sampled: number, others: number) {
    this.#sampled = new Recent(sampled)
    this.#others = new Recent(others)
  }

  set(id: string, sampled: boolean): void {
    ;(sampled ? this.#others : this.#sampled).delete(id)
    ;(sampled ? this.#sampled : this.#others).add(id)
  }

  /** Whether the trace was sampled; undefined where nothing is known. */
  get(id: string): boolean | undefined {
    if (this.#sampled.has(id)) return true
    return this.#others.has(id) ? false : undefined
  }

  get size(): number {
    return this.#sampled.size + this.#others.size
  }

  /** Those seen longest ago first. */
  *[Symbol.iterator](): Generator<[id: string, sampled: boolean]> {
    for (const id of this.#others) yield [id, false]
    for (const id of this.#sampled) yield [id, true]
  }
}
