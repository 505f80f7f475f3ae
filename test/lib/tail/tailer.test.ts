// The tailer over real files: what is read when they grow, move, shrink, are copied, packed and deleted.

import { execFileSync } from 'node:child_process'
import {
  appendFileSync, chmodSync, copyFileSync, mkdirSync, renameSync, rmSync, symlinkSync, truncateSync, unlinkSync, utimesSync,
  writeFileSync,
} from 'node:fs'
import { gzipSync } from 'node:zlib'
import t from 'tap'
import { RecordBatch } from '../../../lib/record/batch.js'
import { Identity } from '../../../lib/record/identity.js'
import { labelsOfObject } from '../../../lib/record/labels.js'
import { following, readOnce } from '../../support/following.js'
import { temporary } from '../../support/temporary.js'

t.setTimeout(60_000)

const numbered = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, i) => `line ${String(from + i).padStart(8, '0')} of a log that is rotated`)
const text = (lines: readonly string[]) => lines.map((line) => `${line}\n`).join('')

t.test('a file that grows', async (t) => {
  const folder = temporary(t)
  const log = `${folder}/app.log`
  writeFileSync(log, 'one\r\ntwo\nthr')
  const tail = following(t, [`${folder}/*.log`], { label: new Map([['job', 'shop']]) })
  await tail.count(2)
  appendFileSync(log, 'ee\n\nfive\n')
  await tail.count(5)
  t.same(tail.bodies, ['one', 'two', 'three', '', 'five'])
  t.same(tail.lines[0].labels, { filename: log, job: 'shop' })
  const times = tail.lines.map(({ payload }) => BigInt(payload.ts!))
  t.ok(times.every((time, i) => i === 0 || time > times[i - 1]), 'each later than the one before')
  writeFileSync(`${folder}/other.log`, 'new\n')
  await tail.count(6)
  t.equal(tail.lines[5].labels.filename, `${folder}/other.log`)
})

t.test('renamed: read to its end, while the new one is begun, and not again', async (t) => {
  const folder = temporary(t)
  const log = `${folder}/app.log`
  writeFileSync(log, text(numbered(1, 10)))
  const tail = following(t, [`${folder}/app.log*`])
  await tail.count(10)
  renameSync(log, `${log}.1`)
  writeFileSync(log, text(numbered(21, 30)))
  await tail.count(20)
  appendFileSync(`${log}.1`, text(numbered(11, 20)))
  await tail.count(30)
  t.same(tail.bodies.sort(), numbered(1, 30))
  t.same([...new Set(tail.lines.map(({ labels }) => labels.filename))], [log], 'under its first name')
})

t.test('renamed out of sight and deleted: read to its end, its last line too', async (t) => {
  const folder = temporary(t)
  const log = `${folder}/app.log`
  mkdirSync(`${folder}/old`)
  writeFileSync(log, text(numbered(1, 3)))
  const tail = following(t, [`${folder}/*.log`])
  await tail.count(3)
  renameSync(log, `${folder}/old/app.log`)
  appendFileSync(`${folder}/old/app.log`, `${numbered(4, 4)[0]}\nlast`)
  await tail.count(5)
  t.same(tail.bodies, [...numbered(1, 4), 'last'])
  writeFileSync(log, 'gone soon\nand this')
  await tail.count(6)
  unlinkSync(log)
  await tail.count(7)
  t.same(tail.bodies.slice(5), ['gone soon', 'and this'])
})

t.test('truncated: from its start, be it shorter or longer than it was', async (t) => {
  const folder = temporary(t)
  const log = `${folder}/app.log`
  writeFileSync(log, text(numbered(1, 50)))
  const tail = following(t, [log])
  await tail.count(50)
  truncateSync(log)
  appendFileSync(log, 'short\n')
  await tail.count(51)
  writeFileSync(log, text(numbered(101, 400)))
  await tail.count(351)
  t.same(tail.bodies, [...numbered(1, 50), 'short', ...numbered(101, 400)])
})

