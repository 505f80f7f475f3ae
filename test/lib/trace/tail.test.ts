// Tail sampling: what each policy answers, how answers become decisions, and what holds whatever comes: order, bounds, accounts,
// checkpoints, and what another process takes over.

import { createHash } from 'node:crypto'
import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import t from 'tap'
import type { Reject } from '../../../lib/component.js'
import { problemsOf } from '../../../lib/diag/problem.js'
import { flowOf } from '../../../lib/flow.js'
import { StageAccount } from '../../../lib/io/account.js'
import { type Batch, ByteBuffer, Identity, type Json, type Record, RecordBatch } from '../../../lib/record/index.js'
import { SavedRecords } from '../../../lib/state/saved.js'
import { compilePolicies } from '../../../lib/trace/sampling/compile.js'
import { Decisions } from '../../../lib/trace/sampling/decisions.js'
import { TokenBucket } from '../../../lib/trace/sampling/limits.js'
import type { Keep } from '../../../lib/trace/sampling/decision_log.js'
import { type TailOptions, TailSampler } from '../../../lib/trace/sampling/tail.js'
import { TestClock } from '../../support/clock.js'
import fc from '../../support/property.js'
import { temporary } from '../../support/temporary.js'

type Fields = { [key: string]: Json }

const SHOP = Identity.of('span', '', undefined, { resource: { 'service.name': 'shop', replicas: 3, canary: true } })
const id = (n: number) => n.toString(16).padStart(32, '0')
const span = (trace: number, fields: Fields = {}, identity = SHOP): Record => ({
  identity, payload: { ts: '1000000000', end: '1100000000', trace_id: id(trace), span_id: '0000000000000001', ...fields },
})
const checkpoint = (position: number): Record => ({ identity: Identity.of('checkpoint', '', undefined, { source: 's' }), payload: { position } })

interface Made extends Partial<TailOptions> {
  clock?: TestClock
  keep?: Keep
  decisions?: Decisions
}

/** A sampler at work, over time that the test lets pass. */
async function sampling(policies: string, { clock = new TestClock(), keep, decisions = new Decisions(100, 100), ...options }: Made = {}) {
  const account = new StageAccount()
  const said: string[] = []
  const say = (message: string) => void said.push(message)
  const log = { debug: say, info: say, warn: say, error: say }
  const reject = ({ reason }: Reject) => account.drop(reason, 1)
  const made = await compilePolicies([{ file: 'policies.yaml', text: policies, single: false }], (policy, why) => say(`${policy}: ${why}`))
  const bounds = { wait: 1000, waitAfterRoot: Infinity, maxTraces: 1000, maxMemory: 1e9, recordPolicy: false, ...options }
  const sampler = new TailSampler(made, decisions, bounds, { account, clock, log, reject }, keep ?? null)
  const flow = flowOf(sampler, ['span'], account)
  const out = (batches: readonly Batch[]) => {
    const buffer = new ByteBuffer()
    for (const batch of batches) {
      account.out += batch.length
      batch.write(buffer)
    }
    return buffer.take().toString().split('\n').slice(0, -1).map((line) => JSON.parse(line) as Fields)
  }
  return {
    account, clock, said, sampler,
    push(...records: Record[]) {
      account.in += records.length
      return out(flow.push(new RecordBatch(records.map(({ identity }) => identity), records.map(({ payload }) => payload))))
    },
    at(time: number) {
      clock.time = time
      return flow.due() > time ? [] : out(flow.tick(time))
    },
    end: () => out(flow.end()),
  }
}

const dropped = ({ dropped }: StageAccount) => Object.fromEntries(dropped)
const traces = (out: readonly Fields[]) => [...new Set(out.map(({ trace_id }) => Number.parseInt(String(trace_id), 16)))]

/** Whether a policy keeps a trace of these spans. */
async function keeps(policy: string, ...spans: Fields[]): Promise<boolean> {
  const { push, end } = await sampling(`[${policy}]`)
  push(...spans.map((fields) => span(1, fields)))
  return end().length === spans.length
}

