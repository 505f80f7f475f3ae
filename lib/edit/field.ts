// A field of records that an edit names: where it stands in each type of record, read, put and taken out.

import { didYouMean, Problem } from '../diag/problem.js'
import { parseExpression, placeIn, type Node } from '../expr/syntax.js'
import { Identity } from '../record/identity.js'
import { canonical, type Json, numberOf } from '../record/json.js'
import { hasLabel, getLabel, type Labels, labelPairs, labelsOf } from '../record/labels.js'
import type { Record } from '../record/record.js'
import { type RecordType, SHAPES } from '../record/type.js'
import { textOf } from '../wire/otlp/value.js'
import type { DerivedIdentities } from './identities.js'
import { isMap, Unfit, valueAt, withoutEmpty, withoutValue, withValue } from './tree.js'

/** What fields hold; `list` can be taken out and not be set. */
const KINDS = {
  labels: 'labels', attributes: 'map', resource: 'map', scope: 'map', extracted: 'map', metadata: 'map', status: 'map',
  body: 'any', name: 'text', kind: 'text', unit: 'text', help: 'text', severity: 'text', event_name: 'text', trace_id: 'text',
  span_id: 'text', parent_span_id: 'text', trace_state: 'text', ts: 'time', end: 'time', start: 'time', observed: 'time',
  value: 'number', severity_number: 'int', flags: 'int', events: 'list', links: 'list', exemplars: 'list',
} as const

type FieldName = keyof typeof KINDS
const NAMES = Object.keys(KINDS) as FieldName[]
/** Without them a record is none. */
const NEEDED: readonly string[] = ['ts', 'value']

/** Where a field stands in records of a type; null where they do not have it. */
function standsIn(name: string, type: RecordType): 'identity' | 'payload' | null {
  const shape = SHAPES[type]
  if (shape.identity.includes(name)) return 'identity'
  return shape.payload.includes(name) || (name === 'ts' && shape.timed) ? 'payload' : null
}

export class Field {
  constructor(
    /** As it was written. */
    readonly text: string,
    readonly name: FieldName,
    readonly keys: readonly string[],
    private readonly identities: DerivedIdentities,
  ) {}

  stands(type: RecordType): 'identity' | 'payload' | null {
    // The attributes of a data point are its labels, one by one; as a map they tell no more than types.
    if (type === 'metric' && this.name === 'attributes' && this.keys.length !== 1) return null
    return standsIn(this.name, type)
  }

  /** Whether it holds a time: nanoseconds as a decimal string. */
  get isTime(): boolean {
    return KINDS[this.name] === 'time'
  }

