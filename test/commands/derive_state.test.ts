// Counters made of spans and logs as processes: they go on from what was told of them, through a stop and a kill.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { environment } from '../support/solder.js'

t.setTimeout(60_000)

const id = (n: number) => n.toString(16).padStart(16, '0')
let spans = 0

/** A request from shop to a database: a call, and an edge of the graph. */
function request(): string {
  const span = {
    type: 'span', resource: { 'service.name': 'shop' }, ts: '1000000000', end: '1030000000', trace_id: '4bf92f3577b34da6a3ce929d0e0e4736',
    span_id: id(++spans), name: 'select', kind: 'client', attributes: { 'db.name': 'orders' },
  }
  return `${JSON.stringify(span)}\n`
}

interface Sample {
  type: string
  name: string
  start: string
  value?: number
  explicit_histogram?: { count: string }
}

function stage(t: Test, state: string, words: readonly string[]) {
  const child = spawn('solder', ['derive', ...words, '--state', state], { env: environment() })
  t.teardown(() => child.kill('SIGKILL'))
  let stdout = ''
  child.stdout.on('data', (text: Buffer) => (stdout += text.toString()))
  let stderr = ''
  child.stderr.on('data', (text: Buffer) => (stderr += text.toString()))
  const samples = () => {
    const all = stdout.split('\n').slice(0, -1).map((line) => JSON.parse(line) as Sample)
    return new Map(all.filter(({ type }) => type === 'metric').map((sample) => [sample.name, sample]))
  }
  const counts = () => [...samples().values()].map(({ name, value, explicit_histogram }) => `${name} ${value ?? explicit_histogram!.count}`).sort()
  return {
    child, samples, counts, stderr: () => stderr, ended: once(child, 'close'),
    async until(found: () => boolean) {
      while (!found()) await once(child.stdout, 'data')
    },
  }
}

const COMMANDS = {
  spanmetrics: { words: ['spanmetrics', '--namespace', 'm'], counts: (n: number) => [`m.calls ${n}`, `m.duration ${n}`], folder: 'derive.spanmetrics.m' },
  count: { words: ['count', 'spans', 'db/calls'], counts: (n: number) => [`db/calls ${n}`], folder: 'derive.count.db%2Fcalls' },
  servicegraph: {
    words: ['servicegraph'], folder: 'derive.servicegraph',
    counts: (n: number) => ['request_client_seconds', 'request_server_seconds', 'request_total'].map((name) => `traces_service_graph_${name} ${n}`),
  },
}

for (const [name, { words, counts, folder }] of Object.entries(COMMANDS)) {
  t.test(`derive ${name}`, async (t) => {
    const state = t.testdir({})
    const first = stage(t, state, words)
    first.child.stdin.end(request() + request())
    t.same(await first.ended, [0, null])
    t.same(first.counts(), counts(2))
    t.same(readdirSync(join(state, 'saved')), [folder])
    const start = [...first.samples().values()][0].start

    const second = stage(t, state, [...words, '--every', '20ms'])
    second.child.stdin.write(request())
    await second.until(() => second.counts().join() === counts(3).join())
    second.child.kill('SIGKILL')
    await second.ended

    const third = stage(t, state, words)
    third.child.stdin.end()
    t.same(await third.ended, [0, null])
    t.same(third.counts(), counts(3), 'killed; and told though nothing new came')
    t.equal([...third.samples().values()][0].start, start)
    t.equal(third.stderr(), '')

    const other = stage(t, state, [...words, '--state-name', 'other'])
    other.child.stdin.end(request())
    await other.ended
    t.same(other.counts(), counts(1), 'another stage')
  })
}

t.test('what cannot be', async (t) => {
  const state = t.testdir({})
  for (const name of ['spanmetrics', 'servicegraph']) {
    const delta = stage(t, state, [name, '--temporality', 'delta', '--state-name', '../x', '--bucket', '1ms', '--histogram', 'exponential'])
    t.same(await delta.ended, [2, null])
    for (const found of [/--state is for --temporality cumulative/, /--state-name: '\.\.\/x' is not valid/, /--bucket is for/]) t.match(delta.stderr(), found)
  }
  const one = stage(t, state, ['count', 'spans', '--every', '20ms'])
  one.child.stdin.write(request())
  await one.until(() => one.counts().length > 0)
  const two = stage(t, state, ['count', 'spans'])
  t.same(await two.ended, [75, null])
  t.match(two.stderr(), /derive\.count\.spans is in use by another process/)
})
