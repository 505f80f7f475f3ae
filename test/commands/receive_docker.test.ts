// `solder receive docker` as a process, against a stand-in for the daemon over a Unix socket.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import t, { type Test } from 'tap'
import { DockerDaemon, type FakeLine } from '../support/docker_daemon.js'
import { until } from '../support/peers.js'
import { environment, sh } from '../support/solder.js'
import { type LogEntry, Receiving } from '../support/source_process.js'
import { temporary } from '../support/temporary.js'

t.setTimeout(90_000)

const ID = (letter: string) => letter.repeat(64)
const at = (n: number) => `2025-11-22T09:40:00.${String(n).padStart(9, '0')}Z`
const said = (n: number, text: string, more: Partial<FakeLine> = {}): FakeLine => ({ stream: 'stdout', time: at(n), text, ...more })
const numbered = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => said(from + i, `n${from + i}`))

/** In a folder whose name leaves room in that of a socket. */
function daemonOf(t: Test): Promise<DockerDaemon> {
  const folder = temporary(t)
  return new DockerDaemon(t, `${folder}/docker.sock`).listen()
}

const entriesOf = (stdout: string) => stdout.split('\n').slice(0, -1).map((line) => JSON.parse(line) as LogEntry)

t.test('containers that are there, that start, that end and start again', async (t) => {
  const daemon = await daemonOf(t as Test)
  daemon.add(ID('a'), { name: 'shop', labels: { 'com.docker.compose.service': 'web', env: 'prod' } })
  daemon.say(ID('a'), said(1, 'first'), said(2, 'to stderr', { stream: 'stderr' }))
  const receiving = await Receiving.start(t as Test, ['docker', '--host', `unix://${daemon.path}`, '--label', 'site=attic', '--ledger'], 0)
  const [first, second] = await receiving.records(2)
  t.same(first, {
    type: 'log', labels: { compose_service: 'web', container: 'shop', image: 'shop:1', site: 'attic', stream: 'stdout' },
    ts: '1763804400000000001', body: 'first',
  })
  t.same([second.labels?.stream, second.body], ['stderr', 'to stderr'])
  daemon.say(ID('a'), said(3, 'part, ', { part: true }), said(4, 'rest'))
  daemon.add(ID('b'), { terminal: true, lines: [said(5, 'on a terminal')] })
  await receiving.records(4)
  daemon.end(ID('b'))
  daemon.add(ID('b'), { terminal: true, lines: [said(5, 'on a terminal'), said(6, 'again')] })
  await receiving.records(5)
  t.equal(await receiving.stop(), 0)
  t.same([...receiving.bodies].sort(), ['again', 'first', 'on a terminal', 'part, rest', 'to stderr'])
  t.match(receiving.stderr, '"made":5,"out":5,"dropped":{},"pending":0')
})

t.test('which containers, which labels; once; from the end', async (t) => {
  const daemon = await daemonOf(t as Test)
  daemon.add(ID('a'), { name: 'shop', labels: { env: 'prod', 'my.team': 'x' }, lines: [said(1, 'a')] })
  daemon.add(ID('b'), { name: 'mail', labels: { env: 'test' }, lines: [said(1, 'b')], running: false })
  daemon.add(ID('c'), { name: 'db', lines: [said(1, 'x'.repeat(100))] })
  const run = async (words: string) => {
    const { stdout, stderr, code } = await sh(`solder receive docker --host unix:${daemon.path} --once ${words}`)
    t.equal(code, 0, stderr)
    return entriesOf(stdout)
  }
  const bodies = async (words: string) => (await run(words)).map(({ body }) => body).sort()
  t.same(await bodies('--max-line-bytes 10'), ['a', 'b', 'x'.repeat(10)])
  t.same(await bodies(`--container shop --container ${ID('b').slice(0, 12)}`), ['a', 'b'])
  t.same(await bodies('--container-label env=prod'), ['a'])
  t.same(await bodies('--container-label env'), ['a', 'b'])
  t.same(await bodies('--from end'), [])
  const [entry] = await run('--container shop --label-fields team=my.team --internal-labels')
  t.same(entry.labels, {
    __meta_docker_container_id: ID('a'), __meta_docker_container_label_env: 'prod', __meta_docker_container_label_my_team: 'x',
    __meta_docker_container_name: '/shop', container: 'shop', image: 'shop:1', stream: 'stdout', team: 'x',
  })
  const wrong = await sh('solder receive docker --host ftp://x --label-fields x')
  t.match(`${wrong.code} ${wrong.stderr}`, /^2 [\s\S]*'ftp:\/\/x' is not valid[\s\S]*'x' is not valid/)
  const nobody = await sh(`solder receive docker --host unix:${daemon.path}.no --once`)
  t.match(`${nobody.code} ${nobody.stderr}`, /^75 [\s\S]*ENOENT/)
})

