// Stages that take entries in their bytes, a batch at once: the same comes out as row by row, whatever carries the entries.

import t from 'tap'
import type { Context, StatefulTransform } from '../../../lib/component.js'
import { flowOf } from '../../../lib/flow.js'
import { StageAccount } from '../../../lib/io/account.js'
import { stageTransform } from '../../../lib/logs/command.js'
import labels from '../../../lib/logs/stages/labels.js'
import logfmt from '../../../lib/logs/stages/logfmt.js'
import { EntryBytes, fieldName, isEntries, unescape } from '../../../lib/record/entries.js'
import { type Batch, ByteBuffer, Identity, type Json, LineReader, type Payload, RecordBatch, tailText } from '../../../lib/record/index.js'
import { entryOf } from '../../../lib/record/json.js'
import { TextBatch, TextLines } from '../../../lib/record/text_batch.js'
import { text } from '../../support/arbitrary.js'
import { TestClock } from '../../support/clock.js'
import fc from '../../support/property.js'

const context = { clock: new TestClock(), account: new StageAccount() } as unknown as Context

type Make = () => Promise<StatefulTransform>

const parsing: readonly Make[] = [
  { mapping: new Map<string, string>(), regex: '.*' },
  { mapping: new Map([['b', 'a'], ['c', ''], ['__proto__', 'b']]), regex: undefined },
  { mapping: new Map([['a', 'b']]), regex: 'a' },
].map((values) => () => stageTransform(logfmt, { ...values, source: undefined }, {}, context))
const labelling: readonly Make[] = [['a', 'a'], ['x', 'b'], ['x', 'stream'], ['level', 'a"']].map(([name, source]) => () => {
  return stageTransform(labels, { values: new Map([[name, source]]), source_type: 'extracted' }, {}, context)
})

const linesOf = (batches: readonly Batch[]): string[] => {
  const out = new ByteBuffer()
  for (const batch of batches) batch.write(out)
  return out.take().toString().split('\n').slice(0, -1)
}

/** Both ways through a stage; the batch of the fast one. */
async function compared(make: Make): Promise<(batch: Batch) => Batch> {
  const [fast, slow] = [await make(), await make()]
  const plain = flowOf(Object.assign(slow, { batch: undefined }), ['log'], new StageAccount())
  return (batch) => {
    const expected = linesOf(plain.push(batch))
    const found = fast.batch!(batch)!
    same(found, expected)
    return found
  }
}

function same(batch: Batch, lines: readonly string[]): void {
  equal(linesOf([batch]), lines)
  const bytes = new EntryBytes()
  for (const [row, line] of lines.entries()) {
    const id = batch.id(row)!
    const payload = batch.payload(row)
    equal(id.prefix.toString() + tailText(id, payload), `${line}\n`)
    equal(batch.ts(row), payload.ts)
    if (!isEntries(batch)) continue
    const fields = (payload.extracted ?? {}) as { readonly [name: string]: Json }
    for (const name of ['a', 'b', 'a"', '__proto__', 'level']) {
      const found = batch.field(row, fieldName(name))
      if (found !== null) equal(found, Object.hasOwn(fields, name) ? fields[name] : undefined)
      equal(batch.part!(row, 'extracted', name), entryOf(payload.extracted, name))
    }
    for (const field of ['body', 'extracted', 'ts', 'severity']) equal(batch.part!(row, field), payload[field])
    if (!batch.entry(row, bytes)) continue
    equal(bytes.bare, payload.extracted === undefined)
    equal(`${bytes.seconds}${String(bytes.nanos).padStart(9, '0')}`, payload.ts)
    unescape(bytes)
    equal(bytes.buffer.utf8Slice(bytes.start, bytes.end), payload.body)
  }
  const odd = Int32Array.from(lines.keys()).filter((row) => row % 2 === 1)
  const some = batch.select([...odd].map((row) => batch.id(row)), odd, null)
  equal(linesOf([some]), lines.filter((_, row) => row % 2 === 1))
}

function equal(found: unknown, expected: unknown): void {
  if (JSON.stringify(found) !== JSON.stringify(expected)) throw new Error(`${JSON.stringify(found)}, not ${JSON.stringify(expected)}`)
}

