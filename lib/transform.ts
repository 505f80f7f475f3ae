// Runs a filter's transform over batches: identity answers are remembered per identity and per layout.

import type { IdentityTransform, RecordTransform, RowTransform, Transform } from './component.js'
import { type Batch, Layout, RecordBatch } from './record/batch.js'
import { type Identity, memoSlot } from './record/identity.js'
import type { Payload } from './record/record.js'
import type { RecordType } from './record/type.js'

/** One batch through a transform; `drop` is told how many rows went. */
export type Apply = (batch: Batch, drop: (reason: string, count: number) => void) => Batch

/**
 * @param accepts types that the transform looks at (`any` for all); others pass, and so do checkpoints, which are the
 * stream's own, unless they are named
 */
export function applyOf(transform: Transform, accepts: readonly (RecordType | 'any')[]): Apply {
  const any = accepts.includes('any')
  const looksAt = (type: RecordType) => accepts.includes(type) || (any && type !== 'checkpoint')
  if ('row' in transform) return applyRows(transform, looksAt)
  return 'identity' in transform ? applyIdentity(transform, looksAt) : applyRecord(transform, looksAt)
}

/** What became of a layout: another one with the rows it takes, or nothing changed. */
type LayoutAnswer = { layout: Layout; take: Int32Array } | 'unchanged'

/** Asks for an identity that was not seen before, and remembers the answer. */
function decider(transform: IdentityTransform, looksAt: (type: RecordType) => boolean, slot: number) {
  return (id: Identity): Identity | null => {
    const answer = looksAt(id.type) ? transform.identity(id) : id
    ;(id.memo ??= [])[slot] = answer
    id.release()
    return answer
  }
}

function applyIdentity(transform: IdentityTransform, looksAt: (type: RecordType) => boolean): Apply {
  const slot = memoSlot()
  const decide = decider(transform, looksAt, slot)
  return (batch, drop) => {
    const { layout } = batch
    const kept = layout?.memo?.[slot] as LayoutAnswer | undefined
    if (kept === 'unchanged') return batch
    if (kept !== undefined) {
      if (kept.take.length < batch.length) drop(transform.reason, batch.length - kept.take.length)
      return batch.select(kept.layout.ids, kept.take, kept.layout)
    }
    const n = batch.length
    const ids: (Identity | undefined)[] = []
    const take = new Int32Array(n)
    let changed = false
    for (let row = 0; row < n; row++) {
      const id = batch.id(row)
      let answer: Identity | null | undefined = id
      if (id !== undefined) {
        answer = id.memo?.[slot] as Identity | null | undefined
        if (answer === undefined) answer = decide(id)
        if (answer === null) continue
        if (answer !== id) changed = true
      }
      take[ids.length] = row
      ids.push(answer)
    }
    if (ids.length < n) drop(transform.reason, n - ids.length)
    else if (!changed) {
      if (layout !== null) (layout.memo ??= [])[slot] = 'unchanged' satisfies LayoutAnswer
      return batch
    }
    const shared = layout === null ? null : new Layout(ids as Identity[])
    const taken = take.slice(0, ids.length)
    if (layout !== null) (layout.memo ??= [])[slot] = { layout: shared!, take: taken } satisfies LayoutAnswer
    return batch.select(ids, taken, shared)
  }
}

function applyRecord(transform: RecordTransform, looksAt: (type: RecordType) => boolean): Apply {
  return (batch, drop) => {
    const n = batch.length
    const ids: (Identity | undefined)[] = []
    const payloads: Payload[] = []
    const take = new Int32Array(n)
    let changed = false
    for (let row = 0; row < n; row++) {
      const identity = batch.id(row)
      take[ids.length] = row
      if (identity === undefined || !looksAt(identity.type)) {
        ids.push(identity)
        payloads.push(identity === undefined ? {} : batch.payload(row))
        continue
      }
      const record = { identity, payload: batch.payload(row) }
      const answer = transform.record(record)
      if (answer === null) continue
      if (answer !== record) changed = true
      ids.push(answer.identity)
      payloads.push(answer.payload)
    }
    if (ids.length < n) drop(transform.reason, n - ids.length)
    if (!changed) return ids.length === n ? batch : batch.select(ids, take.slice(0, ids.length), null)
    return new RecordBatch(ids, payloads)
  }
}

/** Stands in the memo for identities whose records are looked at one by one. */
const EACH = Symbol('each')

function applyRows(transform: RowTransform, looksAt: (type: RecordType) => boolean): Apply {
  const byIdentity = (type: RecordType) => !looksAt(type) || transform.byIdentity(type)
  const whole = applyIdentity(transform, looksAt)
  const slot = memoSlot()
  const decide = decider(transform, looksAt, slot)
  const first = (id: Identity): Identity | null | typeof EACH => {
    if (byIdentity(id.type)) return decide(id)
    ;(id.memo ??= [])[slot] = EACH
    return EACH
  }
  const columns = byIdentity('metric')
  return (batch, drop) => {
    // Columns are metrics, whose layout remembers the answers for all of them.
    if (columns && batch.layout !== null) return whole(batch, drop)
    const n = batch.length
    const ids: (Identity | undefined)[] = []
    const take = new Int32Array(n)
    let dropped = 0
    for (let row = 0; row < n; row++) {
      const id = batch.id(row)
      if (id !== undefined) {
        let answer = id.memo?.[slot]
        if (answer === undefined) answer = first(id)
        const keep = answer === EACH ? transform.row(batch, row, id) : answer !== null
        if (keep !== true) {
          if (keep === false) dropped++
          continue
        }
      }
      take[ids.length] = row
      ids.push(id)
    }
    if (dropped > 0) drop(transform.reason, dropped)
    return ids.length === n ? batch : batch.select(ids, take.slice(0, ids.length), null)
  }
}