const attribute = (value: Json) => ({ attributes: { key: value } })

t.test('each policy, one trace that it keeps and one that it does not', async (t) => {
  const ms = (duration: number) => ({ end: String(1_000_000_000n + BigInt(Math.round(duration * 1e6))) })
  const cases: [string, Fields[], Fields[]][] = [
    ['{type: latency, latency: {threshold_ms: 500}}', [ms(500)], [ms(499.999999)]],
    ['{type: latency, latency: {threshold_ms: 500}}', [ms(1), { ts: '600000000' }], [ms(100), ms(300)]],
    ['{type: latency, latency: {threshold_ms: 500, upper_threshold_ms: 600}}', [ms(600)], [ms(500)]],
    ['{type: latency, latency: {threshold_ms: 500, upper_threshold_ms: 600}}', [ms(501)], [ms(601)]],
    ['{type: latency, latency: {threshold_ms: 1}}', [{ ts: '9', end: '1000010' }], [{ ts: '9', end: '8' }]],
    ['{type: numeric_attribute, numeric_attribute: {key: key, min_value: 50, max_value: 100}}', [attribute(50), {}], [attribute(101)]],
    ['{type: numeric_attribute, numeric_attribute: {key: key, min_value: 50}}', [attribute({ $double: 51 })], [attribute('51')]],
    ['{type: numeric_attribute, numeric_attribute: {key: key, max_value: 5}}', [attribute({ $int: '-9223372036854775808' })], [attribute({ $int: '9223372036854775807' })]],
    ['{type: numeric_attribute, numeric_attribute: {key: key, min_value: 1, invert_match: true}}', [attribute(0)], [attribute(0), attribute(1)]],
    ['{type: string_attribute, string_attribute: {key: key, values: [a, b]}}', [attribute('b')], [attribute('c')]],
    ['{type: string_attribute, string_attribute: {key: key, values: [a, 5]}}', [attribute('5')], [attribute(5)]],
    ['{type: string_attribute, string_attribute: {key: key, values: ["^a+$"], enabled_regex_matching: true, cache_max_size: 1}}', [attribute('x'), attribute('aa')], [attribute('ab')]],
    ['{type: string_attribute, string_attribute: {key: key, values: [a], invert_match: true}}', [{}], [{}, attribute('a')]],
    ['{type: boolean_attribute, boolean_attribute: {key: key, value: true}}', [attribute(true)], [attribute('true')]],
    ['{type: boolean_attribute, boolean_attribute: {key: key, value: false}}', [attribute(false)], [{}]],
    ['{type: status_code, status_code: {status_codes: [ERROR]}}', [{}, { status: { code: 'error' } }], [{ status: { code: 'ok' } }]],
    ['{type: status_code, status_code: {status_codes: [UNSET, ok]}}', [{}], [{ status: { code: 'error' } }]],
    ['{type: span_count, span_count: {min_spans: 2, max_spans: 3}}', [{}, {}], [{}]],
    ['{type: span_count, span_count: {min_spans: 2, max_spans: 3}}', [{}, {}, {}], [{}, {}, {}, {}]],
    ['{type: trace_state, trace_state: {key: key, values: [a]}}', [{ trace_state: 'b=c,key=a' }], [{ trace_state: 'key=b' }]],
    ['{type: trace_flags}', [{ flags: 257 }], [{ flags: 256 }]],
    ['{type: condition, condition: \'name == "x" && end - ts > duration("1s")\'}', [{ name: 'x', ...ms(1001) }], [{ name: 'x' }, ms(1001)]],
    ['{type: not, not: {not_sub_policy: {type: span_count, span_count: {min_spans: 2}}}}', [{}], [{}, {}]],
    ['{type: and, and: {and_sub_policy: [{type: trace_flags}, {type: span_count, span_count: {min_spans: 2}}]}}', [{ flags: 1 }, {}], [{ flags: 1 }]],
    ['{type: and, and: {and_sub_policy: [{type: always_sample}, {type: string_attribute, string_attribute: {key: key, values: [a], invert_match: true}}]}}', [{}], [attribute('a')]],
    ['{type: rate_limiting, rate_limiting: {spans_per_second: 1}}', [{}, {}], [{}, {}, {}]],
    ['{type: rate_limiting, rate_limiting: {spans_per_second: 1, burst_capacity: 3}}', [{}, {}, {}], [{}, {}, {}, {}]],
    ['{type: bytes_limiting, bytes_limiting: {bytes_per_second: 200}}', [{}], [{ name: 'x'.repeat(400) }]],
  ]
  for (const [policy, kept, left] of cases) {
    t.equal(await keeps(policy, ...kept), true, `${policy} keeps ${JSON.stringify(kept)}`)
    t.equal(await keeps(policy, ...left), false, `${policy} leaves ${JSON.stringify(left)}`)
  }
  t.equal(await keeps('{type: always_sample}', {}), true)
  t.equal(await keeps('{string_attribute: {key: service.name, values: [shop]}}', {}), true, 'an attribute of the resource')
  t.equal(await keeps('{numeric_attribute: {key: replicas, min_value: 3}}', {}), true)
  t.equal(await keeps('{boolean_attribute: {key: canary, value: true}}', {}), true)
})

