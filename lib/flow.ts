// Runs a transform of whole records over batches, and keeps checkpoints behind what the transform holds back.

import type { Account, Pass, RecordTransform, StatefulTransform } from './component.js'
import { type Batch, RecordBatch } from './record/batch.js'
import type { Identity } from './record/identity.js'
import type { Payload, Record } from './record/record.js'
import type { RecordType } from './record/type.js'
import { lookingAt } from './transform.js'

/** A transform at work: batches in, and what goes on, in order. */
export interface Flow {
  push(batch: Batch): readonly Batch[]
  /** As in `StatefulTransform`. */
  due(): number
  tick(now: number): readonly Batch[]
  /** The end of the input. */
  end(): readonly Batch[]
  full(): boolean
}

/** @param accepts see `applyOf` */
export function flowOf(
  transform: RecordTransform | StatefulTransform,
  accepts: readonly (RecordType | 'any')[],
  account: Account,
): Flow {
  const looksAt = lookingAt(accepts)
  return 'take' in transform ? new HoldingFlow(transform, looksAt, account) : new RecordFlow(transform, looksAt, account)
}

/** Rows from which on it is cheaper to select them from their batch than to gather what they hold. */
const RUN = 16

/**
 * Gathers what goes on, in order. Rows whose payload is the one that they came with are rows of their batch still, under other
 * identities perhaps: where that holds lines, nothing of them is written anew.
 */
class Gathering {
  #ids: Identity[] = []
  #payloads: Payload[] = []
  /** Rows of the batch under way that stand behind what is gathered, and their identities. */
  #rows: number[] = []
  #rowIds: Identity[] = []
  #batch: Batch | null = null
  #row = 0
  #payload: Payload | null = null
  #batches: Batch[] = []

  readonly pass: Pass = ({ identity, payload }) => this.add(identity, payload)

  /** A row is looked at: what is passed on with its payload is the row. */
  look(batch: Batch, row: number, payload: Payload): void {
    this.#batch = batch
    this.#row = row
    this.#payload = payload
  }

  add(identity: Identity, payload: Payload): void {
    if (payload === this.#payload) return this.#keep(this.#row, identity)
    this.#stop()
    this.#ids.push(identity)
    this.#payloads.push(payload)
  }

  /** A row that nobody looks into. */
  keep(batch: Batch, row: number, identity: Identity): void {
    this.#batch = batch
    this.#keep(row, identity)
  }

  unread(batch: Batch, row: number): void {
    this.#close()
    this.#batches.push(batch.select([undefined], Int32Array.of(row), null))
  }

  take(): readonly Batch[] {
    this.#close()
    this.#batch = this.#payload = null
    const batches = this.#batches
    this.#batches = []
    return batches
  }

  #keep(row: number, identity: Identity): void {
    this.#rows.push(row)
    this.#rowIds.push(identity)
  }

  /** The rows end here. */
  #stop(): void {
    const rows = this.#rows
    if (rows.length === 0) return
    const batch = this.#batch!
    if (rows.length >= RUN) {
      this.#gathered()
      this.#batches.push(batch.select(this.#rowIds, Int32Array.from(rows), null))
    } else {
      this.#ids.push(...this.#rowIds)
      for (const row of rows) this.#payloads.push(batch.payload(row))
    }
    this.#rows = []
    this.#rowIds = []
  }

  #close(): void {
    this.#stop()
    this.#gathered()
  }

  #gathered(): void {
    if (this.#ids.length === 0) return
    this.#batches.push(new RecordBatch(this.#ids, this.#payloads))
    this.#ids = []
    this.#payloads = []
  }
}

/** Whether any row is of interest. */
function some(batch: Batch, of: (type: RecordType) => boolean): boolean {
  // A layout has metrics alone.
  if (batch.layout !== null) return of('metric') && batch.length > 0
  for (let row = 0; row < batch.length; row++) {
    const id = batch.id(row)
    if (id !== undefined && of(id.type)) return true
  }
  return false
}

class RecordFlow implements Flow {
  readonly #gathering = new Gathering()

  constructor(
    private readonly transform: RecordTransform,
    private readonly looksAt: (type: RecordType) => boolean,
    private readonly account: Account,
  ) {}

