// Consistent probability sampling: thresholds, trace state, hashes, the modes, and what holds for every trace.

import t from 'tap'
import { Identity, type Json, type Record } from '../../../lib/record/index.js'
import { ConsistentSampler, type SamplingOptions } from '../../../lib/trace/sampling/consistent.js'
import { hash32, hash64, hashedRandomness } from '../../../lib/trace/sampling/hash.js'
import { ALWAYS, NEVER, parseThreshold, probabilityOf, thresholdOf, thresholdText } from '../../../lib/trace/sampling/threshold.js'
import { parseTraceState, traceStateText } from '../../../lib/trace/sampling/trace_state.js'
import fc from '../../support/property.js'

const span = (fields: { [key: string]: Json } = {}): Record => ({
  identity: Identity.of('span', ''), payload: { ts: '1', end: '2', trace_id: '4bf92f3577b34da6a3ce929d0e0e4736', ...fields },
})
const log = (fields: { [key: string]: Json } = {}, labels: readonly string[] = []): Record => ({
  identity: Identity.of('log', '', labels), payload: { ts: '1', body: 'paid', ...fields },
})
const sampler = (options: Partial<SamplingOptions> = {}) =>
  new ConsistentSampler({ probability: 0.5, mode: 'proportional', seed: 0, precision: 4, failOpen: false, ...options })

/** The trace state of a span behind a sampler, or why it was dropped. */
function stateOf(answer: Record | string): string {
  return typeof answer === 'string' ? answer : String(answer.payload.trace_state ?? '')
}

const traceId = fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => Buffer.from(bytes).toString('hex')).filter((id) => !/^0+$/.test(id))
const share = fc.double({ min: 0, max: 1, noNaN: true })

t.test('thresholds: digits that count, beside those that are all 0 or f', (t) => {
  const cases: [number, number, string][] = [
    [1, 4, '0'], [0.5, 4, '8'], [0.25, 4, 'c'], [0.1, 4, 'e666'], [0.9, 4, '199a'], [0.01, 4, 'fd70a'], [0.001, 4, 'ffbe77'],
    [1 / 3, 3, 'aab'], [2 / 3, 3, '555'], [0.99, 4, '028f6'], [1 / 3, 14, 'aaaaaaaaaaaaac'], [2 ** -56, 4, 'ffffffffffffff'],
  ]
  for (const [probability, precision, text] of cases) t.equal(thresholdText(thresholdOf(probability, precision)), text, String(probability))
  t.equal(thresholdOf(0, 4), NEVER)
  t.equal(thresholdOf(2 ** -57, 4), NEVER)
  t.equal(parseThreshold('c'), 'c0000000000000')
  t.equal(parseThreshold(''), null)
  t.equal(parseThreshold('123456789abcdef'), null)
  t.equal(probabilityOf(NEVER), 0)
  fc.assert(fc.property(share, fc.integer({ min: 1, max: 14 }), (probability, precision) => {
    const threshold = thresholdOf(probability, precision)
    if (threshold === NEVER) return probability < 2 ** -56
    const close = Math.abs(probabilityOf(threshold) - probability) <= Math.max(probability, 1 - probability) * 16 ** (1 - precision)
    return close && parseThreshold(thresholdText(threshold)) === threshold
  }))
  t.end()
})

t.test('trace state: our part first, others as they were; what is none is told apart', (t) => {
  const same = (text: string) => traceStateText(parseTraceState(text)!)
  t.equal(same(''), '')
  t.equal(same('vendor=x , ot=th:8;foo:bar;rv:00000000000001,a@b=c'), 'ot=rv:00000000000001;th:8;foo:bar,vendor=x,a@b=c')
  for (const wrong of ['=', 'a', 'A=b', 'a=b=c', 'a=', 'ot=th', 'ot=th:', 'ot=th:x', 'ot=rv:1', 'ot=th:8;', `ot=th:8;a:${'x'.repeat(256)}`]) {
    t.equal(parseTraceState(wrong), null, wrong)
  }
  const many = Array.from({ length: 32 }, (_, i) => `k${i}=v`)
  const state = parseTraceState(many.join(','))!
  t.equal(traceStateText({ ...state, threshold: ALWAYS }), ['ot=th:0', ...many.slice(0, 31)].join(','), 'of 32 the last gives way')
  t.equal(parseTraceState([...many, 'more=v'].join(',')), null)
  t.end()
})

