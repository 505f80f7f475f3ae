// `solder write otlp` against a receiver with a script: all signals, both encodings, batches, failures of all kinds,
// the spool.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import t, { type Test } from 'tap'
import type { Answer } from '../support/collector.js'
import { encoded, type Exported, FakeOtlp } from '../support/otlp.js'
import { environment, ROOT, sh } from '../support/solder.js'

t.setTimeout(120_000)

const FAST = '--min-backoff 1ms --max-backoff 5ms --batch-wait 5ms --ledger'
const PROTOBUF = { 'content-type': 'application/x-protobuf' }
const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736'

async function receiverFor(t: Test, answer?: (index: number, items: Exported[]) => Answer): Promise<FakeOtlp> {
  const receiver = await FakeOtlp.start(answer)
  t.teardown(() => receiver.stop())
  return receiver
}

const range = (to: number) => Array.from({ length: to }, (_, i) => i)
const text = (record: object) => `${JSON.stringify(record)}\n`
const id = (number: number) => number.toString(16).padStart(16, '0')

function span(number: number, more: object = {}): string {
  const times = { ts: '1763804400123456789', end: '1763804400223456789' }
  return text({ type: 'span', resource: { 'service.name': 'shop' }, scope: { name: 'http' }, ...times, trace_id: TRACE, span_id: id(number), ...more })
}
const spans = (from: number, to: number) => range(to - from).map((i) => span(from + i + 1)).join('')
const idsOf = (items: readonly Exported[]) => items.map(({ item }) => item.spanId as string).sort()
const idsTo = (to: number) => range(to).map((i) => id(i + 1))

const ATTRIBUTES = { text: 'a', whole: 5, part: 0.5, yes: true, list: ['x', 1], map: { k: null }, raw: { $bytes: 'AAEC' }, big: { $int: '9007199254740993' }, one: { $double: 1 } }
const EVERY = [
  span(1, { name: 'GET /', kind: 'server', status: { code: 'error', message: 'no' }, attributes: ATTRIBUTES, events: [{ ts: '5', name: 'e' }], links: [{ trace_id: TRACE, span_id: id(7) }] }),
  text({ type: 'log', labels: { app: 'shop', __path__: '/x' }, resource: { 'service.name': 'shop' }, ts: '7', body: { paid: [1] }, severity: 'INFO', severity_number: 9, attributes: { order: 42 }, extracted: { level: 'x' } }),
  text({ type: 'metric', name: 'requests', labels: { code: '200' }, kind: 'counter', unit: '1', temporality: 'delta', monotonic: true, ts: '9', start: '8', value: 3, int: true }),
  text({ type: 'metric', name: 'requests', labels: { code: '404' }, kind: 'counter', unit: '1', temporality: 'delta', monotonic: true, ts: '9', start: '8', value: 1.5 }),
  text({ type: 'metric', name: 'latency', kind: 'histogram', temporality: 'cumulative', ts: '9', explicit_histogram: { bounds: [1], count: '3', counts: [1, 2], sum: 4.5 } }),
].join('')

