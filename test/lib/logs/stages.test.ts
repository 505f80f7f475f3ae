// Log stages: entries and streams, readers of lines, and stages that hold, over time and in accounts.

import t from 'tap'
import type { Context } from '../../../lib/component.js'
import { flowOf } from '../../../lib/flow.js'
import { StageAccount } from '../../../lib/io/account.js'
import { parseAlloy } from '../../../lib/logs/alloy.js'
import { chainOf, prepareStages, stageContext } from '../../../lib/logs/build.js'
import { LogEntry } from '../../../lib/logs/entry.js'
import { elementsOf } from '../../../lib/logs/json_array.js'
import { LogfmtReader } from '../../../lib/logs/logfmt.js'
import { ChainTransform } from '../../../lib/logs/stage.js'
import { Streams } from '../../../lib/logs/streams.js'
import { cutBytes, labelNameOf, longerThan, textOf, withoutNewlines } from '../../../lib/logs/text.js'
import {
  type Batch, ByteBuffer, decodeLine, getLabel, Identity, type Json, type Record, RecordBatch, tailText,
} from '../../../lib/record/index.js'
import { labels as anyLabels, text } from '../../support/arbitrary.js'
import { TestClock } from '../../support/clock.js'
import fc from '../../support/property.js'

/** The stages of a text at work, over time that the test lets pass. */
async function working(alloy: string) {
  const clock = new TestClock()
  const account = new StageAccount()
  const said: string[] = []
  const say = (message: string) => void said.push(message)
  const log = { debug: say, info: say, warn: say, error: say }
  const common = stageContext({ clock, log, account } as unknown as Context)
  const chain = await chainOf(await prepareStages(parseAlloy(alloy, 'stages')), common)
  const flow = flowOf(new ChainTransform(chain, common), ['log'], account)
  const out = (batches: readonly Batch[]) => {
    const buffer = new ByteBuffer()
    for (const batch of batches) {
      account.out += batch.length
      batch.write(buffer)
    }
    return buffer.take().toString().split('\n').slice(0, -1).map((line) => JSON.parse(line) as { [key: string]: Json })
  }
  return {
    account,
    clock,
    said,
    push(records: readonly Record[]) {
      account.in += records.length
      const ids = records.map(({ identity }) => identity)
      return out(flow.push(new RecordBatch(ids, records.map(({ payload }) => payload))))
    },
    /** What goes on by `time`, milliseconds. */
    at(time: number) {
      clock.time = time
      return flow.due() > time ? [] : out(flow.tick(time))
    },
    end: () => out(flow.end()),
    full: () => flow.full(),
  }
}

const log = (body: string, labels: { [name: string]: string } = {}, ts = '1'): Record => ({
  identity: Identity.of('log', '', Object.entries(labels).flat()), payload: { ts, body },
})
const bodies = (out: readonly { [key: string]: Json }[]) => out.map(({ body }) => body)
const dropped = ({ dropped }: StageAccount) => Object.fromEntries(dropped)

function frozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null) for (const inner of Object.values(value)) frozen(inner)
  return Object.freeze(value)
}

const EVERYTHING = `
  stage.logfmt { regex = ".*" }
  stage.json { regex = ".*" }
  stage.labels { values = { a = "", level = "b" } }
  stage.structured_metadata { regex = "^x" }
  stage.template {
    source   = "made"
    template = "{{ .a }}"
  }
  stage.replace {
    expression = "(e+)"
    replace    = "E"
  }
  stage.truncate {
    rule {
      limit       = "20B"
      source_type = "extracted"
    }
  }
  stage.pack { labels = ["a"] }
`

