// The reader's two ways give the same records, the writer's lines read back as themselves, and hostile lines meet a bound.

import v8 from 'node:v8'
import vm from 'node:vm'
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
  memoSlot,
  numberText,
  type Payload,
  type ReaderOptions,
  type Record,
  SampleBatch,
  tailText,
} from '../../../lib/record/index.js'
import { type Ask, EACH } from '../../../lib/record/decided.js'
import { millisOf } from '../../../lib/record/time.js'
import { copyText, nextSpecial, sameText, SLACK, viewOf } from '../../../lib/record/words.js'
import { labels, number, record, respell } from '../../support/arbitrary.js'
import fc from '../../support/property.js'

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

/** Lines without their ends; those with nothing in them are passed over. */
function linesOf(bytes: Buffer): Buffer[] {
  const lines: Buffer[] = []
  for (let from = 0; from < bytes.length; ) {
    const newline = bytes.indexOf(10, from)
    const to = newline < 0 ? bytes.length : newline
    if (to > from) lines.push(bytes.subarray(from, to))
    from = to + 1
  }
  return lines
}

function throughReader(text: string, cuts: readonly number[] = []): { text: string; bad: Bad[] } {
  return throughBytes(Buffer.from(text), cuts)
}

function throughBytes(bytes: Buffer, cuts: readonly number[]): { text: string; bad: Bad[] } {
  const bad: Bad[] = []
  const reader = readerOf(bad)
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

t.test('mutated bytes, cut anywhere: each line is the record that the slow way sees, or is told', (t) => {
  const change = fc.tuple(fc.constantFrom('set', 'insert', 'delete', 'double'), fc.nat(), fc.nat({ max: 255 }))
  fc.assert(
    fc.property(stream, fc.array(change, { maxLength: 6 }), fc.array(fc.nat(), { maxLength: 6 }), (records, changes, cuts) => {
      let bytes = Buffer.from(records.map((fields) => slowly(JSON.stringify(fields))).join(''))
      for (const [what, where, byte] of changes) {
        const at = where % (bytes.length + 1)
        const put = what === 'insert' ? Buffer.of(byte) : what === 'double' ? bytes.subarray(at, at + byte) : null
        if (put !== null) bytes = Buffer.concat([bytes.subarray(0, at), put, bytes.subarray(at)])
        else if (what === 'delete') bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + byte)])
        else if (at < bytes.length) bytes[at] = byte
      }
      const { text, bad } = throughBytes(bytes, cuts)
      let [expected, bads] = ['', 0]
      for (const line of linesOf(bytes)) {
        const decoded = decodeLine(line)
        if ('reason' in decoded) bads++
        else expected += decoded.identity.prefix.toString() + tailText(decoded.identity, decoded.payload)
      }
      if (text !== expected) throw new Error(`got ${text}\nnot ${expected}`)
      if (bad.length !== bads) throw new Error(`${bad.length} told of ${bads}`)
    }),
    { numRuns: 600 },
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
      const back = Int32Array.from(ids.keys()).reverse()
      const selected = write([batch.select([...ids].reverse(), back, null)])
      if (selected !== expected.split(/(?<=\n)/).reverse().join('')) throw new Error(`selected ${selected}`)
    }),
  )
  t.end()
})

