// Identities made from others: what says the same is one object, and is made once.

import { type Identity, memoSlot } from '../record/identity.js'

interface Derived {
  readonly generation: number
  readonly identities: Map<string, Identity>
}

export class DerivedIdentities {
  /** Answers of an older generation count no more: that is how all of them are forgotten. */
  #generation = 0
  #count = 0
  readonly #known = new Map<string, Identity>()
  readonly #slot = memoSlot()

  /** @param max identities remembered; beyond that all are forgotten, to be made again when they are seen again */
  constructor(private readonly max: number) {}

  /** @param key what `make` depends on beside `id` */
  get(id: Identity, key: string, make: () => Identity): Identity {
    let derived = id.memo?.[this.#slot] as Derived | undefined
    if (derived?.generation !== this.#generation) {
      derived = { generation: this.#generation, identities: new Map() }
      ;(id.memo ??= [])[this.#slot] = derived
    }
    const known = derived.identities.get(key)
    if (known !== undefined) return known
    const made = this.#one(make())
    // Beyond the bound the answers of this identity are forgotten with the others.
    if (derived.generation === this.#generation) derived.identities.set(key, made)
    return made
  }

  #one(made: Identity): Identity {
    if (++this.#count > this.max) {
      this.#generation++
      this.#count = 1
      this.#known.clear()
    }
    const text = made.prefix.latin1Slice()
    const known = this.#known.get(text)
    if (known !== undefined) return known
    this.#known.set(text, made)
    return made
  }
}
