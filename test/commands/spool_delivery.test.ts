// write prometheus --state: what is held survives the end, a stop and kill -9, and is sent by the next start.

import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { uncompressSync } from 'snappy'
import t, { type Test } from 'tap'
import { SegmentReader } from '../../lib/spool/segment.js'
import { scanFolder } from '../../lib/spool/scan.js'
import { decodeMessage, type Received, Receiver, samplesOf } from '../support/remote_write.js'
import { environment, ROOT, sh } from '../support/solder.js'
import { temporary } from '../support/temporary.js'

// Many processes, on a machine that may have other work.
t.setTimeout(120_000)

const NOW = 1763804400000
const SERIES = 7
const FAST = '--min-backoff 1ms --max-backoff 5ms --batch-wait 5ms --no-metadata'

/** Lines of one sample for each series and step; the value is the step. */
function lines(from: number, to: number): string {
  let text = ''
  for (let step = from; step < to; step++) {
    for (let series = 0; series < SERIES; series++) {
      text += `{"type":"metric","name":"m${series}","ts":"${NOW + step * 1000}000000","value":${step}}\n`
    }
  }
  return text
}

/** Steps of each series in the order of their first arrival. */
function stepsOf(samples: readonly Received[]): number[][] {
  const steps = Array.from({ length: SERIES }, () => new Set<number>())
  for (const { labels, value, ms } of samples) {
    if (ms !== NOW + value * 1000) throw new Error(`${value} at ${ms}`)
    steps[Number(labels.__name__.slice(1))].add(value)
  }
  return steps.map((set) => [...set])
}

const range = (to: number) => Array.from({ length: to }, (_, i) => i)
const everySeries = (to: number) => Array.from({ length: SERIES }, () => range(to))

/** A receiver that is there, but takes nothing while `down` is set. */
async function receiverFor(t: Test) {
  const state = { down: true }
  const receiver = await Receiver.start(() => ({ status: state.down ? 503 : 204 }))
  t.teardown(() => receiver.stop())
  return { receiver, state }
}

const ledgerOf = (stderr: string) =>
  JSON.parse(stderr.split('\n').find((text) => text.startsWith('{'))!) as { [key: string]: unknown }

/** A command whose stdin stays open. */
function start(t: Test, words: string): ChildProcess & { said: string } {
  const child = spawn(process.execPath, [`${ROOT}/bin/solder.js`, ...words.split(' ')], {
    env: environment(),
    stdio: ['pipe', 'ignore', 'pipe'],
  })
  t.teardown(() => child.kill('SIGKILL'))
  child.stdin!.on('error', () => {})
  const running = Object.assign(child, { said: '' })
  child.stderr!.on('data', (text: Buffer) => (running.said += text.toString()))
  return running as unknown as ChildProcess & { said: string }
}

/** Runs a command whose input ends when `receiver` has stored this many samples. */
async function untilStored(t: Test, words: string, stdin: string, receiver: Receiver, samples: number) {
  const child = start(t, words)
  child.stdin!.write(stdin)
  await receiver.until(({ stored }) => samplesOf(stored).length >= samples)
  child.stdin!.end()
  const [code] = (await once(child, 'close')) as [number]
  return { code, stderr: child.said }
}

t.test('at the end of input what is held stays, is told, and the next start sends it', async (t) => {
  const folder = temporary(t)
  const { receiver, state } = await receiverFor(t)
  const command = `solder write prometheus ${receiver.url} --state ${folder} --batch-samples 20 ${FAST} --ledger`
  const held = await sh(`${command} --drain-timeout 50ms`, { stdin: lines(0, 30) })
  t.equal(held.code, 75, held.stderr)
  t.match(held.stderr, /210 records stay in the spool, for the next start: not delivered within 50ms/)
  t.match(ledgerOf(held.stderr), { in: 210, made: 0, out: 0, dropped: {}, pending: 210 })
  state.down = false
  const sent = await sh(command, { stdin: lines(30, 40) })
  t.equal(sent.code, 0, sent.stderr)
  t.match(sent.stderr, /210 records of an earlier run in /)
  t.match(ledgerOf(sent.stderr), { in: 70, made: 210, out: 280, pending: 0 })
  t.same(stepsOf(samplesOf(receiver.stored)), everySeries(40))
  const before = receiver.arrivals.length
  const nothing = await sh(command, { stdin: '' })
  t.equal(nothing.code, 0)
  t.equal(receiver.arrivals.length, before, 'once')
})