t.test('probabilistic: a share of the hashes of 64 bits', async (t) => {
  const kept = async (settings: string) => {
    const { push, end } = await sampling(`[{type: probabilistic, probabilistic: {${settings}}}]`)
    push(...Array.from({ length: 1000 }, (_, i) => span(0, { trace_id: createHash('md5').update(String(i)).digest('hex') })))
    return end().map(({ trace_id }) => String(trace_id))
  }
  const ten = await kept('sampling_percentage: 10')
  const thirty = await kept('sampling_percentage: 30')
  t.ok(ten.length > 60 && ten.length < 140, `${ten.length} of 1000`)
  t.ok(ten.every((trace) => thirty.includes(trace)), 'a larger share keeps them, too')
  t.not((await kept('sampling_percentage: 10, hash_salt: other')).join(), ten.join(), 'another salt keeps others')
  t.equal((await kept('sampling_percentage: 100')).length, 1000)
  t.equal((await kept('sampling_percentage: 1000')).length, 1000)
  t.equal((await kept('sampling_percentage: 0')).length, 0)
})

t.test('answers of several policies: drop, inverted, sampled', async (t) => {
  const inverted = '{name: i, type: string_attribute, string_attribute: {key: key, values: [a], invert_match: true}}'
  const drop = '{name: d, type: drop, drop: {drop_sub_policy: [{type: trace_flags}]}}'
  const never = '{name: n, type: span_count, span_count: {min_spans: 9}}'
  const decided = async (policies: string, fields: Fields) => {
    const { push, end, account } = await sampling(`[${policies}]`, { recordPolicy: true })
    push(span(1, fields))
    const [kept] = end()
    return kept === undefined ? dropped(account) : (kept.attributes as Fields)['tailsampling.policy']
  }
  t.same(await decided(`{type: always_sample}, ${drop}`, { flags: 1 }), { 'policy:d': 1 }, 'who drops comes first')
  t.equal(await decided(`{type: always_sample}, ${drop}`, {}), 'always_sample')
  t.same(await decided(`{type: always_sample}, ${inverted}`, attribute('a')), { 'policy:i': 1 }, 'an inverted no counts more than a yes')
  t.equal(await decided(`{type: always_sample}, ${inverted}`, attribute('b')), 'always_sample')
  t.equal(await decided(inverted, {}), 'i')
  t.same(await decided(`${inverted}, ${never}`, {}), { not_sampled: 1 }, 'a no counts more than an inverted yes')
})