t.test('copytruncate: the copy goes on where the original was left', async (t) => {
  const folder = temporary(t)
  const state = `${folder}/state`
  const log = `${folder}/app.log`
  writeFileSync(log, text(numbered(1, 100)))
  const tail = following(t, [`${log}*`], { state })
  await tail.count(100)
  copyFileSync(log, `${log}.1`)
  truncateSync(log)
  appendFileSync(log, text(numbered(101, 110)))
  await tail.count(110)
  await tail.stop()
  // While nobody looks: lines that were not read, a copy, a truncation.
  appendFileSync(log, text(numbered(111, 120)))
  renameSync(`${log}.1`, `${log}.2`)
  copyFileSync(log, `${log}.1`)
  truncateSync(log)
  appendFileSync(log, text(numbered(121, 125)))
  const after = await readOnce([`${log}*`], { state })
  t.same([...tail.bodies, ...after.bodies].sort(), numbered(1, 125))
  const names = after.lines.map(({ labels, payload }) => [payload.body, labels.filename])
  const [, kept] = names.find(([body]) => body === numbered(115, 115)[0])!
  t.equal(kept, log, 'a copy goes on under the name of the original')
})

t.test('an inode that is used again is another file', async (t) => {
  const folder = temporary(t)
  const state = `${folder}/state`
  writeFileSync(`${folder}/a.log`, text(numbered(1, 5)))
  await readOnce([`${folder}/*.log`], { state })
  // Written in place: the inode is the same for sure.
  writeFileSync(`${folder}/a.log`, text(numbered(11, 30)))
  renameSync(`${folder}/a.log`, `${folder}/b.log`)
  const { lines, bodies } = await readOnce([`${folder}/*.log`], { state })
  t.same(bodies, numbered(11, 30))
  t.equal(lines[0].labels.filename, `${folder}/b.log`)
})

for (const [name, pack] of [['gz', ['gzip']], ['bz2', ['bzip2']], ['zst', ['zstd', '-q', '--rm']]] as const) {
  const missing = spawnable(pack[0]) ? false : `${pack[0]} is not installed`
  t.test(`packed with ${pack[0]}: known again, and read on`, { skip: missing }, async (t) => {
    const folder = temporary(t)
    const state = `${folder}/state`
    const log = `${folder}/app.log`
    writeFileSync(log, text(numbered(1, 1000)))
    const tail = following(t, [`${log}*`], { state })
    await tail.count(1000)
    renameSync(log, `${log}.1`)
    writeFileSync(log, text(numbered(1001, 1100)))
    execFileSync(pack[0], [...pack.slice(1), `${log}.1`])
    await tail.count(1100)
    await tail.stop()
    appendFileSync(log, text(numbered(1101, 30_000)))
    renameSync(`${log}.1.${name}`, `${log}.2.${name}`)
    renameSync(log, `${log}.1`)
    execFileSync(pack[0], [...pack.slice(1), `${log}.1`])
    writeFileSync(log, text(numbered(30_001, 30_010)))
    const after = await readOnce([`${log}*`], { state })
    const all = [...tail.bodies, ...after.bodies]
    t.equal(all.length, 30_010)
    t.same(all.sort(), numbered(1, 30_010))
    const again = await readOnce([`${log}*`], { state })
    t.same(again.bodies, [], 'nothing twice')
  })
}

t.test('copies in another folder, as those of olddir, are known again', async (t) => {
  const folder = temporary(t)
  const state = `${folder}/state`
  const old = `${folder}/old`
  mkdirSync(old)
  mkdirSync(`${folder}/other`)
  const log = `${folder}/app.log`
  const globs = [`${folder}/{,old/,other/}*.log*`]
  writeFileSync(log, text(numbered(1, 100)))
  const tail = following(t, globs, { state })
  await tail.count(100)
  // copytruncate, in two moments; the packed copy comes later.
  copyFileSync(log, `${old}/app.log.1`)
  writeFileSync(`${folder}/mark.log`, 'the copy was seen\n')
  await tail.count(101)
  truncateSync(log)
  appendFileSync(log, text(numbered(101, 200)))
  await tail.count(201)
  renameSync(`${old}/app.log.1`, `${old}/app.log.2`)
  execFileSync('gzip', [`${old}/app.log.2`])
  // Renamed into it and packed before anybody looks; what follows was not read.
  appendFileSync(log, text(numbered(201, 210)))
  await tail.count(211)
  await tail.stop()
  appendFileSync(log, text(numbered(211, 220)))
  renameSync(log, `${old}/app.log.1`)
  execFileSync('gzip', [`${old}/app.log.1`])
  writeFileSync(log, text(numbered(221, 230)))
  // A log of its own, though it begins in the same way: its folder has the log, too.
  writeFileSync(`${folder}/other/app.log.1`, text(numbered(1, 60)))
  writeFileSync(`${folder}/other/app.log`, text(numbered(61, 62)))
  const after = await readOnce(globs, { state })
  const own = after.lines.filter(({ labels }) => labels.filename.startsWith(`${folder}/other/`))
  t.same(own.map(({ payload }) => payload.body).sort(), numbered(1, 62))
  const rest = after.lines.filter((line) => !own.includes(line)).map(({ payload }) => payload.body)
  t.same([...tail.bodies.filter((body) => body !== 'the copy was seen'), ...rest].sort(), numbered(1, 230))
})

