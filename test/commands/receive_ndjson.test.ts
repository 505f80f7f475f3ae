// receive ndjson: from where the last run came to, whatever was killed, and whatever became of the files.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import t from 'tap'
import { environment, sh } from '../support/solder.js'

// Kills cost some processes each.
t.setTimeout(120_000)

const PAD = 'x'.repeat(60)

function line(n: number): string {
  return `{"type":"metric","name":"n","labels":{"pad":"${PAD}"},"ts":"1763804400123456789","value":${n}}\n`
}

const lines = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => line(from + i)).join('')
const valuesOf = (text: string) => [...text.matchAll(/"value":(\d+)\}\n/g)].map((match) => Number(match[1]))

/** Lines that are committed, over all files. */
function committed(folder: string): number {
  const state = join(folder, 'S/checkpoints')
  if (!existsSync(state)) return 0
  return readdirSync(state)
    .filter((name) => name.endsWith('.json'))
    .map((name) => JSON.parse(readFileSync(join(state, name), 'utf8')) as { position: { line: number } })
    .reduce((sum, { position }) => sum + position.line, 0)
}

const wholeBytes = (path: string) => (existsSync(path) ? readFileSync(path).lastIndexOf(10) + 1 : 0)

/** Runs the pipe; kills a stage once `out` has grown by so many bytes. Resolves when every stage has ended. */
async function runPipe(folder: string, kill: { stage: number; after: number } | null): Promise<void> {
  const stages = ['receive ndjson a.ndjson b.ndjson --state S', 'relabel --set site=eu', 'write file out --state S']
  // Each writes the id of its process, which exec keeps.
  const pipe = stages.map((words, i) => `sh -c 'echo $$ > pid${i}; exec solder ${words} 2>> told'`).join(' | ')
  const child = spawn('sh', ['-c', pipe], { cwd: folder, env: environment(), stdio: 'ignore' })
  const out = join(folder, 'out')
  const size = () => (existsSync(out) ? statSync(out).size : 0)
  const before = size()
  const ended = once(child, 'close')
  const poll = setInterval(() => {
    if (kill === null || size() < before + kill.after) return
    clearInterval(poll)
    process.kill(Number(readFileSync(join(folder, `pid${kill.stage}`), 'utf8')), 'SIGKILL')
  }, 1)
  await ended
  clearInterval(poll)
}

t.test('kill -9 of any stage, again and again: every record arrives; twice only what came after the last commit', async (t) => {
  const count = 160_000
  const kills = 15
  const half = count / 2
  const folder = t.testdir({ 'a.ndjson': lines(0, half), 'b.ndjson': gzipSync(lines(half, count)) })
  const out = join(folder, 'out')
  let seed = 7
  const random = (below: number) => (seed = (seed * 48271) % 2147483647) % below
  let twice = 0
  let arrived = 0
  for (let run = 0; run <= kills; run++) {
    const from = committed(folder)
    t.ok(from <= arrived, `run ${run}: what is committed (${from}) has arrived (${arrived})`)
    const start = wholeBytes(out)
    await runPipe(folder, run === kills ? null : { stage: run % 3, after: random(1_000_000) })
    const values = valuesOf(readFileSync(out).subarray(start).toString())
    t.ok(values.every((value, i) => value === from + i), `run ${run}: ${values.length} records in order from ${from} on`)
    if (values.length === 0) continue
    twice += Math.min(arrived - from, values.length)
    arrived = Math.max(arrived, from + values.length)
  }
  t.equal(arrived, count)
  t.equal(committed(folder), count)
  const all = valuesOf(readFileSync(out, 'utf8'))
  t.equal(new Set(all).size, count, 'every record')
  t.equal(all.length, count + twice, `${twice} records twice, and no others`)
  t.ok(twice > 0, 'killed while it worked')
  const size = statSync(out).size
  await runPipe(folder, null)
  t.equal(statSync(out).size, size, 'one more run has nothing to do')
})

/** Copies what is new in `f` to `out`; gives what was copied. */
async function copy(folder: string, filter = 'relabel --labeldrop none', more = ''): Promise<{ values: number[]; stderr: string }> {
  const out = join(folder, 'out')
  writeFileSync(out, '')
  const pipe = `solder receive ndjson f --state S ${more} | solder ${filter} | solder write file out --state S`
  const { stderr } = await sh(pipe, { cwd: folder })
  return { values: valuesOf(readFileSync(out, 'utf8')), stderr }
}

t.test('a file that grows, is packed, loses its end, becomes another', async (t) => {
  const folder = t.testdir({ f: lines(0, 3) })
  const file = join(folder, 'f')
  t.same(await copy(folder), { values: [0, 1, 2], stderr: '' })
  writeFileSync(file, line(3) + line(4).trimEnd(), { flag: 'a' })
  t.same(await copy(folder), { values: [3, 4], stderr: '' }, 'a whole last line needs no newline')
  writeFileSync(file, `\n${line(5).slice(0, 40)}`, { flag: 'a' })
  const torn = 'solder receive ndjson: f:6: not JSON: unexpected end of line\n'
  t.same(await copy(folder), { values: [], stderr: torn }, 'a torn one is told')
  writeFileSync(file, line(5).slice(40) + line(6), { flag: 'a' })
  t.same(await copy(folder), { values: [5, 6], stderr: '' }, 'and read when it is complete')
  writeFileSync(file, gzipSync(lines(0, 8)))
  t.same(await copy(folder), { values: [7], stderr: '' }, 'the same in gzip')
  writeFileSync(file, lines(0, 8))
  truncateSync(file, line(0).length * 2)
  const shorter = 'solder receive ndjson: f: cannot go on behind line 8, for it is shorter than what was read: reading it from its start\n'
  t.same(await copy(folder), { values: [0, 1], stderr: shorter })
  writeFileSync(file, lines(10, 14))
  const other = 'solder receive ndjson: f: cannot go on behind line 2, for it holds something else before that: reading it from its start\n'
  t.same(await copy(folder), { values: [10, 11, 12, 13], stderr: other })
})

