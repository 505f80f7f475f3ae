// The series that a stage remembers: bounded in their number and in the time since they were seen.

import { Identity } from '../../record/identity.js'

/** What is remembered of a series. */
export interface Entry<S> {
  state: S
  /** Milliseconds of the clock that never jumps. */
  seen: number
}

export class SeriesMemory<S> {
  /** By the bytes of the identity; those seen last at the end. */
  readonly #entries = new Map<string, Entry<S>>()
  readonly #keys = new WeakMap<Identity, { key: string; out: Identity }>()

  constructor(
    private readonly limits: { max: number; staleAfter: number; monotonic(): number },
    /** Under which its points go on. */
    private readonly temporality: string,
  ) {}

  get size(): number {
    return this.#entries.size
  }

  /** The key of an identity, and the identity that its points have afterwards. */
  of(id: Identity): { key: string; out: Identity } {
    let found = this.#keys.get(id)
    if (found === undefined) {
      const out = Identity.of('metric', id.name, id.labels, { ...id.rest, temporality: this.temporality })
      found = { key: out.prefix.latin1Slice(), out }
      this.#keys.set(id, found)
    }
    return found
  }

  /** What is remembered, unless it is too old. */
  get(key: string): S | undefined {
    this.forgetStale()
    return this.#entries.get(key)?.state
  }

  /** false, and nothing is remembered, where there are as many as may be. */
  set(key: string, state: S): boolean {
    if (!this.#entries.delete(key) && this.#entries.size >= this.limits.max) return false
    this.#entries.set(key, { state, seen: this.limits.monotonic() })
    return true
  }

  forget(key: string): void {
    this.#entries.delete(key)
  }

  *entries(): Generator<[string, S]> {
    for (const [key, { state }] of this.#entries) yield [key, state]
  }

  /** Forgets what was not seen for too long. */
  forgetStale(): void {
    const { staleAfter, monotonic } = this.limits
    if (staleAfter === 0) return
    const before = monotonic() - staleAfter
    for (const [key, { seen }] of this.#entries) {
      if (seen >= before) return
      this.#entries.delete(key)
    }
  }
}
