// The identities that a reader knows, by number and by their canonical bytes. Rows of lines carry numbers: what a stage decides
// about an identity it remembers by number too, in a row of small integers instead of an object each.

import { HashIndex } from './hash_index.js'
import { Identity } from './identity.js'
import { scanPlainMetric } from './plain.js'
import { larger, Prefixes } from './prefixes.js'
import { hashText, viewOf } from './words.js'

/** What the numbers of a batch's rows stand for. */
export interface Names {
  /** undefined for a line that is passed on unread, which has the number 0. */
  id(number: number): Identity | undefined
  /** The same, of a number that is not 0, for one who keeps what follows from the identity and not the identity itself. */
  passing(number: number): Identity
  /** Numbers whose identity is another one than stands in the line are not zero here; null: none is. */
  readonly changed: Uint8Array | null
  /** The bytes of changed identities. */
  readonly prefixes: Prefixes
  /** Answers of stages, by the slot that `memoSlot()` gave them. */
  readonly memo: unknown[]
}

/** Bytes of identities beyond which half of them is forgotten. */
const MAX_BYTES = 1 << 30

export class Dictionary implements Names {
  readonly changed = null
  readonly prefixes = new Prefixes()
  readonly memo: unknown[] = []
  /** By number: what followed last time, 0 where nothing did; at 0 what came first. */
  followers = new Int32Array(64)
  /** By number: the last chunk of input in which it came. */
  #seen = new Int32Array(64)
  #chunk = 0
  /** By the bytes: of a string for each it would take twice the memory of all the rest. */
  readonly #numbers = new HashIndex()
  /** Those that somebody asked for, or that did not come as plain bytes. */
  readonly #ids: (Identity | undefined)[] = [undefined]

  /** @param max identities remembered; what one chunk has beyond that is forgotten after it */
  constructor(private readonly max: number) {}

  get size(): number {
    return this.#ids.length - 1
  }

  id(number: number): Identity | undefined {
    if (number === 0) return undefined
    return (this.#ids[number] ??= this.#make(number))
  }

  passing(number: number): Identity {
    return this.#ids[number] ?? this.#make(number)
  }

  #make(number: number): Identity {
    return Identity.ofPrefix('metric', Buffer.from(this.prefixes.slice(number)))
  }

  /** The number of the identity whose prefix is these bytes; learnt from them if they are plain; else 0. */
  find(buffer: Buffer, view: DataView, start: number, end: number): number {
    const hash = hashText(view, start, end)
    const known = this.#look(hash, view, start, end)
    if (known > 0) return known
    return scanPlainMetric(buffer, start, end, null) ? this.#put(hash, buffer, start, end, undefined) : 0
  }

  /** The number of an identity. */
  intern(identity: Identity): number {
    const { prefix } = identity
    const view = viewOf(prefix)
    const hash = hashText(view, 0, prefix.length)
    const known = this.#look(hash, view, 0, prefix.length)
    return known > 0 ? known : this.#put(hash, prefix, 0, prefix.length, identity)
  }

  #look(hash: number, view: DataView, start: number, end: number): number {
    const { prefixes } = this
    return this.#numbers.find(hash, (number) => prefixes.length(number) === end - start && prefixes.stands(number, view, start))
  }

  #put(hash: number, buffer: Buffer, start: number, end: number, identity: Identity | undefined): number {
    const number = this.#ids.length
    this.#numbers.insert(number, hash)
    this.#ids.push(identity)
    this.prefixes.set(number, buffer, start, end)
    if (number >= this.followers.length) {
      const size = number + (number >> 1)
      this.followers = larger(this.followers, size)
      this.#seen = larger(this.#seen, size)
    }
    return number
  }

  saw(number: number): void {
    this.#seen[number] = this.#chunk
  }

  /** After a chunk: this dictionary, or where its bound is met a new one, with the half that was seen last. */
  turn(): Dictionary {
    this.#chunk++
    const { size } = this
    if (size < this.max && this.prefixes.bytes < MAX_BYTES) return this
    const latest = this.#seen.slice(1, size + 1).sort()
    const before = latest[size - 1 - (size >> 1)]
    const next = new Dictionary(this.max)
    for (let number = 1; number <= size; number++) {
      if (this.#seen[number] <= before) continue
      const prefix = this.prefixes.slice(number)
      next.#put(hashText(viewOf(prefix), 0, prefix.length), prefix, 0, prefix.length, this.#ids[number])
    }
    return next
  }
}
