// write file: rotation, repair, errors, and what a kill leaves.

import { spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import t from 'tap'
import type { Clock, Log } from '../../lib/component.js'
import { RotatingFile, type RotatingFileOptions } from '../../lib/io/rotating_file.js'
import { environment, ROOT, sh } from '../support/solder.js'

const OPTIONS: RotatingFileOptions = {
  bytes: undefined,
  every: undefined,
  keep: undefined,
  gzip: false,
  mkdir: true,
  fsync: 'never',
}
const START = Date.UTC(2025, 10, 22, 9, 30)

function line(n: number): string {
  return `{"type":"metric","name":"n","ts":"1763804400123456789","value":${n}}\n`
}

const lines = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => line(from + i)).join('')

/** A clock that stands until it is set. */
function standing(): Clock & { at: number } {
  const millis = () => clock.at
  const clock = { at: START, now: () => `${clock.at}000000`, millis, monotonic: millis, sleep: async () => {} }
  return clock
}

function quiet(told: string[] = []): Log {
  const add = (message: string) => void told.push(message)
  return { debug: add, info: add, warn: add, error: add }
}

function writer(path: string) {
  const words = ['write', 'file', path]
  return spawn(join(ROOT, 'bin/solder.js'), words, { env: environment(), stdio: ['pipe', 'ignore', 'ignore'] })
}

/** All lines of a folder, oldest first. */
function all(folder: string, current: string): string {
  const names = readdirSync(folder).filter((name) => name !== current).sort()
  return [...names, current]
    .map((name) => readFileSync(join(folder, name)))
    .map((bytes) => (bytes[0] === 0x1f ? gunzipSync(bytes) : bytes).toString())
    .join('')
}

t.test('by size: files of whole lines, none too large', async (t) => {
  const folder = t.testdir()
  const path = join(folder, 'a/b.ndjson')
  const { file } = await RotatingFile.open(path, { ...OPTIONS, bytes: 300 }, standing(), quiet())
  await file.append(Buffer.from(lines(0, 10)))
  await file.append(Buffer.from(lines(10, 11)))
  await file.close()
  const names = readdirSync(join(folder, 'a')).sort()
  const expected = ['b-20251122T093000.000Z.ndjson', 'b-20251122T093000.001Z.ndjson', 'b.ndjson']
  t.strictSame(names, expected, 'one millisecond, two names')
  for (const name of names) t.ok(statSync(join(folder, 'a', name)).size <= 300)
  t.equal(all(join(folder, 'a'), 'b.ndjson'), lines(0, 11))
})

t.test('a line larger than the limit stands alone', async (t) => {
  const folder = t.testdir()
  const { file } = await RotatingFile.open(join(folder, 'x'), { ...OPTIONS, bytes: 10 }, standing(), quiet())
  await file.append(Buffer.from(lines(0, 3)))
  await file.close()
  const texts = readdirSync(folder).map((name) => readFileSync(join(folder, name), 'utf8'))
  t.strictSame(texts.sort(), [line(0), line(1), line(2)])
})

t.test('by time: periods in UTC, also for a file from before', async (t) => {
  const folder = t.testdir()
  const clock = standing()
  const hourly = { ...OPTIONS, every: 3_600_000 }
  const opened = await RotatingFile.open(join(folder, 'x.log'), hourly, clock, quiet())
  await opened.file.append(Buffer.from(line(1)))
  clock.at = START + 29 * 60_000
  await opened.file.append(Buffer.from(line(2)))
  clock.at = START + 31 * 60_000
  await opened.file.append(Buffer.from(line(3)))
  await opened.file.close()
  t.strictSame(readdirSync(folder).sort(), ['x-20251122T100100.000Z.log', 'x.log'])
  t.equal(readFileSync(join(folder, 'x.log'), 'utf8'), line(3))
  // The file was last written now, years after the standing clock's hour.
  const again = await RotatingFile.open(join(folder, 'x.log'), hourly, clock, quiet())
  await again.file.append(Buffer.from(line(4)))
  await again.file.close()
  t.equal(readdirSync(folder).length, 3)
  t.equal(all(folder, 'x.log'), lines(1, 5))
})

t.test('old files are packed and deleted; others are let be', async (t) => {
  const folder = t.testdir({
    'x-notes.ndjson': 'mine',
    'x-20200101T000000.000Z.ndjson': line(0),
    'x-20200102T000000.000Z.ndjson': line(1),
    'x-20200102T000000.000Z.ndjson.gz.part': 'half',
  })
  const options = { ...OPTIONS, bytes: 150, keep: 2, gzip: true }
  const { file } = await RotatingFile.open(join(folder, 'x.ndjson'), options, standing(), quiet())
  await file.append(Buffer.from(lines(2, 6)))
  await file.close()
  t.strictSame(readdirSync(folder).sort(), [
    'x-20200102T000000.000Z.ndjson.gz',
    'x-20251122T093000.000Z.ndjson.gz',
    'x-notes.ndjson',
    'x.ndjson',
  ])
  t.equal(gunzipSync(readFileSync(join(folder, 'x-20251122T093000.000Z.ndjson.gz'))).toString(), lines(2, 4))
})

