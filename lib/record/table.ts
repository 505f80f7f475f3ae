// The identities that a reader knows, by their canonical bytes: two generations, so that those unseen for a while go.

import { Identity } from './identity.js'
import { scanPlainMetric } from './plain.js'

/** An identity in the table, with a guess of the one that follows it in the stream. */
export interface Known {
  readonly identity: Identity
  readonly prefix: Buffer
  next: Known | null
  generation: number
}

const NO_BYTES = Buffer.alloc(0)

/** What stands before the first line. Only the reader may hold it: from it, links lead to every identity that ever followed. */
export function beforeFirst(): Known {
  return { identity: Identity.of('metric', ''), prefix: NO_BYTES, next: null, generation: 0 }
}

export class IdentityTable {
  #young = new Map<string, Known>()
  #old = new Map<string, Known>()
  readonly #half: number
  generation = 1

  constructor(maxIdentities: number) {
    this.#half = Math.max(1, Math.ceil(maxIdentities / 2))
  }

  get size(): number {
    return this.#young.size + this.#old.size
  }

  /** The identity whose prefix is these bytes; learnt from them if they are plain; else null. */
  find(buffer: Buffer, start: number, end: number): Known | null {
    const key = buffer.latin1Slice(start, end)
    const known = this.#look(key)
    if (known !== null || !scanPlainMetric(buffer, start, end, null)) return known
    const prefix = Buffer.from(buffer.subarray(start, end))
    return this.#put(key, { identity: Identity.ofPrefix('metric', prefix), prefix, next: null, generation: 0 })
  }

  #look(key: string): Known | null {
    const known = this.#young.get(key)
    if (known !== undefined) return known
    const older = this.#old.get(key)
    return older === undefined ? null : this.#put(key, older)
  }

  /** Keeps an identity that was reached without a look-up. */
  renew(known: Known): void {
    this.#put(known.prefix.latin1Slice(), known)
  }

  /** The known identity equal to this one; this one itself if it is new. */
  intern(identity: Identity): Known {
    const { prefix } = identity
    const key = prefix.latin1Slice()
    return this.#look(key) ?? this.#put(key, { identity, prefix, next: null, generation: 0 })
  }

  #put(key: string, known: Known): Known {
    if (this.#young.size >= this.#half) {
      this.#old = this.#young
      this.#young = new Map()
      this.generation++
    } else this.#old.delete(key)
    known.generation = this.generation
    this.#young.set(key, known)
    return known
  }
}
