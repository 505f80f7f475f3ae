// record and replay as commands: what a kill leaves, a disk without room, and the way back.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { environment, ROOT, sh } from '../support/solder.js'

// Lines that hardly pack: each has digits of its own.
let seed = 1
const digits = () => Array.from({ length: 40 }, () => (seed = (seed * 48271) % 2147483647).toString(36)).join('')
const line = (n: number) => `{"type":"log","ts":"${1_763_804_400_000_000_000n + BigInt(n)}","body":"${digits()}"}\n`
const lines = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => line(from + i)).join('')

const packedIn = (folder: string) =>
  existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.gz')).sort() : []

t.test('there and back, by the index', async (t) => {
  const folder = t.testdir()
  const input = lines(0, 5000)
  const recorded = await sh('solder record R --rotate-bytes 300KiB --keep-bytes 100MiB --ledger', { stdin: input, cwd: folder })
  t.equal(recorded.stdout, input, 'what comes in goes out')
  t.match(recorded.stderr, '"in":5000,"made":0,"out":5000,"dropped":{},"pending":0')
  t.ok(packedIn(join(folder, 'R')).length > 1)
  const all = await sh('solder replay R --speed max', { cwd: folder })
  t.same([all.code, all.stderr, all.stdout === input], [0, '', true])
  // A file that the index rules out is not even opened.
  const names = packedIn(join(folder, 'R'))
  writeFileSync(join(folder, 'R', names[0]), 'damaged')
  const index = readFileSync(join(folder, 'R/index.ndjson'), 'utf8').trim().split('\n')
  const { from, records } = JSON.parse(index.at(-1)!) as { from: string; records: number }
  const last = await sh(`solder replay R --speed max --from ${from}`, { cwd: folder })
  t.same([last.code, last.stderr], [0, ''])
  t.equal(last.stdout, input.split('\n').slice(5000 - records).join('\n'))
  const span = await sh(`solder replay R --speed max --from ${from} --to 2025-11-22T09:40:00.000004999Z`, { cwd: folder })
  t.equal(span.stdout, input.split('\n').slice(5000 - records, 4999).join('\n') + '\n')
})

t.test('what a kill leaves is played to its end', async (t) => {
  const folder = t.testdir()
  const child = spawn(join(ROOT, 'bin/solder.js'), ['record', 'R', '--flush-every', '1ms'], {
    cwd: folder,
    env: environment(),
    stdio: ['pipe', 'pipe', 'ignore'],
  })
  child.stdin.on('error', () => {})
  child.stdout.resume()
  let input = ''
  const written = () => packedIn(join(folder, 'R')).some((name) => statSync(join(folder, 'R', name)).size > 10_000)
  for (let n = 0; n < 3000 || !written(); n += 300) {
    const more = lines(n, n + 300)
    input += more
    child.stdin.write(more)
    await once(child.stdout, 'data')
  }
  child.kill('SIGKILL')
  await once(child, 'close')
  const [name] = packedIn(join(folder, 'R'))
  const path = join(folder, 'R', name)
  const whole = readFileSync(path)
  for (const cut of [0, 1, 7, 40, Math.floor(whole.length / 3)]) {
    writeFileSync(path, whole.subarray(0, whole.length - cut))
    const played = await sh('solder replay R --speed max', { cwd: folder })
    t.equal(played.code, 0)
    t.ok(played.stdout.length > 0 && input.startsWith(played.stdout), `${cut} bytes less: a beginning of what was recorded`)
    t.match(played.stdout, /\n$/)
    const told = /^$|^solder replay: R\/.*: the gzip data is torn: read up to line \d+\n$/
    t.match(played.stderr, told)
    if (cut > 0 && cut < 40) t.match(played.stderr, /torn/)
  }
  const again = await sh('solder record R', { stdin: lines(0, 1), cwd: folder })
  t.equal(again.code, 0)
  t.equal(packedIn(join(folder, 'R')).length, 2, 'the next recorder begins a file of its own')
})

t.test('no room: the stream goes on, and what is not recorded is counted', async (t) => {
  const folder = t.testdir()
  const input = lines(0, 300)
  // The limit on the size of a file stands for the disk: 512 bytes a block.
  const ran = await sh(`trap '' XFSZ; ulimit -f 4; solder record R`, { stdin: input, cwd: folder })
  t.equal(ran.code, 1)
  t.equal(ran.stdout, input)
  t.match(ran.stderr, /no room in R \(EFBIG\): 300 records passed and are not recorded\n.*300 records passed and are not recorded\n$/s)
})

t.test('no room: the stream waits until there is some', async (t) => {
  const folder = t.testdir()
  const input = lines(0, 300)
  const child = spawn('sh', ['-c', `trap '' XFSZ; ulimit -S -f 4; exec solder record R --when-full block`], {
    cwd: folder,
    env: environment(),
  })
  let stdout = ''
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
  child.stdin.end(input)
  const [told] = (await once(child.stderr, 'data')) as [Buffer]
  t.match(told.toString(), /solder record: EFBIG: file too large, write: the stream waits for room\n/)
  await sh(`prlimit --pid ${child.pid} --fsize=unlimited`)
  t.same(await once(child, 'close'), [0, null])
  t.equal(stdout, input)
  const played = await sh('solder replay R --speed max', { cwd: folder })
  t.equal(played.stdout, input)
})
