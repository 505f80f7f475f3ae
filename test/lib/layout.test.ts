// Layouts against rows: what is remembered per layout, and taken over by the next one, says the same as asking each time.

import t from 'tap'
import type { Context } from '../../lib/component.js'
import { recordsOfBody } from '../../lib/delivery/body.js'
import { type RemoteWriteOptions, RemoteWriteSink } from '../../lib/delivery/remote_write.js'
import {
  type Batch, ByteBuffer, Identity, type Labels, Layout, LineReader, type Payload, RecordBatch, rowsIn, SampleBatch, tailText,
} from '../../lib/record/index.js'
import { fieldOf } from '../../lib/record/json.js'
import { compileRules } from '../../lib/relabel/rules.js'
import { applyOf } from '../../lib/transform.js'
import { BlockBuilder, endsOf } from '../../lib/wire/remote_write/block.js'
import { seriesOf } from '../../lib/wire/remote_write/series.js'
import { WriteRequest } from '../../lib/wire/remote_write/v1.js'
import { loadSnappy } from '../../lib/wire/snappy.js'
import { TestClock } from '../support/clock.js'
import fc from '../support/property.js'

const snappy = await loadSnappy()
const NAMES = ['a', 'b', 'zone', 'code']
const series = fc.record({
  name: fc.constantFrom('up', 'requests_total', 'ß'),
  labels: fc.uniqueArray(fc.tuple(fc.constantFrom(...NAMES), fc.constantFrom('1', '404', 'x\0y', 'é', '')), { selector: ([name]) => name, maxLength: 4 }),
})
/** Series that come and go, in orders that change. */
const scrapes = fc.array(series, { minLength: 1, maxLength: 12 }).chain((all) =>
  fc
    .array(fc.tuple(fc.integer({ min: 1, max: 2 }), fc.shuffledSubarray(all.map((_, i) => i), { minLength: 0 })), { minLength: 1, maxLength: 6 })
    .map((some) => ({ all, orders: some.flatMap(([times, order]) => Array.from({ length: times }, () => order)) })))
const value = fc.oneof(fc.double(), fc.constantFrom(NaN, -0, Infinity, 5e-324))

function identityOf(one: { name: string; labels: [string, string][] }): Identity {
  const labels = one.labels.sort(([a], [b]) => (a < b ? -1 : 1)).flat() as Labels
  return Identity.of('metric', one.name, labels, { kind: 'counter' })
}

/** The same samples twice: as columns over layouts that follow each other, and as records that know nothing of each other. */
function twins({ all, orders }: { all: { name: string; labels: [string, string][] }[]; orders: number[][] }, values: number[]) {
  const known = all.map(identityOf)
  const ts = (scrape: number) => String(1_763_804_400_000_000_000n + BigInt(scrape) * 1_000_000_000n)
  let layout = new Layout([])
  const columns = orders.flatMap((order, scrape) => {
    const before = layout
    const same = order.length === before.ids.length && order.every((i, row) => known[i] === before.ids[row])
    if (same) layout.settle()
    else layout = new Layout(order.map((i) => known[i]), before)
    const gone = before.ids.filter((id) => !layout.ids.includes(id))
    return [
      new SampleBatch(layout, ts(scrape), Float64Array.from(order, (i) => values[(i + scrape) % values.length])),
      new SampleBatch(new Layout(gone, before), ts(scrape), new Float64Array(gone.length), null, 'all'),
    ]
  })
  const fresh = (id: Identity) => identityOf(all[known.indexOf(id)])
  const records = columns.map((batch) => new RecordBatch(batch.layout.ids.map(fresh), batch.layout.ids.map((_, row) => ({ ...batch.payload(row) }))))
  return { columns, records }
}

function textOf(batch: Batch): string {
  const out = new ByteBuffer()
  batch.write(out)
  return out.take().toString()
}

/** The same as lines; a batch is good until the next one is read. */
function* linesOf(batches: readonly Batch[]): Generator<Batch> {
  const onBad = () => false
  const reader = new LineReader({ maxLineBytes: 1 << 20, maxDepth: 64, maxIdentities: 8, onBad })
  for (const batch of batches) {
    const lines = reader.push(Buffer.from(textOf(batch)))
    if (lines !== null) yield lines
  }
}

/** Text as a stage reads it. @param sizes bytes of each read, again and again */
function* inReads(text: string, sizes: readonly number[]): Generator<Batch> {
  const reader = new LineReader({ maxLineBytes: 1 << 20, maxDepth: 64, maxIdentities: 1000, onBad: () => false })
  const bytes = Buffer.from(text)
  for (let at = 0, read = 0; at < bytes.length; at += sizes[read++ % sizes.length]) {
    const lines = reader.push(bytes.subarray(at, at + sizes[read % sizes.length]))
    if (lines !== null) yield lines
  }
}

