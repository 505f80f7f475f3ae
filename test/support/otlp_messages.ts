// Arbitrary messages of OTLP, from the table of its fields; and profiles with what they refer to in the place of its
// index.

import { DICTIONARY, type Field, type MessageType, REQUESTS, type Scalar } from '../../lib/wire/otlp/schema.js'
import fc from './property.js'

const text = fc.string({ unit: 'grapheme', maxLength: 6 })
const hex = (bytes: number) =>
  fc.uint8Array({ minLength: bytes, maxLength: bytes }).map((id) => Buffer.from(id).toString('hex'))
const big = (min: bigint, max: bigint) => fc.bigInt({ min, max }).map(String)

const SCALARS: { readonly [K in Scalar]: fc.Arbitrary<unknown> } = {
  string: text,
  bool: fc.boolean(),
  bytes: fc.uint8Array({ maxLength: 5 }).map((bytes) => Buffer.from(bytes).toString('base64')),
  id: fc.oneof(hex(8), hex(16)),
  double: fc.oneof(fc.double(), fc.integer()),
  uint32: fc.nat({ max: 0xffff_ffff }),
  fixed32: fc.nat({ max: 0xffff_ffff }),
  int32: fc.oneof(fc.integer({ min: 0, max: 6 }), fc.integer()),
  sint32: fc.integer(),
  int64: big(-(2n ** 63n), 2n ** 63n - 1n),
  sfixed64: big(-(2n ** 63n), 2n ** 63n - 1n),
  uint64: big(0n, 2n ** 64n - 1n),
  fixed64: big(0n, 2n ** 64n - 1n),
}

/** Messages of a type; below a depth the fields that are messages stay empty. */
export function messages(type: MessageType, depth: number): fc.Arbitrary<object> {
  const arbitrary = ({ kind, list, name }: Field): fc.Arbitrary<unknown> => {
    if (typeof kind === 'string') return list ? fc.array(SCALARS[kind], { minLength: 1, maxLength: 3 }) : SCALARS[kind]
    if (depth <= 0) return list ? fc.constant([]) : fc.constant({})
    const inner = messages(kind, depth - 1)
    if (!list) return inner
    const key = (one: object) => (one as { key?: string }).key ?? ''
    // Keys are unique, which OTLP asks for.
    return kind.byName.has('key')
      ? fc.uniqueArray(inner, { maxLength: 3, selector: key })
      : fc.array(inner, { minLength: name === 'dataPoints' ? 1 : 0, maxLength: 2 })
  }
  const plain = type.fields.filter(({ choice }) => !choice)
  const choices = type.fields.filter(({ choice }) => choice)
  const record = fc.record(Object.fromEntries(plain.map((field) => [field.name, arbitrary(field)])), { requiredKeys: [] })
  if (choices.length === 0) return record
  const choice = fc.oneof(...choices.map((field) => fc.record({ [field.name]: arbitrary(field) })), fc.constant({}))
  return fc.tuple(record, choice).map(([one, other]) => ({ ...one, ...other }))
}

interface Fields {
  [name: string]: unknown
}

/** The table that a field is an index into, as the names of fields tell. */
function tableOf(name: string): string | undefined {
  const [, what, how] = /^(.*?)(Strindex|Index|Indices)$/.exec(name) ?? []
  if (what === undefined) return undefined
  return how === 'Strindex' ? 'stringTable' : `${what}Table`
}

/** A message with other fields: what `index` and `made` say of each index and each message. */
function changed(
  message: Fields,
  type: MessageType,
  index: (value: number, table: string) => unknown,
  made: (fields: Fields) => Fields,
): Fields {
  const fields: Fields = {}
  for (const { name, kind, list, present } of type.fields) {
    const value = message[name] ?? (tableOf(name) === undefined || list || present ? undefined : 0)
    if (value === undefined) continue
    const one = (inner: unknown) => {
      const table = tableOf(name)
      if (table !== undefined) return index(inner as number, table)
      return typeof kind === 'string' ? inner : changed(inner as Fields, kind, index, made)
    }
    fields[name] = list ? (value as unknown[]).map(one) : one(value)
  }
  return made(fields)
}

/**
 * Requests of profiles whose indices are into their tables, whose attributes have keys of their own, and whose samples
 * have values.
 */
export function profileRequests(depth: number): fc.Arbitrary<object> {
  return messages(REQUESTS.profiles, depth).map((request) => {
    const { dictionary = {} } = request as { dictionary?: { [table: string]: unknown[] | undefined } }
    const fitting = (value: number, table: string) => Math.abs(value) % Math.max(1, dictionary[table]?.length ?? 0)
    const texts = dictionary.stringTable ?? []
    const unique = (list: readonly Fields[]) => [...new Map(list.map((one) => [one.key || texts[one.keyStrindex as number] || '', one])).values()]
    return changed(request as Fields, REQUESTS.profiles, fitting, (fields) => {
      if (fields.attributeIndices !== undefined && 'stackIndex' in fields) fields.values ??= ['1']
      if (fields.attributes !== undefined) fields.attributes = unique(fields.attributes as Fields[])
      const list = fields.values as Fields[] | undefined
      if (list?.some((one) => typeof one === 'object' && ('key' in one || 'keyStrindex' in one)) === true) fields.values = unique(list)
      return fields
    })
  })
}

/** A request with entries in the place of their indices, and without the dictionary. */
export function resolvedProfiles(request: object): object {
  const { dictionary = {}, ...rest } = request as { dictionary?: { [table: string]: unknown[] | undefined } }
  const types = new Map(DICTIONARY.fields.map(({ name, kind }) => [name, kind]))
  const entry = (index: number, table: string): unknown => {
    const found = dictionary[table]?.[index]
    const kind = types.get(table)!
    // The first of an empty table is nothing, as that of any other should be.
    if (found === undefined) return typeof kind === 'string' ? '' : {}
    return typeof kind === 'string' ? found : changed(found as Fields, kind, entry, plain)
  }
  return changed(rest, REQUESTS.profiles, entry, plain)
}

/** Texts where they would stand if they were no indices. */
function plain(fields: Fields): Fields {
  if ('stringValueStrindex' in fields) return { stringValue: fields.stringValueStrindex ?? '' }
  if (!('keyStrindex' in fields) || 'unitStrindex' in fields) return fields
  const { keyStrindex, key, ...rest } = fields
  return { key: key || keyStrindex, ...rest }
}
