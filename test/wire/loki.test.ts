// Pushes to Loki: protobuf and JSON, in and out, against the schema as protobufjs reads it, and against what clients sent.

import { readFileSync } from 'node:fs'
import t from 'tap'
import { EntryBytes } from '../../lib/record/entries.js'
import { labelsOf } from '../../lib/record/labels.js'
import { viewOf } from '../../lib/record/words.js'
import { readPush } from '../../lib/wire/loki/decode.js'
import { jsonPush, readJsonPush, readLegacyPush } from '../../lib/wire/loki/json.js'
import { parseStream, streamText } from '../../lib/wire/loki/labels.js'
import { isLokiTime, type PushEntry, type PushStream } from '../../lib/wire/loki/push.js'
import { metadataOf, recordsOf } from '../../lib/wire/loki/records.js'
import { PushRequest, StreamHead } from '../../lib/wire/loki/request.js'
import { halvesOfPush } from '../../lib/wire/loki/split.js'
import { Budget } from '../../lib/wire/remote_write/read.js'
import { loadSnappy } from '../../lib/wire/snappy.js'
import { text } from '../support/arbitrary.js'
import { decodePush, encodePush } from '../support/loki.js'
import { ROOT } from '../support/solder.js'
import fc from '../support/property.js'

const plenty = () => new Budget(Infinity)
const captured = (name: string) => readFileSync(`${ROOT}/test/wire/loki/${name}`)

/** Lines whose length needs another varint in UTF-8 than in UTF-16, among others. */
const line = fc.oneof(
  text,
  fc.tuple(fc.constantFrom('a', 'é', '\u20ac', '\ud83d\ude00'), fc.nat(200)).map(([one, count]) => one.repeat(count)),
  fc.tuple(fc.constantFrom('a', 'é'), fc.integer({ min: 8180, max: 16_400 })).map(([one, count]) => one.repeat(count)),
)
const nanos = fc.oneof(
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String),
  fc.constantFrom('0', '1', '-1', '999999999', '1000000000', '-1000000000', '1763804400123456789', '9223372036854775807'),
)
const wellFormed = text.filter((one) => one.isWellFormed())
const pairs = fc.array(fc.tuple(wellFormed, wellFormed), { maxLength: 3 }).map((some) => some.flat())
const entry = fc.record({ ts: nanos, line: line.filter((one) => one.isWellFormed()), metadata: pairs })
const labels = fc
  .array(fc.tuple(wellFormed.filter((name) => name !== ''), wellFormed.filter((value) => value !== '')), { maxLength: 4 })
  .map(labelsOf)

/** Entries as they come, each with the number of its stream. */
const arriving = fc.array(fc.tuple(fc.nat(3), entry), { maxLength: 12 })

/** The streams, in the order in which they came, with their entries in theirs. */
function grouped(names: readonly string[], some: readonly (readonly [number, PushEntry])[]): PushStream[] {
  const streams = new Map<string, PushEntry[]>()
  for (const [stream, one] of some) {
    const name = names[stream]
    if (!streams.has(name)) streams.set(name, [])
    streams.get(name)!.push(one)
  }
  return [...streams].map(([name, entries]) => ({ labels: name, entries }))
}

