// One point of each series per interval: the newest one; the others are superseded.

import type { Account, Clock, Pass, StatefulTransform } from '../../component.js'
import { type Identity, memoSlot } from '../../record/identity.js'
import type { Record } from '../../record/record.js'

export interface IntervalSettings {
  /** Milliseconds. */
  every: number
  /** Kinds whose points go on as they come. */
  pass: ReadonlySet<string>
  /** Series held at once; beyond, the oldest goes on before its time. */
  max_series: number
}

export interface IntervalContext {
  readonly account: Account
  readonly clock: Pick<Clock, 'monotonic'>
}

export class IntervalTransform implements StatefulTransform {
  readonly #slot = memoSlot()
  /** By the bytes of the identity; those that came last at the end. */
  readonly #newest = new Map<string, { record: Record; order: number }>()
  #due = Infinity

  constructor(
    private readonly settings: IntervalSettings,
    private readonly context: IntervalContext,
  ) {}

  take(record: Record, order: number, pass: Pass): void {
    const key = this.#keyOf(record.identity)
    if (key === null) return pass(record)
    const before = this.#newest.get(key)
    if (before !== undefined) {
      this.context.account.drop('superseded', 1)
      // One that comes too late says less than the one that is there.
      if (BigInt(record.payload.ts ?? '0') < BigInt(before.record.payload.ts ?? '0')) return
      this.#newest.delete(key)
    } else if (this.#newest.size >= this.settings.max_series) this.#passOldest(pass)
    if (this.#newest.size === 0) this.#due = Math.min(this.#due, this.context.clock.monotonic() + this.settings.every)
    this.#newest.set(key, { record, order })
  }

  held(): number {
    for (const { order } of this.#newest.values()) return order
    return Infinity
  }

  due(): number {
    return this.#due
  }

  tick(now: number, pass: Pass): void {
    if (now >= this.#due) this.flush(pass)
  }

  flush(pass: Pass): void {
    for (const { record } of this.#newest.values()) pass(record)
    this.#newest.clear()
    this.#due = Infinity
  }

  #passOldest(pass: Pass): void {
    for (const [key, { record }] of this.#newest) {
      this.#newest.delete(key)
      return pass(record)
    }
  }

  /** null for points of which none can be left out: deltas, and sums that go up and down. */
  #keyOf(id: Identity): string | null {
    const memo = (id.memo ??= [])
    const known = memo[this.#slot] as { key: string | null } | undefined
    if (known !== undefined) return known.key
    const key = this.#isHeld(id) ? id.prefix.latin1Slice() : null
    memo[this.#slot] = { key }
    return key
  }

  #isHeld({ kind, rest }: Identity): boolean {
    return !this.settings.pass.has(kind) && rest.temporality !== 'delta' && rest.monotonic !== false
  }
}