const RULES = compileRules([
  { source_labels: ['code'], regex: '404', action: 'drop' },
  { source_labels: ['a'], regex: '(1|é)', target_label: 'b', replacement: '$1' },
  { regex: 'zone', action: 'labeldrop' },
])

t.test('rows of one list in another', async (t) => {
  fc.assert(fc.property(fc.uniqueArray(fc.nat(30)), fc.uniqueArray(fc.nat(30)), (others, ids) => {
    const all = Array.from({ length: 31 }, (_, i) => Identity.of('metric', `m${i}`))
    const rows = rowsIn(others.map((i) => all[i]), ids.map((i) => all[i]))
    t.same([...rows], ids.map((id) => others.indexOf(id)))
  }))
})

t.test('rules over layouts that follow each other, and over rows', async (t) => {
  fc.assert(fc.property(scrapes, fc.array(value, { minLength: 1 }), (given, values) => {
    const { columns, records } = twins(given, values)
    const run = (batches: readonly Batch[]) => {
      let dropped = 0
      const apply = applyOf({ identity: (id) => RULES.identity(id), reason: 'relabel' }, ['any'])
      return { lines: batches.map((batch) => textOf(apply(batch, (_, count) => (dropped += count)))), dropped }
    }
    t.same(run(columns), run(records))
  }))
})

t.test('an identity that nothing is decided for again', async (t) => {
  let asked = 0
  const apply = applyOf({ identity: (id) => (asked++, id.with(id.name, ['x', '1'])), reason: 'x' }, ['any'])
  const ids = ['a', 'b', 'c', 'd'].map((name) => Identity.of('metric', name))
  const first = new Layout(ids)
  const second = new Layout([ids[3], Identity.of('metric', 'e'), ids[0]], first)
  const [one, two] = [first, second].map((layout) => apply(new SampleBatch(layout, '1', new Float64Array(layout.ids.length)), () => {}))
  t.equal(asked, 5)
  t.equal(two.id(0), one.id(3))
  t.equal(two.id(2), one.id(0))
})

function quietContext(): { context: Context; rejected: string[]; dropped: Map<string, number> } {
  const [rejected, dropped] = [[] as string[], new Map<string, number>()]
  const quiet = () => {}
  const account = { in: 0, made: 0, out: 0, in_bytes: 0, out_bytes: 0, dropped,
    drop: (reason: string, count: number) => void dropped.set(reason, (dropped.get(reason) ?? 0) + count) }
  const context: Context = { stage: 'write prometheus', clock: new TestClock(), account, signal: new AbortController().signal,
    log: { debug: quiet, info: quiet, warn: quiet, error: quiet }, reject: ({ detail }) => void rejected.push(detail) }
  return { context, rejected, dropped }
}

interface Sent {
  samples: string[]
  rejected: string[]
  dropped: Map<string, number>
}

t.test('the memory of a request is used again when it is settled, and not before', async (t) => {
  const ids = Array.from({ length: 20 }, (_, i) => Identity.of('metric', `m${i}`, ['text', 'x'.repeat(i)]))
  const layout = new Layout(ids)
  const held: { body: Buffer; copy: Buffer }[] = []
  const memory = new Set<ArrayBufferLike>()
  const { context } = quietContext()
  const sink = new RemoteWriteSink({ ...OPTIONS, batch_samples: 20, batch_bytes: 1 << 20, concurrency: 1,
    spool: ({ settled }) => ({
      idle: () => true, room: () => {}, sync: async () => {}, drain: async () => {}, abandon: () => {},
      push: (_, { body, records }) => {
        for (const { body, copy } of held) t.ok(body.equals(copy))
        held.push({ body, copy: Buffer.from(body) })
        memory.add(body.buffer)
        const [first] = held.length > 3 ? held.splice(0, 1) : []
        if (first !== undefined) settled!({ body: first.body, records })
      },
    }) }, context)
  for (let scrape = 0; scrape < 50; scrape++) {
    await sink.write(new SampleBatch(layout, `${1763804400 + scrape}000000000`, Float64Array.from(ids, (_, i) => scrape * i)))
  }
  await sink.end()
  t.equal(memory.size, 4)
})