const value = fc.oneof(fc.constantFrom('1', '"x y"', '"', '"a\\"b"', '"a\\tb\\\\"', '"\\/"', '"\\u0041"', '"a\\\'b"', '"\\', 'C:\\x', '"a\tb"', '"é"', 'ü', '', '"', '\u0001', '\\'), text)
const field = fc.tuple(fc.constantFrom('a', 'b', 'level', 'a\\', '__proto__', 'é', ''), fc.constantFrom('=', '=', '=', '', '=='), value)
const words = fc.array(field.map((parts) => parts.join('')), { maxLength: 6 }).map((some) => some.join(' '))
const body = fc.oneof({ weight: 3, arbitrary: words }, text, fc.constantFrom('a=1 b="two" level=info', 'a=2 b="three" level=info'))
const payload: fc.Arbitrary<Payload> = fc.record(
  {
    ts: fc.constantFrom('1763804400123000000', '1763804400123000001', '1763804400123000001', '9999999999999999999', '7', '-1', '-999999999999999999', '999999999999999999'),
    body: fc.oneof({ weight: 5, arbitrary: body as fc.Arbitrary<Json> }, fc.constantFrom<Json>(7, { a: 1 })),
    extracted: fc.dictionary(fc.constantFrom('a', 'b', 'a"', '0'), fc.oneof(text, fc.constantFrom<Json>(1, true, 0.5, null)), { minKeys: 1, maxKeys: 3 }) as fc.Arbitrary<Json>,
    attributes: fc.constant({ order: '1' }),
    severity: fc.constant('INFO'),
  },
  { requiredKeys: ['ts'] },
).map(({ extracted, attributes, severity, ...rest }) => {
  // Most entries have nothing beside their line.
  return { ...rest, ...(severity !== undefined && attributes !== undefined ? { attributes } : {}), ...(extracted !== undefined && attributes !== undefined ? { extracted } : {}) }
})
const other = fc.constantFrom(Identity.of('checkpoint', '', [], { source: 's' }), Identity.of('metric', 'up'))
const log = fc.constantFrom(Identity.of('log', '', ['stream', 'é']), Identity.of('log', ''))
const rows = fc.array(fc.oneof({ weight: 9, arbitrary: fc.tuple(log, payload) }, other.map((id) => [id, { ts: '1', value: 1 }] as const)), { maxLength: 12 })

t.test('entries in the lines that they came in', async () => {
  for (const parse of parsing) {
    const first = await compared(parse)
    const again = await compared(parse)
    const thens = await Promise.all(labelling.map(compared))
    const reader = new LineReader({ maxLineBytes: 1 << 20, maxDepth: 64, maxIdentities: 1000, onBad: () => false })
    fc.assert(fc.property(rows, (some) => {
      const out = new ByteBuffer()
      new RecordBatch(some.map(([id]) => id), some.map(([, payload]) => payload)).write(out)
      const batch = reader.push(out.take())
      if (batch === null) return
      for (const then of thens) then(batch)
      const extracted = first(batch)
      for (const then of thens) then(then(extracted))
      again(extracted)
    }))
  }
})

t.test('entries in the text that they came in', async () => {
  const ids = [Identity.of('log', '', ['file', 'one']), Identity.of('log', '', ['file', 'two'])]
  for (const parse of parsing) {
    const through = await compared(parse)
    const thens = await Promise.all(labelling.map(compared))
    const lines = new TextLines()
    const piece = fc.tuple(fc.constantFrom(...ids), fc.array(body, { minLength: 1, maxLength: 5 }), fc.constantFrom('\n', '\r\n'))
    const start = fc.constantFrom([1_763_804_400, 0], [9_999_999_999, 999_999_900], [3, 5])
    fc.assert(fc.property(fc.array(piece, { minLength: 1, maxLength: 4 }), start, fc.boolean(), (pieces, [seconds, nanos], ended) => {
      lines.clear()
      const stamps = { seconds, nanos, step: () => void stamps.nanos++ }
      const expected: string[] = []
      for (const [id, bodies, end] of pieces) {
        const data = Buffer.from(bodies.join(end) + (ended ? end : ''))
        if (data.length === 0) continue
        const whole = data.toString().split('\n')
        if (whole.at(-1) === '') whole.pop()
        for (const line of whole) {
          const ts = `${seconds}${String(nanos + expected.length + 1).padStart(9, '0')}`
          const payload = { ts, body: line.endsWith('\r') ? line.slice(0, -1) : line }
          expected.push((id.prefix.toString() + tailText(id, payload)).trimEnd())
        }
        lines.add(id, data, stamps)
      }
      const batch = TextBatch.of(lines, 0, lines.length)
      same(batch, expected)
      const extracted = through(batch)
      for (const then of thens) then(then(extracted))
    }))
  }
})

t.test('where most entries cannot be read so, the next ones go row by row', async (t) => {
  const stage = await parsing[0]()
  const of = (body: string) => {
    const lines = new TextLines()
    lines.add(Identity.of('log', ''), Buffer.from(`${body}\n`.repeat(100)), { seconds: 1_763_804_400, nanos: 1, step: () => {} })
    return TextBatch.of(lines, 0, 100)
  }
  const isWhole = (body: string) => stage.batch!(of(body)) !== null
  t.ok(isWhole('a=1'))
  t.ok(isWhole('a=C:\\x'))
  t.notOk(isWhole('a=1'))
  for (let i = 1; i < 63; i++) stage.batch!(of('a=1'))
  t.ok(isWhole('a=1'), 'but not for ever')
})