t.test('limits: a bucket fills with time, a composite shares each second', async (t) => {
  const bucket = new TokenBucket(10, 20)
  t.ok(bucket.allow(20, 0))
  t.notOk(bucket.allow(1, 0))
  t.ok(bucket.allow(5, 500))
  t.ok(bucket.allow(20, 60_000), 'not beyond its burst')
  t.notOk(bucket.allow(1, 60_000))

  const { push, at, account } = await sampling(`[{type: composite, composite: {
    max_total_spans_per_second: 10, policy_order: [errors, rest],
    composite_sub_policy: [{name: rest, type: always_sample}, {name: errors, type: status_code, status_code: {status_codes: [ERROR]}}],
    rate_allocation: [{policy: errors, percent: 60}] }}]`)
  const broken = { status: { code: 'error' } }
  for (let n = 1; n <= 8; n++) push(span(n, broken))
  for (let n = 11; n <= 16; n++) push(span(n))
  t.same(traces(at(1000)), [1, 2, 3, 4, 5, 6, 11, 12, 13, 14], 'six errors, and what is left to the rest')
  t.same(dropped(account), { not_sampled: 4 })
  for (let n = 21; n <= 22; n++) push(span(n, broken))
  t.same(traces(at(2000)), [21, 22], 'a new second')
})

t.test('a limit in an and counts what its fellows want alone; the first match spares those behind it', async (t) => {
  const limited = `{name: l, type: and, and: {and_sub_policy: [
    {type: trace_flags}, {type: rate_limiting, rate_limiting: {spans_per_second: 1, burst_capacity: 1}}]}}`
  const { push, end } = await sampling(`[${limited}]`)
  push(span(1), span(2), span(3, { flags: 1 }))
  t.same(traces(end()), [3])
  const first = await sampling(`{sample_on_first_match: true, policies: [{type: trace_flags}, {type: rate_limiting, rate_limiting: {spans_per_second: 1, burst_capacity: 1}}]}`)
  first.push(span(1, { flags: 1 }), span(2))
  t.same(traces(first.end()), [1, 2])
})

t.test('spans wait for their trace, late ones follow the decision, and checkpoints stay behind', async (t) => {
  const { push, at, end, account, clock } = await sampling('[{status_code: {status_codes: [ERROR]}}]')
  t.same(push(span(1), checkpoint(1), span(2)), [])
  clock.time = 500
  t.same(push(span(1, { status: { code: 'error' } }), span(3), checkpoint(2)), [])
  t.same(at(999), [])
  const out = at(1000)
  t.same(out.map(({ type, trace_id, position }) => position ?? `${type} ${Number(trace_id)}`), ['span 1', 'span 1', 1])
  t.same(push(span(1), span(2)).map(({ trace_id }) => Number(trace_id)), [1], 'late')
  t.same(dropped(account), { not_sampled: 1, late_not_sampled: 1 })
  t.same(end(), [{ type: 'checkpoint', source: 's', position: 2 }])
  t.same(dropped(account), { not_sampled: 2, late_not_sampled: 1 })
  t.equal(account.pending, 0)
})

t.test('what is due is decided in portions, and when a new trace begins though no time is left for a tick', async (t) => {
  const { push, at, clock } = await sampling('[{type: always_sample}]', { maxTraces: 1e6 })
  push(...Array.from({ length: 15_000 }, (_, i) => span(i + 1)))
  t.equal(at(1000).length, 10_000)
  t.equal(at(1000).length, 5000)
  push(span(20_001))
  clock.time = 2000
  t.same(traces(push(span(20_001), span(20_002))), [20_001])
})

t.test('a trace whose root span has come need not wait as long', async (t) => {
  const { push, at, sampler, clock } = await sampling('[{type: always_sample}]', { waitAfterRoot: 100 })
  const child = { parent_span_id: '0000000000000009' }
  push(span(1, child), span(2, child), span(3, child))
  clock.time = 500
  push(span(2), span(3))
  t.equal(sampler.due(), 600)
  t.equal(sampler.held(), 0, 'the oldest one still waits')
  t.same(traces(at(600)), [2, 3])
  clock.time = 950
  push(span(1))
  t.equal(sampler.due(), 1000, 'never longer')
  push(span(4, child))
  t.same(traces(at(1000)), [1])
  t.equal(sampler.due(), 1950)
})

