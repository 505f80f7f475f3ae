// Remote write 1.0: our bytes against protobufjs and the schema, and back to records.

import t from 'tap'
import { compareCodePoints } from '../../lib/record/json.js'
import { Identity, labelsOf, type NativeHistogram, type Record, tailText } from '../../lib/record/index.js'
import { decodeWriteRequest } from '../../lib/wire/remote_write/decode.js'
import { checkHistogram } from '../../lib/wire/remote_write/histogram.js'
import { labelsComplaint, seriesLabels, seriesOf } from '../../lib/wire/remote_write/series.js'
import { checkExemplars, metadataMessage, WriteRequest } from '../../lib/wire/remote_write/v1.js'
import { loadSnappy } from '../../lib/wire/snappy.js'
import { decodeMessage, encodeMessage } from '../support/remote_write.js'
import fc from '../support/property.js'

const text = fc.oneof(
  fc.string({ maxLength: 12 }),
  fc.string({ unit: 'grapheme', maxLength: 8 }),
  fc.constantFrom('__proto__', 'le', 'constructor'),
)
const labels = fc
  .array(
    fc.tuple(
      text.filter((name) => name !== ''),
      text,
    ),
    { maxLength: 6 },
  )
  .map(labelsOf)
const name = text.filter((name) => name !== '')
const value = fc.oneof(fc.double(), fc.constantFrom(NaN, Infinity, -Infinity, -0, 0, 5e-324, 1))
const ms = fc.oneof(
  fc.integer({ min: 1.7e12, max: 1.9e12 }),
  fc.maxSafeInteger(),
  fc.constantFrom(0, -1, 2 ** 35 - 1, 2 ** 35, 2 ** 42 - 1, 2 ** 42, 2 ** 28 - 1, 2 ** 31, 2 ** 32),
)

const pairsOf = (flat: readonly string[]) =>
  Array.from({ length: flat.length / 2 }, (_, i) => ({ name: flat[2 * i], value: flat[2 * i + 1] }))

t.test('plain samples are what the schema says, labels sorted, values bit for bit', async (t) => {
  const row = fc.record({ name, labels, value, ms })
  fc.assert(
    fc.property(fc.array(row, { maxLength: 20 }), (rows) => {
      const request = new WriteRequest()
      const sets = rows.map((row) => seriesLabels(row.name, row.labels, new Map()))
      rows.forEach((row, i) => request.add(seriesOf(sets[i]), row.value, row.ms))
      t.equal(request.records, rows.length)
      const { timeseries } = decodeMessage(request.finish())
      t.equal(timeseries.length, rows.length)
      timeseries.forEach((series, i) => {
        t.same(series.labels, pairsOf(sets[i]))
        const names = series.labels.map((label) => label.name)
        t.same(names, [...new Set(names)].sort(compareCodePoints))
        t.equal(series.samples.length, 1)
        t.ok(Object.is(series.samples[0].value, rows[i].value))
        t.equal(series.samples[0].timestamp, String(rows[i].ms))
      })
    }),
    { numRuns: 200 },
  )
})

t.test('a series is encoded once: the quick way and the general one give the same bytes', async (t) => {
  fc.assert(
    fc.property(name, labels, value, ms, (name, labels, value, ms) => {
      const series = seriesOf(seriesLabels(name, labels, new Map()))
      const quick = new WriteRequest()
      quick.add(series, value, ms)
      const general = new WriteRequest()
      general.addSample(series, { value, ms })
      t.ok(Buffer.from(quick.finish()).equals(general.finish()))
    }),
  )
})

t.test('NaN and the staleness marker have the bits that Prometheus looks for', async (t) => {
  const series = seriesOf(['__name__', 'up'])
  const bitsOf = (bytes: Buffer) => bytes.readBigUInt64LE(bytes.length - 8 - 7).toString(16)
  const request = new WriteRequest()
  request.add(series, NaN, 1763804400123)
  t.equal(bitsOf(request.finish()), '7ff8000000000001')
  request.addSample(series, { stale: true, ms: 1763804400123 })
  t.equal(bitsOf(request.finish()), '7ff0000000000002')
  t.equal(decodeMessage(request.finish()).timeseries.length, 0, 'the builder begins anew')
})

