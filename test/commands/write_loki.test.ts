// `solder write loki` against a Loki with a script: order, tenants, batches, failures of all kinds, the spool.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import t, { type Test } from 'tap'
import type { Answer } from '../support/collector.js'
import { type Arrived, FakeLoki } from '../support/loki.js'
import { environment, ROOT, sh } from '../support/solder.js'

t.setTimeout(120_000)

const FAST = '--min-backoff 1ms --max-backoff 5ms --batch-wait 5ms --ledger'
const STREAMS = 5

async function lokiFor(t: Test, answer?: (index: number, entries: Arrived[]) => Answer): Promise<FakeLoki> {
  const loki = await FakeLoki.start(answer)
  t.teardown(() => loki.stop())
  return loki
}

/** Records of some streams in turn; the body is a number that grows in each of them. */
function lines(from: number, to: number, labels = (stream: number): object => ({ app: `a${stream}` })): string {
  let text = ''
  for (let step = from; step < to; step++) {
    for (let stream = 0; stream < STREAMS; stream++) {
      text += `${JSON.stringify({ type: 'log', labels: labels(stream), ts: `${1763804400 + step}000000001`, body: String(step) })}\n`
    }
  }
  return text
}

/** The numbers of each stream in the order of their first arrival. */
function stepsOf(entries: readonly Arrived[]): Map<string, number[]> {
  const steps = new Map<string, Set<number>>()
  for (const { labels, line } of entries) steps.set(labels, (steps.get(labels) ?? new Set()).add(Number(line)))
  return new Map([...steps].sort().map(([labels, set]) => [labels, [...set]]))
}

const range = (to: number) => Array.from({ length: to }, (_, i) => i)
const everyStream = (to: number) => new Map(range(STREAMS).map((stream) => [`{app="a${stream}"}`, range(to)]))
const text = (record: object) => `${JSON.stringify({ type: 'log', ...record })}\n`

t.test('streams by labels, each once in a push; metadata; tenants; what is left out', async (t) => {
  const loki = await lokiFor(t)
  const stdin =
    text({ labels: { app: 'x', __path__: '/x', empty: '', site: 'own' }, ts: '-1', body: 'one', extracted: { level: 'info' } }) +
    text({ labels: { __tenant_id__: 'team', app: 'x' }, ts: '2', body: { a: [1] }, severity: 'INFO', span_id: '0a', attributes: { order: 42 } }) +
    text({ labels: { app: 'y' }, ts: '3' }) +
    text({ labels: { app: 'x', site: 'own' }, ts: '4', body: 'two' })
  const { code, stderr } = await sh(`solder write loki ${loki.url} --label site=eu --label b=c --tenant main ${FAST}`, { stdin })
  t.equal(code, 0, stderr)
  t.match(stderr, '"in":4,"made":0,"out":4,"dropped":{},"pending":0')
  t.ok(loki.arrivals.every(({ path }) => path === '/loki/api/v1/push'))
  const stored = [...loki.stored].sort((a, b) => Number(a.ts) - Number(b.ts))
  t.same(stored, [
    { tenant: 'main', labels: '{app="x", b="c", site="own"}', ts: '-1', line: 'one', metadata: {} },
    {
      tenant: 'team',
      labels: '{app="x", b="c", site="eu"}',
      ts: '2',
      line: '{"a":[1]}',
      metadata: { order: '42', severity_text: 'INFO', span_id: '0a' },
    },
    { tenant: 'main', labels: '{app="y", b="c", site="eu"}', ts: '3', line: '', metadata: {} },
    { tenant: 'main', labels: '{app="x", b="c", site="own"}', ts: '4', line: 'two', metadata: {} },
  ])
})

