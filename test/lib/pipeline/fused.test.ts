// Stages in one process give the bytes that they give with lines between them: any records, any chain of filters,
// batches of every kind. And what a seam promises: order, backpressure, an end, an error for a writer without a reader.

import t from 'tap'
import { catalogue } from '../../../commands/index.js'
import { findEntry, parseInput } from '../../../lib/cli/command.js'
import { source } from '../../../lib/component.js'
import { ReaderGone } from '../../../lib/io/output.js'
import type { Seat } from '../../../lib/io/run.js'
import { runFused } from '../../../lib/pipeline/fused.js'
import { planPipe, type Planned } from '../../../lib/pipeline/plan.js'
import { batchSeam, lineSeam, type Seam } from '../../../lib/pipeline/seam.js'
import {
  type Batch, ByteBuffer, Identity, labelsOf, Layout, LineReader, type Payload, RecordBatch, SampleBatch,
} from '../../../lib/record/index.js'
import { labels, nanos, record, respell, text } from '../../support/arbitrary.js'
import fc from '../../support/property.js'

const READER = { maxLineBytes: 1 << 20, maxDepth: 64, maxIdentities: 1000, onBad: () => false }

/** Runs stages over chunks; the bytes that come out, and the exit code. */
async function outcome(stages: readonly Planned[], chunks: readonly Buffer[], seamOf?: () => Seam): Promise<string> {
  const written = new ByteBuffer()
  const seat: Seat = {
    stop: new AbortController().signal,
    input: {
      async *chunks() {
        yield* chunks
      },
    },
    output: {
      bytes: 0,
      failed: new Promise<never>(() => {}),
      batch: (batch) => batch.write(written),
      flush: () => Promise.resolve(),
    },
  }
  const code = await runFused(stages, seat, seamOf)
  return `${code} ${written.take().toString()}`
}

const plan = (words: string) =>
  planPipe({ name: 'test', text: words }, { find: (list) => findEntry(catalogue, list), parse: parseInput })

const FILTERS = [
  "relabel --set 'site=eu' --labeldrop 'c|d'",
  "relabel --drop '__name__=.{0,2}'",
  "relabel --rename app=service --keep 'app=.*'",
  'relabel',
  `filter 'type != "metric" || value > 0 || value != value'`,
  "filter 'labels.app != \"x\"'",
  "filter 'has(attributes.a) || type == \"metric\" || attributes == null'",
  "filter 'ts > timestamp(\"1990-01-01T00:00:00Z\") || type != \"metric\"'",
  "filter 'value / 2.0 < 1000.0'",
]
const BOUNDS = ['', ' --max-line-bytes 200', ' --max-depth 3', ' --on-bad pass', ' --on-bad pass --max-line-bytes 300', ' --on-bad fail']
const chain = fc
  .array(fc.tuple(fc.constantFrom(...FILTERS), fc.constantFrom('', '', '', ...BOUNDS)), { minLength: 1, maxLength: 5 })
  .map((stages) => stages.map(([words, bounds]) => `${words}${bounds} --log-level error`).join(' | '))

const cut = (bytes: Buffer, size: number) =>
  Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) => bytes.subarray(i * size, (i + 1) * size))


t.test('lines through any chain of filters', async () => {
  const bad = fc.constantFrom('nonsense', '{}', '{"type":"metric","name":"x"}', '[1]', '')
  const line = fc.oneof(
    { weight: 8, arbitrary: fc.tuple(record, fc.nat()).map(([value, seed]) => (seed % 2 === 0 ? JSON.stringify(value) : respell(value, (n) => seed % n))) },
    { weight: 1, arbitrary: bad },
  )
  const lines = fc.array(line, { maxLength: 20 }).map((list) => Buffer.from(list.map((one) => `${one}\n`).join('')))
  await fc.assert(
    fc.asyncProperty(lines, fc.integer({ min: 20, max: 2000 }), chain, async (bytes, size, words) => {
      const stages = await plan(words)
      const chunks = cut(bytes, size)
      const fused = await outcome(stages, chunks)
      const piped = await outcome(stages, chunks, lineSeam)
      return fused === piped
    }),
    { numRuns: 150 },
  )
})

t.test('a line that a stage makes longer meets the bound of the next one', async (t) => {
  const stages = await plan('relabel --set site=eu --max-line-bytes 100 | relabel --max-line-bytes 100')
  const chunks = [Buffer.from(`{"type":"metric","name":"${'n'.repeat(40)}","ts":"1","value":1}\n`)]
  const fused = await outcome(stages, chunks)
  t.equal(fused, '1 ', 'nothing goes through')
  t.equal(fused, await outcome(stages, chunks, lineSeam))
})

const value = fc.oneof(fc.double(), fc.constantFrom(0, -0, NaN, Infinity, -Infinity, 1e21, 5e-324, 123456789012345680))
const extra = fc.record({ exemplars: fc.array(fc.record({ value: fc.double({ noNaN: true, noDefaultInfinity: true }), labels })), start: nanos, flags: fc.nat() }, { requiredKeys: [] })
const histogram = fc.constant({ histogram: { schema: 0, count: '3', sum: 1.5, zero_count: '3' } })

interface Row {
  name: string
  labels: { [name: string]: string }
  value: number
  own: string | undefined
  stale: boolean
  extra: Payload | undefined
}

const row: fc.Arbitrary<Row> = fc.record({
  name: text.filter((name) => name !== ''),
  labels,
  value,
  own: fc.option(nanos, { nil: undefined, freq: 3 }),
  stale: fc.boolean(),
  extra: fc.option(fc.oneof(extra, histogram) as fc.Arbitrary<Payload>, { nil: undefined, freq: 3 }),
})

