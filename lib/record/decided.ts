// What a stage decided about the identities of a dictionary, by number: a byte each, and the bytes of those that it changed.

import type { Names } from './dictionary.js'
import { Identity } from './identity.js'
import { larger, Prefixes } from './prefixes.js'

/** The answer for identities whose records are looked at one by one. */
export const EACH = Symbol('each')

/** null drops. */
export type Ask = (id: Identity) => Identity | null | typeof EACH

export const UNKNOWN = 0
export const DROPPED = 1
export const KEPT = 2
export const BY_ROW = 3

/** The identities after the stage, under the numbers that they had before it. */
export class Decided implements Names {
  readonly prefixes = new Prefixes()
  readonly memo: unknown[] = []
  /** By number; beyond its end all is unknown. */
  verdicts = Uint8Array.of(KEPT)
  changed: Uint8Array | null = null
  /** Changed ones; a metric's is made from its bytes when somebody asks. */
  readonly #ids: (Identity | undefined)[] = []
  #rows = new Int32Array(1024)

  constructor(private readonly before: Names) {}

  id(number: number): Identity | undefined {
    if (this.changed?.[number] !== 1) return this.before.id(number)
    return (this.#ids[number] ??= this.#make(number))
  }

  passing(number: number): Identity {
    return this.changed?.[number] === 1 ? (this.#ids[number] ?? this.#make(number)) : this.before.passing(number)
  }

  /** Room for the rows of a batch, which serves the next one again: memory of its own for each would cost a tenth of the time. */
  rows(length: number): Int32Array {
    if (length > this.#rows.length) this.#rows = new Int32Array(2 * length)
    return this.#rows
  }

  /** Asks about a number that is not known yet. */
  decide(number: number, ask: Ask): number {
    const id = this.before.passing(number)
    const answer = ask(id)
    if (number >= this.verdicts.length) this.verdicts = larger(this.verdicts, 2 * number)
    const verdict = answer === null ? DROPPED : answer === EACH ? BY_ROW : KEPT
    this.verdicts[number] = verdict
    if (verdict === KEPT && answer !== id) this.#change(number, answer as Identity)
    else if (verdict !== DROPPED && this.before.changed?.[number] === 1) this.#change(number, id)
    return verdict
  }

  #change(number: number, id: Identity): void {
    const { prefix } = id
    const changed = this.changed ?? new Uint8Array(this.verdicts.length)
    this.changed = number < changed.length ? changed : larger(changed, this.verdicts.length)
    this.changed[number] = 1
    this.prefixes.set(number, prefix, 0, prefix.length)
    if (id.type !== 'metric') this.#ids[number] = id
  }

  #make(number: number): Identity {
    return Identity.ofPrefix('metric', Buffer.from(this.prefixes.slice(number)))
  }
}