t.test('entries of OpenTelemetry as the OTLP endpoint of Loki stores them', async (t) => {
  const loki = await lokiFor(t)
  const resource = { 'service.name': 'shop', 'k8s.pod.name': 'p', 'host.name': 'h', 'team': 'x' }
  const scope = { name: 'lib', version: '1', attributes: { 'a.b': true } }
  const entry = {
    resource, scope, ts: '2', observed: '3', body: { $double: 1 }, severity: 'INFO', severity_number: 9, flags: 1,
    attributes: { 'http.route': '/', nested: { 'x-y': 1, z: ['q'] }, host_name: 'own' },
    trace_id: '4bf92f3577b34da6a3ce929d0e0e4736', span_id: '00f067aa0ba902b7',
  }
  const stdin = text(entry) + text({ ts: '4', observed: '4', untimed: true, body: 'x', scope: { name: 'lib' }, labels: { app: 'y' } }) +
    text({ ...entry, ts: '5', attributes: { bad: { $int: 'x' } } })
  const { code, stderr } = await sh(`solder write loki ${loki.url} --resource-label team --label site=eu ${FAST}`, { stdin })
  t.equal(code, 1)
  t.match(stderr, /expected decimal digits/)
  t.match(stderr, '"out":2,"dropped":{"invalid_attributes":1},"pending":0')
  const stored = [...loki.stored].sort((a, b) => Number(a.ts) - Number(b.ts))
  t.same(stored, [
    {
      tenant: '', labels: '{k8s_pod_name="p", service_name="shop", site="eu", team="x"}', ts: '2', line: '1',
      metadata: {
        observed_timestamp: '3', severity_number: '9', severity_text: 'INFO', flags: '1',
        trace_id: '4bf92f3577b34da6a3ce929d0e0e4736', span_id: '00f067aa0ba902b7', host_name: 'own', http_route: '/', nested_x_y: '1',
        nested_z: '["q"]', a_b: 'true', scope_name: 'lib', scope_version: '1',
      },
    },
    { tenant: '', labels: '{app="y", service_name="unknown_service", site="eu"}', ts: '4', line: 'x', metadata: { scope_name: 'lib' } },
  ])
  const none = `solder write loki ${loki.url} --no-default-resource-labels ${FAST}`
  t.equal((await sh(none, { stdin: text({ ts: '6', resource, labels: { app: 'y' } }) })).code, 0)
  t.match(loki.stored.at(-1), { labels: '{app="y"}', metadata: { service_name: 'shop', k8s_pod_name: 'p' } })
})

t.test('batches: bytes, streams; a push for each tenant', async (t) => {
  const loki = await lokiFor(t)
  const one = `--concurrency 1 --batch-wait 1h --ledger`
  const body = 'x'.repeat(1000)
  const big = range(10).map((i) => text({ labels: { app: 'a' }, ts: String(i), body })).join('')
  t.equal((await sh(`solder write loki ${loki.url} --batch-bytes 3000 ${one}`, { stdin: big })).code, 0)
  t.same(loki.arrivals.splice(0).map(({ message: entries }) => entries.length), [3, 3, 3, 1])
  const many = range(10).map((i) => text({ labels: { app: `a${i}` }, ts: '1', body: 'x' })).join('')
  t.equal((await sh(`solder write loki ${loki.url} --max-streams 4 ${one}`, { stdin: many })).code, 0)
  t.same(loki.arrivals.splice(0).map(({ message: entries }) => entries.length), [4, 4, 2])
  const tenants = range(9).map((i) => text({ labels: { app: 'a', __tenant_id__: `t${i % 3}` }, ts: String(i), body: 'x' })).join('')
  t.equal((await sh(`solder write loki ${loki.url} ${one}`, { stdin: tenants })).code, 0)
  t.same(loki.arrivals.map(({ message: entries }) => entries.map(({ tenant, ts }) => tenant + ts).join(' ')).sort(), ['t00 t03 t06', 't11 t14 t17', 't22 t25 t28'])
})

t.test('429 and 5xx are asked again until they are stored; the order of each stream is kept', async (t) => {
  let failures = 0
  const loki = await lokiFor(t, (index) => {
    if (index % 3 === 0) return { status: 204 }
    failures++
    return index % 3 === 1 ? { status: 429, headers: { 'retry-after': '0' }, body: 'slow down' } : { status: 500 }
  })
  const { code, stderr } = await sh(`solder write loki ${loki.url} --batch-bytes 600 ${FAST}`, { stdin: lines(0, 60) })
  t.equal(code, 0, stderr)
  t.same(stepsOf(loki.stored), everyStream(60))
  t.ok(failures > 10)
  t.match(stderr, '"out":300,"dropped":{}')
  t.match(stderr, /: 429 too many requests: slow down, retrying in|: 500 internal server error, retrying in/)
})

t.test('any other answer is final: dead letters with the words of Loki, to be fed in again', async (t) => {
  const loki = await lokiFor(t, (_, entries) =>
    entries.some(({ line }) => line === '1') ? { status: 400, body: "entry for stream '{app=\"a1\"}' has timestamp too old" } : { status: 204 },
  )
  const folder = t.testdir()
  const records = range(3).map((i) => text({ labels: { __tenant_id__: `t${i}`, app: `a${i}` }, ts: '1', body: String(i), attributes: { b: 'c' } }))
  const { code, stderr } = await sh(`solder write loki ${loki.url} --dead-letter ${folder}/dead ${FAST}`, { stdin: records.join('') })
  t.equal(code, 1)
  t.match(stderr, '"out":2,"dropped":{"refused":1}')
  const letter = JSON.parse(readFileSync(`${folder}/dead`, 'utf8')) as { [key: string]: unknown }
  t.match(letter, { stage: 'write loki', reason: 'refused', detail: /: 400 bad request: entry for stream '.*' has timestamp too old$/ })
  t.same(letter.original, JSON.parse(records[1]))
})

