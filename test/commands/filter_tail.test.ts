// filter tail as a process: kills and restarts lose no trace, and what waits is decided though nothing more comes.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { environment, sh } from '../support/solder.js'

// Kills cost some processes each.
t.setTimeout(120_000)

const id = (n: number) => (n + 1).toString(16).padStart(32, '0')

function line(trace: number, span: number): string {
  const attributes = `{"keep":${trace % 2 === 0},"n":${span}}`
  return `{"type":"span","ts":"1763804400000000000","end":"1763804400000000001","trace_id":"${id(trace)}","span_id":"00f067aa0ba902b7","attributes":${attributes}}\n`
}

const TRACES = 4000
const SPANS = 4

/** Spans of each trace 500 lines apart: some are always held. */
function lines(): string {
  const all: string[] = []
  for (let at = 0; at < TRACES + SPANS * 500; at++) {
    for (let span = 0; span < SPANS; span++) {
      const trace = at - span * 500
      if (trace >= 0 && trace < TRACES) all.push(line(trace, span))
    }
  }
  return all.join('')
}

/** Runs the pipe; kills the sampler once `out` has grown by so many bytes. Resolves when every stage has ended. */
async function runPipe(folder: string, state: string, after: number | null): Promise<void> {
  const stages = [
    'receive ndjson spans.ndjson --state S',
    "filter tail --policy 'boolean_attribute: {key: keep, value: true}' --decision-wait 20ms" + state,
    'write file out --state S',
  ]
  const pipe = stages.map((words, i) => `sh -c 'echo $$ > pid${i}; exec solder ${words.replaceAll("'", `'"'"'`)} 2>> told'`).join(' | ')
  const child = spawn('sh', ['-c', pipe], { cwd: folder, env: environment(), stdio: 'ignore' })
  const size = () => (existsSync(join(folder, 'out')) ? statSync(join(folder, 'out')).size : 0)
  const before = size()
  const ended = once(child, 'close')
  const poll = setInterval(() => {
    if (after === null || size() < before + after) return
    clearInterval(poll)
    process.kill(Number(readFileSync(join(folder, 'pid1'), 'utf8')), 'SIGKILL')
  }, 1)
  await ended
  clearInterval(poll)
}

for (const state of ['', ' --state S']) {
  t.test(`kill -9, again and again: every span of every trace that is kept arrives${state}`, async (t) => {
    const folder = t.testdir({ 'spans.ndjson': lines() })
    for (const after of [1, 200_000, null]) await runPipe(folder, state, after)
    const seen = new Map<string, Set<number>>()
    const out = readFileSync(join(folder, 'out'), 'utf8')
    // Those that still wait at the end of the input wait for the next run.
    const waiting = state === '' ? '' : readFileSync(join(folder, 'S/saved/filter.tail/records.ndjson'), 'utf8')
    for (const [, trace, n] of (out + waiting).matchAll(/"trace_id":"(\w+)".*"keep":true,"n":(\d)/g)) {
      if (!seen.has(trace)) seen.set(trace, new Set())
      seen.get(trace)!.add(Number(n))
    }
    t.equal(seen.size, TRACES / 2)
    t.same([...seen].filter(([, spans]) => spans.size !== SPANS), [], 'whole')
    t.notMatch(out, '"keep":false', 'others do not')
    const told = readFileSync(join(folder, 'told'), 'utf8')
    t.notMatch(told, /error|damaged/)
  })
}

function tail(t: Test, folder: string, wait: string) {
  const child = spawn('solder', ['filter', 'tail', '--policy', 'span_count: {min_spans: 2}', '--decision-wait', wait, '--state', 'S', '--ledger'], {
    cwd: folder, env: environment(),
  })
  t.teardown(() => child.kill('SIGKILL'))
  let stderr = ''
  child.stderr.on('data', (text: Buffer) => (stderr += text.toString()))
  return { child, ended: once(child, 'close'), account: () => JSON.parse(/^\{.*\}$/m.exec(stderr)![0]) as { [key: string]: unknown } }
}

t.test('a restart: what waits is kept, and decided in the next process though nothing comes', async (t) => {
  const folder = t.testdir({})
  const first = tail(t, folder, '1h')
  first.child.stdin.end(line(1, 0) + line(1, 1) + line(2, 0))
  t.same(await first.ended, [0, null])
  t.match(first.account(), { in: 3, out: 0, dropped: {}, pending: 3 })

  const second = tail(t, folder, '1ms')
  let out = ''
  while ((out.match(/\n/g) ?? []).length < 2) {
    const [bytes] = (await once(second.child.stdout, 'data')) as [Buffer]
    out += bytes.toString()
  }
  t.equal(out, line(1, 0) + line(1, 1))
  second.child.stdout.resume()
  second.child.stdin.end(line(1, 2))
  t.same(await second.ended, [0, null])
  t.match(second.account(), { in: 1, made: 3, out: 3, dropped: { not_sampled: 1 }, pending: 0 })
})

t.test('kill -9: what comes late for a trace that was decided before goes the same way', async (t) => {
  const folder = t.testdir({})
  const first = tail(t, folder, '1ms')
  first.child.stdin.write(line(2, 0) + line(1, 0) + line(1, 1))
  let out = ''
  while ((out.match(/\n/g) ?? []).length < 2) out += String(((await once(first.child.stdout, 'data')) as [Buffer])[0])
  t.equal(out, line(1, 0) + line(1, 1))
  first.child.kill('SIGKILL')
  await first.ended

  const second = tail(t, folder, '1h')
  second.child.stdin.end(line(1, 2) + line(2, 1) + line(2, 2) + line(3, 0))
  const [late] = (await once(second.child.stdout, 'data')) as [Buffer]
  t.equal(String(late), line(1, 2))
  t.same(await second.ended, [0, null])
  t.match(second.account(), { in: 4, out: 1, dropped: { late_not_sampled: 2 }, pending: 1 })
})

t.test('in a test of a pipe time is that of the records, and the state is left alone', async (t) => {
  const span = (trace: number, ts: string) => `{"type":"span","ts":"${ts}","end":"${ts}","trace_id":"${id(trace)}"}`
  const [early, same, late] = [span(1, '1000000000'), span(2, '1000000000'), span(3, '12000000000')]
  const folder = t.testdir({
    'solder.yaml': `
version: 1
pipes:
  traces: "receive otlp | filter tail --policy 'rate_limiting: {spans_per_second: 1, burst_capacity: 1}' --decision-wait 10s --state S | write file out"
tests:
  one a second:
    pipe: traces
    in: [${early}, ${same}, ${late}]
    out: [${early}, ${late}]
`,
  })
  const { code, stdout, stderr } = await sh('solder test solder.yaml', { cwd: folder })
  t.equal(code, 0, stdout + stderr)
  t.notOk(existsSync(join(folder, 'S')))
})