/** A push as the schema has it. */
function messageOf(streams: readonly PushStream[]) {
  return {
    streams: streams.map(({ labels, entries }) => ({
      labels,
      entries: entries.map(({ ts, line, metadata }) => {
        const all = BigInt(ts)
        const nanos = ((all % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n
        const structuredMetadata = []
        for (let i = 0; i < metadata.length; i += 2) structuredMetadata.push({ name: metadata[i], value: metadata[i + 1] })
        return { timestamp: { seconds: String((all - nanos) / 1_000_000_000n), nanos: Number(nanos) }, line, structuredMetadata }
      }),
    })),
  }
}

t.test('an entry in its bytes is the same as in strings', async (t) => {
  const ts = fc.tuple(fc.integer({ min: 1_000_000_000, max: 9_223_372_035 }), fc.oneof(fc.nat(999_999_999), fc.constant(0)))
  const head = new StreamHead('{a="b"}', '')
  const [some, others] = [new PushRequest(), new PushRequest()]
  const at = new EntryBytes()
  fc.assert(fc.property(fc.array(fc.tuple(ts, line.filter((one) => one.isWellFormed()), fc.boolean())), (entries) => {
    for (const [[seconds, nanos], line, asJson] of entries) {
      const inside = JSON.stringify(line).slice(1, -1)
      // Scanners leave such escapes alone.
      const escaped = asJson && !inside.includes('\\u')
      const bytes = Buffer.from(`"${escaped ? inside : line}"`)
      some.add(head, `${seconds}${String(nanos).padStart(9, '0')}`, line, [])
      others.addLine(head, Object.assign(at, { buffer: bytes, view: viewOf(bytes), start: 1, end: bytes.length - 1, escaped, seconds, nanos }))
    }
    t.equal(others.records, entries.length)
    return some.finish().equals(others.finish())
  }))
})

t.test('what is written is what protobufjs reads, each stream once; and push after push', async (t) => {
  const names = ['{a="1"}', '{a="2"}', `{long="${'x'.repeat(300)}"}`, '{ü="é"}']
  fc.assert(
    fc.property(fc.array(arriving, { minLength: 1, maxLength: 3 }), (pushes) => {
      const request = new PushRequest()
      const heads = names.map((name) => new StreamHead(name, ''))
      for (const some of pushes) {
        for (const [stream, { ts, line, metadata }] of some) request.add(heads[stream], ts, line, metadata)
        t.equal(request.records, some.length)
        const bytes = request.finish()
        const streams = grouped(names, some)
        t.match(decodePush(bytes).streams, messageOf(streams).streams)
        t.same(readPush(bytes, plenty()), streams)
      }
    }),
  )
})

t.test('what protobufjs writes is read, with fields that nobody knows and of any order', async (t) => {
  fc.assert(
    fc.property(fc.array(fc.record({ labels: text.filter((one) => one.isWellFormed()), entries: fc.array(entry, { maxLength: 3 }) }), { maxLength: 4 }), (streams) => {
      const message = messageOf(streams)
      const more = { format: 'loki', streams: message.streams.map((one) => ({ ...one, hash: '18446744073709551615' })) }
      t.same(readPush(encodePush(more), plenty()), streams)
    }),
  )
})

t.test('any bytes are a push, or an error that says why', async (t) => {
  const good = encodePush(messageOf([{ labels: '{a="b"}', entries: [{ ts: '1', line: 'x', metadata: ['a', 'b'] }] }]))
  const read = (bytes: Buffer) => {
    try {
      readPush(bytes, plenty())
      return true
    } catch (error) {
      return error instanceof Error && !(error instanceof TypeError)
    }
  }
  fc.assert(fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => read(Buffer.from(bytes))))
  fc.assert(
    fc.property(fc.nat(good.length - 1), fc.nat(255), (at, byte) => {
      const changed = Buffer.from(good)
      changed[at] = byte
      return read(changed) && read(changed.subarray(0, at))
    }),
  )
  t.throws(() => readPush(good, new Budget(2)), /too many elements/, 'a stream, an entry and a pair are three')
})

t.test('labels as text, both ways, with every escape of Go', async (t) => {
  fc.assert(fc.property(labels, (some) => t.same(parseStream(streamText(some)), some)))
  t.equal(streamText(['a', 'x', 'b', 'say "hi" \\ \n\t']), '{a="x", b="say \\"hi\\" \\\\ \\n\\x09"}')
  t.equal(streamText([]), '{}')
  const read = (some: string) => parseStream(some).join('|')
  t.equal(read(' { b = "2" ,\n a=\'1\', c=`\\n`, } '), 'a|1|b|2|c|\\n')
  t.equal(read('{a="\\a\\b\\f\\n\\r\\t\\v\\\\\\"\\x41\\101\\u00e9\\U0001F600\\xc3\\xa9"}'), 'a|\x07\b\f\n\r\t\v\\"AAé😀é')
  t.equal(read('{a="",b="1"}'), 'b|1')
  t.equal(read('{"a.b"="1"}'), 'a.b|1')
  t.equal(read('{}'), '')
  for (const bad of ['', '{', 'a', '{a}', '{a=}', '{a=1}', '{a="1"', '{a="1" b="2"}', '{a="1"}x', '{="1"}', '{a="x\ny"}']) {
    t.throws(() => parseStream(bad), /labels .*expected .* at character \d+/, bad)
  }
  t.throws(() => parseStream('{a="1",a="2"}'), /duplicate label name "a"/)
  for (const bad of ['\\q', '\\777', '\\uD800', '\\U00110000', '\\x4']) t.throws(() => parseStream(`{a="${bad}"}`), /escape/, bad)
  const endless = `{a="${'\\"'.repeat(100_000)}`
  t.throws(() => parseStream(endless), /labels .{200}…: expected a quoted value at character 4/)
})

t.test('JSON, both ways', async (t) => {
  const streams = fc.array(fc.record({ labels: labels.map(streamText), entries: fc.array(entry, { maxLength: 3 }) }), { maxLength: 3 })
  // JSON has each name once.
  const unique = ({ metadata, ...rest }: PushEntry): PushEntry => ({ ...rest, metadata: labelsOf([[metadata[0], metadata[1]]].filter(([name]) => name !== undefined) as [string, string][]) })
  fc.assert(
    fc.property(streams, (some) => {
      const expected = some.map(({ labels, entries }) => ({ labels, entries: entries.map(unique) }))
      t.same(readJsonPush(JSON.parse(jsonPush(expected)), plenty()), expected)
    }),
  )
})

t.test('JSON that is no push is refused, as Loki does; values of labels are taken as text', async (t) => {
  const read = (stream: object, form = readJsonPush) => form({ streams: [stream] }, plenty())
  t.same(read({ stream: { b: 2, a: true, __proto__: 1 }, values: [] }), [{ labels: '{a="true", b="2"}', entries: [] }])
  const proto = JSON.parse('{"streams":[{"stream":{"a":"b"},"values":[["1","x",{"__proto__":"y"}]]}]}') as unknown
  const [{ payload }] = recordsOf(readJsonPush(proto, plenty()), 'team')
  t.same(Object.entries(payload.attributes as object), [['__proto__', 'y']])
  t.same(read({ stream: { a: 'b' } }), [{ labels: '{a="b"}', entries: [] }])
  const values = (...some: unknown[]) => () => read({ stream: { a: 'b' }, values: some })
  t.throws(values('x'), /an entry: expected a list/)
  t.throws(values(['1']), /expected \["nanoseconds", "line", \{metadata\}\]/)
  t.throws(values([1, 'x']), /the time of an entry: expected nanoseconds, as a string/)
  t.throws(values(['1.5', 'x']), /the time of an entry/)
  t.throws(values(['9'.repeat(50), 'x']), /the time of an entry/)
  t.throws(values(['1', 2]), /the line of an entry: expected a string/)
  t.throws(values(['1', 'x', { a: 1 }]), /structured metadata a: expected a string/)
  t.throws(values(['1', 'x', ['a']]), /structured metadata: expected an object/)
  t.throws(() => read({ stream: { a: {} }, values: [] }), /label a: expected a string/)
  for (const push of [null, 1, [], {}, { streams: {} }, { streams: [1] }]) t.throws(() => readJsonPush(push, plenty()), /expected/)
  t.throws(() => readJsonPush({ streams: [{ stream: {}, values: [['1', 'x'], ['1', 'x']] }] }, new Budget(2)), /too many elements/)
  const legacy = { labels: '{a="b"}', entries: [{ ts: '2025-11-22T11:00:00.1234567+01:00', line: 'x' }, { ts: '2025-11-22T10:00:00Z', line: 'y' }] }
  t.same(read(legacy, readLegacyPush)[0].entries.map(({ ts }) => ts), ['1763805600123456700', '1763805600000000000'])
  t.throws(() => read({ ...legacy, entries: [{ ts: 'yesterday', line: 'x' }] }, readLegacyPush), /'yesterday' is no time of RFC 3339/)
})

t.test('what clients sent', async (t) => {
  const snappy = await loadSnappy()
  const json = (name: string) => readJsonPush(JSON.parse(captured(name).toString()), plenty())
  const proto = readPush(snappy.uncompress(captured('winston-loki.snappy')), plenty())
  const flat = (streams: PushStream[]) =>
    recordsOf(streams, '').map(({ identity, payload }) => [identity.labels.join(' '), payload.ts, payload.body])
  const expected = [
    ['app shop customer Müller & Söhne level info', '1763805600123000000', 'paid €5 {"order":42,"trace":{"id":"4bf92f35"},"level":"info"}'],
    ['app shop customer Müller & Söhne level info', '1763805601000000000', 'second of its stream {"level":"info"}'],
    ['app shop level error', '1763805600456000000', 'line one\nline two {"level":"error"}'],
  ]
  t.same(flat(proto), expected)
  t.same(flat(json('winston-loki.json')), expected)
  t.same(recordsOf(json('winston-loki.json'), '')[0].payload.attributes, { level: 'info', order: '42', trace: '{"id":"4bf92f35"}' })
  const pino = recordsOf(json('pino-loki.json'), 'team')
  t.same(pino[0].identity.labels, ['__tenant_id__', 'team', 'app', 'shop', 'hostname', 'web-1', 'level', 'info', 'status', '200'])
  t.same(pino[0].payload.attributes, { ip: '203.0.113.7', order: '42', tags: '["a","b"]' })
  const unescaped = readPush(snappy.uncompress(captured('winston-loki-unescaped.snappy')), plenty())
  t.throws(() => recordsOf(unescaped, ''), /labels \{level="info",app="shop",customer="O"Neill.*expected '\}' at character 38/)
})

t.test('halves hold all entries, in order; one entry has none', async (t) => {
  fc.assert(
    fc.property(fc.array(fc.record({ labels: fc.constantFrom('{a="1"}', '{a="2"}'), entries: fc.array(entry, { maxLength: 4 }) }), { maxLength: 4 }), (streams) => {
      const flat = (some: readonly PushStream[]) => some.flatMap(({ labels, entries }) => entries.map((one) => ({ labels, ...one })))
      const all = flat(streams)
      const halves = halvesOfPush(encodePush(messageOf(streams)))
      if (all.length < 2) return t.equal(halves, null)
      const [first, second] = halves!.map(({ bytes, records }) => ({ records, entries: flat(readPush(bytes, plenty())) }))
      t.equal(first.records, first.entries.length)
      t.equal(second.records, second.entries.length)
      return t.same([...first.entries, ...second.entries], all)
    }),
  )
})

t.test('a record: its fields, and attributes that are no text', async (t) => {
  const payload = { ts: '1', severity: 'WARN', trace_id: 'ab', attributes: { b: 1, a: { x: [true] }, trace_id: 'other', c: '1' } }
  t.same(metadataOf(payload), ['trace_id', 'ab', 'severity_text', 'WARN', 'a', '{"x":[true]}', 'b', '1', 'c', '1'])
  t.same(metadataOf({ ts: '1', severity: '', attributes: {} }), [])
  const times = ['0', '-9223372036854775808', '9223372036854775807', '-9223372036854775809', '9223372036854775808', '1200000000000000000000']
  t.same(times.map(isLokiTime), [true, true, true, false, false, false])
})