const span = fc.record({ offset: fc.nat(1000), length: fc.integer({ min: 1, max: 4 }) })
const spans = fc.array(span, { maxLength: 4 })
const side = spans.chain((spans) => {
  const buckets = spans.reduce((sum, { length }) => sum + length, 0)
  return fc.record({
    spans: fc.constant(spans),
    buckets: fc.array(fc.bigInt(0n, 2n ** 56n), { minLength: buckets, maxLength: buckets }),
  })
})
const deltasOf = (buckets: readonly bigint[]) => buckets.map((bucket, i) => bucket - (i === 0 ? 0n : buckets[i - 1]))
const exact = (number: bigint) => (Number.isSafeInteger(Number(number)) ? Number(number) : String(number))
const finite = fc.double({ noNaN: true })

const integerHistogram = fc
  .record({
    positive: side,
    negative: side,
    zero: fc.bigInt(0n, 2n ** 60n),
    sum: finite,
    schema: fc.integer({ min: -4, max: 8 }),
    threshold: fc.double({ min: 0, max: 1, noNaN: true }),
  })
  .map(({ positive, negative, zero, sum, schema, threshold }): NativeHistogram => ({
    schema,
    sum,
    zero_threshold: threshold,
    zero_count: String(zero),
    reset: 'no',
    count: String([...positive.buckets, ...negative.buckets].reduce((a, b) => a + b, zero)),
    positive_spans: positive.spans,
    positive_deltas: deltasOf(positive.buckets).map(exact),
    negative_spans: negative.spans,
    negative_deltas: deltasOf(negative.buckets).map(exact),
  }))
const floatHistogram = fc
  .record({
    positive: side,
    sum: finite,
    count: fc.double({ min: 0, noNaN: true }),
    schema: fc.integer({ min: -4, max: 8 }),
  })
  .map(({ positive, sum, count, schema }): NativeHistogram => ({
    schema,
    sum,
    count,
    zero_threshold: 0.001,
    zero_count: 2.5,
    positive_spans: positive.spans,
    positive_counts: positive.buckets.map(Number),
    reset: 'gauge',
  }))
const customHistogram = fc
  .uniqueArray(fc.double({ noNaN: true, max: 1e300 }), { maxLength: 5 })
  .map((bounds): NativeHistogram => {
    const sorted = bounds.map((bound) => bound + 0).sort((a, b) => a - b)
    const counts = [...sorted.map((_, i) => BigInt(i)), 7n]
    return {
      schema: -53,
      sum: 1.5,
      count: String(counts.reduce((a, b) => a + b)),
      custom_values: sorted,
      positive_spans: [{ offset: 0, length: counts.length }],
      positive_deltas: deltasOf(counts).map(exact),
    }
  })

/** The same histogram as the schema's message. */
function expectedMessage(histogram: NativeHistogram, ms: number): object {
  const integer = typeof histogram.count === 'string'
  return {
    ...(integer
      ? { count_int: histogram.count, zero_count_int: histogram.zero_count ?? '0' }
      : { count_float: histogram.count, zero_count_float: histogram.zero_count }),
    sum: histogram.sum,
    schema: histogram.schema,
    zero_threshold: histogram.zero_threshold ?? 0,
    negative_spans: histogram.negative_spans ?? [],
    negative_deltas: (histogram.negative_deltas ?? []).map(String),
    negative_counts: histogram.negative_counts ?? [],
    positive_spans: histogram.positive_spans ?? [],
    positive_deltas: (histogram.positive_deltas ?? []).map(String),
    positive_counts: histogram.positive_counts ?? [],
    reset_hint: histogram.reset === undefined ? 0 : ['yes', 'no', 'gauge'].indexOf(histogram.reset) + 1,
    timestamp: String(ms),
    custom_values: histogram.custom_values ?? [],
  }
}

t.test('native histograms are what the schema says, integers beyond 2^53 included', async (t) => {
  fc.assert(
    fc.property(
      fc.oneof(integerHistogram, floatHistogram, customHistogram),
      fc.integer({ min: 1, max: 1.9e12 }),
      (histogram, ms) => {
        const checked = checkHistogram(histogram)
        if (typeof checked === 'string') throw new Error(`${checked}: ${JSON.stringify(histogram)}`)
        const request = new WriteRequest()
        request.addSample(seriesOf(['__name__', 'h']), { histogram: checked, ms })
        const [{ samples, histograms }] = decodeMessage(request.finish()).timeseries
        t.same(samples, [])
        t.same(histograms, [expectedMessage(histogram, ms)])
      },
    ),
    { numRuns: 200 },
  )
})

