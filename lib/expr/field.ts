// The fields of records as variables of expressions.

import type { Batch } from '../record/batch.js'
import type { Identity } from '../record/identity.js'
import { entryOf, isMap, type Json, numberOf } from '../record/json.js'
import { getLabel, hasLabel } from '../record/labels.js'
import type { Payload, Record } from '../record/record.js'
import { RECORD_TYPES, type RecordType, SHAPES } from '../record/type.js'
import type { Variable } from './compile.js'
import { timestampOf } from './time.js'
import { type Type, typeOf } from './type.js'
import { FieldMap, LabelMap, type Value, valueOfJson } from './value.js'

/** A record as an expression reads it; of the payload no more is decoded than is asked for. */
export interface RecordView {
  readonly id: Identity
  /** A field of the payload, or what stands under `key` in it. */
  part(field: string, key?: string): Json | undefined
  /** The value of a metric sample, null where there is none. */
  readonly value: number | null
}

/** One row of a batch; set to the next row rather than made anew. */
export class RowView implements RecordView {
  id!: Identity
  #batch!: Batch
  #row = 0

  at(batch: Batch, row: number, id: Identity): this {
    this.#batch = batch
    this.#row = row
    this.id = id
    return this
  }
  part(field: string, key?: string): Json | undefined {
    if (this.#batch.part !== undefined) return this.#batch.part(this.#row, field, key)
    const json = this.#batch.payload(this.#row)[field]
    return key === undefined ? json : entryOf(json, key)
  }
  get value(): number | null {
    if (this.#batch.plain(this.#row)) return this.#batch.value(this.#row)
    return numberOf(this.#batch.payload(this.#row).value) ?? null
  }
}

/** A whole record as an expression reads it; set to the next one rather than made anew. */
export class RecordedView implements RecordView {
  id!: Identity
  #payload!: Payload

  at({ identity, payload }: Record): this {
    this.id = identity
    this.#payload = payload
    return this
  }
  part(field: string, key?: string): Json | undefined {
    const json = this.#payload[field]
    return key === undefined ? json : entryOf(json, key)
  }
  get value(): number | null {
    return numberOf(this.#payload.value) ?? null
  }
}

/** An identity without a payload, for expressions that read no more. */
export class IdentityView implements RecordView {
  readonly value = null
  constructor(public id: Identity) {}
  part(): undefined {}
}

/** Types that fields have wherever they stand; all other fields are dyn. */
const TYPES: { readonly [field: string]: Type } = {
  type: typeOf('string'), name: typeOf('string'), labels: { kind: 'map', of: typeOf('string') }, resource: typeOf('map'),
  scope: typeOf('map'), kind: typeOf('string'), unit: typeOf('string'), help: typeOf('string'), temporality: typeOf('string'),
  monotonic: typeOf('bool'), source: typeOf('string'), ts: typeOf('timestamp'), start: typeOf('timestamp'),
  end: typeOf('timestamp'), observed: typeOf('timestamp'), value: typeOf('double'), stale: typeOf('bool'),
  histogram: typeOf('map'), summary: typeOf('map'), exemplars: typeOf('list'), severity: typeOf('string'),
  severity_number: typeOf('int'), attributes: typeOf('map'), trace_id: typeOf('string'), span_id: typeOf('string'),
  parent_span_id: typeOf('string'), trace_state: typeOf('string'), status: typeOf('map'), events: typeOf('list'),
  links: typeOf('list'), state: typeOf('string'), format: typeOf('string'), data: typeOf('string'),
}

/** Names of all variables: the fields that records of any type have. */
export const FIELDS: readonly string[] = [
  ...new Set(['type', 'ts', ...RECORD_TYPES.flatMap((type) => [...SHAPES[type].identity, ...SHAPES[type].payload])]),
]

const IDENTITY_TYPES = fieldTypes((type) => SHAPES[type].identity)
const PAYLOAD_TYPES = fieldTypes((type) => [...(SHAPES[type].timed ? ['ts'] : []), ...SHAPES[type].payload])

function fieldTypes(fieldsOf: (type: RecordType) => readonly string[]): ReadonlyMap<string, ReadonlySet<RecordType>> {
  return new Map(FIELDS.map((field) => [field, new Set(RECORD_TYPES.filter((type) => fieldsOf(type).includes(field)))]))
}

/** Whether a field of records of this type is part of the payload, so that the identity alone cannot tell it. */
export function isPayload(field: string, type: RecordType): boolean {
  return PAYLOAD_TYPES.get(field)?.has(type) ?? false
}

/** The variable for a field; undefined if no record has it. */
export function fieldVariable(name: string): Variable<RecordView> | undefined {
  if (!FIELDS.includes(name)) return undefined
  const type = Object.hasOwn(TYPES, name) ? TYPES[name] : typeOf('dyn')
  switch (name) {
    case 'type':
      return { type, read: ({ id }) => id.type }
    case 'value':
      return { type, read: (view) => (view.id.type === 'metric' ? view.value : null) }
    case 'labels':
      return {
        type,
        read: ({ id }) => new LabelMap(id.labels),
        field: (key) => ({ id }) => getLabel(id.labels, key),
        has: (key) => ({ id }) => hasLabel(id.labels, key),
      }
    default:
      return { type, ...reader(name, converter(type)) }
  }
}

function reader(name: string, convert: (json: Json | undefined) => Value): Pick<Variable<RecordView>, 'read' | 'field'> {
  const inIdentity = IDENTITY_TYPES.get(name)!
  const inPayload = PAYLOAD_TYPES.get(name)!
  const json = (view: RecordView, key?: string): Json | undefined => {
    const { id } = view
    if (inPayload.has(id.type)) return view.part(name, key)
    if (!inIdentity.has(id.type)) return undefined
    const field = name === 'name' ? id.name || undefined : id.rest[name]
    return key === undefined ? field : entryOf(field, key)
  }
  const read = (view: RecordView) => convert(json(view))
  // A field of a map needs no map around it.
  const field = (key: string) => (view: RecordView): Value => valueOfJson(json(view, key))
  return Object.hasOwn(TYPES, name) && TYPES[name].kind === 'map' ? { read, field } : { read }
}

/** A field's JSON as a value of the declared type; null where it is something else. */
function converter({ kind }: Type): (json: Json | undefined) => Value {
  switch (kind) {
    case 'timestamp':
      return (json) => (typeof json === 'string' && /^-?\d{1,20}$/.test(json) ? (timestampOf(BigInt(json)) ?? null) : null)
    case 'int':
      return (json) => (Number.isSafeInteger(json) ? BigInt(json as number) : null)
    case 'string':
      return (json) => (typeof json === 'string' ? json : null)
    case 'bool':
      return (json) => (typeof json === 'boolean' ? json : null)
    case 'map':
      return (json) => (isMap(json) ? new FieldMap(json) : null)
    default:
      return valueOfJson
  }
}