t.test('a push that is too large goes in halves, in every format', async (t) => {
  for (const format of ['protobuf', 'json', 'json --gzip']) {
    const loki = await lokiFor(t, (_, entries) => (entries.length > 7 ? { status: 413, body: 'too large' } : { status: 204 }))
    const { code, stderr } = await sh(`solder write loki ${loki.url} --concurrency 1 --format ${format} ${FAST} --batch-wait 1h`, { stdin: lines(0, 8) })
    t.equal(code, 0, stderr)
    t.match(stderr, /413 .*sending it in halves; --batch-bytes would make requests smaller/)
    t.match(stderr, '"out":40,"dropped":{}')
    t.same([...stepsOf(loki.stored).values()], range(STREAMS).map(() => range(8)))
    t.equal(loki.stored.length, 40)
  }
})

t.test('several: one that fails costs the other nothing', async (t) => {
  const good = await lokiFor(t)
  const all = 40 * STREAMS
  const bad = await lokiFor(t, () => ({ status: good.stored.length < all ? 503 : 204 }))
  const stdin = lines(0, 40) + text({ ts: '1' })
  const { code, stderr } = await sh(`solder write loki ${good.url} ${bad.url} ${FAST} --batch-bytes 1000`, { stdin })
  t.equal(code, 1, 'one record has no labels')
  t.same(stepsOf(good.stored), everyStream(40))
  t.same(stepsOf(bad.stored), everyStream(40))
  t.match(stderr, `"in":${all + 1},"made":${all + 1},"out":${2 * all},"dropped":{"invalid_labels":2},"pending":0`)
})

t.test('--state: what is held survives a kill, is shown as records, and is sent by the next start', async (t) => {
  const folder = t.testdir()
  const state = { down: true }
  const loki = await lokiFor(t, () => ({ status: state.down ? 503 : 204 }))
  const words = `write loki ${loki.url} --state ${folder}/state --fsync always --batch-bytes 400 --tenant main ${FAST}`
  const child = spawn(process.execPath, [`${ROOT}/bin/solder.js`, ...words.split(' ')], { env: environment(), stdio: ['pipe', 'ignore', 'ignore'] })
  t.teardown(() => child.kill('SIGKILL'))
  const ended = once(child, 'close')
  child.stdin.write(lines(0, 10))
  // Every stream has been tried: the last lines of all are in the spool or still growing.
  await loki.until(({ arrivals }) => new Set(arrivals.flatMap(({ message: entries }) => entries.map(({ labels }) => labels))).size === STREAMS)
  await new Promise<void>((resolve, reject) => child.stdin.end((error?: Error | null) => (error ? reject(error) : resolve())))
  for (let held = 0; held < 10 * STREAMS; ) {
    const { stdout } = await sh(`solder spool ls ${folder}/state`)
    held = stdout.split('\n').slice(0, -1).reduce((sum, line) => sum + (JSON.parse(line) as { records: number }).records, 0)
  }
  child.kill('SIGKILL')
  await ended
  const { stdout } = await sh(`solder spool cat ${folder}/state | sort -u`)
  const shown = stdout.split('\n').slice(0, -1)
  t.equal(shown.length, 10 * STREAMS)
  t.equal(shown[0], '{"type":"log","labels":{"__tenant_id__":"main","app":"a0"},"ts":"1763804400000000001","body":"0"}')
  state.down = false
  const again = await sh(`solder ${words}`, { stdin: lines(10, 12) })
  t.equal(again.code, 0, again.stderr)
  t.same(stepsOf(loki.stored), everyStream(12), 'all of it, in order')
  t.match(again.stderr, '"in":10,"made":50,"out":60,"dropped":{},"pending":0')
})

t.test('--connect tells whether a Loki answers', async (t) => {
  const loki = await lokiFor(t, (index) => ({ status: index === 0 ? 204 : 404 }))
  const file = `${t.testdir()}/solder.yaml`
  writeFileSync(file, `version: 1\npipes:\n  logs: receive lines | write loki ${loki.url}\n`)
  const good = await sh(`solder check --connect ${file}`)
  t.equal(good.code, 0, good.stderr)
  const bad = await sh(`solder check --connect ${file}`)
  t.equal(bad.code, 2, bad.stderr)
  t.match(bad.stderr, 'answers 404')
})