t.test('damaged packed files', async (t) => {
  const folder = temporary(t)
  const packed = gzipSync(text(numbered(1, 20_000)))
  writeFileSync(`${folder}/torn.log.gz`, packed.subarray(0, packed.length >> 1))
  const torn = await readOnce([`${folder}/torn*`])
  t.ok(torn.lines.length > 1000 && torn.lines.length < 20_000)
  t.match(torn.said, [/torn\.log\.gz: the gzip data end too early/])
  packed.fill(0, packed.length - 8)
  writeFileSync(`${folder}/bad.log.gz`, packed)
  t.same((await readOnce([`${folder}/bad*`])).rejected, ['damaged_file'])
  const unread = { xz: 'fd377a585a000004', lz4: '04224d18', zip: '504b0304', Z: '1f9d90' }
  for (const [name, bytes] of Object.entries(unread)) {
    writeFileSync(`${folder}/a.log.${name}`, Buffer.from(bytes, 'hex'))
  }
  const refused = await readOnce([`${folder}/a.log.*`])
  t.same(refused.rejected, new Array(4).fill('unknown_packing'))
  const said = (name: string) => `packed with ${name}, expected gzip, bzip2, zstd or plain: not read`
  t.same([...refused.details].sort(), ['compress', 'lz4', 'xz', 'zip'].map(said))
})

t.test('positions: where the last run came to, other names, other stages', async (t) => {
  const folder = temporary(t)
  const state = `${folder}/state`
  const log = `${folder}/app.log`
  writeFileSync(log, text(numbered(1, 10)))
  t.same((await readOnce([log], { state })).bodies, numbered(1, 10))
  renameSync(log, `${log}.1`)
  appendFileSync(`${log}.1`, text(numbered(11, 12)))
  writeFileSync(log, text(numbered(13, 14)))
  const second = await readOnce([`${log}*`], { state })
  t.same(second.bodies.sort(), numbered(11, 14))
  t.same((await readOnce([`${log}*`], { state, name: 'other' })).lines.length, 14)
  t.same((await readOnce([`${log}*`], { state, from: 'start' })).lines.length, 14)
  t.same((await readOnce([`${log}*`], { state })).lines.length, 0)
  const first = following(t, [log], { state })
  appendFileSync(log, 'more\n')
  await first.count(1)
  await t.rejects(readOnce([log], { state }), { message: /another 'receive file' has the name 'files' there/ })
  await first.stop()
})

t.test('from the end', async (t) => {
  const folder = temporary(t)
  const options = { state: `${folder}/state`, from: 'end' } as const
  writeFileSync(`${folder}/app.log`, 'old\nhalf of a li')
  writeFileSync(`${folder}/old.log.gz`, gzipSync('old\n'))
  t.same((await readOnce([`${folder}/*.log*`], options)).bodies, [])
  appendFileSync(`${folder}/app.log`, 'ne\nnew\n')
  t.same((await readOnce([`${folder}/*.log*`], options)).bodies, ['new'])
  writeFileSync(`${folder}/empty.log`, '')
  const tail = following(t, [`${folder}/*.log`], options)
  appendFileSync(`${folder}/app.log`, 'newer\n')
  await tail.count(1)
  writeFileSync(`${folder}/empty.log`, 'begun\n')
  await tail.count(2)
  writeFileSync(`${folder}/other.log`, 'other\n')
  await tail.count(3)
  writeFileSync(`${folder}/app.log`, 'truncated, and longer than it was at the start of all\n')
  await tail.count(4)
  t.same(tail.bodies, ['newer', 'begun', 'other', 'truncated, and longer than it was at the start of all'])
})

t.test('a last line without newline is taken after a while, if that is asked for', async (t) => {
  const folder = temporary(t)
  writeFileSync(`${folder}/app.log`, 'prompt> ')
  const tail = following(t, [`${folder}/*.log`], { partial_wait: 50 })
  await tail.count(1)
  appendFileSync(`${folder}/app.log`, 'command\n')
  await tail.count(2)
  t.same(tail.bodies, ['prompt> ', 'command'])
})