t.test('ids: upper case is the same trace, what is none is rejected', async (t) => {
  const { push, end, account } = await sampling('[{span_count: {min_spans: 2}}]')
  push(span(0xab), { ...span(0xab), payload: { ...span(0xab).payload, trace_id: id(0xab).toUpperCase() } })
  push(span(0), ...[7, 'f'.repeat(33), '__proto__', null].map((trace_id) => ({ identity: SHOP, payload: { ts: '1', trace_id } })))
  push(span(1, { trace_id: 'f'.repeat(32) }), span(1, { trace_id: 'f'.repeat(32) }))
  t.equal(end().length, 4)
  t.same(dropped(account), { bad_trace_id: 5 })
})

t.test('a condition without a value is told, and not fulfilled', async (t) => {
  const { push, end, said } = await sampling("[{name: c, condition: '1 / attributes.n > 0'}]")
  push(span(1, { attributes: { n: 0 } }), span(2, { attributes: { n: 1 } }))
  t.same(traces(end()), [2])
  t.match(said.join(), /^c: .*zero/)
})

t.test('bounds: the oldest traces are decided early, and nothing is lost', async (t) => {
  const few = await sampling('[{status_code: {status_codes: [ERROR]}}]', { maxTraces: 2 })
  t.same(traces(few.push(span(1, { status: { code: 'error' } }), span(2), span(3))), [1])
  t.same(few.push(span(4)), [])
  t.same(dropped(few.account), { not_sampled_early: 1 })
  t.equal(few.said.length, 1, 'told once in a while')
  t.match(few.said[0], /--num-traces \(2\) is reached: traces are decided early, 1 so far/)
  const small = await sampling('[{type: always_sample}]', { maxMemory: 4000 })
  t.same(traces(small.push(span(1), span(2), span(3, { name: 'x'.repeat(5000) }), span(4))), [1, 2, 3])
  t.equal(small.sampler.held(), 3)
})

const fields = fc.record({
  name: fc.constantFrom('GET', 'PUT'),
  flags: fc.constantFrom(0, 1),
  end: fc.constantFrom('1000000001', '1700000000'),
  status: fc.constantFrom({}, { code: 'error' }),
  attributes: fc.record({ key: fc.constantFrom<Json>('a', 'b', 5, true) }),
}) as fc.Arbitrary<Fields>
const spans = fc.array(fc.record({ trace: fc.integer({ min: 1, max: 12 }), fields }), { maxLength: 60 })
const DETERMINISTIC = `[
  {name: d, drop: {drop_sub_policy: [{type: trace_flags}, {condition: 'name == "PUT"'}]}},
  {latency: {threshold_ms: 600}}, {span_count: {min_spans: 5}}, {probabilistic: {sampling_percentage: 20}},
  {name: i, string_attribute: {key: key, values: [a], invert_match: true}},
  {name: n, not: {not_sub_policy: {boolean_attribute: {key: key, value: true}}}},
  {and: {and_sub_policy: [{status_code: {status_codes: [ERROR]}}, {numeric_attribute: {key: key, min_value: 5}}]}} ]`

t.test('neither order nor batches change what policies without limits decide', async (t) => {
  await fc.assert(fc.asyncProperty(spans, fc.infiniteStream(fc.nat()), async (all, numbers) => {
    const kept = async (some: typeof all, batches: boolean) => {
      const { push, end, account } = await sampling(DETERMINISTIC)
      const records = some.map(({ trace, fields }) => span(trace, fields))
      if (batches) push(...records)
      else for (const record of records) push(record)
      return [traces(end()).sort((a, b) => a - b), dropped(account)] as const
    }
    const shuffled = all.map((one) => [numbers.next().value, one] as const).sort(([a], [b]) => a - b).map(([, one]) => one)
    t.same(await kept(shuffled, true), await kept(all, false))
  }), { numRuns: 50 })
})

