// `solder receive lines` and `solder receive exec` as processes: lines, labels, ends.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import t from 'tap'
import type { Clock } from '../../lib/component.js'
import { Stamps } from '../../lib/receive/stamps.js'
import { until } from '../support/peers.js'
import { environment, ROOT, sh } from '../support/solder.js'
import { gone } from '../support/supervised.js'

interface Entry {
  labels?: { [name: string]: string }
  ts: string
  body: string
  attributes?: object
}

const entries = (stdout: string) => stdout.split('\n').slice(0, -1).map((line) => JSON.parse(line) as Entry)

t.test('lines: empty ones, CRLF, the last one without newline', async (t) => {
  const { stdout, stderr, code } = await sh('solder receive lines --label app=x --ledger', { stdin: 'a\r\n\nb\nlast' })
  t.equal(code, 0)
  const found = entries(stdout)
  t.same(found.map(({ body }) => body), ['a', '', 'b', 'last'])
  t.same(found[0].labels, { app: 'x' })
  const times = found.map(({ ts }) => BigInt(ts))
  t.ok(times.every((time, i) => i === 0 || time > times[i - 1]), 'each is later than the one before')
  t.match(stderr, '"made":4,"out":4,"dropped":{},"pending":0,"in_bytes":10')
})

t.test('a line that never ends is cut, marked and told about; memory does not grow with it', async (t) => {
  const { stdout, stderr } = await sh(
    "{ head -c 50000000 /dev/zero | tr '\\0' x; echo; echo next; } | solder receive lines --max-line-bytes 10",
  )
  const [cut, next, ...more] = entries(stdout)
  t.same(cut, { type: 'log', ts: cut.ts, body: 'xxxxxxxxxx', attributes: { truncated: true } })
  t.equal(next.body, 'next')
  t.same(more, [])
  t.match(stderr, 'a line is longer than 10 bytes (--max-line-bytes): cut there')
})

t.test('binary input and other encodings', async (t) => {
  const binary = await sh('head -c 300000 /dev/urandom | solder receive lines --encoding utf-8')
  t.equal(binary.code, 0)
  t.doesNotThrow(() => entries(binary.stdout))
  const { stdout } = await sh('solder receive lines', { stdin: Buffer.from('\ufeffgrün\r\n€', 'utf16le') })
  t.same(entries(stdout).map(({ body }) => body), ['grün', '€'])
  const wrong = await sh('solder receive lines --encoding klingon')
  t.equal(wrong.code, 2)
  t.match(wrong.stderr, "--encoding: 'klingon' is no encoding")
})

t.test('times of lines are strictly later, also where the clock stands or goes back', async (t) => {
  const said = ['1000000000999999999', '1000000000999999999', '1000000000000000000', '2000000000000000000']
  const stamps = new Stamps({ now: () => said.shift()! } as Clock)
  const found: string[] = []
  for (let i = 0; i < 4; i++) {
    stamps.look()
    found.push(stamps.next())
  }
  t.same(found, ['1000000000999999999', '1000000001000000000', '1000000001000000001', '2000000000000000000'])
})

t.test('exec: both outputs, the exit code', async (t) => {
  const good = await sh("solder receive exec --label app=x --ledger -- sh -c 'echo $0 $1; echo bad >&2' 'a b' '$HOME'")
  t.equal(good.code, 0, good.stderr)
  const found = entries(good.stdout)
  t.same(found.find(({ body }) => body === 'a b $HOME')?.labels, { app: 'x', stream: 'stdout' }, 'no shell reads the words')
  t.same(found.find(({ body }) => body === 'bad')?.labels, { app: 'x', stream: 'stderr' })
  t.match(good.stderr, '"made":2,"out":2,"dropped":{},"pending":0,"in_bytes":14')
  const bad = await sh("solder receive exec -- sh -c 'echo last words; exit 3'")
  t.equal(bad.code, 1)
  t.match(bad.stderr, 'sh ended with 3')
  t.same(entries(bad.stdout).map(({ body }) => body), ['last words'])
  const killed = await sh("solder receive exec -- sh -c 'kill -9 $$'")
  t.match(`${killed.code} ${killed.stderr}`, /^1 .*was ended by SIGKILL/)
  const absent = await sh('solder receive exec no-such-program --encoding x')
  t.equal(absent.code, 2)
  t.match(absent.stderr, "no program 'no-such-program'")
  t.match(absent.stderr, "--encoding: 'x' is no encoding", 'all problems at once')
})

t.test('exec: a program that leaves a child with its output behind does not hold it up for ever', async (t) => {
  const { stdout, code } = await sh("solder receive exec --stop-timeout 50ms -- sh -c 'sleep 30 & echo done'")
  t.equal(code, 0)
  t.same(entries(stdout).map(({ body }) => body), ['done'])
})

t.test('exec: restarts', async (t) => {
  const folder = t.testdir()
  writeFileSync(`${folder}/count`, '')
  // It ends well the third time.
  const script = `echo x >> ${folder}/count; echo $(wc -l < ${folder}/count); test $(wc -l < ${folder}/count) -ge 3`
  const { stdout, stderr, code } = await sh(`solder receive exec --restart on-failure --min-backoff 5ms -- sh -c '${script}'`)
  t.equal(code, 0, stderr)
  t.same(entries(stdout).map(({ body }) => body), ['1', '2', '3'])
  t.equal(stderr.match(/sh ended with 1: starting it again in /g)?.length, 2)
  const always = await sh("solder receive exec --restart always --min-backoff 5ms -- echo again | head -3")
  t.equal(entries(always.stdout).length, 3)
})

t.test('exec: asked to stop, it asks the program, and passes on what that still says', async (t) => {
  const words = ['receive', 'exec', '--', 'sh', '-c', "trap 'echo bye; exit 5' TERM; echo ready; while :; do sleep 0.05; done"]
  const child = spawn(process.execPath, [`${ROOT}/bin/solder.js`, ...words], { env: environment(), stdio: ['ignore', 'pipe', 'pipe'] })
  t.teardown(() => child.kill('SIGKILL'))
  let stdout = ''
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString()
    if (!child.killed) child.kill('SIGTERM')
  })
  const [code] = (await once(child, 'close')) as [number]
  t.equal(code, 0)
  t.same(entries(stdout).map(({ body }) => body), ['ready', 'bye'])
})

t.test('exec: the program does not outlive a solder that is killed, nor one whose reader is gone', async (t) => {
  const pids = `${t.testdir()}/pids`
  const words = ['receive', 'exec', '--', 'sh', '-c', `echo $$ > ${pids}; echo ready; exec sleep 60`]
  const child = spawn(process.execPath, [`${ROOT}/bin/solder.js`, ...words], { env: environment(), stdio: ['ignore', 'pipe', 'pipe'] })
  await once(child.stdout, 'data')
  child.kill('SIGKILL')
  await gone([Number(readFileSync(pids, 'utf8'))])
  const endless = await sh(`solder receive exec -- sh -c 'echo $$ > ${pids}; exec yes' | head -1`)
  t.equal(entries(endless.stdout)[0].body, 'y')
  await until(async () => readFileSync(pids, 'utf8') !== '' || undefined, 'the pid')
  await gone([Number(readFileSync(pids, 'utf8'))])
})