t.test('encodings', async (t) => {
  const folder = temporary(t)
  const cases: [string, Buffer, string][] = [
    ['utf-16le', Buffer.from('\ufeffäö\n\u0a0a\u0a00\nx', 'utf16le'), 'auto'],
    ['utf-16be', Buffer.from('\ufeffäö\n\u0a0a\u0a00\nx', 'utf16le').swap16(), 'auto'],
    ['latin1', Buffer.from('äö\n\xa0\nx', 'latin1'), 'latin1'],
    ['utf-8 with mark', Buffer.from('\ufeffäö\nx'), 'auto'],
    ['shift_jis', Buffer.from([0x83, 0x5c, 0x0a, 0x78]), 'shift_jis'],
    ['not utf-8', Buffer.from([0x61, 0xff, 0x0a, 0xc3, 0x0a, 0x62, 0x0a]), 'auto'],
  ]
  const wide = ['äö', '\u0a0a\u0a00', 'x']
  const bodies = [wide, wide, ['äö', '\xa0', 'x'], ['äö', 'x'], ['ソ', 'x'], ['a\ufffd', '\ufffd', 'b']]
  for (const [i, [name, bytes, encoding]] of cases.entries()) {
    writeFileSync(`${folder}/${i}.log`, bytes)
    const read = await readOnce([`${folder}/${i}.log`], { encoding })
    t.same(read.bodies, bodies[i], name)
    if (name === 'not utf-8') t.match(read.said, [/not all of it is UTF-8/])
  }
})

t.test('bounds: long lines, NULs, binary files, open files, files', async (t) => {
  const folder = temporary(t)
  const long = 'x'.repeat(700_000)
  writeFileSync(`${folder}/long.log`, `a\n${long}\nb\n${'ä'.repeat(60)}\nc\n`)
  const cut = await readOnce([`${folder}/long.log`], { max_entry_bytes: 101 })
  t.same(cut.bodies, ['a', 'x'.repeat(101), 'b', 'ä'.repeat(50), 'c'])
  t.same(cut.lines[1].payload.attributes, { truncated: true })
  t.equal(cut.account.dropped.get('line_too_long'), 2)
  t.same((await readOnce([`${folder}/long.log`])).bodies, ['a', long, 'b', 'ä'.repeat(60), 'c'])
  writeFileSync(`${folder}/hole.log`, Buffer.concat([Buffer.alloc(600_000), Buffer.from('after\n\0\0too\n')]))
  t.same((await readOnce([`${folder}/hole.log`])).bodies, ['after', 'too'])
  writeFileSync(`${folder}/core.log`, Buffer.from([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0, 0, 0, 10, 65, 10]))
  const binary = await readOnce([`${folder}/core.log`])
  t.same([binary.bodies, binary.rejected], [[], ['not_text']])
  mkdirSync(`${folder}/many`)
  for (let i = 0; i < 60; i++) writeFileSync(`${folder}/many/${i}.log`, `${i}\n`)
  const many = following(t, [`${folder}/many/*`], { max_open: 16 })
  await many.count(60)
  for (let i = 0; i < 60; i++) appendFileSync(`${folder}/many/${i}.log`, `${i}\n`)
  await many.count(120)
  const few = await readOnce([`${folder}/many/*`], { max_files: 10 })
  t.equal(few.lines.length, 20)
  t.match(few.said, [/more files than --max-files 10/])
})

t.test('links, also to other files later, and circles of them', async (t) => {
  const folder = temporary(t)
  mkdirSync(`${folder}/pods/a/b`, { recursive: true })
  writeFileSync(`${folder}/pods/a/0.txt`, 'zero\n')
  writeFileSync(`${folder}/pods/a/1.txt`, 'one\n')
  symlinkSync('pods/a/0.txt', `${folder}/c.log`)
  symlinkSync('../..', `${folder}/pods/a/b/up`)
  const tail = following(t, [`${folder}/**/*.log`])
  await tail.count(1)
  symlinkSync('pods/a/1.txt', `${folder}/new`)
  renameSync(`${folder}/new`, `${folder}/c.log`)
  await tail.count(2)
  t.same(tail.bodies, ['zero', 'one'])
  t.same(new Set(tail.lines.map(({ labels }) => labels.filename)), new Set([`${folder}/c.log`]))
})