t.test('memory stays within its bound, accounts add up, and a trace goes one way', async (t) => {
  await fc.assert(fc.asyncProperty(spans, fc.integer({ min: 500, max: 6000 }), fc.integer({ min: 1, max: 5 }), async (all, maxMemory, maxTraces) => {
    const { push, at, end, account, sampler } = await sampling(DETERMINISTIC, { maxMemory, maxTraces, wait: 5, waitAfterRoot: maxTraces })
    const went: Fields[] = []
    for (const [n, { trace, fields }] of all.entries()) {
      went.push(...push(span(trace, fields)), ...at(n))
      t.ok([...sampler.state()].filter(({ identity }) => identity.type === 'span').length * 500 <= maxMemory)
    }
    went.push(...end())
    t.equal(account.pending, 0)
    for (const trace of traces(went)) {
      const came = all.filter((one) => one.trace === trace).length
      t.equal(went.filter(({ trace_id }) => trace_id === id(trace)).length, came, 'all of it')
    }
  }), { numRuns: 50 })
})

t.test('another process takes over: what waits, and what was decided', async (t) => {
  const folder = temporary(t)
  const said: string[] = []
  const say = (message: string) => void said.push(message)
  const keep = () => new SavedRecords(folder, 'filter.tail', { debug: say, info: say, warn: say, error: say })
  const policy = '[{span_count: {min_spans: 2}}]'
  t.same([...keep().read()], [])
  await keep().hold()
  await t.rejects(keep().hold(), { message: /filter\.tail is in use by another process/, exit: 75 })
  const first = await sampling(policy, { keep: keep() })
  first.push(span(1), span(1), span(2))
  first.at(1000)
  first.push(span(3), span(4), checkpoint(1))
  t.same(first.end(), [{ type: 'checkpoint', source: 's', position: 1 }], 'what is saved is safe: checkpoints go on')
  t.equal(first.account.pending, 2)

  const second = await sampling(policy, { keep: keep() })
  for (const record of keep().read()) second.sampler.restore(record)
  t.same(traces(second.push(span(1), span(2), span(3))), [1], 'decisions of before count')
  t.same(dropped(second.account), { late_not_sampled: 1 })
  t.same(traces(second.at(1000)), [3], 'spans of before and after make one trace')
  t.equal(second.account.made, 2)
  t.equal(second.account.pending, 0)
  const file = `${folder}/saved/filter.tail/records.ndjson`
  t.match(readFileSync(file, 'utf8'), /"type":"span"/, 'a kill now could lose what has just gone on')
  t.same(second.at(2000), [])
  t.notMatch(readFileSync(file, 'utf8'), /"type":"span"/, 'but then it does not come back')

  writeFileSync(`${folder}/saved/filter.tail/records.ndjson`, '{"type":"span"\n{"type":"span","ts":"1","trace_id":"00"}\n')
  const third = await sampling(policy)
  for (const record of keep().read()) third.sampler.restore(record)
  t.match(said.join(), /1 lines of .* are damaged/)
  t.equal(third.sampler.held(), Infinity)

  rmSync(`${folder}/saved`, { recursive: true })
  const fourth = await sampling('[{type: always_sample}]', { keep: keep() })
  fourth.push(span(1))
  t.same(traces(fourth.end()), [1], 'what cannot be saved is decided')
  t.match(said.join(), /cannot write .*: ENOENT/)
})

