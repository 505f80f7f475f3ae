// OTLP items carried as bytes: what is read without decoding says the same as what is decoded, or is left to that; any choice of
// items goes out as it came.

import { isDeepStrictEqual } from 'node:util'
import t from 'tap'
import { ByteBuffer, type Identity, type Record, tailText } from '../../lib/record/index.js'
import { entryOf, type Json } from '../../lib/record/json.js'
import { SHAPES } from '../../lib/record/type.js'
import { spanComplaint } from '../../lib/receive/trace_ids.js'
import { ExportRequest } from '../../lib/wire/otlp/export_request.js'
import type { ItemBatch } from '../../lib/wire/otlp/item_batch.js'
import { ItemReader } from '../../lib/wire/otlp/item_reader.js'
import type { Requests } from '../../lib/wire/otlp/message.js'
import { decodeMessage, encodeMessage } from '../../lib/wire/otlp/protobuf.js'
import { RECORD_OF, recordsOf } from '../../lib/wire/otlp/records.js'
import { REQUESTS } from '../../lib/wire/otlp/schema.js'
import { messages } from '../support/otlp_messages.js'
import fc from '../support/property.js'

t.setTimeout(120_000)

const BOUNDS = { max_elements: 100_000, max_depth: 64 }
type ItemSignal = 'traces' | 'logs'
interface Item {
  traceId?: string
  spanId?: string
  parentSpanId?: string
}

const reader = () => new ItemReader(new Map<string, Identity>(), (identity) => identity)
const lineOf = ({ identity, payload }: Record) => identity.prefix.toString() + tailText(identity, payload)
const linesOf = (batch: ItemBatch) => Array.from({ length: batch.length }, (_, row) => lineOf({ identity: batch.id(row), payload: batch.payload(row) }))
const decoded = (signal: ItemSignal, bytes: Buffer) =>
  recordsOf(signal, decodeMessage<Requests[ItemSignal]>(bytes, REQUESTS[signal], BOUNDS))

/** Requests in which every item has ids that are some. */
function requests(signal: ItemSignal): fc.Arbitrary<Buffer> {
  return fc.tuple(messages(REQUESTS[signal], 7), fc.boolean()).map(([request, root]) => {
    const { resourceSpans = [], resourceLogs = [] } = request as { [name: string]: { [name: string]: { [name: string]: Item[] }[] }[] }
    const items = [...resourceSpans, ...resourceLogs].flatMap((one) => (one.scopeSpans ?? one.scopeLogs ?? []).flatMap((two) => two.spans ?? two.logRecords ?? []))
    for (const item of items) {
      Object.assign(item, { traceId: 'ab'.repeat(16), spanId: 'cd'.repeat(8) })
      if (root || signal === 'logs') delete item.parentSpanId
      else item.parentSpanId = 'ef'.repeat(8)
    }
    return Buffer.from(encodeMessage(request, REQUESTS[signal]))
  })
}

