// Remote write 2.0: our bytes against protobufjs and the schema, back to records, and down to 1.0.

import t from 'tap'
import { Identity, labelsOf, type NativeHistogram, type Payload, type Record, tailText } from '../../lib/record/index.js'
import { decodeRequest, readRequest } from '../../lib/wire/remote_write/decode_v2.js'
import { decodeWriteRequest, readWriteRequest } from '../../lib/wire/remote_write/decode.js'
import { Families } from '../../lib/wire/remote_write/families.js'
import { Budget } from '../../lib/wire/remote_write/read.js'
import { sampleOf } from '../../lib/wire/remote_write/sample.js'
import { labelsComplaint, seriesLabels, seriesOf } from '../../lib/wire/remote_write/series.js'
import { WriteRequest } from '../../lib/wire/remote_write/v1.js'
import { SymbolicRequest } from '../../lib/wire/remote_write/v2.js'
import { countRequest, downgrade, versionOf } from '../../lib/wire/remote_write/version.js'
import { loadSnappy } from '../../lib/wire/snappy.js'
import { encodeMessage } from '../support/remote_write.js'
import { decodeRequestMessage, encodeRequestMessage, labelsAt } from '../support/remote_write_v2.js'
import fc from '../support/property.js'

const snappy = await loadSnappy()
const name = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 8 })
const labels = fc.array(fc.tuple(name, name), { maxLength: 5 }).map((pairs) => labelsOf([...pairs, ['job', 'node']]))
const millis = fc.integer({ min: 1, max: 1.9e12 })
const nanos = millis.map((ms) => `${ms}000000`)
const number = fc
  .oneof(fc.double(), fc.constantFrom(NaN, Infinity, -Infinity, -0, 5e-324))
  .map((value) => (Number.isFinite(value) ? value : Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf'))

const custom: NativeHistogram = {
  schema: -53,
  count: 5.5,
  sum: 4.25,
  zero_count: 0,
  positive_spans: [{ offset: 0, length: 3 }],
  positive_counts: [3, 2, 0.5],
  custom_values: [0.1, 1],
}
const integer: NativeHistogram = {
  schema: 3,
  count: '9007199254740999',
  sum: 18.4,
  zero_threshold: 1e-128,
  zero_count: '0',
  positive_spans: [{ offset: -2, length: 1 }],
  positive_deltas: ['9007199254740999'],
  reset: 'gauge',
}
const point = fc.oneof(
  fc.record({ value: number }),
  fc.constant({ stale: true }),
  fc.constantFrom({ histogram: custom }, { histogram: integer }),
)
const exemplar = fc.record({ labels: fc.constantFrom({ trace_id: 'a' }, { trace_id: 'b', span: 'job' }), value: number, ts: nanos })
const more = fc.record({ start: nanos, exemplars: fc.array(exemplar, { minLength: 1, maxLength: 2 }) }, { requiredKeys: [] })
const record = fc
  .tuple(name, labels, fc.constantFrom('', 'counter', 'gauge', 'unknown'), nanos, point, more)
  .map(([name, labels, kind, ts, point, more]): Record => {
    const identity = Identity.of('metric', name, labels, kind === '' ? {} : { kind })
    return { identity, payload: { ts, ...point, ...more } as unknown as Payload }
  })
  .filter(({ identity }) => !identity.labels.includes('__name__'))

const lines = (records: readonly Record[]) =>
  records.map(({ identity, payload }) => identity.prefix.toString() + tailText(identity, payload))

function encode(records: readonly Record[], request = new SymbolicRequest(new Families(100))): Buffer {
  for (const { identity, payload } of records) {
    const sample = sampleOf(payload, Number(payload.ts!.slice(0, -6)))
    if (typeof sample === 'string') throw new Error(sample)
    const labels = seriesLabels(identity.name, identity.labels, new Map())
    request.addSample(request.series(labels, identity, 0), sample)
  }
  return Buffer.from(request.finish())
}

t.test('what the schema says: symbols once, references in range, labels sorted', async (t) => {
  const builder = new SymbolicRequest(new Families(100))
  fc.assert(
    fc.property(fc.array(record, { maxLength: 12 }), (records) => {
      const { symbols, timeseries } = decodeRequestMessage(encode(records, builder))
      t.same([...new Set(symbols)], symbols)
      t.equal(timeseries.length, records.length)
      if (records.length > 0) t.equal(symbols[0], '')
      timeseries.forEach((series, i) => {
        const { identity, payload } = records[i]
        const flat = labelsAt(series.labels_refs, symbols).flatMap(({ name, value }) => [name, value])
        t.same(flat, seriesLabels(identity.name, identity.labels, new Map()))
        const [sent] = [...series.samples, ...series.histograms]
        const start = ((payload.start ?? '') as string).slice(0, -6)
        t.same([`${sent.timestamp}000000`, sent.start_timestamp], [payload.ts, start || '0'])
        t.equal(series.created_timestamp, start || '0')
        t.equal(series.exemplars.length, ((payload.exemplars ?? []) as unknown as unknown[]).length)
        t.equal(series.metadata === null, identity.kind === '')
      })
    }),
    { numRuns: 150 },
  )
})

t.test('a request decodes to the records that it was made of, whoever encoded it', async (t) => {
  fc.assert(
    fc.property(fc.array(record, { maxLength: 8 }), (records) => {
      const bytes = encode(records)
      t.same(lines(decodeRequest(bytes)), lines(records))
      // The same message with its fields in the order of protobufjs, nothing else left out.
      t.same(lines(decodeRequest(encodeRequestMessage(decodeRequestMessage(bytes)))), lines(records))
    }),
    { numRuns: 150 },
  )
})

t.test('down to 1.0: the same records but for kind and start', async (t) => {
  fc.assert(
    fc.property(fc.array(record, { maxLength: 8 }), (records) => {
      const bytes = encode(records)
      const expected = records.map(({ identity, payload: { start: _, ...payload } }) => ({
        identity: Identity.of('metric', identity.name, identity.labels),
        payload,
      }))
      const got = decodeWriteRequest(downgrade(bytes))
      t.same(lines(got.filter(({ identity }) => identity.type === 'metric')), lines(expected))
      const kinds = new Map(records.filter(({ identity }) => identity.kind !== '').map(({ identity: { name, kind } }) => [name, kind]))
      const said = got.filter(({ identity }) => identity.type === 'metadata').map(({ identity: { name, kind } }) => [name, kind])
      t.same(new Map(said as [string, string][]), kinds)
    }),
    { numRuns: 100 },
  )
})

t.test('the version is told from the compressed bytes', async (t) => {
  fc.assert(
    fc.property(fc.array(record, { minLength: 1, maxLength: 30 }), (records) => {
      const two = encode(records)
      t.equal(versionOf(snappy.compress(two)), 2)
      t.equal(versionOf(snappy.compress(downgrade(two))), 1)
    }),
    { numRuns: 50 },
  )
  // Literals of every length of length.
  for (const length of [1, 59, 60, 61, 255, 256, 257, 65536, 70000]) {
    const request = new WriteRequest()
    request.add(seriesOf(['__name__', Array.from({ length }, (_, i) => String.fromCharCode(33 + ((i * i) % 90))).join('')]), 1, 1)
    t.equal(versionOf(snappy.compress(request.finish())), 1)
  }
  t.equal(versionOf(Buffer.alloc(0)), 1)
})

t.test('counts', async (t) => {
  const id = Identity.of('metric', 'a', [])
  const payloads = [
    { ts: '1000000', value: 1, exemplars: [{ value: 1 }, { value: 2 }] },
    { ts: '1000000', histogram: custom },
    { ts: '1000000', stale: true },
  ] as unknown as Payload[]
  const bytes = encode(payloads.map((payload) => ({ identity: id, payload })))
  t.same(countRequest(bytes), { samples: 2, histograms: 1, exemplars: 2 })
})

t.test('metadata: of the family that the series belongs to, as it is known when the series is sent', async (t) => {
  const families = new Families(2)
  const request = new SymbolicRequest(families)
  const id = Identity.of('metric', 'h_bucket', ['le', '1.0'], { kind: 'histogram' })
  const series = request.series(seriesLabels(id.name, id.labels, new Map()), id, 0)
  const said = () => {
    request.add(series, 1, 1_700_000_000_000)
    const { symbols, timeseries } = decodeRequestMessage(request.finish())
    const { type, help_ref: help, unit_ref: unit } = timeseries[0].metadata!
    return [type, symbols[help], symbols[unit]]
  }
  const family = (name: string, help: string) => Identity.of('metadata', name, [], { kind: 'histogram', unit: 's', help })
  t.same(said(), [3, '', ''])
  t.ok(families.add(family('h', 'One.')))
  t.same(said(), [3, 'One.', 's'])
  t.notOk(families.add(family('h', 'One.')), 'nothing new')
  t.ok(families.add(family('h', 'Two.')))
  t.same(said(), [3, 'Two.', 's'])
  families.add(family('x', ''))
  families.add(family('y', ''))
  t.same(said(), [3, '', ''], 'forgotten, as two others came')
})

t.test('odd requests: references out of range, odd numbers of them, symbols behind or missing', async (t) => {
  const with_ = (object: object) => () => decodeRequest(encodeRequestMessage(object))
  t.throws(with_({ symbols: ['', 'a'], timeseries: [{ labels_refs: [1, 2], samples: [{}] }] }), { message: 'symbol 2 of 2' })
  t.throws(with_({ symbols: ['', 'a'], timeseries: [{ labels_refs: [1] }] }), { message: /not in pairs/ })
  t.throws(with_({ symbols: ['a'] }), { message: /first symbol/ })
  t.throws(with_({ timeseries: [{ metadata: { help_ref: 7 } }] }), { message: 'symbol 7 of 0' })
  t.same(with_({ timeseries: [{ metadata: {} }] })(), [])
  const symbols = encodeRequestMessage({ symbols: ['', '__name__', 'a'] })
  const series = encodeRequestMessage({ timeseries: [{ labels_refs: [1, 2], samples: [{ value: 1, timestamp: 2 }] }] })
  t.equal(decodeRequest(Buffer.concat([series, symbols]))[0].identity.name, 'a')
})

t.test('labels that are not UTF-8 are kept apart from those that are', async (t) => {
  const bytes = encodeMessage({ timeseries: [{ labels: [{ name: '__name__', value: 'ab\ufffd' }], samples: [{}] }] })
  t.equal(labelsComplaint(readWriteRequest(bytes, new Budget(100)).series[0].labels), null)
  bytes[bytes.indexOf('ab')] = 0xff
  const [series] = readWriteRequest(bytes, new Budget(100)).series
  t.match(labelsComplaint(series.labels), /invalid metric name/)
})

/** Bytes of a real request with some of them changed, cut, doubled; or any bytes. */
function mutated(valid: readonly Buffer[]): fc.Arbitrary<Buffer> {
  const change = fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 }))
  const from = fc.tuple(fc.constantFrom(...valid), fc.array(change, { maxLength: 6 }), fc.nat(), fc.boolean())
  return fc.oneof(
    fc.uint8Array({ maxLength: 80 }).map((bytes) => Buffer.from(bytes)),
    from.map(([bytes, changes, cut, doubled]) => {
      const copy = doubled ? Buffer.concat([bytes, bytes.subarray(cut % bytes.length)]) : Buffer.from(bytes)
      for (const [at, byte] of changes) copy[at % copy.length] = byte
      return cut % 3 === 0 ? copy.subarray(0, cut % copy.length) : copy
    }),
  )
}