const readsAll = process.getuid?.() === 0 && 'root reads everything'

t.test('what cannot be read is told once, and read later', { skip: readsAll }, async (t) => {
  const folder = temporary(t)
  writeFileSync(`${folder}/app.log`, 'one\n')
  chmodSync(`${folder}/app.log`, 0)
  const tail = following(t, [`${folder}/*.log`])
  await tail.until(() => tail.said.length > 0)
  t.match(tail.said, [/app\.log: cannot read: permission denied; trying again/])
  chmodSync(`${folder}/app.log`, 0o644)
  await tail.count(1)
  t.equal(tail.said.length, 1)
})

t.test('a file that shrinks while it is read', async (t) => {
  const folder = temporary(t)
  const log = `${folder}/app.log`
  const [first] = numbered(1, 1)
  writeFileSync(log, text(numbered(1, 200_000)))
  const tail = following(t, [`${folder}/*.log`])
  await tail.count(1)
  truncateSync(log, 100 * (first.length + 1))
  appendFileSync(log, 'after it shrank\n')
  writeFileSync(`${folder}/other.log`, 'another file\n')
  await tail.until(() => tail.bodies.includes('after it shrank') && tail.bodies.includes('another file'))
  const known = new Set<unknown>([...numbered(1, 200_000), 'after it shrank', 'another file'])
  t.same(tail.bodies.filter((body) => !known.has(body)), [], 'no line is made of two')
  t.match(tail.said, [/app\.log: truncated: reading it from its start/])
})

t.test('a folder that vanishes and comes again', async (t) => {
  const folder = temporary(t)
  mkdirSync(`${folder}/logs`)
  writeFileSync(`${folder}/logs/app.log`, 'one\n')
  const tail = following(t, [`${folder}/logs/*.log`])
  await tail.count(1)
  rmSync(`${folder}/logs`, { recursive: true })
  mkdirSync(`${folder}/logs`)
  writeFileSync(`${folder}/logs/app.log`, 'two\n')
  await tail.count(2)
  t.same(tail.bodies, ['one', 'two'])
})

t.test('targets from stdin come and go', async (t) => {
  const folder = temporary(t)
  const say: ((batch: RecordBatch | null) => void)[] = []
  async function* stdin(): AsyncGenerator<RecordBatch> {
    for (;;) {
      const batch = await new Promise<RecordBatch | null>((resolve) => say.push(resolve))
      if (batch === null) return
      yield batch
    }
  }
  const asked = async () => {
    while (say.length === 0) await new Promise((resolve) => setImmediate(resolve))
    return say.shift()!
  }
  const target = async (labels: { [name: string]: string }, state: string) =>
    (await asked())(new RecordBatch([Identity.of('target', '', labelsOfObject(labels))], [{ state }]))
  writeFileSync(`${folder}/a.log`, 'a\n')
  writeFileSync(`${folder}/b.log`, 'b\n')
  writeFileSync(`${folder}/c.log`, 'c\n')
  const tail = following(t, [], {}, stdin())
  const labels = { __path__: `${folder}/{a,b}.log`, __path_exclude__: '**/b.log', __meta_x: '1', pod: 'p' }
  await target(labels, 'present')
  await tail.count(1)
  t.same(tail.lines.map((line) => [line.labels, line.payload.body]), [[{ filename: `${folder}/a.log`, pod: 'p' }, 'a']])
  await target(labels, 'gone')
  appendFileSync(`${folder}/a.log`, 'not read\n')
  await target({ __path__: `${folder}/c.log` }, 'present')
  await tail.count(2)
  t.equal(tail.lines[1].payload.body, 'c')
  t.equal(tail.account.dropped.get('consumed'), 3)
  ;(await asked())(null)
})

t.test('several pieces of a log at the start: the oldest first', async (t) => {
  const folder = temporary(t)
  writeFileSync(`${folder}/app.log.2.gz`, gzipSync('1\n2\n'))
  writeFileSync(`${folder}/app.log.1`, '3\n')
  writeFileSync(`${folder}/app.log`, '4\n')
  utimesSync(`${folder}/app.log.2.gz`, 1000, 1000)
  utimesSync(`${folder}/app.log.1`, 2000, 2000)
  const { bodies } = await readOnce([`${folder}/app.log*`])
  t.same(bodies, ['1', '2', '3', '4'])
})

function spawnable(program: string): boolean {
  try {
    execFileSync(program, ['--version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