t.test('a filter that drops everything passes checkpoints on', async (t) => {
  const folder = t.testdir({ f: lines(0, 5) })
  t.same(await copy(folder, 'filter false'), { values: [], stderr: '' })
  t.equal(committed(folder), 5)
  t.same(await copy(folder), { values: [], stderr: '' }, 'they are done with')
})

t.test('a sink that cannot store commits nothing', async (t) => {
  const folder = t.testdir({ f: lines(0, 100) })
  const pipe = `solder receive ndjson f --state S | { trap '' XFSZ; ulimit -f 4; solder write file out --state S --ledger; }`
  const { stderr } = await sh(pipe, { cwd: folder })
  t.match(stderr, /cannot write out: .*\(EFBIG\)/)
  t.match(stderr, /"pending":[1-9]/)
  t.equal(committed(folder), 0)
})

t.test('gzip cut off or damaged', async (t) => {
  const packed = gzipSync(lines(0, 2000), { level: 0 })
  const folder = t.testdir({ f: packed.subarray(0, packed.length >> 1), g: lines(5000, 5001) })
  const torn = await copy(folder)
  t.ok(torn.values.length > 900, `${torn.values.length} records before the end`)
  t.match(torn.stderr, new RegExp(`f: the gzip data is torn: read up to line ${torn.values.length}\n$`))
  writeFileSync(join(folder, 'f'), packed)
  t.equal((await copy(folder)).values[0], torn.values.length, 'goes on when the rest is there')
  writeFileSync(join(folder, 'f'), Buffer.concat([packed, Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 255, 255])]))
  const ran = await sh('solder receive ndjson f g --ledger', { cwd: folder })
  t.equal(ran.code, 1)
  const read = valuesOf(ran.stdout)
  const made = read.length
  t.equal(read.pop(), 5000, 'the next file is read')
  t.ok(read.length > 1800 && read.every((value, i) => value === i), `${read.length} records before the damage`)
  const told = `f:${read.length}: damaged gzip data (invalid block type): the rest of the file cannot be read\n`
  t.ok(ran.stderr.includes(told), ran.stderr)
  t.match(ran.stderr, `"made":${made + 1},"out":${made},"dropped":{"damaged_file":1},"pending":0`)
})

t.test('what is told', async (t) => {
  const checkpoint = '{"type":"checkpoint","source":"receive.ndjson/other","position":{"line":7,"offset":7}}\n'
  const folder = t.testdir({ f: line(0) + checkpoint + line(1), d: {} })
  const own = await sh('solder receive ndjson f --ledger', { cwd: folder })
  t.equal(own.stdout, lines(0, 2), 'checkpoints of another pipe do not go on')
  t.match(own.stderr, '"made":3,"out":2,"dropped":{"foreign_checkpoint":1},"pending":0')
  const bad = await sh('solder receive ndjson none d f', { cwd: folder })
  t.same([bad.code, bad.stdout], [2, ''])
  t.match(bad.stderr, /cannot read none: ENOENT[^]*cannot read d: EISDIR/)
  const forgot = await sh('solder receive ndjson f --state S | solder write file out', { cwd: folder })
  t.match(forgot.stderr, /write file: checkpoints came and are not committed: there is no --state\n$/)
  const never = await sh('solder write file out --state S --fsync never', { cwd: folder })
  t.equal(never.code, 2)
  t.match(never.stderr, /--state commits what the disk has, and --fsync is never\n {2}expected: --fsync close or write/)
  const denied = await sh('solder receive ndjson f --state f', { cwd: folder })
  t.equal(denied.code, 2)
  t.match(denied.stderr, /--state: cannot read .*ENOTDIR/)
  const holder = spawn('solder', ['write', 'file', 'a', '--state', 'H'], { cwd: folder, env: environment() })
  while (!existsSync(join(folder, 'H/checkpoints'))) await new Promise((resolve) => setTimeout(resolve, 5))
  const second = await sh('for i in $(seq 50); do solder write file b --state H && sleep 0.1 || exit; done', { cwd: folder })
  t.equal(second.code, 75)
  t.match(second.stderr, /H\/checkpoints is in use by another process/)
  holder.stdin.end()
  t.same(await once(holder, 'close'), [0, null])
  await copy(folder)
  const [name] = readdirSync(join(folder, 'S/checkpoints'))
  writeFileSync(join(folder, 'S/checkpoints', name), '{"type":"check')
  const damaged = await copy(folder)
  t.match(damaged.stderr, /holds no checkpoint of .*: starting over\n$/)
  t.same(damaged.values, [0, 1])
  const committedFile = join(folder, 'S/checkpoints', name)
  for (const position of ['', ',"positio":{"line":2}', ',"position":7', ',"position":{"line":2,"offset":"x"}']) {
    writeFileSync(committedFile, readFileSync(committedFile, 'utf8').replace(/,"position":.*\}\n/, `${position}}\n`))
    const odd = await copy(folder)
    t.match(odd.stderr, /(starting over|reading it from its start)\n$/, position)
    t.same(odd.values, [0, 1])
  }
})