t.test('all signals, in every encoding and packing, each to its path', async (t) => {
  for (const how of ['', '--compression none', '--encoding json', '--encoding json --compression none']) {
    const receiver = await receiverFor(t)
    const stdin = EVERY + text({ type: 'checkpoint', source: 's', position: {} }) + text({ type: 'target', labels: { a: 'b' } })
    const { code, stderr } = await sh(`solder write otlp ${receiver.origin}/base/ --concurrency 1 --tenant red --header x-a=b ${how} ${FAST}`, { stdin })
    t.equal(code, 0, stderr)
    t.match(stderr, /"in":7,"made":0,"out":6,"dropped":\{"unsupported_type":1\},"pending":0/)
    t.same(receiver.arrivals.map(({ path }) => path).sort(), ['/base/v1/logs', '/base/v1/metrics', '/base/v1/traces'])
    for (const { headers } of receiver.arrivals) {
      t.equal(headers['content-type'], how.includes('json') ? 'application/json' : 'application/x-protobuf')
      t.equal(headers['content-encoding'], how.includes('none') ? undefined : 'gzip')
      t.match(headers, { 'x-scope-orgid': 'red', 'x-a': 'b' })
    }
    const of = (signal: string) => receiver.stored.filter((one) => one.signal === signal)
    const service = [{ key: 'service.name', value: { stringValue: 'shop' } }]
    t.match(of('traces'), [{
      resource: { attributes: service }, scope: { name: 'http' },
      item: {
        traceId: TRACE, spanId: id(1), name: 'GET /', kind: 2, startTimeUnixNano: '1763804400123456789', status: { code: 2, message: 'no' },
        events: [{ timeUnixNano: '5', name: 'e' }], links: [{ traceId: TRACE, spanId: id(7) }],
      },
    }])
    const attributes = new Map((of('traces')[0].item.attributes as { key: string; value: object }[]).map(({ key, value }) => [key, value]))
    t.same(attributes.get('whole'), { intValue: '5' })
    t.same(attributes.get('one'), { doubleValue: 1 })
    t.same(attributes.get('big'), { intValue: '9007199254740993' })
    t.same(attributes.get('raw'), { bytesValue: how.includes('json') ? 'AAEC' : '000102' })
    t.match(of('logs'), [{ resource: { attributes: service }, item: { timeUnixNano: '7', severityText: 'INFO', severityNumber: 9 } }])
    t.same((of('logs')[0].item.attributes as { key: string }[]).map(({ key }) => key), ['order', 'app'])
    const metrics = new Map(of('metrics').map(({ item }) => [item.name, item]))
    t.match(metrics.get('requests'), { unit: '1', sum: { aggregationTemporality: 1, isMonotonic: true, dataPoints: [{ asInt: '3' }, { asDouble: 1.5 }] } })
    t.match(metrics.get('latency'), { histogram: { aggregationTemporality: 2, dataPoints: [{ count: '3', sum: 4.5, bucketCounts: ['1', '2'], explicitBounds: [1] }] } })
  }
})

t.test('a signal may have a place of its own', async (t) => {
  const [common, logs] = [await receiverFor(t), await receiverFor(t)]
  const { code, stderr } = await sh(`solder write otlp ${common.origin} --logs-url ${logs.origin}/otlp/logs?x=1 ${FAST}`, { stdin: EVERY })
  t.equal(code, 0, stderr)
  t.same(logs.arrivals.map(({ path }) => path), ['/otlp/logs?x=1'])
  t.same(new Set(common.stored.map(({ signal }) => signal)), new Set(['traces', 'metrics']))
})

t.test('batches: records, bytes', async (t) => {
  const receiver = await receiverFor(t)
  const one = '--batch-wait 1h --ledger'
  t.equal((await sh(`solder write otlp ${receiver.origin} --batch-records 4 ${one}`, { stdin: spans(0, 10) })).code, 0)
  t.same(receiver.arrivals.splice(0).map(({ message }) => message.length).sort(), [2, 4, 4])
  const big = range(10).map((i) => span(i + 1, { attributes: { a: 'x'.repeat(1000) } })).join('')
  t.equal((await sh(`solder write otlp ${receiver.origin} --batch-bytes 3000 ${one}`, { stdin: big })).code, 0)
  t.same(receiver.arrivals.map(({ message }) => message.length).sort(), [1, 3, 3, 3])
})

t.test('429, 502, 503 and 504 are asked again, when Retry-After says', async (t) => {
  const statuses = [429, 502, 503, 504]
  const receiver = await receiverFor(t, (index) => {
    if (index >= statuses.length) return { status: 200, headers: PROTOBUF }
    return { status: statuses[index], headers: { ...PROTOBUF, 'retry-after': '0' }, body: encoded('Status', { code: 14, message: 'not now' }).toString('latin1') }
  })
  const { code, stderr } = await sh(`solder write otlp ${receiver.origin} ${FAST}`, { stdin: spans(0, 3) })
  t.equal(code, 0, stderr)
  t.same(receiver.arrivals.map(({ status }) => status), [...statuses, 200])
  t.match(stderr, ': 429 too many requests: not now, retrying in')
  t.match(stderr, '"out":3,"dropped":{}')
})