t.test('histograms that a receiver would refuse are refused here', async (t) => {
  const good = { schema: 0, count: '3', sum: 1, positive_spans: [{ offset: 0, length: 2 }], positive_deltas: [1, 1] }
  t.type(checkHistogram(good), 'object')
  const cases: [string, object, RegExp][] = [
    [
      'more buckets than spans',
      { positive_spans: [{ offset: 0, length: 1 }] },
      /positive_spans hold 1 buckets, but there are 2/,
    ],
    ['fewer', { positive_deltas: [3] }, /hold 2 buckets, but there are 1/],
    ['negative bucket', { positive_deltas: [1, -2] }, /negative/],
    ['count', { count: '4' }, /buckets hold 3 observations, but count is 4/],
    [
      'overlap',
      {
        positive_spans: [
          { offset: 0, length: 1 },
          { offset: -1, length: 1 },
        ],
      },
      /overlap/,
    ],
    ['schema', { schema: 100 }, /schema/],
    ['schema is a word', { schema: '3' }, /schema/],
    ['sum', { sum: 'much' }, /sum/],
    ['fraction', { positive_deltas: [1.5, 1] }, /whole number/],
    ['spans no list', { positive_spans: 3 }, /expected a list/],
    ['span null', { positive_spans: [null] }, /whole offset and length/],
    ['huge length', { positive_spans: [{ offset: 0, length: 2 ** 40 }] }, /whole offset and length/],
    ['bounds without schema', { custom_values: [1] }, /without schema -53/],
    ['descending bounds', { schema: -53, custom_values: [2, 1] }, /ascending/],
    ['reset', { reset: 'maybe' }, /reset/],
    ['negative float', { count: 3, positive_deltas: undefined, positive_counts: [1, -1] }, /negative/],
  ]
  for (const [about, change, complaint] of cases)
    t.match(checkHistogram({ ...good, ...change } as unknown as NativeHistogram), complaint, about)
  t.type(checkHistogram({ ...good, count: '5', sum: 'NaN' }), 'object', 'observations of NaN are in no bucket')
})

t.test('exemplars stand beside their sample', async (t) => {
  const series = seriesOf(['__name__', 'c'])
  const exemplars = checkExemplars(
    [{ labels: { trace_id: 'a' }, value: 'NaN', ts: '1763804400123456789' }, { value: 2 }],
    5,
  )
  if (typeof exemplars === 'string') throw new Error(exemplars)
  const request = new WriteRequest()
  request.addSample(series, { value: 1, ms: 5, exemplars })
  t.match(decodeMessage(request.finish()).timeseries[0], {
    samples: [{ value: 1, timestamp: '5' }],
    exemplars: [
      { labels: [{ name: 'trace_id', value: 'a' }], value: NaN, timestamp: '1763804400123' },
      { labels: [], value: 2, timestamp: '5' },
    ],
  })
  t.match(checkExemplars([{ value: 'x' }], 0), /value/)
  t.match(checkExemplars([null as never], 0), /value/)
  t.match(checkExemplars([{ value: 1, labels: { a: 1 } as never }], 0), /labels/)
  t.match(checkExemplars([{ value: 1, ts: 3 as never }], 0), /ts/)
})

t.test('metadata', async (t) => {
  const request = new WriteRequest()
  request.addMetadata(
    metadataMessage(
      Identity.of('metadata', 'x_seconds', [], { kind: 'gaugehistogram', unit: 'seconds', help: 'hé\nlp' }),
    ),
  )
  request.addMetadata(metadataMessage(Identity.of('metadata', 'y', [], { kind: 'odd' })))
  t.same(decodeMessage(request.finish()).metadata, [
    { type: 4, metric_family_name: 'x_seconds', help: 'hé\nlp', unit: 'seconds' },
    { type: 0, metric_family_name: 'y', help: '', unit: '' },
  ])
})

