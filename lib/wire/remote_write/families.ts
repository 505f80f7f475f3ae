// What is known about metric families, for protocols that send it along with every series.

import type { Identity } from '../../record/identity.js'

/** What a series' name may have after that of its family. */
const SUFFIXES = ['_total', '_bucket', '_count', '_sum', '_created', '_gcount', '_gsum', '_info']

export class Families {
  readonly #known = new Map<string, Identity>()
  /** Changes with everything that is learnt. */
  version = 0

  /** @param max families remembered; beyond, the one that changed last longest ago is forgotten */
  constructor(private readonly max: number) {}

  /** Takes a metadata record; false where it says nothing new. */
  add(id: Identity): boolean {
    if (this.#known.get(id.name)?.prefix.equals(id.prefix) === true) return false
    this.#known.delete(id.name)
    this.#known.set(id.name, id)
    if (this.#known.size > this.max) this.#known.delete(this.#known.keys().next().value!)
    this.version++
    return true
  }

  /** The metadata record of the family that a series belongs to. */
  of(name: string): Identity | undefined {
    const own = this.#known.get(name)
    if (own !== undefined) return own
    const suffix = SUFFIXES.find((suffix) => name.endsWith(suffix) && this.#known.has(name.slice(0, -suffix.length)))
    return suffix === undefined ? undefined : this.#known.get(name.slice(0, -suffix.length))
  }

  /** All metadata records. */
  all(): Iterable<Identity> {
    return this.#known.values()
  }
}
