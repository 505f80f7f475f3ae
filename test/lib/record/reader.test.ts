// The reader's two ways give the same records, the writer's lines read back as themselves, and hostile lines meet a bound.

import v8 from 'node:v8'
import vm from 'node:vm'
import fc from 'fast-check'
import ndjson from 'ndjson'
import t from 'tap'
import {
  type Batch,
  ByteBuffer,
  canonical,
  compareCodePoints,
  decodeLine,
  Identity,
  type Json,
  labelsOfObject,
  Layout,
  LineReader,
  numberText,
  type ReaderOptions,
  SampleBatch,
  tailText,
} from '../../../lib/record/index.js'
import { labels, number, record, respell } from '../../support/arbitrary.js'

interface Bad {
  reason: string
  detail: string
  line: number
}

function readerOf(bad: Bad[], options: Partial<ReaderOptions> = {}): LineReader {
  const onBad: ReaderOptions['onBad'] = ({ reason, detail }, line) => {
    bad.push({ reason, detail, line })
    return false
  }
  return new LineReader({ maxLineBytes: 1 << 20, maxDepth: 64, maxIdentities: 1000, onBad, ...options })
}

function write(batches: readonly (Batch | null)[]): string {
  const out = new ByteBuffer()
  for (const batch of batches) batch?.write(out)
  return out.take().toString()
}

/** The slow way alone: what every line means. */
function slowly(line: string): string {
  const decoded = decodeLine(Buffer.from(line))
  if ('reason' in decoded) throw new Error(`${decoded.detail}: ${line}`)
  return decoded.identity.prefix.toString() + tailText(decoded.identity, decoded.payload)
}

function throughReader(text: string, cuts: readonly number[] = []): { text: string; bad: Bad[] } {
  const bad: Bad[] = []
  const reader = readerOf(bad)
  const bytes = Buffer.from(text)
  const at = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b)
  let out = ''
  let from = 0
  for (const to of [...at, bytes.length]) {
    // A batch is good until the next call, a chunk only during it.
    const chunk = Buffer.from(bytes.subarray(from, to))
    const batch = reader.push(chunk)
    chunk.fill(0)
    out += write([batch])
    from = to
  }
  return { text: out + write([reader.end()]), bad }
}

const stream = fc.array(record, { maxLength: 12 }).chain((records) =>
  // Repeats make the fast way run.
  fc.array(fc.nat({ max: Math.max(0, records.length - 1) }), { maxLength: 40 }).map((order) => (records.length === 0 ? [] : order.map((i) => records[i]))),
)

t.test('any spelling, cut anywhere, gives the lines of the slow way', (t) => {
  fc.assert(
    fc.property(stream, fc.array(fc.nat({ max: 1 << 16 }), { maxLength: 8 }), fc.infiniteStream(fc.nat({ max: 1 << 20 })), (records, cuts, noise) => {
      const spelled = records.map((fields) => respell(fields, (n) => (noise.next().value as number) % n))
      const expected = spelled.map(slowly).join('')
      const { text, bad } = throughReader(spelled.join('\n'), cuts)
      t.match(bad, [])
      if (text !== expected) throw new Error(`got ${text}\nnot ${expected}`)
      // Canonical lines are a fixed point, whichever way they take.
      const again = throughReader(expected, cuts).text
      if (again !== expected) throw new Error(`not a fixed point: ${again}`)
    }),
    { numRuns: 400 },
  )
  t.end()
})

t.test('mixed spellings of one series in one stream', (t) => {
  fc.assert(
    fc.property(labels, fc.array(fc.tuple(number, fc.constantFrom('1', '1.0', '10e-1', '0.10', '-0', '-0.0', '1e400', '01', '+1', '.5', '1.', 'NaN', '"NaN"', '"+Inf"', '"-Inf"', '1E5', '100000000000000000000000')), { maxLength: 8 }), (set, values) => {
      const head = `{"type":"metric","name":"m","labels":${canonical(set)},"ts":"17","value":`
      const lines = values.flatMap(([value, odd]) => [`${head}${canonical(value as Json)}}`, `${head}${odd}}`])
      const good = lines.filter((line) => !('reason' in decodeLine(Buffer.from(line))))
      const { text, bad } = throughReader(lines.join('\n'))
      if (bad.length !== lines.length - good.length) throw new Error(`${bad.length} bad of ${lines.length}`)
      if (text !== good.map(slowly).join('')) throw new Error(text)
    }),
    { numRuns: 300 },
  )
  t.end()
})