t.test('any other answer is final: dead letters with the words of the receiver, to be fed in again', async (t) => {
  const statuses = [400, 401, 404, 408, 500, 501, 505]
  const body = encoded('Status', { message: 'no, thanks' }).toString('latin1')
  const receivers = await Promise.all(statuses.map((status) => receiverFor(t, () => ({ status, headers: PROTOBUF, body }))))
  const dead = `${t.testdir()}/dead`
  const { code, stderr } = await sh(`solder write otlp ${receivers.map(({ origin }) => origin).join(' ')} --dead-letter ${dead} ${FAST}`, { stdin: span(1) })
  t.equal(code, 1)
  t.match(stderr, `"out":0,"dropped":{"refused":${statuses.length}}`)
  t.ok(receivers.every(({ arrivals }) => arrivals.length === 1))
  const letters = readFileSync(dead, 'utf8').split('\n').slice(0, -1).map((line) => JSON.parse(line) as { detail: string; original: object; reason: string })
  for (const { reason, original } of letters) {
    t.equal(reason, 'refused')
    t.same(original, JSON.parse(span(1)))
  }
  const words = letters.map(({ detail }) => / (\d+) [^:]*: no, thanks$/.exec(detail)?.[1])
  t.same(words.sort(), statuses.map(String))
})

t.test('what is taken in part is counted, told and kept', async (t) => {
  const answers = [
    { rejected: 2, errorMessage: 'too old' },
    { rejected: 0, errorMessage: 'nearly too old' },
    { rejected: 99, errorMessage: '' },
  ]
  for (const [i, form] of ['protobuf', 'json', 'protobuf'].entries()) {
    const { rejected, errorMessage } = answers[i]
    const answer: Answer =
      form === 'json'
        ? { status: 200, headers: { 'content-type': 'application/json' }, body: JSON.stringify({ partialSuccess: { rejectedSpans: String(rejected), errorMessage } }) }
        : { status: 200, headers: PROTOBUF, body: encoded('Answer', { partialSuccess: { rejected, errorMessage } }).toString('latin1') }
    const receiver = await receiverFor(t, () => answer)
    const folder = t.testdir()
    const { code, stderr } = await sh(`solder write otlp ${receiver.origin} --encoding ${form} --dead-letter ${folder}/dead ${FAST} --batch-wait 1h`, { stdin: spans(0, 5) })
    const letters = readFileSync(`${folder}/dead`, 'utf8').split('\n').length - 1
    const missing = Math.min(5, rejected)
    t.equal(code, missing === 0 ? 0 : 1, stderr)
    t.equal(receiver.arrivals.length, 1, 'it is not sent again')
    t.equal(letters, missing === 0 ? 0 : 5)
    t.match(stderr, missing === 0 ? '"out":5,"dropped":{}' : `"out":${5 - missing},"dropped":{"partly_refused":${missing}},"pending":0`)
    if (errorMessage !== '') t.match(stderr, errorMessage)
  }
})

t.test('an export that is too large goes in halves', async (t) => {
  const receiver = await receiverFor(t, (_, items) => (items.length > 3 ? { status: 413, body: 'too large' } : { status: 200 }))
  const { code, stderr } = await sh(`solder write otlp ${receiver.origin} ${FAST} --batch-wait 1h`, { stdin: spans(0, 20) })
  t.equal(code, 0, stderr)
  t.match(stderr, /413 .*sending it in halves; --batch-records or --batch-bytes would make requests smaller/)
  t.match(stderr, '"out":20,"dropped":{}')
  t.same(idsOf(receiver.stored), idsTo(20))
})

t.test('records that OTLP cannot tell', async (t) => {
  const receiver = await receiverFor(t)
  const stdin = span(1) + span(2, { trace_id: 'none' }) + span(3, { kind: '99999999999' }) + span(4, { kind: '9999999999' }) + span(5, { attributes: { a: { $int: '9'.repeat(19) } } })
  const { code, stderr } = await sh(`solder write otlp ${receiver.origin} ${FAST}`, { stdin })
  t.equal(code, 1, stderr)
  t.match(stderr, '"in":5,"made":0,"out":1,"dropped":{"not_otlp":4},"pending":0')
  t.same(idsOf(receiver.stored), idsTo(1))
})

