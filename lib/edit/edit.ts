// Edits of records as a transform: decided once for each identity where it alone is read and changed, else by record.

import type { Context, IdentityTransform, Pass, StatefulTransform } from '../component.js'
import { EvaluationError, type Expression } from '../expr/expression.js'
import { RecordedView, type RecordView } from '../expr/field.js'
import type { Payload, Record } from '../record/record.js'
import { RECORD_TYPES, type RecordType } from '../record/type.js'
import type { Field } from './field.js'
import { Unfit } from './tree.js'

/** What is done to records. */
export interface Edit {
  /** Fields that it reads or changes. */
  readonly fields: readonly Field[]
  /** An expression that it evaluates. */
  readonly reads?: Expression
  /** Throws Unfit, or an EvaluationError, where the record cannot be edited. */
  apply(record: Record, view: RecordView): Record
}

const NOTHING: Payload = Object.freeze({})

/** @param where the records that are edited; absent: all */
export function editTransform(
  edit: Edit, where: Expression | undefined, context: Context,
): IdentityTransform | StatefulTransform {
  const view = new RecordedView()
  const apply = (record: Record): Record => {
    if (!edit.fields.some((field) => field.stands(record.identity.type) !== null)) return record
    view.at(record)
    return where === undefined || where.test(view) ? edit.apply(record, view) : record
  }
  if (RECORD_TYPES.every((type) => byIdentity(edit, where, type))) {
    return { reason: 'dropped', identity: (id) => apply({ identity: id, payload: NOTHING }).identity }
  }
  const edited = (record: Record): Record | null => {
    try {
      return apply(record)
    } catch (error) {
      if (!(error instanceof EvaluationError) && !(error instanceof Unfit)) throw error
      const [reason, said] = error instanceof Unfit ? ['unfit', ''] : ['expression', 'the expression has no value: ']
      context.reject({ reason, detail: said + error.message, original: record })
      return null
    }
  }
  return each(edited)
}

/** Holds nothing back; null: the record was counted. */
function each(change: (record: Record) => Record | null): StatefulTransform {
  return {
    take(record, _, pass: Pass) {
      const changed = change(record)
      if (changed !== null) pass(changed)
    },
    held: () => Infinity,
    due: () => Infinity,
    tick() {},
    flush() {},
  }
}

/** Whether the identity alone tells what becomes of a record, and nothing can go wrong. */
function byIdentity(edit: Edit, where: Expression | undefined, type: RecordType): boolean {
  const stand = edit.fields.map((field) => field.stands(type))
  if (stand.every((place) => place === null)) return true
  const decided = (expression: Expression | undefined) =>
    expression === undefined || (!expression.fallible && expression.byIdentity(type))
  const safe = edit.fields.every(({ name, keys }) => (name === 'labels' || name === 'resource') && keys.length === 1)
  return safe && stand.every((place) => place !== 'payload') && decided(where) && decided(edit.reads)
}
