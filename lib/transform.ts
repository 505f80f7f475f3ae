// Runs a transform of identities or rows over batches: identity answers are remembered per identity and per layout. Measured, three relabel
// rules over columns of 20,000 series: 2 ns a sample by the answer for their layout, 12 by those for each of them.

import type { IdentityTransform, RowTransform } from './component.js'
import type { Batch } from './record/batch.js'
import { EACH } from './record/decided.js'
import { type Identity, memoSlot } from './record/identity.js'
import { Layout } from './record/layout.js'
import { LineBatch } from './record/line_batch.js'
import type { RecordType } from './record/type.js'

/** One batch through a transform; `drop` is told how many rows went. */
export type Apply = (batch: Batch, drop: (reason: string, count: number) => void) => Batch

/**
 * @param accepts types that the transform looks at (`any` for all); others pass, and so do checkpoints, which are the
 * stream's own, unless they are named
 */
export function applyOf(transform: IdentityTransform | RowTransform, accepts: readonly (RecordType | 'any')[]): Apply {
  const looksAt = lookingAt(accepts)
  return 'row' in transform ? applyRows(transform, looksAt) : applyIdentity(transform, looksAt)
}

/** Whether a transform looks at records of a type, see `applyOf`. */
export function lookingAt(accepts: readonly (RecordType | 'any')[]): (type: RecordType) => boolean {
  const any = accepts.includes('any')
  return (type) => accepts.includes(type) || (any && type !== 'checkpoint')
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
  const rows = applyToRows(transform, decider(transform, looksAt, slot), slot)
  const layouts = new LayoutDecider(transform, looksAt, slot)
  const ask = (id: Identity) => (looksAt(id.type) ? transform.identity(id) : id)
  return (batch, drop) => {
    if (batch instanceof LineBatch) {
      const passed = batch.decide(slot, ask, () => true)
      if (passed.length < batch.length) drop(transform.reason, batch.length - passed.length)
      return passed
    }
    const { layout } = batch
    if (layout === null) return rows(batch, drop)
    const answer = layouts.answer(layout)
    if (answer === 'unchanged') return batch
    if (answer.take.length < batch.length) drop(transform.reason, batch.length - answer.take.length)
    return batch.select(answer.layout.ids, answer.take, answer.layout)
  }
}

/** Answers for layouts. Their identities need none of their own: the next layout takes over what this one knows. */
class LayoutDecider {
  constructor(
    private readonly transform: IdentityTransform,
    private readonly looksAt: (type: RecordType) => boolean,
    private readonly slot: number,
  ) {}

  answer(layout: Layout): LayoutAnswer {
    const known = layout.memo?.[this.slot] as LayoutAnswer | undefined
    if (known !== undefined) {
      if (known !== 'unchanged') known.layout.settle()
      return known
    }
    return ((layout.memo ??= [])[this.slot] = this.#decide(layout))
  }

  #decide(layout: Layout): LayoutAnswer {
    const { ids } = layout
    const before = layout.before<LayoutAnswer>(this.slot)
    const old = before === null || before.answer === 'unchanged' ? null : before.answer
    const taken = old === null ? null : takenRows(old, before!.rows)
    const out: Identity[] = []
    const take = new Int32Array(ids.length)
    let changed = false
    for (let row = 0; row < ids.length; row++) {
      const id = ids[row]
      let answer: Identity | null = id
      if (before === null || before.rows[row] < 0) answer = this.#ask(id)
      else if (taken !== null) answer = taken[row] < 0 ? null : old!.layout.ids[taken[row]]
      if (answer === null) continue
      if (answer !== id) changed = true
      take[out.length] = row
      out.push(answer)
    }
    if (!changed && out.length === ids.length) return 'unchanged'
    return { layout: new Layout(out, old?.layout), take: take.slice(0, out.length) }
  }

  #ask(id: Identity): Identity | null {
    if (!this.looksAt(id.type)) return id
    const answer = this.transform.identity(id)
    id.release()
    return answer
  }
}

/** Where the rows of a layout went: for each of `rows` its row in the answer's layout, -1 where it was dropped. */
function takenRows({ take }: { take: Int32Array }, rows: Int32Array): Int32Array {
  const went = new Int32Array((take.at(-1) ?? -1) + 1).fill(-1)
  for (let i = 0; i < take.length; i++) went[take[i]] = i
  return rows.map((row) => (row >= 0 && row < went.length ? went[row] : -1))
}

function applyToRows(transform: IdentityTransform, decide: (id: Identity) => Identity | null, slot: number): Apply {
  return (batch, drop) => {
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
    else if (!changed) return batch
    return batch.select(ids, take.slice(0, ids.length), null)
  }
}

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
  const lines = (batch: LineBatch, drop: (reason: string, count: number) => void) => {
    let rejected = 0
    const each = (of: LineBatch, row: number, id: Identity) => {
      const keep = transform.row(of, row, id)
      if (keep === null) rejected++
      return keep
    }
    const passed = batch.decide(slot, ask, each)
    const dropped = batch.length - passed.length - rejected
    if (dropped > 0) drop(transform.reason, dropped)
    return passed
  }
  const ask = (id: Identity) => (byIdentity(id.type) ? (looksAt(id.type) ? transform.identity(id) : id) : EACH)
  return (batch, drop) => {
    if (batch instanceof LineBatch) return lines(batch, drop)
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