t.test('hashes are those of FNV-1a', (t) => {
  t.equal(hash64(Buffer.from('foobar')), '85944171f73967e8')
  t.equal(hash64(Buffer.alloc(0)), 'cbf29ce484222325')
  t.equal(hash32(Buffer.from('bar'), Buffer.from('\0foo').readUInt32LE(0)), naive32(Buffer.from('\0foobar')))
  t.equal(naive32(Buffer.from('foobar')), 0xbf9cf968)
  fc.assert(fc.property(fc.uint8Array(), fc.nat(), (bytes, seed) => {
    const randomness = hashedRandomness(bytes, seed)
    const bucket = hash32(bytes, seed) & 0x3fff
    // The 14 highest bits are what the Collector compares, turned around.
    return randomness.length === 14 && Number(BigInt(`0x${randomness}`) >> 42n) === 0x3fff - bucket
  }))
  t.end()
})

function naive32(bytes: Uint8Array): number {
  let hash = 0x811c9dc5n
  for (const byte of bytes) hash = ((hash ^ BigInt(byte)) * 0x01000193n) & 0xffffffffn
  return Number(hash)
}

t.test('proportional: the share of what comes in, the product in the trace state', (t) => {
  const half = sampler()
  t.equal(stateOf(half.sample(span())), 'ot=th:8')
  t.equal(stateOf(half.sample(span({ trace_state: 'a=b' }))), 'ot=th:8,a=b')
  t.equal(stateOf(half.sample(span({ trace_id: 'ffffffffffffffffff7fffffffffffff' }))), 'not_sampled', 'only the last 56 bits count')
  t.equal(stateOf(half.sample(span({ trace_id: '4BF92F3577B34DA6A3CE929D0E0E4736' }))), 'ot=th:8')
  t.equal(stateOf(half.sample(span({ trace_state: 'ot=th:8' }))), 'ot=th:c', 'half of a half')
  t.equal(stateOf(half.sample(span({ trace_state: 'ot=rv:bfffffffffffff;th:8' }))), 'not_sampled', 'the randomness of the trace state counts')
  t.equal(stateOf(half.sample(span({ trace_state: 'ot=rv:c0000000000000;th:8' }))), 'ot=rv:c0000000000000;th:c')
  t.equal(stateOf(sampler({ probability: 0 }).sample(span())), 'not_sampled')
  t.equal(stateOf(sampler({ probability: 1 }).sample(span())), 'ot=th:0')
  t.end()
})

t.test('equalizing: thinner traces stay as they are', (t) => {
  const half = sampler({ mode: 'equalizing' })
  t.equal(stateOf(half.sample(span())), 'ot=th:8')
  t.equal(stateOf(half.sample(span({ trace_state: 'ot=th:4' }))), 'ot=th:8')
  const thin = span({ trace_state: 'ot=th:c' })
  t.equal(half.sample(thin), thin)
  t.end()
})

t.test('hash_seed: a hash decides, and is kept as randomness', (t) => {
  const half = sampler({ mode: 'hash_seed', seed: 22 })
  const bytes = Buffer.from('4bf92f3577b34da6a3ce929d0e0e4736', 'hex')
  const kept = (hash32(bytes, 22) & 0x3fff) < 8192
  t.equal(stateOf(half.sample(span())), kept ? `ot=rv:${hashedRandomness(bytes, 22)};th:8` : 'not_sampled')
  t.equal(stateOf(half.sample(span({ trace_state: 'ot=th:8' }))), 'randomness_in_use')
  t.equal(stateOf(sampler({ mode: 'hash_seed', failOpen: true }).sample(span({ trace_state: 'ot=th:8' }))), 'ot=th:8')
  t.equal(stateOf(sampler({ mode: 'hash_seed', probability: 0.00001 }).sample(span())), 'not_sampled', 'less than a step is none')
  // The Collector keeps a trace where its hash is in the first buckets: the same ones here.
  fc.assert(fc.property(traceId, fc.nat(0xffffffff), fc.integer({ min: 0, max: 100 }), (id, seed, percent) => {
    const buckets = Math.trunc(Math.fround(percent * Math.fround(163.84)))
    const answer = sampler({ mode: 'hash_seed', seed, probability: percent / 100 }).sample(span({ trace_id: id }))
    return (typeof answer !== 'string') === (hash32(Buffer.from(id, 'hex'), seed) & 0x3fff) < buckets
  }))
  t.end()
})

