// Jaeger's thrift: whatever the bytes are, they are read within their bounds or refused.

import t from 'tap'
import { readThriftBatch } from '../../lib/wire/jaeger/thrift.js'
import { readPostSpans } from '../../lib/wire/jaeger/protobuf.js'
import { recordsOfBatch } from '../../lib/wire/jaeger/records.js'
import type { JaegerBatch } from '../../lib/wire/jaeger/model.js'
import fc from '../support/property.js'

const BOUNDS = { max_elements: 200, max_depth: 8 }

const int = (bytes: number, value: number | bigint) => {
  const buffer = Buffer.alloc(8)
  buffer.writeBigInt64BE(BigInt(value))
  return buffer.subarray(8 - bytes)
}
const field = (type: number, id: number, ...value: Buffer[]) => Buffer.concat([Buffer.from([type]), int(2, id), ...value])
const text = (value: string) => Buffer.concat([int(4, Buffer.byteLength(value)), Buffer.from(value)])
const struct = (...fields: Buffer[]) => Buffer.concat([...fields, Buffer.from([0])])
const list = (...structs: Buffer[]) => Buffer.concat([Buffer.from([12]), int(4, structs.length), ...structs])
const double = (value: number) => {
  const buffer = Buffer.alloc(8)
  buffer.writeDoubleBE(value)
  return buffer
}

const TAGS = list(
  struct(field(11, 1, text('text')), field(8, 2, int(4, 0)), field(11, 3, text('€'))),
  struct(field(11, 1, text('part')), field(8, 2, int(4, 1)), field(4, 4, double(0.5))),
  struct(field(11, 1, text('yes')), field(8, 2, int(4, 2)), field(2, 5, int(1, 1))),
  struct(field(11, 1, text('big')), field(8, 2, int(4, 3)), field(10, 6, int(8, -(2n ** 63n)))),
  struct(field(11, 1, text('raw')), field(8, 2, int(4, 4)), field(11, 7, text('\0\u0001'))),
  struct(field(11, 1, text('none')), field(8, 2, int(4, 0))),
)
const REFERENCES = list(struct(field(8, 1, int(4, 1)), field(10, 2, int(8, 1)), field(10, 3, int(8, 2)), field(10, 4, int(8, 9))))
const LOGS = list(struct(field(10, 1, int(8, 3)), field(15, 2, list(struct(field(11, 1, text('event')), field(11, 3, text('e')))))))
const SPAN = struct(
  field(10, 1, int(8, 1)), field(10, 2, int(8, 2)), field(10, 3, int(8, 3)), field(10, 4, int(8, 4)), field(11, 5, text('name')),
  field(15, 6, REFERENCES), field(8, 7, int(4, 1)), field(10, 8, int(8, 5)), field(10, 9, int(8, -9)), field(15, 10, TAGS),
  field(15, 11, LOGS), field(2, 12, int(1, 1)),
)
const BATCH = struct(field(12, 1, struct(field(11, 1, text('shop')))), field(15, 2, list(SPAN)))

t.test('everything that a span of thrift has', async (t) => {
  const [{ identity, payload }] = recordsOfBatch(readThriftBatch(BATCH, BOUNDS))
  t.same(identity.rest, { resource: { 'service.name': 'shop' } })
  t.same(payload, {
    ts: '5000', end: '0', trace_id: '00000000000000020000000000000001', span_id: '0000000000000003', parent_span_id: '0000000000000004',
    name: 'name', attributes: { text: '€', part: 0.5, yes: true, big: { $int: '-9223372036854775808' }, raw: { $bytes: 'AAE=' }, none: '' },
    events: [{ ts: '3000', name: 'e' }],
    links: [{ trace_id: '00000000000000020000000000000001', span_id: '0000000000000009', attributes: { 'opentracing.ref_type': 'follows_from' } }],
  })
})

t.test('other bytes: read or refused, within the bounds', async (t) => {
  const tried = (read: () => JaegerBatch) => {
    try {
      for (const { identity, payload } of recordsOfBatch(read())) JSON.stringify([identity.prefix.toString(), payload])
    } catch (error) {
      // A mistake of the reader would be a TypeError.
      if (error instanceof TypeError) throw error
    }
    return true
  }
  const changes = fc.array(fc.tuple(fc.nat(BATCH.length - 1), fc.nat(255)), { maxLength: 6 })
  fc.assert(
    fc.property(changes, fc.nat(BATCH.length), (changed, length) => {
      const bytes = Buffer.from(BATCH)
      for (const [at, byte] of changed) bytes[at] = byte
      return tried(() => readThriftBatch(bytes.subarray(0, length), BOUNDS)) && tried(() => readThriftBatch(bytes, BOUNDS))
    }),
  )
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
    return tried(() => readThriftBatch(Buffer.from(bytes), BOUNDS)) && tried(() => readPostSpans(Buffer.from(bytes), BOUNDS))
  }))
  t.pass()
})
