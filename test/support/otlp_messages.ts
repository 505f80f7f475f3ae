// Arbitrary messages of OTLP, from the table of its fields.

import type { Field, MessageType, Scalar } from '../../lib/wire/otlp/schema.js'
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