t.test('a last line without newline', async (t) => {
  const cases: [found: string, stays: string, repair: string][] = [
    ['', '', 'none'],
    [line(1), line(1), 'none'],
    [line(1) + line(2).slice(0, 30), line(1), 'cut'],
    [line(1) + '{"ty', line(1), 'cut'],
    [line(1).slice(0, 50), '', 'cut'],
    [line(1).trimEnd(), line(1), 'completed'],
    ['shopping list', 'shopping list\n', 'completed'],
    [line(1) + '{"other":', `${line(1)}{"other":\n`, 'completed'],
    [`${line(1)}{"type":"log","ts":"0","body":"${'x'.repeat(200_000)}`, line(1), 'cut'],
  ]
  for (const [found, stays, expected] of cases) {
    const folder = t.testdir({ x: found })
    const told: string[] = []
    const { file, repair } = await RotatingFile.open(join(folder, 'x'), OPTIONS, standing(), quiet(told))
    await file.append(Buffer.from(line(9)))
    await file.close()
    t.equal(repair, expected)
    t.equal(told.length, expected === 'none' ? 0 : 1)
    t.equal(readFileSync(join(folder, 'x'), 'utf8'), stays + line(9))
  }
})

t.test('a file that was moved away is begun anew', async (t) => {
  const folder = t.testdir()
  const clock = standing()
  const path = join(folder, 'x')
  const { file } = await RotatingFile.open(path, OPTIONS, clock, quiet())
  await file.append(Buffer.from(line(1)))
  renameSync(path, join(folder, 'moved'))
  clock.at += 1001
  await file.append(Buffer.from(line(2)))
  await file.close()
  t.equal(readFileSync(path, 'utf8'), line(2))
})

t.test('the command', async (t) => {
  const folder = t.testdir({ torn: line(1) + '{"type":"me' })
  const write = (words: string) => sh(`solder write file ${words} --ledger`, { stdin: lines(0, 3), cwd: folder })

  t.strictSame(await write('torn'), {
    code: 0,
    signal: null,
    stdout: '',
    stderr:
      'solder write file: torn: the last line was not ended: cut 11 bytes of a torn record\n' +
      '{"stage":"write file","in":3,"made":1,"out":3,"dropped":{"torn_line":1},"pending":0,"in_bytes":198,"out_bytes":198}\n',
  })
  t.equal(readFileSync(join(folder, 'torn'), 'utf8'), line(1) + lines(0, 3))
  t.equal((await write('new/folder/')).code, 0)
  t.equal(readFileSync(join(folder, 'new/folder/records.ndjson'), 'utf8'), lines(0, 3))

  const errors: [words: string, code: number, message: RegExp][] = [
    ['/dev/full', 75, /cannot write \/dev\/full: no space left on device \(ENOSPC\)/],
    ['torn/x', 2, /cannot open torn\/x: .*\((EEXIST|ENOTDIR)\)/],
    ['no/such --no-mkdir', 2, /no such file or directory \(ENOENT\)/],
    ['x --keep 3', 2, /--keep needs files that are set aside\n  expected: --rotate-bytes or --rotate-every/],
    ['x --rotate-every 5ms', 2, /out of range/],
  ]
  for (const [words, code, message] of errors) {
    const ran = await write(words)
    t.equal(ran.code, code, words)
    t.match(ran.stderr, message)
  }
  t.notOk(existsSync(join(folder, 'x')), 'nothing is made when the options are wrong')
})

t.test('a disk that is full in the middle of a line', async (t) => {
  const folder = t.testdir()
  // The limit on the size of a file stands for the disk: 512 bytes a block.
  const ran = await sh(`trap '' XFSZ; ulimit -f 2; solder write file x --ledger`, { stdin: lines(0, 50), cwd: folder })
  t.equal(ran.code, 75)
  const text = readFileSync(join(folder, 'x'), 'utf8')
  const count = text.split('\n').length - 1
  t.equal(text, lines(0, count), 'only whole lines stay')
  t.ok(count > 5 && count < 50)
  t.match(ran.stderr, `"out":${count},"dropped":{},"pending":${50 - count}`)
})

t.test('a killed writer leaves at most one torn line, and the next goes on', async (t) => {
  const folder = t.testdir()
  const path = join(folder, 'x')
  const child = writer(path)
  child.stdin.on('error', () => {})
  const ended = new Promise((resolve) => child.on('close', (_, signal) => resolve(signal)))
  const size = () => (existsSync(path) ? statSync(path).size : 0)
  for (let n = 0; size() < 200_000; n += 1000) {
    if (!child.stdin.write(lines(n, n + 1000))) await new Promise((resolve) => setTimeout(resolve, 5))
  }
  child.kill('SIGKILL')
  t.equal(await ended, 'SIGKILL')
  const before = readFileSync(path, 'utf8').split('\n')
  t.equal(before.slice(0, -1).join('\n') + '\n', lines(0, before.length - 1))
  writeFileSync(path, line(7).slice(0, 20), { flag: 'a' })
  const ran = await sh(`solder write file ${path}`, { stdin: line(8) })
  t.equal(ran.code, 0)
  t.equal(readFileSync(path, 'utf8'), lines(0, before.length - 1) + line(8))
})

t.test('asked to stop, it writes what is in the pipe', async (t) => {
  const folder = t.testdir()
  const path = join(folder, 'x')
  const child = writer(path)
  const ended = new Promise((resolve) => child.on('close', resolve))
  child.stdin.write(lines(0, 1))
  while (!existsSync(path) || statSync(path).size === 0) await new Promise((resolve) => setTimeout(resolve, 5))
  t.equal(readFileSync(path, 'utf8'), line(0), 'a line is written without waiting for more')
  child.stdin.write(lines(1, 500))
  child.kill('SIGTERM')
  t.equal(await ended, 0)
  t.equal(readFileSync(path, 'utf8'), lines(0, 500))
})