  push(batch: Batch): readonly Batch[] {
    if (!some(batch, this.looksAt)) return [batch]
    const { transform, looksAt } = this
    let dropped = 0
    for (let row = 0; row < batch.length; row++) {
      const identity = batch.id(row)
      if (identity === undefined) this.#gathering.unread(batch, row)
      else if (!looksAt(identity.type)) this.#gathering.keep(batch, row, identity)
      else {
        const payload = batch.payload(row)
        this.#gathering.look(batch, row, payload)
        const answer = transform.record({ identity, payload })
        if (answer === null) dropped++
        else this.#gathering.pass(answer)
      }
    }
    if (dropped > 0) this.account.drop(transform.reason, dropped)
    return this.#gathering.take()
  }

  due(): number {
    return Infinity
  }

  tick(): readonly Batch[] {
    return []
  }

  end(): readonly Batch[] {
    return []
  }

  full(): boolean {
    return false
  }
}

/** A checkpoint that waits for what came before it. */
interface Waiting {
  readonly record: Record
  readonly order: number
}

/**
 * The checkpoints that wait, in their order. Of each source the oldest one stays until its turn comes, and behind it the
 * newest: a position that always gave way to a newer one would never be committed while something is always held.
 */
class Checkpoints {
  readonly #waiting = new Set<Waiting>()
  readonly #newest = new Map<string, { first: Waiting; last: Waiting }>()

  constructor(private readonly account: Account) {}

  get length(): number {
    return this.#waiting.size
  }

  add(record: Record, order: number): void {
    const source = String(record.identity.rest.source)
    const waiting = { record, order }
    const known = this.#newest.get(source)
    if (known === undefined) this.#newest.set(source, { first: waiting, last: waiting })
    else {
      if (known.last !== known.first) {
        this.#waiting.delete(known.last)
        this.account.drop('superseded', 1)
      }
      known.last = waiting
    }
    this.#waiting.add(waiting)
  }

  /** Passes on those that came before `held`. */
  release(held: number, pass: Pass): void {
    for (const waiting of this.#waiting) {
      if (waiting.order > held) return
      this.#waiting.delete(waiting)
      const source = String(waiting.record.identity.rest.source)
      const known = this.#newest.get(source)!
      if (known.last === waiting) this.#newest.delete(source)
      else known.first = known.last
      pass(waiting.record)
    }
  }
}

class HoldingFlow implements Flow {
  readonly #gathering = new Gathering()
  readonly #checkpoints: Checkpoints
  #order = 0

  constructor(
    private readonly transform: StatefulTransform,
    private readonly looksAt: (type: RecordType) => boolean,
    account: Account,
  ) {
    this.#checkpoints = new Checkpoints(account)
  }

  push(batch: Batch): readonly Batch[] {
    if (!some(batch, (type) => type === 'checkpoint' || this.looksAt(type))) return [batch]
    const { transform } = this
    const whole = transform.batch?.(batch) ?? null
    if (whole !== null) return [whole]
    const { pass } = this.#gathering
    for (let row = 0; row < batch.length; row++) {
      const identity = batch.id(row)
      if (identity === undefined) this.#gathering.unread(batch, row)
      else if (this.looksAt(identity.type)) {
        const payload = batch.payload(row)
        this.#gathering.look(batch, row, payload)
        transform.take({ identity, payload }, this.#order++, pass)
      } else if (identity.type === 'checkpoint') this.#checkpoint({ identity, payload: batch.payload(row) })
      else this.#gathering.keep(batch, row, identity)
    }
    return this.#take()
  }

  due(): number {
    return this.transform.due()
  }

  tick(now: number): readonly Batch[] {
    this.transform.tick(now, this.#gathering.pass)
    return this.#take()
  }

  end(): readonly Batch[] {
    this.transform.flush(this.#gathering.pass)
    return this.#take()
  }

  #take(): readonly Batch[] {
    this.transform.settle?.()
    this.#release()
    return this.#gathering.take()
  }

  full(): boolean {
    return this.transform.full?.() === true
  }

  #checkpoint(record: Record): void {
    this.#release()
    // Nothing else waits where nothing is held.
    if (this.transform.held() === Infinity) this.#gathering.pass(record)
    else this.#checkpoints.add(record, this.#order++)
  }

  /** Not after every record: what is oldest may take a look at all that is held. */
  #release(): void {
    if (this.#checkpoints.length > 0) this.#checkpoints.release(this.transform.held(), this.#gathering.pass)
  }
}
