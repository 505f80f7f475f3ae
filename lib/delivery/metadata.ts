// What is known about metric families, sent when it is new and again from time to time: receivers forget.

import type { Identity } from '../record/identity.js'
import { metadataMessage } from '../wire/remote_write/v1.js'

interface Family {
  message: Buffer
  /** Not sent yet. */
  fresh: boolean
}

export class KnownMetadata {
  readonly #families = new Map<string, Family>()

  /** @param max families remembered; beyond, those that changed last longest ago are forgotten first */
  constructor(private readonly max: number) {}

  /**
   * Takes a metadata record. Returns `fresh` where it is to be sent, `known` where it says nothing new, `replaced`
   * where it takes the place of one that was not sent yet.
   */
  add(id: Identity): 'fresh' | 'known' | 'replaced' {
    const message = metadataMessage(id)
    const before = this.#families.get(id.name)
    if (before !== undefined && before.message.equals(message)) return 'known'
    this.#families.delete(id.name)
    this.#families.set(id.name, { message, fresh: true })
    if (this.#families.size > this.max) this.#forget()
    return before?.fresh === true ? 'replaced' : 'fresh'
  }

  /** Messages of what was not sent yet. */
  takeFresh(): Buffer[] {
    const messages: Buffer[] = []
    for (const family of this.#families.values()) {
      if (family.fresh) messages.push(family.message)
      family.fresh = false
    }
    return messages
  }

  /** Messages of everything that was sent before. */
  repeat(): Buffer[] {
    return [...this.#families.values()].filter((family) => !family.fresh).map((family) => family.message)
  }

  /** The oldest that was sent goes; what was not sent yet is an entry of the account. */
  #forget(): void {
    for (const [name, family] of this.#families) {
      if (family.fresh) continue
      this.#families.delete(name)
      return
    }
  }
}
