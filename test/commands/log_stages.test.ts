// Stages that hold entries, as processes: what is due goes on while stdin is open, a stop lets go of everything, and
// what is limited makes its writer wait.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Readable } from 'node:stream'
import t from 'tap'
import { environment } from '../support/solder.js'

const line = (body: string, ts = 1) => `{"type":"log","ts":"${ts}","body":"${body}"}\n`
const CHECKPOINT = '{"type":"checkpoint","source":"s","position":1}\n'

function stage(...words: string[]) {
  const child = spawn('solder', words, { env: environment() })
  t.teardown(() => child.kill('SIGKILL'))
  return child
}

/** What comes, up to so many lines. */
async function lines(stream: Readable, count: number): Promise<string> {
  let text = ''
  while (text.split('\n').length <= count) text += String(((await once(stream, 'data')) as [Buffer])[0])
  return text
}

t.test('a held entry goes on when it is due, and the checkpoint behind it', async (t) => {
  const child = stage('enrich', 'multiline', '^x', '--max-wait-time', '50ms')
  child.stdin.write(line('x one') + line('two') + CHECKPOINT)
  t.equal(await lines(child.stdout, 2), line('x one\\ntwo') + CHECKPOINT)
  child.stdin.end()
  t.same(await once(child, 'close'), [0, null])
})

t.test('SIGTERM lets go of what is held, and the account adds up', async (t) => {
  const child = stage('enrich', 'multiline', '^x', '--max-wait-time', '1h', '--ledger')
  let told = ''
  child.stderr.on('data', (chunk: Buffer) => (told += chunk.toString()))
  // The line before the first match passes: it tells that all has been read.
  child.stdin.write(`${line('passes')}${line('x one')}${line('two')}${CHECKPOINT}`)
  t.equal(await lines(child.stdout, 1), line('passes'))
  let rest = ''
  child.stdout.on('data', (chunk: Buffer) => (rest += chunk.toString()))
  child.kill('SIGTERM')
  t.same(await once(child, 'close'), [0, null])
  t.equal(rest, line('x one\\ntwo') + CHECKPOINT)
  t.match(JSON.parse(told), { in: 4, out: 3, dropped: { joined: 1 }, pending: 0 })
})

t.test('a stop does not wait for a limit', async (t) => {
  const child = stage('filter', 'limit', '--rate', '0.001', '--burst', '1')
  child.stdin.write(line('a') + line('b') + line('c'))
  t.equal(await lines(child.stdout, 1), line('a'))
  let rest = ''
  child.stdout.on('data', (chunk: Buffer) => (rest += chunk.toString()))
  child.kill('SIGTERM')
  t.same(await once(child, 'close'), [0, null])
  t.equal(rest, line('b') + line('c'))
})

t.test('a limit makes its writer wait', async (t) => {
  const child = stage('filter', 'limit', '--rate', '0.001', '--burst', '1')
  const full = (i: number) => line(`${i} ${'x'.repeat(10_000)}`, i)
  let written = 0
  // A pipe and a chunk hold some of it; a stage that went on reading would take all.
  while (written < 1000 && child.stdin.write(full(written++)));
  t.equal(await lines(child.stdout, 1), full(0))
  for (; written < 200; written++) child.stdin.write(full(written))
  t.ok(child.stdin.writableLength > 1_000_000, `${child.stdin.writableLength} bytes wait at the writer`)
  child.kill('SIGKILL')
  child.stdin.on('error', () => {})
  await once(child, 'close')
})

t.test('a metric goes on from what was sent of it, through a stop and a kill', async (t) => {
  const state = t.testdir()
  const words = (more: string[]) => ['derive', 'metrics', ...more, '--state', state]
  const entry = (took: number, resource = {}) =>
    `${JSON.stringify({ type: 'log', labels: { app: 'shop' }, resource, ts: '1', body: 'x', extracted: { took } })}\n`
  const valuesOf = (text: string) =>
    text.split('\n').flatMap((line) => {
      const found = /"type":"metric","name":"(\w+)",.*"value":([\d.]+)/.exec(line)
      return found === null ? [] : [`${found[1]} ${found[2]}`]
    })
  const run = async (more: string[], input: string) => {
    const child = stage(...words(more))
    let told = ''
    child.stdout.on('data', (chunk: Buffer) => (told += chunk.toString()))
    child.stdin.end(input)
    t.same(await once(child, 'close'), [0, null])
    return valuesOf(told)
  }
  const counter = ['counter', 'lines', '--match-all']
  t.same(await run(counter, entry(1) + entry(2)), ['lines 2'])
  t.same(await run(counter, entry(3, { host: 'a' })), ['lines 3'], 'stopped; another resource has no series of its own')
  const killed = stage(...words([...counter, '--every', '20ms']))
  killed.stdin.write(entry(1) + entry(1))
  let told = ''
  while (!told.includes('"value":5')) told += String(((await once(killed.stdout, 'data')) as [Buffer])[0])
  const ended = once(killed, 'close')
  killed.kill('SIGKILL')
  await ended
  t.same(await run(counter, ''), ['lines 5'], 'killed; and sent though nothing new came')
  t.same(await run([...counter, '--state-name', 'other'], entry(1)), ['lines 1'], 'another stage')
  const bounds = (buckets: string[]) => buckets.flatMap((bucket) => ['--buckets', bucket])
  const histogram = (...buckets: string[]) => ['histogram', 'took', ...bounds(buckets)]
  const first = await run(histogram('0.1', '1'), entry(0.05) + entry(0.5))
  t.same(first, ['took_bucket 1', 'took_bucket 2', 'took_bucket 2', 'took_sum 0.55', 'took_count 2'])
  const second = await run(histogram('0.1', '1'), entry(0.25))
  t.same(second, ['took_bucket 1', 'took_bucket 3', 'took_bucket 3', 'took_sum 0.8', 'took_count 3'])
  const wider = await run(histogram('0.1', '1', '10'), entry(5))
  t.same(wider.slice(-1), ['took_count 1'], 'with a bucket more it begins anew')
})

t.test('two stages cannot keep one metric', async (t) => {
  const words = ['derive', 'metrics', 'counter', 'lines', '--match-all', '--state', t.testdir(), '--every', '10ms']
  const one = stage(...words)
  one.stdin.write(line('x'))
  await lines(one.stdout, 2)
  const two = stage(...words)
  let told = ''
  two.stderr.on('data', (chunk: Buffer) => (told += chunk.toString()))
  t.not((await once(two, 'close'))[0], 0)
  t.match(told, 'derive.metrics.lines')
  const ended = once(one, 'close')
  one.kill('SIGKILL')
  await ended
  const wrong = stage(...words, '--state-name', '../x')
  t.same((await once(wrong, 'close'))[0], 2)
})
