// The values under `let`, each worked out when it is asked for.

import type { ParsedNode } from 'yaml'
import { collect, Problem, Problems } from '../diag/problem.js'
import { LiteralMap, type Value } from '../expr/value.js'
import type { ConfigDocument, Entry } from './document.js'
import type { Names, Scope } from './evaluate.js'
import { fillScalar } from './spelled.js'

/** Elements of lists and maps under `let`: aliases can make many of few. */
const MOST_VALUES = 100_000

/** A name with the document that it stands in. */
export interface Found extends Entry {
  readonly document: ConfigDocument
}

/** The names of `let`, each worked out when it is asked for. */
export class LetNames implements Names {
  readonly #found: ReadonlyMap<string, Found>
  readonly #values = new Map<string, Promise<Value>>()
  readonly #open: string[] = []
  #count = 0

  constructor(
    found: readonly Found[],
    private readonly scopeOf: (document: ConfigDocument) => Scope,
  ) {
    this.#found = new Map(found.map((one) => [one.key, one]))
  }

  get names(): Iterable<string> {
    return this.#found.keys()
  }

  /** Works out all of them; what is wrong is told here, once. */
  async all(problems: Problem[]): Promise<void> {
    for (const name of this.names) await collect(problems, () => this.#value(name))
  }

  async value(name: string): Promise<Value> {
    const from = this.#open.indexOf(name)
    if (from >= 0) throw new Problem(`a value is made of itself: ${[...this.#open.slice(from), name].join(' -> ')}`)
    try {
      return await this.#value(name)
    } catch (error) {
      // Whoever works out all of them tells it.
      if (error instanceof Problem || error instanceof Problems) throw new Problems([])
      throw error
    }
  }

  #value(name: string): Promise<Value> {
    let value = this.#values.get(name)
    if (value === undefined) {
      const { document, at, value: node } = this.#found.get(name)!
      this.#open.push(name)
      value = this.#read(document, node ?? at, this.scopeOf(document)).finally(() => this.#open.pop())
      this.#values.set(name, value)
    }
    return value
  }

  async #read(document: ConfigDocument, node: ParsedNode, scope: Scope): Promise<Value> {
    if (++this.#count > MOST_VALUES)
      throw new Problem(`more than ${MOST_VALUES} values under 'let'`, { place: document.place(node) })
    const items = document.items(node)
    if (items !== null) {
      const list: Value[] = []
      for (const item of items) list.push(item === null ? null : await this.#read(document, item, scope))
      return list
    }
    const entries = document.entries(node)
    if (entries !== null) {
      const pairs: [Value, Value][] = []
      for (const { key, value } of entries)
        pairs.push([key, value === null ? null : await this.#read(document, value, scope)])
      return new LiteralMap(pairs)
    }
    const plain = document.value(node)
    if (typeof plain === 'boolean') return plain
    if (typeof plain === 'number') return Number.isSafeInteger(plain) ? BigInt(plain) : plain
    const { value, marked } = await fillScalar(document.source(node), scope)
    return value ?? marked
  }
}