/** What a process leaves when it is killed: it is told of nothing, and everything was written before it went on. */
t.test('a kill: decisions are kept before they show, and those of before are kept to', async (t) => {
  const folder = temporary(t)
  const file = `${folder}/saved/filter.tail/records.ndjson`
  const said: string[] = []
  const say = (message: string) => void said.push(message)
  const policy = '[{rate_limiting: {spans_per_second: 1, burst_capacity: 1}}]'
  const start = async () => {
    const keep = new SavedRecords(folder, 'filter.tail', { debug: say, info: say, warn: say, error: say })
    const one = await sampling(policy, { keep, decisions: new Decisions(3, 3) })
    for (const record of keep.read()) one.sampler.restore(record)
    return one
  }
  const first = await start()
  first.at(0)
  first.push(span(1), span(2))
  t.same(traces(first.at(1000)), [1])
  appendFileSync(file, readFileSync(file).subarray(0, 40))

  const second = await start()
  t.same(traces(second.push(span(2), span(1))), [1])
  t.same(dropped(second.account), { late_not_sampled: 1 })
  t.same(said, [], 'half a line at the end is nothing to tell of')
  second.push(span(3), span(4))
  second.end()
  t.same((await start()).end(), [], 'one that has nothing to do leaves what it found')

  const third = await start()
  t.same(traces(third.at(1000)), [3])
  const fourth = await start()
  t.equal(fourth.account.made, 2, 'what waited is there once more, for nobody sends it again')
  t.same(traces(fourth.at(1500)), [3], 'and goes the same way')
  fourth.at(2500)
  t.equal((await start()).account.made, 0)
})

t.test('what is kept of decisions is bounded, and what could not be written is written later', async (t) => {
  const folder = temporary(t)
  const file = `${folder}/saved/filter.tail/records.ndjson`
  const said: string[] = []
  const say = (message: string) => void said.push(message)
  const keep = new SavedRecords(folder, 'filter.tail', { debug: say, info: say, warn: say, error: say })
  t.same([...keep.read()], [])
  const decisions = new Decisions(100, 100)
  const one = await sampling('[{type: always_sample}]', { keep, decisions, maxTraces: 1 })
  one.at(0)
  const kept = () => readFileSync(file, 'utf8').split('\n').length - 1
  for (let n = 1; n <= 10_001; n++) one.push(span(n))
  t.equal(kept(), 10_000)
  one.push(span(10_002))
  t.equal(kept(), 100, 'as many as are remembered')
  one.push(span(10_003))
  t.equal(kept(), 101)

  rmSync(`${folder}/saved`, { recursive: true })
  one.at(1000)
  t.same(said, [], 'a file that is open can still be written')
  const full: Keep = { save: (records) => keep.save(records), append: () => false }
  const other = await sampling('[{type: always_sample}]', { keep: full, decisions, maxTraces: 1 })
  other.at(0)
  t.match(said.splice(0).join(), /cannot write .*: ENOENT/)
  other.push(span(20_001), span(20_002))
  mkdirSync(`${folder}/saved/filter.tail`, { recursive: true })
  other.at(9999)
  t.notOk(existsSync(file))
  other.at(10_000)
  t.equal(kept(), 100)
  t.match(readFileSync(file, 'utf8'), id(20_001))
  other.push(span(20_003))
  other.at(11_000)
  t.notMatch(readFileSync(file, 'utf8'), id(20_003))
  other.at(21_000)
  t.match(readFileSync(file, 'utf8'), id(20_003))
})

t.test('decisions are remembered for the traces seen last', (t) => {
  const decisions = new Decisions(2, 1)
  decisions.set('a', true)
  decisions.set('b', true)
  t.equal(decisions.get('a'), true)
  decisions.set('c', true)
  t.equal(decisions.get('b'), undefined, 'a was seen again')
  decisions.set('a', false)
  t.same([...decisions], [['a', false], ['c', true]])
  const none = new Decisions(0, 0)
  none.set('a', true)
  t.equal(none.get('a'), undefined)
  t.end()
})