t.test('the order of each series is kept, whatever becomes of --concurrency', async (t) => {
  const folder = temporary(t)
  const { receiver, state } = await receiverFor(t)
  const run = (concurrency: number, from: number, to: number) =>
    sh(
      `solder write prometheus ${receiver.url} --state ${folder} --concurrency ${concurrency} --batch-samples 3` +
        ` --drain-timeout ${state.down ? '1ms' : '1m'} ${FAST}`,
      { stdin: lines(from, to) },
    )
  t.equal((await run(4, 0, 10)).code, 75)
  t.equal((await run(1, 10, 20)).code, 75)
  t.equal((await run(7, 20, 30)).code, 75)
  state.down = false
  t.equal((await run(3, 30, 40)).code, 0)
  t.same(stepsOf(samplesOf(receiver.stored)), everySeries(40))
  const twice = samplesOf(receiver.stored).length - 40 * SERIES
  t.equal(twice, 0, 'a receiver that answers gets everything once')
})

t.test('what is refused goes to the dead letters, and is not sent again', async (t) => {
  const folder = temporary(t)
  const receiver = await Receiver.start(() => ({ status: 400, body: 'no' }))
  t.teardown(() => receiver.stop())
  const command = `solder write prometheus ${receiver.url} --state ${folder}/state ${FAST} --dead-letter ${folder}/dead`
  t.equal((await sh(command, { stdin: lines(0, 1) })).code, 1)
  t.equal(readFileSync(`${folder}/dead`, 'utf8').trim().split('\n').length, SERIES)
  const before = receiver.arrivals.length
  t.equal((await sh(command, { stdin: '' })).code, 0)
  t.equal(receiver.arrivals.length, before)
})

t.test('several receivers: one that is dead costs the other nothing', async (t) => {
  const { receiver: dead } = await receiverFor(t)
  const { receiver: alive, state } = await receiverFor(t)
  state.down = false
  const words = `write prometheus ${dead.url} ${alive.url} --batch-samples 5 ${FAST} --drain-timeout 20ms --ledger`
  const ran = await untilStored(t, `${words} --buffer-bytes 1KiB`, lines(0, 200), alive, 1400)
  t.equal(ran.code, 75)
  t.same(stepsOf(samplesOf(alive.stored)), everySeries(200))
  const account = ledgerOf(ran.stderr) as { dropped: { [reason: string]: number } }
  t.match(account, { in: 1400, made: 1400, out: 1400, pending: 0 })
  t.equal(account.dropped.buffer_full + account.dropped.shutdown, 1400)
  t.ok(account.dropped.buffer_full > 0 && account.dropped.shutdown > 0)
  t.match(ran.stderr, /the buffer is full \(--buffer-bytes\): the oldest records are dropped/)
})

t.test('several receivers with spools: each has its own', async (t) => {
  const folder = temporary(t)
  const { receiver: late, state: lateState } = await receiverFor(t)
  const { receiver: alive, state } = await receiverFor(t)
  state.down = false
  const words = `write prometheus ${late.url} ${alive.url} --state ${folder} --batch-samples 5 ${FAST} --ledger`
  const stdin = `${lines(0, 100)}{"type":"metric","ts":"1","value":1}\n`
  const ran = await untilStored(t, `${words} --drain-timeout 20ms`, stdin, alive, 700)
  t.equal(ran.code, 75)
  t.equal(ran.stderr.match(/no metric name/g)?.length, 1, 'what is wrong with a record is told once')
  t.match(ledgerOf(ran.stderr), { in: 701, made: 701, out: 700, dropped: { invalid_series: 2 }, pending: 700 })
  t.same(stepsOf(samplesOf(alive.stored)), everySeries(100))
  t.equal(readdirSync(`${folder}/spool`).length, 2)
  lateState.down = false
  const arrived = alive.arrivals.length
  t.equal((await sh(`solder ${words}`, { stdin: '' })).code, 0)
  t.same(stepsOf(samplesOf(late.stored)), everySeries(100))
  t.equal(alive.arrivals.length, arrived)
})