/** What a sink makes of batches: samples as lines, in the order of each lane. */
async function send(batches: Iterable<Batch>, change: Partial<RemoteWriteOptions>): Promise<Sent> {
  const { context, rejected, dropped } = quietContext()
  const sent: Sent = { samples: [], rejected, dropped }
  const lanes = new Map<number, string[]>()
  const sink = new RemoteWriteSink({ ...OPTIONS, ...change,
    spool: () => ({
      idle: () => true, room: () => {}, sync: async () => {}, drain: async () => {}, abandon: () => {},
      push: (lane, { body, records }) => {
        const lines = recordsOfBody(body, snappy).map(({ identity, payload }) => identity.prefix.toString() + tailText(identity, payload))
        t.equal(records, lines.length)
        lanes.set(lane, [...(lanes.get(lane) ?? []), ...lines])
      },
    }) }, context)
  for (const batch of batches) await sink.write(batch)
  await sink.end()
  sent.samples = [...lanes].sort(([a], [b]) => a - b).flatMap(([, lines]) => lines)
  return sent
}

const OPTIONS = {
  url: 'http://h:1/', protocol: '1', snappy, headers: {}, external_label: new Map(), rules: null, name_validation_scheme: 'utf8',
  client: { request: async () => ({ status: 204, headers: new Map(), body: Buffer.alloc(0) }), close: async () => {} },
  send_exemplars: true, send_native_histograms: true, metadata: true, metadata_interval: 60_000, max_metadata: 100, batch_samples: 5,
  batch_bytes: 500, batch_wait: 5000, concurrency: 3, buffer_bytes: 1 << 20, when_full: 'block', spool: null, timeout: 1000, min_backoff: 1,
  max_backoff: 1, max_retry_after: 1, retry_on_429: true, drain_timeout: 1,
} satisfies Partial<Record<keyof RemoteWriteOptions, unknown>> as RemoteWriteOptions

t.test('requests of columns, of records and of lines', async (t) => {
  const property = fc.asyncProperty(scrapes, fc.array(value, { minLength: 1 }), fc.nat(9), fc.nat(400), async (given, values, samples, bytes) => {
    const { columns, records } = twins(given, values)
    const change = { batch_samples: samples + 1, batch_bytes: bytes + 1, rules: RULES, name_validation_scheme: 'legacy' as const }
    const [one, other] = [await send(columns, change), await send(records, change)]
    t.same([one.samples, one.rejected, one.dropped], [other.samples, other.rejected, other.dropped])
    const third = await send(linesOf(records), change)
    t.same([third.samples, third.rejected, third.dropped], [other.samples, other.rejected, other.dropped])
  })
  await fc.assert(property)
})

t.test('lines of series that come again, all of them or some, in reads of any size', async (t) => {
  const packed = t.capture(WriteRequest.prototype, 'addPacked', WriteRequest.prototype.addPacked)
  const pass = fc.record({
    missing: fc.oneof({ weight: 3, arbitrary: fc.constant(-1) }, fc.nat(20)), late: fc.constantFrom(0, 0, 1, 20), more: fc.constantFrom(0, 0, 0, 2), odd: fc.constantFrom(-1, -1, -1, 3),
  })
  const passes = fc.array(pass, { minLength: 3, maxLength: 8 })
  const property = fc.asyncProperty(fc.nat(20), passes, fc.array(fc.integer({ min: 1, max: 3000 }), { minLength: 1 }), fc.nat(25), fc.nat(3000), fc.array(value, { minLength: 1 }), async (series, scrapes, reads, samples, bytes, values) => {
    const ids: Identity[] = []
    const payloads: Payload[] = []
    let known = series + 1
    for (const [scrape, { missing, late, more, odd }] of scrapes.entries()) {
      known += more
      for (let i = 0; i < known; i++) {
        if (i === missing) continue
        const ts = `${1_763_804_400 + scrape}${i >= late && late > 0 ? '001' : '000'}000000`
        ids.push(Identity.of('metric', `m${i % 3}`, ['i', String(i)]))
        payloads.push(i === odd ? { ts, stale: true } : { ts, value: fieldOf(values[(i + scrape) % values.length]) })
      }
    }
    const records = new RecordBatch(ids, payloads)
    const change = { batch_samples: samples + 1, batch_bytes: bytes + 1, concurrency: 2 }
    const expected = await send([records], change)
    t.same((await send(inReads(textOf(records), reads), change)).samples, expected.samples)
  })
  await fc.assert(property)
  t.ok(packed().length > 100, 'chunks came whole')
})