t.test('metrics of Prometheus become those of OpenTelemetry', async (t) => {
  const receiver = await receiverFor(t)
  const series = (name: string, value: number, labels: object = {}, kind = 'histogram') =>
    text({ type: 'metric', name, labels: { instance: 'a:1', job: 'shop', ...labels }, kind, ts: '1763804400123000000', value })
  const stdin =
    text({ type: 'metadata', name: 'jobs_total', kind: 'counter', help: 'Jobs done.' }) +
    series('jobs_total', 7, { queue: 'mail' }, 'counter') +
    series('latency_bucket', 1, { le: '0.5' }) + series('latency_bucket', 3, { le: '+Inf' }) + series('latency_sum', 4.5) + series('latency_count', 3)
  const { code, stderr } = await sh(`solder write otlp ${receiver.origin} --concurrency 1 ${FAST}`, { stdin })
  t.equal(code, 0, stderr)
  t.match(stderr, '"in":6,"made":0,"out":2,"dropped":{"joined":4},"pending":0')
  const items = new Map(receiver.stored.map((one) => [one.item.name, one]))
  t.match(items.get('jobs_total'), {
    resource: { attributes: [{ key: 'service.name', value: { stringValue: 'shop' } }, { key: 'service.instance.id', value: { stringValue: 'a:1' } }] },
    item: { description: 'Jobs done.', sum: { isMonotonic: true, aggregationTemporality: 2, dataPoints: [{ asDouble: 7, attributes: [{ key: 'queue' }] }] } },
  })
  t.match(items.get('latency')?.item, { histogram: { aggregationTemporality: 2, dataPoints: [{ count: '3', sum: 4.5, bucketCounts: ['1', '2'], explicitBounds: [0.5] }] } })
})

t.test('several: one that fails costs the other nothing', async (t) => {
  const good = await receiverFor(t)
  const bad = await receiverFor(t, () => ({ status: good.stored.length < 40 ? 503 : 200 }))
  const { code, stderr } = await sh(`solder write otlp ${good.origin} ${bad.origin} ${FAST} --batch-records 8`, { stdin: spans(0, 40) + span(1, { trace_id: 'x' }) })
  t.equal(code, 1, 'one record has no id')
  t.same(idsOf(good.stored), idsTo(40))
  t.same(idsOf(bad.stored), idsTo(40))
  t.match(stderr, '"in":41,"made":41,"out":80,"dropped":{"not_otlp":2},"pending":0')
})

t.test('--state: what is held survives a kill, is shown as records, and is sent by the next start', async (t) => {
  const folder = t.testdir()
  const state = { down: true }
  const receiver = await receiverFor(t, () => ({ status: state.down ? 503 : 200 }))
  const words = `write otlp ${receiver.origin} --state ${folder}/state --fsync always --batch-records 2 ${FAST}`
  const child = spawn(process.execPath, [`${ROOT}/bin/solder.js`, ...words.split(' ')], { env: environment(), stdio: ['pipe', 'ignore', 'ignore'] })
  t.teardown(() => child.kill('SIGKILL'))
  const ended = once(child, 'close')
  child.stdin.write(spans(0, 10))
  await receiver.until(({ arrivals }) => arrivals.length > 5)
  for (let held = 0; held < 10; ) {
    const { stdout } = await sh(`solder spool ls ${folder}/state`)
    held = stdout.split('\n').slice(0, -1).reduce((sum, line) => sum + (JSON.parse(line) as { records: number }).records, 0)
  }
  child.kill('SIGKILL')
  await ended
  const { stdout } = await sh(`solder spool cat ${folder}/state | sort`)
  t.equal(stdout, spans(0, 10))
  state.down = false
  const again = await sh(`solder ${words}`, { stdin: spans(10, 12) })
  t.equal(again.code, 0, again.stderr)
  t.same(idsOf(receiver.stored), idsTo(12))
  t.match(again.stderr, '"in":2,"made":10,"out":12,"dropped":{},"pending":0')
})

t.test('--connect: one signal is enough, unless another one has a place of its own', async (t) => {
  const server = await FakeOtlp.start()
  t.teardown(() => server.stop())
  const statuses = new Map([['/v1/traces', 200], ['/v1/logs', 404], ['/v1/metrics', 404], ['/v1development/profiles', 404]])
  const tempo = await receiverFor(t, (index) => ({ status: [...statuses.values()][index % 4] }))
  const file = `${t.testdir()}/solder.yaml`
  const check = (words: string) => {
    writeFileSync(file, `version: 1\npipes:\n  traces: receive otlp | write otlp ${words}\n`)
    return sh(`solder check --connect ${file}`)
  }
  const good = await check(tempo.origin)
  t.equal(good.code, 0, good.stderr)
  const bad = await check(`${tempo.origin} --logs-url ${tempo.origin}/elsewhere/logs`)
  t.equal(bad.code, 2, bad.stderr)
  t.match(bad.stderr, 'answers 404')
})