/** The same rows as columns or as records. */
function batchOf(rows: readonly Row[], layout: Layout, stamp: string, columns: boolean): Batch {
  const extras = new Map(rows.flatMap((one, i) => (one.extra === undefined || one.stale ? [] : [[i, one.extra] as const])))
  const times = rows.some((one) => one.own !== undefined) ? rows.map((one) => one.own ?? '') : null
  const stale = rows.some((one) => one.stale) ? Uint8Array.from(rows, (one) => (one.stale ? 1 : 0)) : null
  const batch = new SampleBatch(layout, stamp, Float64Array.from(rows, (one) => one.value), times, stale, extras.size === 0 ? null : extras)
  return columns ? batch : new RecordBatch(layout.ids, layout.ids.map((_, i) => batch.payload(i)))
}

t.test('columns and records of a source, scrape after scrape, through any chain of filters', async () => {
  const scrapes = fc.array(fc.tuple(nanos, fc.boolean(), fc.array(value, { minLength: 8, maxLength: 8 })), { minLength: 1, maxLength: 4 })
  await fc.assert(
    fc.asyncProperty(fc.array(row, { maxLength: 8 }), scrapes, chain, async (rows, times, words) => {
      const layout = new Layout(rows.map((one) => Identity.of('metric', one.name, labelsOf(Object.entries(one.labels)), { kind: 'gauge' })))
      const batches = times.map(([stamp, columns, values]) =>
        batchOf(rows.map((one, i) => ({ ...one, value: values[i] })), layout, stamp, columns),
      )
      const component = source({
        name: 'made', summary: '', description: '', since: '', accepts: [], emits: ['metric'], guarantee: '', args: [],
        options: {}, examples: [],
        async run(_input, context) {
          for (const batch of batches) await context.emit(batch)
        },
      })
      const stages = [{ component, input: parseInput(component, []) }, ...(await plan(words))]
      const fused = await outcome(stages, [])
      const piped = await outcome(stages, [], lineSeam)
      return fused === piped
    }),
    { numRuns: 150 },
  )
})

t.test('stages that are asked to stop end in any order, with 0', async (t) => {
  const stop = new AbortController()
  const aborted = new Promise<void>((resolve) => stop.signal.addEventListener('abort', () => resolve()))
  const declared = { summary: '', description: '', since: '', guarantee: '', args: [], options: {}, examples: [] }
  const slow = source({
    ...declared, name: 'slow', accepts: [], emits: ['target'],
    run: () => aborted.then(() => new Promise<void>((resolve) => setImmediate(() => setImmediate(resolve)))),
  })
  const quick = source({ ...declared, name: 'quick', accepts: ['target'], emits: ['metric'], run: () => aborted })
  const stages = [slow, quick].map((component) => ({ component, input: parseInput(component, []) }))
  const output = { bytes: 0, failed: new Promise<never>(() => {}), batch: () => {}, flush: () => Promise.resolve() }
  const ran = runFused(stages, { stop: stop.signal, input: { async *chunks() {} }, output })
  stop.abort()
  t.equal(await ran, 0)
})

t.test('a seam lends the lines of a reader until the next is asked for', async (t) => {
  const reader = new LineReader(READER)
  const { output, input } = batchSeam()
  const batches = ('batches' in input ? input.batches() : t.fail('batches')) as AsyncGenerator<Batch>
  const line = (i: number) => Buffer.from(`{"type":"metric","name":"m${i}","ts":"0","value":${i}}\n`)
  let settled = false
  const first = Promise.resolve(output.batch(reader.push(line(1))!)).then(() => (settled = true))
  t.equal((await batches.next()).value.id(0).name, 'm1')
  await new Promise(setImmediate)
  t.notOk(settled, 'the reader may still look at it')
  const next = batches.next()
  await first
  void output.batch(reader.push(line(2))!)
  t.equal((await next).value.id(0).name, 'm2')
})

t.test('a seam holds so much, and no more, in order', async (t) => {
  const records = (length: number) => new RecordBatch(Array<Identity>(length).fill(Identity.of('target', '')), Array<Payload>(length).fill({}))
  const columns = (length: number) => new SampleBatch(new Layout(Array<Identity>(length).fill(Identity.of('metric', 'm'))), '0', new Float64Array(length))
  for (const [make, free] of [[records, 1], [columns, 3]] as const) {
    const { output, input, end, close } = batchSeam()
    const waits = [6001, 6002, 6003, 6004].map((length) => output.batch(make(length)))
    t.same(waits.map((wait) => wait === undefined), [0, 1, 2, 3].map((i) => i < free), 'nobody waits for a reader while there is room')
    end()
    const lengths: number[] = []
    for await (const batch of (input as { batches(): AsyncIterable<Batch> }).batches()) lengths.push(batch.length)
    await Promise.all(waits)
    t.same(lengths, [6001, 6002, 6003, 6004])
    close()
    await t.rejects(output.failed, new ReaderGone())
    await t.rejects(output.flush(), new ReaderGone())
    t.throws(() => output.batch(make(1)), new ReaderGone())
  }
})

t.test('a writer that waits hears that its reader is gone', async (t) => {
  for (const seam of [batchSeam(), lineSeam()]) {
    const reader = new LineReader(READER)
    const wait = seam.output.batch(reader.push(Buffer.from('{"type":"metric","name":"m","ts":"0","value":1}\n'))!)
    seam.close()
    await t.rejects(Promise.resolve(wait), new ReaderGone())
  }
})