for (const signal of ['traces', 'logs'] as const) {
  t.test(`${signal}: items in bytes say what they say decoded`, async () => {
    fc.assert(
      fc.property(requests(signal), fc.array(fc.boolean(), { maxLength: 20 }), fc.nat(3), fc.nat(200), (bytes, choice, items, size) => {
        const batch = reader().read(signal, bytes, BOUNDS)
        if (batch === null) return false
        const lines = decoded(signal, bytes).map(lineOf)
        const out = new ByteBuffer()
        batch.write(out)
        if (out.take().toString() !== lines.join('') || linesOf(batch).join('') !== lines.join('')) return false
        const take = Int32Array.from([...lines.keys()].filter((row) => choice[row] ?? true))
        const chosen = batch.select([...take].map((row) => batch.id(row)), take)
        const request = new ExportRequest(signal)
        chosen.runs(() => ({ items: items + 1, bytes: size }), (id, start, end, row, count) => {
          if (count > items + 1) throw new Error(`${count} items from ${row} on`)
          request.addItems(id, chosen.bytes, start, end, count)
        })
        if (request.records !== take.length) return false
        const again = decoded(signal, request.finish()).map(lineOf)
        return again.sort().join('') === [...take].map((row) => lines[row]).sort().join('')
      }),
      { numRuns: 150 },
    )
  })

  t.test(`${signal}: a part says what it says in the payload`, async () => {
    const fields = [...SHAPES[RECORD_OF[signal]].payload, 'ts', 'nobody']
    fc.assert(
      fc.property(requests(signal), fc.string(), (bytes, other) => {
        const batch = reader().read(signal, bytes, BOUNDS)!
        return decoded(signal, bytes).every(({ payload }, row) => {
          const attributes = payload.attributes as { [key: string]: Json } | undefined
          const keys = ['', '__proto__', other, ...Object.keys(attributes ?? {})]
          return fields.every((field) => isDeepStrictEqual(batch.part(row, field), payload[field]))
            && keys.every((key) => isDeepStrictEqual(batch.part(row, 'attributes', key), entryOf(attributes, key)))
        })
      }),
      { numRuns: 150 },
    )
  })

  t.test(`${signal}: what was damaged is read as it is when decoded, or not at all`, async (t) => {
    let read = 0
    fc.assert(
      fc.property(requests(signal), fc.nat(), fc.nat(255), fc.integer({ min: -2, max: 2 }), (bytes, at, byte, more) => {
        if (bytes.length === 0) return true
        const damaged = more < 0 ? bytes.subarray(0, at % bytes.length) : Buffer.concat([bytes, bytes.subarray(0, more)])
        if (damaged.length > 0 && more !== 1) damaged[at % damaged.length] = byte
        const batch = reader().read(signal, damaged, BOUNDS)
        if (batch === null) return true
        read++
        const records = decoded(signal, damaged)
        if (!records.every(({ payload }, row) => Object.keys(payload).every((field) => isDeepStrictEqual(batch.part(row, field), payload[field])))) return false
        return records.every(({ identity, payload }) => identity.type !== 'span' || spanComplaint(payload) === null)
          && records.map(lineOf).join('') === linesOf(batch).join('')
      }),
      { numRuns: 600 },
    )
    t.ok(read > 10, 'some damage is none')
  })
}

t.test('bounds, ids that are none and parts that come twice are left to those who decode', async (t) => {
  const span = { traceId: 'ab'.repeat(16), spanId: 'cd'.repeat(8), attributes: [{ key: 'a', value: { arrayValue: { values: [{ stringValue: 'x' }] } } }] }
  const of = (...spans: object[]) => Buffer.from(encodeMessage({ resourceSpans: [{ scopeSpans: [{ spans }] }] }, REQUESTS.traces))
  const read = (bytes: Buffer, bounds = BOUNDS) => reader().read('traces', bytes, bounds)
  t.equal(read(of(span, span))?.length, 2)
  t.equal(read(Buffer.alloc(0))?.length, 0)
  t.equal(read(of(span), { max_elements: 100, max_depth: 3 }), null)
  t.equal(read(of(span), { max_elements: 3, max_depth: 64 }), null)
  for (const wrong of [{ traceId: 'ab' }, { spanId: '00'.repeat(8) }, { parentSpanId: '00'.repeat(8) }, { traceId: undefined }, { spanId: undefined, parentSpanId: 'cd'.repeat(8) }])
    t.equal(read(of(span, { ...span, ...wrong })), null)
  const resource = encodeMessage({ resourceSpans: [{ resource: { attributes: [] } }] }, REQUESTS.traces).subarray(2)
  const twice = Buffer.concat([resource, resource])
  t.equal(read(Buffer.concat([Buffer.from([0x0a, twice.length]), twice])), null)
})

t.test('an identity is the same object as long as it is remembered', async (t) => {
  const items = reader()
  const spans = [{ traceId: 'ab'.repeat(16), spanId: 'cd'.repeat(8) }]
  const of = (name: string) => Buffer.from(encodeMessage({ resourceSpans: [{ schemaUrl: 's', scopeSpans: [{ scope: { name }, spans }] }] }, REQUESTS.traces))
  const id = (name: string) => items.read('traces', of(name), BOUNDS)!.id(0)
  t.equal(id('a'), id('a'))
  t.not(id('a'), id('b'))
  t.equal(id('a').prefix.toString(), '{"type":"span","resource_meta":{"schema_url":"s"},"scope":{"name":"a"},"ts":"')
})