t.test('what nothing can be decided about is dropped by reason, or kept', (t) => {
  const cases: [{ [key: string]: Json }, string, string][] = [
    [{ trace_id: '0'.repeat(32) }, 'missing_randomness', ''],
    [{ trace_id: 'xyz' }, 'missing_randomness', ''],
    [{ trace_state: 'ot=th:f' }, 'inconsistent_threshold', ''],
    [{ trace_state: 'ot=th:zz' }, 'bad_sampling_state', 'ot=th:zz'],
    [{ trace_state: 7 }, 'ot=th:8', 'ot=th:8'],
  ]
  for (const [fields, closed, open] of cases) {
    t.equal(stateOf(sampler().sample(span(fields))), closed)
    t.equal(stateOf(sampler({ failOpen: true }).sample(span(fields))), open)
  }
  t.end()
})

t.test('sampling.priority of a span', (t) => {
  const never = sampler({ probability: 0 })
  for (const value of [1, 0.5, '1', { $double: 2 }, { $int: '9223372036854775807' }] as Json[]) {
    t.equal(stateOf(never.sample(span({ attributes: { 'sampling.priority': value } }))), 'ot=th:0')
  }
  for (const value of [0, '0', { $double: 0 }] as Json[]) {
    t.equal(stateOf(sampler({ probability: 1 }).sample(span({ attributes: { 'sampling.priority': value } }))), 'sampling_priority')
  }
  for (const value of ['', 'high', -1, true] as Json[]) {
    t.equal(stateOf(never.sample(span({ attributes: { 'sampling.priority': value } }))), 'not_sampled')
  }
  t.end()
})

t.test('log entries: with their trace, or by an attribute or label', (t) => {
  const attributesOf = (answer: Record | string) => (typeof answer === 'string' ? answer : answer.payload.attributes)
  const id = '4bf92f3577b34da6a3ce929d0e0e4736'
  t.same(attributesOf(sampler().sample(log({ trace_id: id }))), { 'sampling.threshold': '8' })
  t.equal(attributesOf(sampler().sample(log())), 'missing_randomness')
  t.equal(attributesOf(sampler().sample(log({ trace_id: id, attributes: { 'sampling.threshold': 'f' } }))), 'inconsistent_threshold')
  t.same(attributesOf(sampler({ failOpen: true }).sample(log({ trace_id: id, attributes: { 'sampling.threshold': 'f' } }))), {})
  t.equal(attributesOf(sampler().sample(log({ trace_id: id, attributes: { 'sampling.threshold': 'x' } }))), 'bad_sampling_state')
  t.same(
    attributesOf(sampler().sample(log({ attributes: { 'sampling.randomness': 'c0000000000000', 'sampling.threshold': '8' } }))),
    { 'sampling.randomness': 'c0000000000000', 'sampling.threshold': 'c' },
  )
  const all = sampler({ probability: 1, from: 'order' })
  for (const entry of [log({ attributes: { order: 7 } }), log({ attributes: { order: { $bytes: 'AAE=' } } }), log({}, ['order', '7'])]) {
    t.same(attributesOf(all.sample(entry)), { ...(entry.payload.attributes as object | undefined), 'sampling.threshold': '0' })
  }
  const never = sampler({ probability: 0, priority: 'share' })
  t.same(attributesOf(never.sample(log({ trace_id: id, attributes: { share: 100 } }))), { share: 100, 'sampling.threshold': '0' })
  t.equal(attributesOf(never.sample(log({ trace_id: id, attributes: { share: 0 } }))), 'not_sampled')
  const seeded = sampler({ mode: 'hash_seed', probability: 1 }).sample(log({ trace_id: id }))
  t.same(attributesOf(seeded), { 'sampling.randomness': hashedRandomness(Buffer.from(id, 'hex'), 0), 'sampling.threshold': '0' })
  t.end()
})

t.test('a trace that a smaller share keeps is kept by every larger one, and logs go with their trace', (t) => {
  fc.assert(fc.property(traceId, share, share, (id, a, b) => {
    const kept = (probability: number, record: Record) => typeof sampler({ probability }).sample(record) !== 'string'
    const smaller = kept(Math.min(a, b), span({ trace_id: id }))
    return (!smaller || kept(Math.max(a, b), span({ trace_id: id }))) && smaller === kept(Math.min(a, b), log({ trace_id: id }))
  }))
  t.end()
})

t.test('two samplers in a row keep what one with the product keeps', (t) => {
  fc.assert(fc.property(traceId, fc.constantFrom(1, 0.5, 0.25, 0.125), fc.constantFrom(1, 0.5, 0.25), (id, a, b) => {
    const first = sampler({ probability: a }).sample(span({ trace_id: id }))
    const both = typeof first === 'string' ? first : sampler({ probability: b }).sample(first)
    return stateOf(both) === stateOf(sampler({ probability: a * b }).sample(span({ trace_id: id })))
  }))
  t.end()
})