t.test('a daemon that goes away and comes back', async (t) => {
  const daemon = await daemonOf(t as Test)
  daemon.add(ID('a'), { lines: numbered(0, 3) })
  const receiving = await Receiving.start(t as Test, ['docker', '--host', `unix://${daemon.path}`], 0)
  await receiving.records(3)
  await daemon.stop()
  await receiving.until(() => /trying again in/.test(receiving.stderr))
  daemon.say(ID('a'), ...numbered(3, 6))
  await daemon.listen()
  await receiving.records(6)
  t.equal(await receiving.stop(), 0)
  t.same(receiving.bodies, ['n0', 'n1', 'n2', 'n3', 'n4', 'n5'], 'none twice')
})

t.test('positions of containers that were removed go, those of another daemon stay', async (t) => {
  const daemon = await daemonOf(t as Test)
  const other = await daemonOf(t as Test)
  const state = t.testdir()
  daemon.add(ID('a'), { lines: [said(1, 'a')], running: false })
  daemon.add(ID('b'), { lines: [said(1, 'b')], running: false })
  other.add(ID('c'), { lines: [said(1, 'c')], running: false })
  const run = async ({ path }: DockerDaemon) => {
    const sink = `solder write file ${state}/out.ndjson --state ${state}`
    const { stderr, code } = await sh(`solder receive docker --host unix://${path} --once --state ${state} | ${sink}`)
    t.equal(code, 0, stderr)
  }
  const kept = () => readdirSync(`${state}/checkpoints`).map((name) => /docker%2F(\w)/.exec(name)?.[1]).filter((id) => id !== undefined)
  await run(daemon)
  await run(other)
  t.same(kept().sort(), ['a', 'b', 'c'])
  daemon.containers.delete(ID('a'))
  await run(daemon)
  t.same(kept().sort(), ['b', 'c'])
  t.same(entriesOf(readFileSync(`${state}/out.ndjson`, 'utf8')).map(({ body }) => body).sort(), ['a', 'b', 'c'])
})

t.test('at least once through kills of source and sink', async (t) => {
  const daemon = await daemonOf(t as Test)
  const state = t.testdir()
  const out = `${state}/out.ndjson`
  const bodies = () => (existsSync(out) ? entriesOf(readFileSync(out, 'utf8')).map(({ body }) => body) : [])
  const source = `solder receive docker --host unix://${daemon.path} --state ${state}`
  const sink = `solder write file ${out} --state ${state}`
  daemon.add(ID('a'))
  let total = 0
  for (let turn = 0; turn < 4; turn++) {
    daemon.say(ID('a'), ...numbered(total, (total += 300)))
    const child = spawn('sh', ['-c', `${source} | ${sink}`], { env: environment(), detached: true, stdio: ['ignore', 'ignore', 'inherit'] })
    const ended = once(child, 'close')
    const enough = turn % 2 === 0 ? total - 299 : total
    await until(async () => new Set(bodies()).size >= enough || undefined, `${enough} lines`)
    process.kill(-child.pid!, 'SIGKILL')
    await ended
  }
  // Two lines of the same time, of which one is committed.
  await sh(`${source} --once | ${sink}`)
  daemon.say(ID('a'), said(total - 1, 'same time'))
  await sh(`${source} --once | ${sink}`)
  const seen = bodies()
  const expected = [...Array.from({ length: total }, (_, i) => `n${i}`), 'same time']
  t.same([...new Set(seen)].sort(), expected.sort(), 'none is missing')
  t.comment(`${seen.length - expected.length} of ${total} came twice`)
  t.equal((await sh(`${source} --once`)).stdout, '', 'all of them are committed')
})