t.test('files: the shapes that there are, and what is wrong with them', async (t) => {
  const compile = (text: string) => compilePolicies([{ file: 'p.yaml', text, single: false }], () => {})
  const wrong = async (text: string) => {
    try {
      await compile(text)
      return []
    } catch (error) {
      return problemsOf(error).map(({ message, place }) => `${place?.line}:${place?.column} ${message}`)
    }
  }
  const { settings } = await compile(`processors:
  batch: {}
  tail_sampling/web:
    decision_wait: 10s
    decision_wait_after_root_received: 2s
    num_traces: 100
    decision_cache: {sampled_cache_size: 100_000}
    policies: [{name: a, type: always_sample, always_sample: {}}]`)
  t.same(settings, { wait: 10_000, waitAfterRoot: 2000, traces: 100, sampledIds: 100_000, notSampledIds: undefined })
  const cases: [string, string[]][] = [
    ['', ['1:1 no policies']],
    ['policies: []', ['1:11 no policies']],
    ['decision_wait: 5s', ["1:1 no policies"]],
    ['5', ['1:1 the file is no map']],
    ['a: [', ['1:5 not YAML: flow sequence in block collection must be sufficiently indented and end with a ]']],
    ['policies: {}', ["1:11 'policies' is no list"]],
    ['[7]', ['1:2 a policy is no map']],
    ['[{name: a}]', ["1:2 a policy needs 'type'"]],
    ['[{type: latency}]', ["1:9 the policy needs 'latency'"]],
    ['[{type: latency, always_sample: {}, latency: {}}]', ["1:33 'always_sample' in a policy of the type 'latency'"]],
    ['[{latency: {threshold_ms: -1}}]', ["1:27 'threshold_ms' is out of range"]],
    ['[{latency: {threshold_ms: 9, upper_threshold_ms: 5}}]', ["1:50 'upper_threshold_ms' is below 'threshold_ms'"]],
    ['[{numeric_attribute: {key: a}}]', ['1:28 no bound for the attribute']],
    ['[{numeric_attribute: {key: a, min_value: 2, max_value: 1}}]', ["1:56 'max_value' is below 'min_value'"]],
    ['[{string_attribute: {key: 5}}]', ["1:27 'key' is no text", "1:21 'string_attribute' needs 'values'"].sort()],
    ['[{string_attribute: {key: a, values: [[]]}}]', ["1:39 no text in 'values'"]],
    ['[{boolean_attribute: {key: a, value: 7}}]', ["1:38 'value' is neither true nor false"]],
    ['[{probabilistic: {}}]', ["1:18 'probabilistic' needs 'sampling_percentage'"]],
    ['[{span_count: {min_spans: 1.5}}]', ["1:27 'min_spans' is no whole number"]],
    ['[{span_count: {min_spans: 5, max_spans: 2}}]', ["1:41 'max_spans' is below 'min_spans'"]],
    ['[{condition: }]', ["1:14 'condition' has no value"]],
    ['[{condition: "1 + 1"}]', ['1:14 the expression is an int, not a bool']],
    ['[{and: {and_sub_policy: []}}]', ["1:25 no policies in 'and_sub_policy'"]],
    ['[{not: {}}]', ["1:8 'not' needs 'not_sub_policy'"]],
    ['[{and: {}}]', ["1:8 'and' needs 'and_sub_policy'"]],
    ['[{drop: {drop_sub_policy: }}]', ["1:27 'drop_sub_policy' is no list"]],
    ['[{composite: {composite_sub_policy: [{name: a, type: always_sample}, {name: a, type: always_sample}]}}]', [
      "1:14 'composite' needs 'max_total_spans_per_second'", "1:70 a second policy 'a'",
    ]],
    ['[{composite: {max_total_spans_per_second: 5, composite_sub_policy: [{name: a, type: always_sample}, {name: b, type: always_sample}], rate_allocation: [{policy: a, percent: 60}, {policy: b, percent: 60}]}}]', [
      '1:151 the allocations add up to 120 percent',
    ]],
  ]
  for (const [text, expected] of cases) t.same((await wrong(text)).sort(), expected.sort(), text)
  await t.resolves(compile('[&a {name: a, type: always_sample}, {name: b, and: {and_sub_policy: [*a]}}]'), 'aliases')
})