t.test('a spool that is full drops the oldest, or waits', async (t) => {
  const folder = temporary(t)
  const { receiver, state } = await receiverFor(t)
  const command = `solder write prometheus ${receiver.url} --state ${folder} --batch-samples 5 ${FAST} --ledger`
  const bounds = '--spool-bytes 20000 --when-full drop_oldest --concurrency 1 --drain-timeout 20ms'
  const full = await sh(`${command} ${bounds}`, { stdin: lines(0, 300) })
  t.equal(full.code, 75, full.stderr)
  const { dropped, pending } = ledgerOf(full.stderr) as { dropped: { spool_full: number }; pending: number }
  t.ok(dropped.spool_full > 0)
  t.equal(dropped.spool_full + pending, 300 * SERIES)
  t.match(full.stderr, /records? lost from the spool \(spool_full\): more than --spool-bytes/)
  state.down = false
  t.equal((await sh(command, { stdin: '' })).code, 0)
  const kept = samplesOf(receiver.stored).length
  t.equal(kept, pending)
})

t.test('a stop: what is held stays, and the exit code is 0; nobody else may use the spool meanwhile', async (t) => {
  const folder = temporary(t)
  const { receiver, state } = await receiverFor(t)
  const words = `write prometheus ${receiver.url} --state ${folder} --drain-timeout 50ms ${FAST}`
  const child = start(t, words)
  child.stdin!.write(lines(0, 5))
  await receiver.until(({ arrivals }) => arrivals.length > 3)
  const second = await sh(`solder ${words}`, { stdin: '' })
  t.equal(second.code, 75)
  t.match(second.stderr, /spool\/127\.0\.0\.1_\d+-[0-9a-f]{12} is in use by another process/)
  child.kill('SIGTERM')
  const [code] = await once(child, 'close')
  t.equal(code, 0, child.said)
  t.match(child.said, /35 records stay in the spool, for the next start/)
  state.down = false
  t.equal((await sh(`solder ${words}`, { stdin: '' })).code, 0)
  t.same(stepsOf(samplesOf(receiver.stored)), everySeries(5))
})

/** The samples that a spool holds, sent or not. */
async function spooled(folder: string): Promise<Received[]> {
  const samples: Received[] = []
  for (const name of readdirSync(folder)) {
    for (const { path, size } of (await scanFolder(join(folder, name))).segments) {
      const file = await SegmentReader.open(path, () => true)
      for (let found = await file.next(size); found !== null; found = await file.next(size)) {
        if (found.kind !== 'entry') continue
        samples.push(...samplesOf([decodeMessage(uncompressSync(found.body) as Buffer)]))
      }
      await file.close()
    }
  }
  return samples
}

t.test('kill -9 at any moment: what was in the spool arrives', async (t) => {
  const folder = temporary(t)
  let answers = 0
  const receiver = await Receiver.start(() => ({ status: ++answers % 3 === 0 ? 503 : 204 }))
  t.teardown(() => receiver.stop())
  const words = `write prometheus ${receiver.url} --state ${folder} --batch-samples 10 ${FAST}`
  let step = 0
  const owed: Received[] = []
  for (let round = 0; round < 12; round++) {
    const child = start(t, words)
    child.stdin!.write(lines(step, (step += 40)))
    const enough = receiver.arrivals.length + 1 + ((round * 7) % 23)
    await receiver.until(({ arrivals }) => arrivals.length >= enough)
    child.kill('SIGKILL')
    await once(child, 'close')
    owed.push(...(await spooled(`${folder}/spool`)))
  }
  const last = await sh(`solder ${words}`, { stdin: lines(step, step + 1) })
  t.equal(last.code, 0, last.stderr)
  const arrived = stepsOf(samplesOf(receiver.stored))
  const missing = stepsOf(owed).map((steps, series) => steps.filter((one) => !arrived[series].includes(one)))
  t.same(missing, Array.from({ length: SERIES }, () => []))
  t.ok(owed.length > 0)
  for (const steps of arrived) t.same(steps, [...steps].sort((a, b) => a - b), 'in order')
  t.ok(arrived.every((steps) => steps.at(-1) === step))
})
