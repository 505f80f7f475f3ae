// `solder derive cumulative` and `derive delta` with a state, over runs and kills.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import t from 'tap'
import { environment, ROOT, sh } from '../support/solder.js'

t.setTimeout(120_000)

const line = (temporality: string, ts: number, value: number) =>
  `${JSON.stringify({ type: 'metric', name: 'm', kind: 'counter', temporality, monotonic: true, ts: String(ts), start: '1', value, int: true })}\n`
const valuesOf = (stdout: string) => stdout.split('\n').slice(0, -1).map((text) => (JSON.parse(text) as { value: number }).value)

t.test('what the series came to is there in the next run', async (t) => {
  const state = `${t.testdir()}/state`
  const run = async (stage: string, ...lines: string[]) => valuesOf((await sh(`solder derive ${stage} --state ${state}`, { stdin: lines.join('') })).stdout)
  t.same(await run('cumulative', line('delta', 10, 3)), [3])
  t.same(await run('cumulative', line('delta', 10, 3), line('delta', 20, 4)), [7], 'the same delta does not count twice')
  t.same(await run('delta', line('cumulative', 10, 3)), [])
  t.same(await run('delta', line('cumulative', 20, 7)), [4])
})

t.test('after a kill series begin anew', async (t) => {
  const state = `${t.testdir()}/state`
  const words = ['derive', 'cumulative', '--state', state]
  await sh(`solder ${words.join(' ')}`, { stdin: line('delta', 10, 3) })
  const child = spawn(process.execPath, [`${ROOT}/bin/solder.js`, ...words], { env: environment(), stdio: ['pipe', 'pipe', 'ignore'] })
  t.teardown(() => child.kill('SIGKILL'))
  const ended = once(child, 'close')
  child.stdin.write(line('delta', 20, 4))
  const [first] = (await once(child.stdout, 'data')) as [Buffer]
  t.same(valuesOf(first.toString()), [7])
  child.kill('SIGKILL')
  await ended
  const { stdout } = await sh(`solder ${words.join(' ')}`, { stdin: line('delta', 30, 5) })
  t.same(valuesOf(stdout), [5], 'and not from what was before the kill')
})