t.test('what comes in is never changed, and what goes out reads back as it is', async (t) => {
  const { push, account } = await working(EVERYTHING)
  const value = fc.oneof(text, fc.double({ noNaN: true, noDefaultInfinity: true }), fc.boolean(), fc.constant(null))
  const fields = fc.dictionary(text, value, { maxKeys: 4 })
  const logfmt = fc.constant('a=1 __proto__=x level="é \\" ü" x1=2 b=')
  const body = fc.oneof(text, fields.map((object) => JSON.stringify(object)), logfmt, fc.constant({ a: 1 }))
  const parts = { labels: anyLabels, body, extracted: fields, attributes: fields, other: fields, ts: fc.constant('7') }
  const record = fc.record(parts, { requiredKeys: ['ts'] })
  fc.assert(fc.property(fc.array(record, { maxLength: 3 }), (records) => {
    const decoded = records.map((one) => decodeLine(Buffer.from(JSON.stringify({ type: 'log', ...one }))) as Record)
    const before = decoded.map(({ payload }) => JSON.stringify(payload))
    frozen(decoded.map(({ payload }) => payload))
    const out = push(decoded)
    t.same(decoded.map(({ payload }) => JSON.stringify(payload)), before)
    for (const one of out) {
      const { identity, payload } = decodeLine(Buffer.from(JSON.stringify(one))) as Record
      t.equal(Object.getPrototypeOf(payload.extracted ?? {}), Object.prototype)
      t.ok(identity.prefix.toString() + tailText(identity, payload))
    }
    return out.length === records.length
  }), { numRuns: 60 })
  t.equal(account.pending, 0)
})

t.test('an entry that no stage changes is the record that came', async (t) => {
  const record = log('x')
  t.equal(new LogEntry(record, 0, true).record().payload, record.payload)
  const numbered = { identity: record.identity, payload: { ts: '1', body: 7, extracted: 'odd', severity: 'INFO' } }
  const entry = new LogEntry(numbered, 0, true)
  entry.ts = '2'
  t.same(entry.record().payload, { ts: '2', body: 7, extracted: 'odd', severity: 'INFO' })
})

t.test('the same labels are one identity, and what is remembered is bounded', async (t) => {
  const streams = new Streams(50)
  const setters = ['a', 'b'].map((name) => streams.setter(name))
  const base = [Identity.of('log', '', ['x', '1']), Identity.of('log', '', ['x', '1'])]
  t.equal(setters[0](base[0], 'v'), setters[0](base[1], 'v'))
  t.equal(setters[1](setters[0](base[0], 'v'), 'w'), setters[0](setters[1](base[1], 'w'), 'v'))
  t.equal(streams.known(base[0]), streams.known(base[1]))
  for (let i = 0; i < 1000; i++) {
    const id = setters[i % 2](base[0], String(i))
    t.equal(getLabel(id.labels, i % 2 === 0 ? 'a' : 'b'), String(i))
    t.equal(id, setters[i % 2](base[0], String(i)), 'while it is remembered it is one')
  }
  const isMemo = (one: unknown) => one !== undefined && 'identities' in (one as object)
  const memo = base[0].memo!.find(isMemo) as { identities: Map<string, Identity> }
  t.ok(memo.identities.size <= 51, `${memo.identities.size}`)
})

