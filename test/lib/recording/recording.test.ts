// Recordings: what the recorder keeps, what the player plays and when, by a clock that the test moves.

import { readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import t from 'tap'
import type { Clock, Log } from '../../../lib/component.js'
import { type Batch, ByteBuffer, LineReader, type Payload } from '../../../lib/record/index.js'
import { filesWithin, readIndex } from '../../../lib/recording/catalogue.js'
import { Player, type PlayerOptions, shifted } from '../../../lib/recording/player.js'
import { Recorder, type RecorderOptions } from '../../../lib/recording/recorder.js'

const START = Date.UTC(2025, 10, 22, 9, 30)
const HOUR = 3_600_000
const NEVER = new AbortController().signal

/** Sleeping moves it. */
function movable(): Clock & { at: number; slept: number[] } {
  const millis = () => clock.at
  const clock = {
    at: START,
    slept: [] as number[],
    now: () => `${clock.at}000000`,
    millis,
    monotonic: millis,
    sleep: async (ms: number) => {
      clock.slept.push(ms)
      clock.at += ms
    },
  }
  return clock
}

/** A clock whose timers never go off. */
const still = () => ({ ...movable(), sleep: () => new Promise<void>(() => {}) })

const LOG: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

function batchOf(text: string): Batch {
  const reader = new LineReader({ maxLineBytes: 1 << 20, maxDepth: 9, maxIdentities: 100, onBad: () => true })
  return reader.push(Buffer.from(text))!
}

function textOf(batch: Batch): string {
  const out = new ByteBuffer()
  batch.write(out)
  return out.take().toString()
}

const nanos = (seconds: number) => BigInt(Math.round(seconds * 1000)) * 1_000_000n
/** A sample at so many seconds. */
const line = (seconds: number) => `{"type":"metric","name":"n","ts":"${nanos(seconds)}","value":1}\n`
const TARGET = '{"type":"target","labels":{"__address__":"a"},"state":"present"}\n'

const OPTIONS: Omit<RecorderOptions, 'folder'> = {
  rotateBytes: 1 << 20,
  rotateEvery: HOUR,
  retention: { bytes: 1 << 30, age: undefined },
  flushEvery: 1000,
  whenFull: 'skip',
}

const packedIn = (folder: string) => readdirSync(folder).filter((name) => name.endsWith('.gz')).sort()

/** Records each text in a file of its own, an hour apart. */
async function record(folder: string, texts: readonly string[], more: Partial<RecorderOptions> = {}): Promise<void> {
  const clock = movable()
  for (const text of texts) {
    const options = { ...OPTIONS, ...more, folder }
    const recorder = await Recorder.open(options, { ...still(), millis: clock.millis }, LOG, NEVER)
    await recorder.tap(batchOf(text))
    await recorder.end()
    clock.at += HOUR
  }
}

t.test('files with the times of their records', async (t) => {
  const folder = join(t.testdir(), 'R')
  await record(folder, [line(20) + line(10) + TARGET, TARGET, line(30) + line(40)])
  const names = packedIn(folder)
  t.same(names, ['0930', '1030', '1130'].map((at) => `records-20251122T${at}00.000Z.ndjson.gz`))
  const entries = await readIndex(folder)
  t.match([...entries.values()], [
    { file: names[0], from: '10000000000', to: '20000000000', records: 3 },
    { file: names[1], records: 1 },
    { file: names[2], from: '30000000000', to: '40000000000', records: 2, bytes: statSync(join(folder, names[2])).size },
  ])
  t.equal(gunzipSync(readFileSync(join(folder, names[0]))).toString(), line(20) + line(10) + TARGET)
  const within = async (from: number | null, to: number | null) => {
    const found = await filesWithin(folder, from === null ? null : nanos(from), to === null ? null : nanos(to))
    return found.map((path) => names.indexOf(path.slice(folder.length + 1)))
  }
  t.same(await within(null, null), [0, 1, 2])
  t.same(await within(21, null), [1, 2], 'what has no times is always read')
  t.same(await within(20, 30), [0, 1], 'to is not included')
  t.same(await within(null, 31), [0, 1, 2])
  writeFileSync(join(folder, 'index.ndjson'), `{"file":"x"\nnull\n{"file":"${names[2]}","from":"x","to":"1"}\n`)
  t.same(await within(0, 1), [0, 1, 2], 'a damaged index hides nothing')
})

t.test('bounds: files by size and period, the oldest go', async (t) => {
  const folder = join(t.testdir(), 'R')
  const options = { ...OPTIONS, folder, rotateBytes: 100, retention: { bytes: 400, age: undefined } }
  const recorder = await Recorder.open(options, still(), LOG, NEVER)
  for (let i = 0; i < 12; i++) {
    await recorder.tap(batchOf(line(i)))
    await recorder.flush()
    const total = packedIn(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0)
    t.ok(total <= 400, `${total} bytes`)
  }
  await recorder.end()
  const left = packedIn(folder)
  t.ok(left.length >= 3)
  t.same([...(await readIndex(folder)).keys()], left, 'the index knows no others')
  const seconds = (millis: number) => millis / 1000
  for (const name of left) utimesSync(join(folder, name), 0, seconds(START - 4 * HOUR))
  utimesSync(join(folder, left.at(-1)!), 0, seconds(START))
  await record(folder, [line(99)], { retention: { bytes: 1 << 30, age: 3 * HOUR } })
  t.same(packedIn(folder).length, 2, 'what is too old has gone')
})

t.test('one recorder a folder; a folder that cannot be written', async (t) => {
  const folder = t.testdir({ file: '' })
  const open = (path: string) => Recorder.open({ ...OPTIONS, folder: join(folder, path) }, still(), LOG, NEVER)
  const first = await open('R')
  await t.rejects(open('R'), { message: /R is in use by another process/ })
  await first.end()
  await t.rejects(open('file'), { message: /cannot record to .*file: EEXIST/, exit: 2 })
  const second = await open('S')
  rmSync(join(folder, 'S'), { recursive: true })
  await second.tap(batchOf(line(1)))
  await t.rejects(second.end(), { message: /cannot record to .*: ENOENT/, exit: 75 })
})

interface Played {
  /** Text, and milliseconds since the start. */
  out: [text: string, at: number][]
  dropped: number
}

async function play(texts: readonly string[], given: Partial<PlayerOptions> = {}, clock = movable()): Promise<Played> {
  const played: Played = { out: [], dropped: 0 }
  const options = { from: null, to: null, speed: 1, rebase: false, ...given }
  const drop = () => void played.dropped++
  const account = { in: 0, made: 0, out: 0, in_bytes: 0, out_bytes: 0, dropped: new Map(), drop }
  const emit = (batch: Batch) => void played.out.push([textOf(batch), clock.at - START])
  const player = new Player(options, { account, signal: NEVER, clock, emit })
  for (const text of texts) await player.play(batchOf(text))
  t.equal(account.made, played.dropped)
  return played
}

t.test('each record in its time', async (t) => {
  const stream = [TARGET + line(100) + line(100) + line(101.5), line(101) + line(104) + TARGET]
  const groups = [TARGET + line(100) + line(100), line(101.5), line(101), line(104) + TARGET]
  const at = async (speed: number) => (await play(stream, { speed })).out
  t.same(await at(1), [[groups[0], 0], [groups[1], 1500], [groups[2], 1500], [groups[3], 4000]])
  t.same(await at(10), [[groups[0], 0], [groups[1], 150], [groups[2], 150], [groups[3], 400]])
  t.same(await at(Infinity), stream.map((text) => [text, 0]))
  const clock = movable()
  await play([line(0), line(5_000_000)], {}, clock)
  t.equal(clock.slept.reduce((a, b) => a + b), 5_000_000_000)
  t.ok(clock.slept.every((ms) => ms < 2 ** 31), 'no timer is longer than timers can be')
})

t.test('from and to, and all times shifted', async (t) => {
  const some = await play([line(1) + TARGET + line(2) + line(3) + line(4)], { from: nanos(2), to: nanos(4) })
  t.same(some, { out: [[TARGET + line(2), 0], [line(3), 1000]], dropped: 2 })
  const unread = 'no record\n'
  const now = await play([line(7) + unread + line(8)], { rebase: true, speed: Infinity })
  t.same(now.out.map(([text]) => text), [line(START / 1000), unread, line(START / 1000 + 1)])
  const payload: Payload = {
    ts: '10', end: '20', start: '0', observed: '-5', value: 1,
    exemplars: [{ value: 1, ts: '7' }, { value: 2 }], events: [{ ts: '8', name: 'e' }, 3],
  }
  t.same(shifted(payload, 100n), {
    ts: '110', end: '120', start: '0', observed: '95', value: 1,
    exemplars: [{ value: 1, ts: '107' }, { value: 2 }], events: [{ ts: '108', name: 'e' }, 3],
  })
})
