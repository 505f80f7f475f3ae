// Stages that hold entries, as processes: what is due goes on while stdin is open, a stop lets go of everything, and what is
// limited makes its writer wait.

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
