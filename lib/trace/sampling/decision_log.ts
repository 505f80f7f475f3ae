// Decisions on the disk: added as they are made, and written anew once most of what stands there is forgotten.

import { Identity } from '../../record/identity.js'
import type { Record } from '../../record/record.js'
import type { Decisions } from './decisions.js'

/** Decisions that are added at least before all of them are written anew. */
const LEAST = 10_000
/** Milliseconds until it is tried again where that failed. */
const TRY_AGAIN = 10_000

const DECIDED = Identity.of('checkpoint', '', undefined, { source: 'filter.tail' })

/** Keeps records for the next process. False where it failed. */
export interface Keep {
  /** In place of all that was kept; durable when it returns. */
  save(records: Iterable<Record>): boolean
  /** Beside what was saved last; a kill does not lose it. */
  append(records: Iterable<Record>): boolean
}

export function decisionRecord(trace_id: string, sampled: boolean): Record {
  return { identity: DECIDED, payload: { position: { trace_id, sampled } } }
}

export class DecisionLog {
  /** Made since the last call of `settle`. */
  #fresh: Record[] = []
  /** How many were added to what was saved. */
  #added = 0
  /** Whether what is kept can be added to: nothing was saved yet, or it failed. */
  #whole = false
  /** Milliseconds of `Clock.monotonic` at which all is written anew; Infinity: not before much has been added. */
  due = 0

  /** @param rest what is kept beside decisions */
  constructor(
    private readonly keep: Keep,
    private readonly decisions: Decisions,
    private readonly rest: () => Iterable<Record>,
  ) {}

  add(id: string, sampled: boolean): void {
    this.#fresh.push(decisionRecord(id, sampled))
  }

  /** What was decided is kept when it returns, and may be acted upon. */
  settle(now: number): void {
    const fresh = this.#fresh
    if (fresh.length > 0) this.#append(fresh, now)
    if (now >= this.due) this.saveAll(this.rest(), now)
  }

  #append(fresh: readonly Record[], now: number): void {
    this.#fresh = []
    if (!this.#whole) return
    this.#whole = this.keep.append(fresh)
    this.#added += fresh.length
    if (!this.#whole) this.due = now + TRY_AGAIN
    else if (this.#added > Math.max(LEAST, this.decisions.size)) this.due = now
  }

  /** Writes all decisions, and the rest, anew; false where that failed. */
  saveAll(rest: Iterable<Record>, now: number): boolean {
    this.#whole = this.keep.save(this.#records(rest))
    this.due = this.#whole ? Infinity : now + TRY_AGAIN
    this.#fresh = []
    this.#added = 0
    return this.#whole
  }

  *#records(rest: Iterable<Record>): Generator<Record> {
    for (const [id, sampled] of this.decisions) yield decisionRecord(id, sampled)
    yield* rest
  }
}