t.test('numbers read back as the same double', (t) => {
  fc.assert(fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => Object.is(Number(numberText(value)), value)))
  t.same([NaN, Infinity, -Infinity, -0].map(numberText), ['"NaN"', '"+Inf"', '"-Inf"', '-0'])
  t.end()
})

t.test('code points order as UTF-8 bytes do', (t) => {
  const any = fc.string({ unit: 'binary', maxLength: 4 })
  fc.assert(fc.property(any, any, (a, b) => Math.sign(compareCodePoints(a, b)) === Math.sign(Buffer.compare(Buffer.from(a), Buffer.from(b)))))
  t.end()
})

t.test('columns write the lines that their rows would', (t) => {
  fc.assert(
    fc.property(fc.array(fc.tuple(labels, number, fc.boolean()), { minLength: 1, maxLength: 6 }), (rows) => {
      const ids = rows.map(([set]) => Identity.of('metric', 'm', labelsOfObject(set), { kind: 'gauge' }))
      const values = Float64Array.from(rows, ([, value]) => (typeof value === 'number' ? value : Number(value.replace('Inf', 'Infinity'))))
      const stale = Uint8Array.from(rows, ([, , gone]) => (gone ? 1 : 0))
      const batch = new SampleBatch(new Layout(ids), '17', values, null, stale)
      const expected = ids.map((id, row) => id.prefix.toString() + tailText(id, batch.payload(row))).join('')
      const text = write([batch])
      if (text !== expected) throw new Error(text)
      if (throughReader(text).text !== text) throw new Error('not canonical')
    }),
  )
  t.end()
})

t.test('rows read back what was written', (t) => {
  const bad: Bad[] = []
  const lines = ['1.5', '-7', '12345678901234568', '"NaN"', '"-Inf"', '1e-7', '-0'].map(
    (value, i) => `{"type":"metric","name":"m","labels":{"a":"b"},"kind":"gauge","ts":"${i + 1}000000","value":${value}}\n`,
  )
  const batch = readerOf(bad).push(Buffer.from(lines.join('')))!
  t.equal(batch.length, lines.length)
  const values = lines.map((_, row) => batch.value(row))
  t.same(values, [1.5, -7, 12345678901234568, NaN, -Infinity, 1e-7, -0])
  t.ok(Object.is(values[6], -0))
  t.same(lines.map((_, row) => batch.millis(row)), [1, 2, 3, 4, 5, 6, 7])
  t.ok(lines.every((_, row) => batch.plain(row)))
  t.equal(new Set(lines.map((_, row) => batch.id(row))).size, 1, 'one identity')
  t.equal(batch.id(0)!.kind, 'gauge')
  t.end()
})

t.test('the ndjson package sees the same objects', async (t) => {
  const samples = fc.sample(record, { numRuns: 50, seed: 7 })
  const text = samples.map((fields) => respell(fields, () => 1)).join('\n')
  const parser = ndjson.parse()
  const seen: unknown[] = []
  parser.on('data', (value: unknown) => seen.push(value))
  parser.end(text)
  await new Promise((resolve) => parser.on('end', resolve))
  const theirs = seen.map((value) => slowly(JSON.stringify(value)))
  // JSON.stringify spells -0 as 0.
  t.same(throughReader(text).text.replaceAll(/:-0(?=[,}\]])/g, ':0').split('\n').slice(0, -1), theirs.map((line) => line.trimEnd()))
})

