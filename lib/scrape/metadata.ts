// Metadata on its way out: many targets say the same of a family, so it is passed on once, and again when it changes.

import type { Identity } from '../record/identity.js'
import type { Family } from './family.js'

/** Families remembered; the oldest goes first, and is then passed on once more when it changes. */
const MAX_FAMILIES = 100_000

export class MetadataFilter {
  readonly #last = new Map<string, string>()

  constructor(private readonly enabled: boolean) {}

  /** Metadata records of those families that say something else than was passed on last. */
  fresh(families: readonly Family[]): Identity[] {
    if (!this.enabled) return []
    const ids: Identity[] = []
    for (const { name, kind, unit, help, identity } of families) {
      const text = JSON.stringify([kind, unit, help])
      if (this.#last.get(name) === text) continue
      this.#last.delete(name)
      this.#last.set(name, text)
      if (this.#last.size > MAX_FAMILIES) this.#last.delete(this.#last.keys().next().value!)
      ids.push(identity)
    }
    return ids
  }
}