t.test('times that a block has no room for', async (t) => {
  const layout = new Layout([Identity.of('metric', 'up')])
  const at = (ts: string) => new SampleBatch(layout, ts, Float64Array.of(1))
  const { samples } = await send([at('1'), at('1763804400000000000'), at('-5000000'), at('9000000000000000000')], {})
  t.match(samples, [/"ts":"0"/, /"ts":"1763804400000000000"/, /"ts":"-5000000"/, /"ts":"9000000000000000000"/])
})

/** Label values of which many repeat others in part, and some are longer than a reference can be. */
const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.integer({ min: 1, max: 400 }).map((length) => 'the same text again and again, '.repeat(14).slice(0, length)),
  fc.integer({ min: 60, max: 300 }).map((length) => 'x'.repeat(length)),
)

t.test('a block, compressed before its values are known, and the same samples as they are', async (t) => {
  const sets = fc.array(fc.array(text, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 40 })
  fc.assert(fc.property(sets, fc.integer({ min: 1, max: 40 }), fc.array(value, { minLength: 1 }), fc.nat(2 ** 38), fc.nat(2000), (sets, times, values, after, bytes) => {
    const series = Array.from({ length: times }, () => sets).flat().map((texts, i) => seriesOf(['__name__', `m${i % 7}`, ...texts.flatMap((one, k) => [`l${k}`, one])]))
    const builder = new BlockBuilder(700, bytes)
    for (const [row, { head }] of series.entries()) builder.add(head, row)
    const block = builder.finish()
    const column = Float64Array.from(series, (_, i) => values[i % values.length])
    for (const millis of [2 ** 35 + after, 2 ** 35 + after + 1]) {
      block.patch(column, millis)
      const [packed, plain] = [new WriteRequest(snappy), new WriteRequest()]
      packed.addPacked(block.slice(0, block.parts.length))
      for (const [i, one] of series.entries()) plain.add(one, column[i], millis)
      const expected = Buffer.from(plain.finish())
      t.equal(packed.bytes, expected.length)
      t.ok(snappy.uncompress(packed.pack(snappy)).equals(expected))
      t.ok(block.unpacked(snappy).equals(expected))
      t.equal(endsOf(expected).length, series.length)
    }
  }))
})

t.test('samples in a block and beside it stay in their order', async (t) => {
  const series = seriesOf(['__name__', 'm'])
  const builder = new BlockBuilder(10, 1000)
  builder.add(series.head, 0)
  const block = builder.finish()
  const [packed, plain] = [new WriteRequest(snappy), new WriteRequest()]
  for (const [i, ms] of [2 ** 36, 2 ** 36 + 1, 2 ** 36 + 2, 2 ** 36 + 3].entries()) {
    plain.add(series, i, ms)
    if (i % 2 === 0) packed.add(series, i, ms)
    else {
      block.patch(Float64Array.of(i), ms)
      packed.addPacked(block.slice(0, 1))
    }
  }
  t.ok(snappy.uncompress(packed.pack(snappy)).equals(plain.finish()))
  t.equal(packed.records, 0)
})

t.test('labels that were let go of', async (t) => {
  const texts = fc.string({ unit: fc.oneof(fc.constantFrom('a', 'b', '\0', '\u0001', 'é', '😀'), fc.string({ minLength: 1, maxLength: 1 })), maxLength: 4 })
  fc.assert(fc.property(fc.array(fc.tuple(texts, texts), { maxLength: 5 }), (pairs) => {
    const labels = pairs.flat()
    const id = Identity.of('metric', 'm', labels)
    const before = Identity.of('metric', 'm', [...labels]).prefix
    for (let i = 0; i < 3; i++) {
      id.release()
      t.same(id.labels, labels)
    }
    id.release()
    t.ok(id.prefix.equals(before))
  }), { numRuns: 1000 })
})

t.test('labels that are longer than a block can refer back', async (t) => {
  const random = (length: number) => Buffer.from(Array.from({ length: length / 2 }, (_, i) => (Math.imul(i + 1, 0x9e3779b1) >>> 24) & 0xff)).toString('hex')
  const ids = [10, 65_000, 65_500, 66_000, 200_000].map((length, i) => Identity.of('metric', `m${i}`, ['text', random(length)]))
  const values = Float64Array.from(ids, (_, i) => i)
  const ts = '1763804400000000000'
  const columns = new SampleBatch(new Layout(ids), ts, values)
  const records = new RecordBatch(ids, ids.map((_, row) => ({ ...columns.payload(row) })))
  const change = { batch_samples: 100, batch_bytes: 1 << 20, concurrency: 1 }
  const sorted = async (batch: Batch) => (await send([batch], change)).samples.sort()
  t.same(await sorted(columns), await sorted(records))
})