t.test('lines that are no record are told, with their number, and the rest goes on', (t) => {
  const good = '{"type":"log","ts":"1","body":"x"}'
  const cases: [string, RegExp][] = [
    ['x', /not_json not JSON: unexpected token 'x'/],
    ['null', /not_a_record/],
    ['[1]', /not_a_record/],
    ['17', /not_a_record/],
    ['{"type":"metrix","ts":"1"}', /unknown_type unknown type "metrix": expected target/],
    ['{}', /unknown_type no 'type'/],
    ['{"type":"metric","name":"a","ts":1,"value":1}', /bad_field 'ts': expected Unix nanoseconds/],
    ['{"type":"metric","name":"a","value":1}', /bad_field no 'ts'/],
    ['{"type":"metric","name":"a","ts":"1","value":"one"}', /bad_field 'value'/],
    ['{"type":"metric","name":"a","ts":"1"}', /bad_field expected one of 'value'/],
    ['{"type":"metric","name":"a","labels":{"b":1},"ts":"1","value":1}', /bad_field 'labels': value of "b"/],
    ['{"type":"metric","name":7,"ts":"1","value":1}', /bad_field 'name'/],
    ['{"type":"metric","name":"a","ts":"1","value":1', /not_json not JSON: unexpected end of line/],
    [`{"type":"log","ts":"1","body":${'['.repeat(70)}${']'.repeat(70)}}`, /too_deep nested deeper than 64 levels \(max_depth\)/],
  ]
  for (const [line, expected] of cases) {
    const { text, bad } = throughReader(`${good}\n${line}\n${good}\n`)
    t.equal(text, `${good}\n${good}\n`)
    t.match(bad.map(({ reason, detail, line }) => `${line} ${reason} ${detail}`), [new RegExp(`^2 ${expected.source}`)], line.slice(0, 60))
  }
  const bad: Bad[] = []
  readerOf(bad).push(Buffer.concat([Buffer.from('{"type":"log","ts":"1","body":"'), Buffer.from([0xff]), Buffer.from('"}\n')]))
  t.match(bad, [{ reason: 'not_utf8' }])
  t.end()
})

t.test('a line longer than the bound is skipped without being held', (t) => {
  const bad: Bad[] = []
  const reader = readerOf(bad, { maxLineBytes: 1000 })
  const chunk = Buffer.alloc(64 << 10, 97)
  for (let i = 0; i < 100; i++) t.equal(reader.push(chunk), null)
  const rest = reader.push(Buffer.from('a\n{"type":"log","ts":"1","body":"x"}\n'))
  t.match(bad, [{ reason: 'line_too_long', line: 1, detail: /1000 bytes \(max_line_bytes\)/ }])
  t.equal(write([rest]), '{"type":"log","ts":"1","body":"x"}\n')
  t.equal(reader.push(Buffer.from(`{"type":"log","ts":"1","body":"${'y'.repeat(2000)}"}\n`)), null)
  t.match(bad[1], { reason: 'line_too_long', line: 3 })
  t.end()
})

t.test('identities are bounded, and what is forgotten is learnt again', (t) => {
  const bad: Bad[] = []
  const reader = readerOf(bad, { maxIdentities: 100 })
  const line = (i: number) => `{"type":"metric","name":"m","labels":{"i":"${i}"},"ts":"1","value":${i}}\n`
  let text = ''
  for (let i = 0; i < 5000; i++) {
    text += write([reader.push(Buffer.from(line(i) + line(0)))])
    if (reader.identities > 100) throw new Error(`${reader.identities} identities held`)
  }
  t.equal(text, Array.from({ length: 5000 }, (_, i) => line(i) + line(0)).join(''))
  t.end()
})

t.test('what is forgotten leaves the memory', (t) => {
  v8.setFlagsFromString('--expose-gc')
  const collect = vm.runInNewContext('gc') as () => void
  const reader = readerOf([], { maxIdentities: 1000 })
  const feed = (from: number, to: number) => {
    for (let i = from; i < to; i++) {
      // One series comes back now and then: what once followed it must not stay because of that.
      const line = (n: number) => `{"type":"metric","name":"m","labels":{"i":"${n}","pad":"${'x'.repeat(100)}"},"ts":"1","value":1}\n`
      reader.push(Buffer.from(line(i) + (i % 300 === 0 ? line(0) : '')))
    }
    collect()
    return process.memoryUsage().heapUsed
  }
  const before = feed(0, 5000)
  const after = feed(5000, 60_000)
  t.ok(after - before < 4 << 20, `${after - before} bytes more after 55,000 other identities`)
  t.end()
})

t.test('__proto__ is a name like another', (t) => {
  const line = '{"type":"metric","name":"__proto__","labels":{"__proto__":"x","constructor":"y"},"ts":"1","value":1}\n'
  t.equal(throughReader(line + line).text, line + line)
  t.equal(throughReader('{"__proto__":{"type":"log"},"type":"log","ts":"1","labels":{"toString":"z"}}').text, '{"type":"log","labels":{"toString":"z"},"ts":"1","__proto__":{"type":"log"}}\n')
  t.equal(({} as { type?: string }).type, undefined)
  t.end()
})