const samples = fc.sample(fc.array(record, { minLength: 1, maxLength: 5 }), { numRuns: 20, seed: 1 }).map((records) => encode(records))

t.test('generated and mutated bytes are records or an error, in time and memory that follow their length', async (t) => {
  const valid = [...samples, ...samples.map((bytes) => Buffer.from(downgrade(bytes)))]
  for (const read of [readRequest, readWriteRequest]) {
    fc.assert(
      fc.property(mutated(valid), (bytes) => {
        try {
          const { series, metadata } = read(bytes, new Budget(1000))
          t.ok(series.length + metadata.length <= 1000)
        } catch (error) {
          t.type(error, Error)
        }
      }),
      { numRuns: 1500 },
    )
  }
  fc.assert(
    fc.property(mutated(valid.map((bytes) => snappy.compress(bytes))), (bytes) => {
      versionOf(bytes)
      try {
        snappy.uncompress(bytes)
      } catch (error) {
        t.type(error, Error)
      }
    }),
    { numRuns: 500 },
  )
})

t.test('elements are bounded: a few bytes each would take much memory', async (t) => {
  // Empty series, labels, symbols, and numbers of a list, many of each.
  const many = (bytes: readonly number[]) => Buffer.alloc(bytes.length * 200_000, Buffer.from(bytes))
  const inside = (tag: number, bytes: Buffer) => {
    const head = [tag]
    for (let rest = bytes.length; ; rest >>>= 7) {
      if (rest < 0x80) return Buffer.concat([Buffer.from([...head, rest]), bytes])
      head.push((rest & 0x7f) | 0x80)
    }
  }
  for (const [read, bytes] of [
    [readWriteRequest, many([0x0a, 0])],
    [readWriteRequest, inside(0x0a, many([0x0a, 0]))],
    [readWriteRequest, inside(0x0a, inside(0x22, many([0x60, 1])))],
    [readRequest, many([0x22, 0])],
    [readRequest, many([0x2a, 0])],
    [readRequest, inside(0x2a, inside(0x0a, many([0])))],
    [readRequest, inside(0x2a, inside(0x1a, many([0x42, 0])))],
  ] as const) {
    t.throws(() => read(bytes, new Budget(100_000)), { message: 'too many elements' })
    // Without a bound it is done in a moment all the same: nothing is copied again and again.
    t.doesNotThrow(() => read(bytes, new Budget(Infinity)))
  }
})