t.test('a request decodes to the records that it was made of', async (t) => {
  const lines = (records: readonly Record[]) =>
    records.map(({ identity, payload }) => identity.prefix + tailText(identity, payload))
  const records: Record[] = [
    {
      identity: Identity.of(
        'metric',
        'up',
        labelsOf([
          ['job', 'a'],
          ['__proto__', 'b'],
        ]),
      ),
      payload: { ts: '1763804400123000000', value: 1 },
    },
    { identity: Identity.of('metric', 'up'), payload: { ts: '-5000000', value: 'NaN' } },
    { identity: Identity.of('metric', 'gone'), payload: { ts: '1000000', stale: true } },
    {
      identity: Identity.of('metric', 'h'),
      payload: {
        ts: '1000000',
        histogram: {
          schema: 3,
          count: '9007199254740999',
          sum: 0.5,
          zero_count: '0',
          positive_spans: [{ offset: -2, length: 1 }],
          positive_deltas: ['9007199254740999'],
          reset: 'gauge',
        },
        exemplars: [{ labels: { id: 'q' }, value: 3, ts: '7000000' }],
      },
    },
    { identity: Identity.of('metadata', 'up', [], { kind: 'gauge', help: 'Up.' }), payload: {} },
  ]
  const request = new WriteRequest()
  for (const { identity, payload } of records) {
    if (identity.type === 'metadata') {
      request.addMetadata(metadataMessage(identity))
      continue
    }
    const ms = Number(BigInt(payload.ts!) / 1_000_000n)
    const checked =
      payload.histogram === undefined ? undefined : checkHistogram(payload.histogram as unknown as NativeHistogram)
    const exemplars = checkExemplars((payload.exemplars ?? []) as never, ms)
    if (typeof checked === 'string' || typeof exemplars === 'string') throw new Error('bad case')
    const value = payload.value === 'NaN' ? NaN : (payload.value as number)
    request.addSample(seriesOf(seriesLabels(identity.name, identity.labels, new Map())), {
      ms,
      value,
      stale: payload.stale === true,
      histogram: checked,
      exemplars,
    })
  }
  t.same(lines(decodeWriteRequest(request.finish())), lines(records))
})

t.test('unknown fields and unpacked numbers are read; garbage is an error, not a crash', async (t) => {
  const bytes = encodeMessage({
    timeseries: [{ labels: [{ name: '__name__', value: 'a' }], histograms: [{ sum: 1, positive_counts: [1, 2] }] }],
  })
  const unknown = Buffer.concat([Buffer.from([0x7a, 2, 1, 1]), bytes])
  t.same(decodeWriteRequest(unknown)[0].payload.histogram, { schema: 0, count: 0, sum: 1, positive_counts: [1, 2] })
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (garbage) => {
      try {
        decodeWriteRequest(Buffer.from(garbage))
      } catch (error) {
        t.type(error, Error)
      }
    }),
  )
})

t.test('labels: external ones never override, empty ones are absent, names are checked', async (t) => {
  t.same(
    seriesLabels(
      'm',
      ['a', 'b', 'e', ''],
      new Map([
        ['a', 'x'],
        ['c', 'y'],
        ['d', ''],
      ]),
    ),
    ['__name__', 'm', 'a', 'b', 'c', 'y'],
  )
  t.same(seriesLabels('', ['__name__', 'own'], new Map()), ['__name__', 'own'])
  t.equal(labelsComplaint(['__name__', 'a.b', 'c-d', 'é']), null)
  t.equal(labelsComplaint(['__name__', 'a.b'], 'legacy'), 'invalid metric name: a.b')
  t.equal(labelsComplaint(['__name__', 'a:b', 'c-d', 'é'], 'legacy'), 'invalid label name: c-d')
  t.equal(labelsComplaint(['a', '\ud800']), 'invalid label value: \ud800')
  t.equal(labelsComplaint(['a', '\ud83d\ude00']), null)
})

t.test('equal series have equal hashes', async (t) => {
  t.equal(seriesOf(['a', 'b']).hash, seriesOf(['a', 'b']).hash)
  t.not(seriesOf(['a', 'b']).hash, seriesOf(['a', 'c']).hash)
})

t.test('snappy goes both ways', async (t) => {
  const { compress, uncompress } = await loadSnappy()
  const bytes = Buffer.from('solder '.repeat(1000))
  const packed = compress(bytes)
  t.ok(packed.length < bytes.length / 10)
  t.ok(uncompress(packed).equals(bytes))
})

t.test('snappy that lies about its length is an error, and takes no memory for it', async (t) => {
  const { uncompress } = await loadSnappy()
  const lies = [[0xff, 0xff, 0xff, 0xff, 0x0f], [0x80, 0x80, 0x80, 0x80, 0x08], [0xff, 0xff, 0xff, 0xff, 0xff], [0x80, 0x80, 0x80, 0x20], [0x80]]
  for (const length of lies) {
    const before = process.memoryUsage.rss()
    t.throws(() => uncompress(Buffer.from([...length, 0x00, 0x41, 0x05, 0x01])))
    t.ok(process.memoryUsage.rss() - before < 100 << 20, length.join())
  }
})