t.test('logfmt that was written is read', async (t) => {
  const key = fc.stringMatching(/^[^\s="\0-\x20]+$/u)
  const written = (value: string) => (/^[^\s="\\\0-\x20]+$/u.test(value) ? value : JSON.stringify(value))
  // One for all lines: what it remembers of some must not change what it reads in others.
  const reader = new LogfmtReader()
  fc.assert(fc.property(fc.array(fc.tuple(key, text)), (pairs) => {
    const found: [string, string][] = []
    const line = pairs.map(([name, value]) => `${name}=${written(value)}`).join(' ')
    const whole = reader.read(line, { field: (name, value) => void found.push([name, value]) })
    t.same(found, pairs)
    return whole
  }))
  fc.assert(fc.property(fc.string({ unit: fc.constantFrom('a', '=', '"', '\\', ' ', '\n', 'é') }), (line) => {
    const whole = reader.read(line, { field: (name) => void t.not(name, '') })
    return typeof whole === 'boolean'
  }))
})

t.test('the elements of an array, as they were written', async (t) => {
  const space = fc.stringMatching(/^[ \t\r\n]{0,2}$/)
  const json = fc.array(fc.jsonValue({ maxDepth: 3 }))
  fc.assert(fc.property(json, fc.infiniteStream(space), fc.boolean(), (values, spaces, wide) => {
    const pad = () => spaces.next().value
    const written = values.map((value) => JSON.stringify(value, null, wide ? 2 : 0))
    const elements = elementsOf(`${pad()}[${written.map((one) => pad() + one + pad()).join(',') || pad()}]${pad()}`)
    t.same(elements, written)
    return true
  }))
  fc.assert(fc.property(fc.string(), (line) => {
    const found = elementsOf(line)
    return found === undefined || Array.isArray(JSON.parse(line))
  }))
})

t.test('texts of values, and bytes of texts', async (t) => {
  fc.assert(fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
    const decimal = textOf(value)!
    return !/e/i.test(decimal) && Number(decimal) === value
  }))
  const texts = [textOf(1e21), textOf(1.5e-7), textOf(true), textOf(null), textOf([1])]
  t.same(texts, ['1000000000000000000000', '0.00000015', 'true', undefined, undefined])
  fc.assert(fc.property(fc.string({ unit: 'binary' }), fc.nat(40), (whole, bytes) => {
    t.equal(longerThan(whole, bytes), Buffer.byteLength(whole) > bytes)
    const cut = cutBytes(whole, bytes)
    t.ok(Buffer.byteLength(cut) <= bytes && Buffer.from(whole).toString().startsWith(cut))
    return Buffer.byteLength(whole) <= bytes || Buffer.byteLength(cut) > bytes - 4
  }))
  t.same(['0Key', 'Key@3', '', 'a.b c', '😀x'].map(labelNameOf), ['_Key', 'Key_3', '_', 'a_b_c', '_x'])
})

t.test('what is held adds up, and checkpoints stay behind it', async (t) => {
  const stages = `
    stage.cri { max_partial_lines = 2 }
    stage.match {
      selector = "{pod=~\\"a|b\\"}"
      stage.multiline {
        firstline = "^F"
        max_lines = 3
      }
    }`
  const cri = fc.constantFrom('T stdout P ', 'T stdout F ', 'T stderr P ', '')
  const line = fc.tuple(fc.constantFrom('a', 'b', 'c'), cri, fc.constantFrom('F', ''))
  const event = fc.oneof(
    { weight: 5, arbitrary: line },
    { weight: 2, arbitrary: fc.constant('checkpoint' as const) },
    { weight: 1, arbitrary: fc.constant('wait' as const) },
  )
  await fc.assert(fc.asyncProperty(fc.array(event, { maxLength: 40 }), async (events) => {
    const { push, at, end, account, clock } = await working(stages)
    let came = 0
    let gone = ''
    let committed = 0
    const pass = (out: { [key: string]: Json }[]) => {
      for (const one of out) {
        if (one.type === 'log') gone += one.body as string
        else {
          committed = one.position as number
          for (let i = 0; i < committed; i++) t.ok(gone.includes(`#${i}#`), `${i} before ${committed}`)
        }
      }
    }
    for (const one of events) {
      if (one === 'wait') pass(at(clock.time + 100_000))
      else if (one === 'checkpoint') {
        const identity = Identity.of('checkpoint', '', undefined, { source: 's' })
        pass(push([{ identity, payload: { position: came } }]))
      } else pass(push([log(`${one[1]}${one[2]}#${came++}#`, { pod: one[0] })]))
      t.ok(account.pending >= 0)
    }
    pass(end())
    t.equal(account.pending, 0)
    for (let i = 0; i < came; i++) t.equal(gone.split(`#${i}#`).length, 2, `${i} goes on once`)
    const last = events.lastIndexOf('checkpoint')
    const before = events.slice(0, Math.max(0, last))
    t.equal(committed, before.filter((one) => Array.isArray(one)).length, 'the newest checkpoint is there')
  }), { numRuns: 150 })
})

t.test('entries that are made and dropped are in the account', async (t) => {
  const { push, account } = await working('stage.split_json {}\nstage.drop { expression = "^1" }')
  t.same(bodies(push([log('[1,2,3]'), log('[]'), log('no array')])), ['2', '3', 'no array'])
  t.equal(account.made, 2)
  t.same(dropped(account), { drop_stage: 1, empty_array: 1 })
  t.equal(account.pending, 0)
})

t.test('multiline and cri let go of what waits', async (t) => {
  const stages = 'stage.cri { max_wait_time = "10s" }\nstage.multiline { firstline = "^x" }'
  const { push, at, account } = await working(stages)
  t.same(push([log('x one', { s: '1' }), log('T stdout P part', { s: '2' })]), [])
  t.equal(account.pending, 2)
  t.same(at(2999), [])
  t.same(bodies(push([log(' two', { s: '1' })])), [])
  t.same(at(5998), [], 'the wait begins anew with each line')
  t.same(bodies(at(5999)), ['x one\n two'])
  t.same(bodies(push([log('late', { s: '1' })])), [], 'what comes late is a block, for the stream has begun')
  t.same(bodies(at(9000)), ['late'])
  t.same(bodies(at(10_000)), ['part'])
  t.equal(account.pending, 0)
})

t.test('what comes without an end is bounded, in size and in time', async (t) => {
  const cri = 'stage.cri { max_held_size = "10B" }'
  const multiline = 'stage.multiline {\n firstline = "^x"\n max_block_size = "8B"\n }'
  const { push, account } = await working(`${cri}\n${multiline}`)
  t.same(bodies(push(['abcd', 'efgh', 'ijkl', 'mnop'].map((part) => log(`T stdout P ${part}`)))), ['abcdefghijkl'])
  t.same(bodies(push([log('x2345', { s: '1' }), log('67', { s: '1' })])), ['x2345\n67'])
  t.equal(account.pending, 1)
  const newlines = '\n'.repeat(1_000_000)
  t.same(elementsOf(`[1,"${'\\n'.repeat(100_000)}"${' '.repeat(1_000_000)}, 2]`)?.length, 3)
  t.equal(withoutNewlines(`${newlines}x${newlines}`).length, 1_000_001)
})

t.test('a limit that waits is full, and lets entries go at its rate', async (t) => {
  const { push, at, end, full } = await working('stage.limit {\n rate = 10\n burst = 2\n }')
  t.same(bodies(push(['a', 'b', 'c', 'd', 'e'].map((body) => log(body)))), ['a', 'b'])
  t.ok(full())
  t.same([99, 100, 199, 200].map((time) => bodies(at(time))), [[], ['c'], [], ['d']])
  t.same(bodies(end()), ['e'])
  t.notOk(full())
})

t.test('a limit by label counts each value, and forgets those unseen for longest', async (t) => {
  const options = ['rate = 1', 'burst = 1', 'drop = true', 'by_label_name = "app"', 'max_distinct_labels = 2']
  const { push, account } = await working(`stage.limit {\n ${options.join('\n ')}\n }`)
  const apps = ['a', 'a', 'b', 'c', 'd', 'a', 'none']
  const entries = apps.map((app, i) => log(`${app}${i}`, app === 'none' ? {} : { app }))
  t.same(bodies(push(entries)), ['a0', 'b2', 'c3', 'd4', 'a5', 'none6'])
  t.same(dropped(account), { ratelimit_drop_stage: 1 })
})

t.test('metrics come in time, and end when they are idle', async (t) => {
  const { push, at, end, account } = await working(`stage.metrics {
    metric.gauge {
      name = "size"
      action = "set"
      max_idle_duration = "40s"
    }
    metric.counter {
      name = "lines"
      action = "inc"
      match_all = true
      prefix = "my_"
    }
  }`)
  const hidden = { app: 'shop', __hidden: '1' }
  const sized = (size: Json): Record => ({ ...log('x', hidden), payload: { ts: '1', body: 'x', extracted: { size } } })
  t.same(push([sized('1m30s'), sized('no size'), sized(true)]).length, 3)
  t.same(at(14_999), [])
  const first = at(15_000)
  t.same(first.map(({ type, name, value, labels }) => [type, name, value, labels]), [
    ['metadata', 'loki_process_custom_size', undefined, undefined],
    ['metric', 'loki_process_custom_size', 1, { app: 'shop' }],
    ['metadata', 'my_lines', undefined, undefined], ['metric', 'my_lines', 3, { app: 'shop' }],
  ])
  t.equal(first[1].ts, '15000000000')
  at(30_000)
  const idle = at(45_000)
  const gone = ['loki_process_custom_size', true, undefined]
  t.same(idle.map(({ name, stale, value }) => [name, stale, value]), [gone, ['my_lines', undefined, 3]])
  t.same(end().length, 1)
  t.equal(account.pending, 0)
})

t.test('what is done to entries is told, but not of each one', async (t) => {
  const { push, end, said } = await working('stage.truncate {\n rule {\n limit = "2B"\n }\n }')
  push(Array.from({ length: 5 }, () => log('long')))
  end()
  t.same(said, ['line cut (truncate): 1', 'line cut (truncate): 5'])
})