  /** Whether it is an attribute of a data point, which its labels tell and `attributes` have the type of. */
  #ofPoint(type: RecordType): boolean {
    return type === 'metric' && (this.name === 'labels' || this.name === 'attributes')
  }

  /** undefined where the record has no such field. */
  get({ identity, payload }: Record): Json | undefined {
    const { name, keys } = this
    const where = this.stands(identity.type)
    if (where === null) return undefined
    if (this.#ofPoint(identity.type)) return pointAttribute(identity, keys[0])
    if (name === 'labels') return hasLabel(identity.labels, keys[0]) ? getLabel(identity.labels, keys[0]) : undefined
    if (where === 'payload') return valueAt(payload[name], keys)
    return name === 'name' ? identity.name || undefined : valueAt(identity.rest[name], keys)
  }

  /** The record with the value there; the same one where records of its type have no such field. Throws Unfit. */
  put(record: Record, value: Json): Record {
    const { identity, payload } = record
    const { name, keys } = this
    const where = this.stands(identity.type)
    if (where === null) return record
    if (where === 'identity') {
      const key = `+${this.text}=${canonical(value)}`
      return { identity: this.identities.get(identity, key, () => this.#putIdentity(identity, value)), payload }
    }
    // A histogram, or a marker that a series ended, has no value and gets none.
    if (name === 'value' && payload.value === undefined) return record
    const fitting = keys.length === 0 ? fit(name, value) : value
    const changed = { ...payload, [name]: withValue(payload[name], keys, fitting) }
    // What was whole is so no more for all that is known.
    if (name === 'value') delete changed.int
    return { identity, payload: withoutEmpty(changed, name) }
  }

  #putIdentity(identity: Identity, value: Json): Identity {
    const { name, keys } = this
    const { type, labels, rest } = identity
    if (this.#ofPoint(type)) return withPointAttribute(identity, keys[0], name === 'labels' ? labelText(value) : value)
    if (name === 'labels') {
      return identity.with(identity.name, labelsOf([...labelPairs(labels), [keys[0], labelText(value)]]))
    }
    const fitting = keys.length === 0 ? fit(name, value) : value
    if (name === 'name') return identity.with(String(fitting), labels)
    const changed = { ...rest, [name]: withValue(rest[name], keys, fitting) }
    return Identity.of(type, identity.name, labels, withoutEmpty(changed, name))
  }

  /** The record without it; the same one where it has none. */
  remove(record: Record): Record {
    const { identity, payload } = record
    const { name, keys } = this
    const where = this.stands(identity.type)
    if (where === null || this.get(record) === undefined) return record
    if (where === 'identity') {
      return { identity: this.identities.get(identity, `-${this.text}`, () => this.#removeIdentity(identity)), payload }
    }
    const changed: { [key: string]: Json | undefined } = { ...payload }
    const map = changed[name]
    if (keys.length > 0 && isMap(map)) changed[name] = withoutValue(map, keys)
    else delete changed[name]
    return { identity, payload: withoutEmpty(changed, name) }
  }

  #removeIdentity(identity: Identity): Identity {
    const { name, keys } = this
    const { type, labels } = identity
    if (name === 'name') return identity.with('', labels)
    const rest: { [key: string]: Json } = { ...identity.rest }
    const point = this.#ofPoint(type)
    if (point || name === 'labels') {
      const typed = rest.attributes
      if (isMap(typed)) rest.attributes = withoutValue(typed, keys)
      const left = [...labelPairs(labels)].filter(([label]) => label !== keys[0])
      return Identity.of(type, identity.name, labelsOf(left), withoutEmpty(rest, 'attributes'))
    }
    const map = rest[name]
    if (keys.length > 0 && isMap(map)) rest[name] = withoutValue(map, keys)
    else delete rest[name]
    return Identity.of(type, identity.name, labels, withoutEmpty(rest, name))
  }
}

/** An attribute of a data point has its type as long as its label says the same. */
export function pointAttribute({ labels, rest }: Identity, key: string): Json | undefined {
  if (!hasLabel(labels, key)) return undefined
  const typed = valueAt(rest.attributes, [key])
  const text = getLabel(labels, key)
  return typed !== undefined && labelText(typed) === text ? typed : text
}

function withPointAttribute(identity: Identity, key: string, value: Json): Identity {
  const { labels, rest } = identity
  const named: Labels = labelsOf([...labelPairs(labels), [key, labelText(value)]])
  const typed = isMap(rest.attributes) ? withoutValue(rest.attributes, [key]) : {}
  const attributes = typeof value === 'string' ? typed : withValue(typed, [key], value)
  return Identity.of(identity.type, identity.name, named, withoutEmpty({ ...rest, attributes }, 'attributes'))
}

/** A value as text; one whose tag says what it does not hold is its JSON. */
export function labelText(value: Json): string {
  try {
    return textOf(value)
  } catch {
    return canonical(value)
  }
}

/** The value as the whole field has it. Throws Unfit. */
function fit(name: FieldName, value: Json): Json {
  switch (KINDS[name]) {
    case 'text':
      return labelText(value)
    case 'map':
      if (isMap(value)) return value
      break
    case 'number': {
      const number = numberOf(isMap(value) ? valueAt(value, ['$double']) : value)
      if (number !== undefined) return isMap(value) ? value.$double : value
      break
    }
    case 'int':
      if (typeof value === 'number' && Number.isSafeInteger(value)) return value
      break
    case 'time': {
      const whole = typeof value === 'number' ? String(value) : valueAt(value, ['$int'])
      const nanos = typeof value === 'string' ? value : whole
      if (typeof nanos === 'string' && /^(?:0|-?[1-9][0-9]{0,19})$/.test(nanos)) return nanos
      throw new Unfit(`${name}: expected a timestamp or whole nanoseconds`)
    }
    default:
      return value
  }
  throw new Unfit(`${name}: expected ${KINDS[name] === 'map' ? 'a map' : 'a number'}, not ${canonical(value).slice(0, 80)}`)
}

/** What is done to a field. */
export type Use = 'set' | 'delete'

/** The field that a text names: `name`, `labels.job`, `attributes["http.route"]`. Throws a Problem with its place. */
export async function parseField(text: string, use: Use, identities: DerivedIdentities): Promise<Field> {
  const tree = await parseExpression(text, { maxLength: 65_536, maxDepth: 32 })
  const keys: string[] = []
  const fault = (node: Node, message: string, details: { expected?: string; hint?: string }) =>
    new Problem(message, { ...details, place: placeIn(text, node.start, node.end) })
  let node: Node = tree
  for (;;) {
    if (node.op === '.') keys.unshift(node.args[1])
    else if (node.op === '[]' && isText(node.args[1])) keys.unshift(node.args[1].args)
    else break
    node = node.args[0]
  }
  const expected = 'a field such as name, labels.job or attributes["http.route"]'
  if (node.op !== 'id') throw fault(node, 'no field of a record', { expected })
  const name = node.args as FieldName
  if (!NAMES.includes(name)) {
    const hint = didYouMean(name, NAMES)
    const details = hint === undefined ? { expected: NAMES.join(', ') } : { hint }
    throw fault(node, `no field that can be changed: '${node.args}'`, details)
  }
  const kind = KINDS[name]
  if (keys.length > 0 && kind !== 'map' && kind !== 'any' && !(kind === 'labels' && keys.length === 1)) {
    throw fault(tree, `'${name}' has no fields of its own`, {})
  }
  if (kind === 'labels' && keys.length === 0) throw fault(tree, 'one label at a time', { expected: 'labels.job' })
  if (use === 'set' && kind === 'list') throw fault(tree, `'${name}' cannot be set`, {})
  if (use === 'delete' && NEEDED.includes(name)) throw fault(tree, `a record needs its '${name}'`, {})
  return new Field(text, name, keys, identities)
}

function isText(node: Node): node is Node & { op: 'value'; args: string } {
  return node.op === 'value' && typeof node.args === 'string'
}