t.test('decimals are written as their text', (t) => {
  const decimal = fc.tuple(fc.integer(), fc.integer({ min: 0, max: 7 })).map(([digits, scale]) => digits / 10 ** scale)
  fc.assert(
    fc.property(fc.array(fc.oneof(decimal, fc.double({ min: -1e7, max: 1e7 }), fc.constantFrom(999_999.999, 1e6, 0.001, 0.0005, -0))), (values) => {
      const out = new ByteBuffer()
      for (const value of values) {
        out.number(value)
        out.two(32, 32)
      }
      const text = out.take().toString()
      if (text !== values.map((value) => `${numberText(value)}  `).join('')) throw new Error(text)
    }),
    { numRuns: 500 },
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

t.test('numbers are written digit by digit as their text', (t) => {
  const edge = fc.constantFrom(0, -0, 9, 10, 99, 100, 999_999_999, 1e9, -1e9, 2 ** 31, NaN, Infinity, -Infinity, 5e-324)
  fc.assert(
    fc.property(fc.array(fc.oneof(edge, fc.integer(), fc.maxSafeInteger(), fc.double())), (values) => {
      const out = new ByteBuffer()
      for (const value of values) out.number(value)
      if (out.take().toString() !== values.map(numberText).join('')) throw new Error('another text')
    }),
    { numRuns: 1000 },
  )
  t.end()
})

t.test('values and times are read where they stand as JSON would read them', (t) => {
  const decimal = fc.tuple(fc.integer(), fc.integer({ min: 0, max: 12 })).map(([digits, scale]) => digits / 10 ** scale)
  const value = fc.oneof(decimal, fc.maxSafeInteger(), fc.double(), fc.constantFrom(-0, 1e15, 1e16, 0.1, 123456789012345.6))
  const ts = fc.oneof(fc.bigInt({ min: -(1n << 63n), max: (1n << 63n) - 1n }), fc.constantFrom(0n, 1n, -1n, 10n ** 18n, 10n ** 18n + 1n))
  fc.assert(
    fc.property(fc.array(fc.tuple(value, ts), { minLength: 1 }), fc.array(fc.nat()), (rows, order) => {
      // Times repeat, so that one is taken over from its neighbour.
      const all = [...rows, ...order.map((i) => [rows[i % rows.length][0], rows[(i >> 3) % rows.length][1]] as const)]
      const line = ([value, ts]: readonly [number, bigint]) => `{"type":"metric","name":"m","ts":"${ts}","value":${numberText(value)}}\n`
      const batch = readerOf([]).push(Buffer.from(all.map(line).join('')))!
      all.forEach(([value, ts], row) => {
        if (!Object.is(batch.value(row), value)) throw new Error(`${batch.value(row)} for ${value}`)
        if (batch.ts(row) !== String(ts) || batch.millis(row) !== millisOf(String(ts))) throw new Error(`${batch.ts(row)}`)
      })
    }),
    { numRuns: 500 },
  )
  t.end()
})

/** What a stage might do with an identity, by a hash of what it is. */
function whim(seed: number): Ask {
  return (id) => {
    let hash = seed
    for (const byte of id.prefix) hash = (Math.imul(hash, 31) + byte) >>> 0
    if (hash % 5 === 0) return null
    if (hash % 5 === 1) return EACH
    return hash % 5 < 4 ? id : id.with(`${id.name}_${seed}`, [...id.labels, '\u{10ffff}', String(seed)])
  }
}

function odd(payload: Payload): boolean {
  return canonical(payload.value ?? payload.body).length % 2 === 1
}

/** The same stages line by line. */
function slowlyThrough(asks: readonly Ask[], line: string): string {
  const { identity: first, payload } = decodeLine(Buffer.from(line)) as Record
  let identity = first
  for (const ask of asks) {
    const answer = ask(identity)
    if (answer === null || (answer === EACH && !odd(payload))) return ''
    if (answer !== EACH) identity = answer
  }
  return identity.prefix.toString() + tailText(identity, payload)
}

t.test('stages that decide by number give the lines that they would give one by one', (t) => {
  const long = fc.array(stream, { minLength: 1, maxLength: 3 }).map((streams) => [...streams, ...streams].flat())
  fc.assert(
    fc.property(long, fc.array(fc.nat({ max: 99 }), { maxLength: 3 }), fc.nat(), fc.constantFrom(4, 1000), (records, seeds, cut, maxIdentities) => {
      const lines = records.map((fields) => slowly(JSON.stringify(fields)))
      const asks = seeds.map(whim)
      const slots = asks.map(() => memoSlot())
      const reader = readerOf([], { maxIdentities })
      const bytes = Buffer.from(lines.join(''))
      const at = cut % (bytes.length + 1)
      let got = ''
      for (const chunk of [bytes.subarray(0, at), bytes.subarray(at)]) {
        let batch = reader.push(chunk)
        asks.forEach((ask, i) => (batch = batch?.decide(slots[i], ask, (of, row) => odd(of.payload(row))) ?? null))
        if (batch === null) continue
        const text = write([batch])
        // Row by row, and under identities that are handed in.
        const ids = Array.from({ length: batch.length }, (_, row) => batch!.id(row))
        const rows = ids.map((id, row) => id!.prefix.toString() + tailText(id!, batch!.payload(row))).join('')
        const selected = write([batch.select(ids, Int32Array.from(ids.keys()))])
        if (rows !== text || selected !== text) throw new Error(`rows differ: ${rows}\nnot ${text}`)
        got += text
      }
      const expected = lines.map((line) => slowlyThrough(asks, line)).join('')
      if (got !== expected) throw new Error(`got ${got}\nnot ${expected}`)
    }),
    { numRuns: 300 },
  )
  t.end()
})

t.test('text is compared and copied in words as byte by byte', (t) => {
  const piece = fc.string({ unit: 'grapheme', minLength: 8, maxLength: 90 }).map((text) => Buffer.from(text.replaceAll('\0', ' ')))
  fc.assert(
    fc.property(piece, fc.nat({ max: 20 }), fc.nat({ max: 20 }), fc.nat(), fc.nat({ max: 255 }), (bytes, from, to, where, byte) => {
      const source = Buffer.concat([Buffer.alloc(from, 1), bytes])
      const target = Buffer.alloc(to + bytes.length + 9, 2)
      copyText(viewOf(source), from, viewOf(target), to, bytes.length)
      const expected = Buffer.concat([Buffer.alloc(to, 2), bytes, Buffer.alloc(9, 2)])
      if (!target.equals(expected)) throw new Error('copied wrongly')
      // Any other byte anywhere, text or not.
      target[to + (where % bytes.length)] = byte
      const same = sameText(viewOf(source), from, viewOf(target), to, bytes.length)
      if (same !== target.equals(expected)) throw new Error('compared wrongly')
    }),
  )
  t.end()
})

t.test('what JSON writes otherwise is found in words as byte by byte', (t) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), fc.constantFrom('"', '\\', '\n', 'é'), fc.nat({ max: 40 }), (bytes, last, from) => {
      // Mostly letters, so that the first one is not always near.
      const text = bytes.map((byte, i) => (i % 7 === 0 ? byte : 97 + (byte % 26)))
      const buffer = Buffer.concat([text, Buffer.from(last), Buffer.alloc(SLACK, from)])
      const start = Math.min(from, text.length)
      let at = start
      while (buffer[at] >= 0x20 && buffer[at] < 0x80 && buffer[at] !== 34 && buffer[at] !== 92) at++
      return nextSpecial(viewOf(buffer), start) === at
    }),
  )
  t.end()
})

t.test('names that a line has in common with the one before are not looked at again, but for what is no UTF-8', (t) => {
  const maps = [[0x61], [0xc3, 0xa9], [0xff], [0x61, 0xff], [0xc3], []].map((name) => {
    return Buffer.concat([Buffer.from('{"'), Buffer.from(name), Buffer.from('":"x"}')])
  })
  const some = fc.array(fc.tuple(fc.nat(maps.length - 1), fc.constantFrom('attributes', 'extracted')), { minLength: 2 })
  fc.assert(fc.property(some, (rows) => {
    const lines = rows.map(([map, key]) => Buffer.concat([Buffer.from(`{"type":"log","ts":"1","body":"x","${key}":`), maps[map], Buffer.from('}')]))
    const bad: Bad[] = []
    const good = write([readerOf(bad).push(Buffer.concat(lines.flatMap((line) => [line, Buffer.from('\n')])))])
    const isGood = ([map]: readonly [number, string]) => map < 2 || map === maps.length - 1
    t.same(bad.map(({ line }) => line), rows.flatMap((row, i) => (isGood(row) ? [] : [i + 1])))
    return good === lines.filter((_, i) => isGood(rows[i])).map((line) => `${line.toString()}\n`).join('')
  }))
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
