// A full disk, below the spool and below the committed positions: the stage waits and says so, takes no more than it
// can hold, goes on when there is room, and loses nothing; and a stop ends the waiting.

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { gapsOf } from '../../lib/ledger/ledger.js'
import { FlakyReceiver } from '../support/flaky_receiver.js'
import { type EndedStage, Pipe } from '../support/pipe.js'
import { Random } from '../support/random.js'
import { noSmallDisk, SmallDisk } from '../support/small_disk.js'
import { foldersIn, segmentsIn, spoolEntries, waitingRecords } from '../support/spool_files.js'
import { temporary } from '../support/temporary.js'
import { SEED, some } from './run.js'

t.setTimeout(180_000)

const QUICK = '--batch-samples 20 --batch-wait 5ms --min-backoff 1ms --max-backoff 10ms --no-metadata --ledger'
const NO_ROOM = /: no room on the disk \(ENOSPC\): waiting until there is some/

/** Numbered records, each with bytes that cannot be compressed. */
function lines(count: number, pad: number): string {
  const random = new Random(SEED)
  const noise = () => Array.from({ length: pad >> 3 }, () => random.below(2 ** 32).toString(16).padStart(8, '0')).join('')
  return Array.from(
    { length: count },
    (_, n) => `{"type":"metric","name":"n","labels":{"pad":"${noise()}"},"ts":"${1763804400000 + n}000000","value":${n}}\n`,
  ).join('')
}

async function begin(t: Test) {
  const folder = temporary(t)
  const arrived: number[] = []
  const receiver = await FlakyReceiver.start(new Random(SEED), ({ samples }) => arrived.push(...samples.map(({ value }) => value)))
  t.teardown(() => receiver.stop())
  receiver.mood = 'down'
  const input = join(folder, 'in.ndjson')
  return { folder, receiver, arrived, input }
}

/** Everything arrived, once, and is accounted for. */
function checkEnd(t: Test, { code, stderr, accounts }: EndedStage, arrived: readonly number[], count: number): void {
  t.equal(code, 0, stderr)
  t.same(gapsOf(accounts.slice(-1), true), [], stderr)
  t.equal(accounts[0].in, count)
  t.equal(new Set(arrived).size, count, 'everything arrived')
  t.equal(arrived.length, count, 'once')
}

const skip = noSmallDisk()

t.test('no room for the spool: the input waits, and all of it arrives when the receiver takes it', { skip }, async (t) => {
  const { folder, receiver, arrived, input } = await begin(t)
  const disk = await SmallDisk.mount(t, '512k')
  const count = 6000
  writeFileSync(input, lines(count, 2000))
  const write = disk.inside(`solder write prometheus ${receiver.url} --state ${disk.folder}/state ${QUICK}`)
  const pipe = Pipe.start([`cat ${input}`, write], folder)
  await pipe.said(1, NO_ROOM)
  t.ok(waitingRecords(spoolEntries(join(disk.seen, 'state'))) > 0, 'as much as there is room for is held')
  t.equal(await pipe.signal(0, 'SIGCONT'), true, 'the rest is not taken')
  receiver.mood = 'well'
  const [, sink] = await pipe.ended
  checkEnd(t, sink, arrived, count)
  t.match(sink.stderr, NO_ROOM)
})

t.test('no room for the spool: it goes on when somebody makes some', { skip }, async (t) => {
  const { folder, receiver, arrived, input } = await begin(t)
  const disk = await SmallDisk.mount(t, '2m')
  const count = 1000
  writeFileSync(input, lines(count, 400))
  disk.fill()
  const write = disk.inside(`solder write prometheus ${receiver.url} --state ${disk.folder}/state ${QUICK}`)
  const pipe = Pipe.start([`cat ${input}`, write], folder)
  await pipe.said(1, NO_ROOM)
  disk.clear()
  await pipe.said(1, /retrying/)
  receiver.mood = 'well'
  const [, sink] = await pipe.ended
  checkEnd(t, sink, arrived, count)
})

t.test('no room for the spool, and a stop: it ends, says what it could not store, and the rest goes on', { skip }, async (t) => {
  const { folder, receiver, arrived, input } = await begin(t)
  const disk = await SmallDisk.mount(t, '512k')
  // More than the sink holds in memory: the end of its input would be another reason to end.
  const count = 4000
  writeFileSync(input, lines(count, 2000))
  const state = `--state ${disk.folder}/state`
  const read = disk.inside(`solder receive ndjson ${input} ${state} --ledger`)
  const write = disk.inside(`solder write prometheus ${receiver.url} ${state} ${QUICK}`)
  const pipe = Pipe.start([read, `${write} --drain-timeout 100ms`], folder)
  await pipe.said(1, NO_ROOM)
  await pipe.signal(1, 'SIGTERM')
  const [, stopped] = await pipe.ended
  t.equal(stopped.code, 75, stopped.stderr)
  const held = waitingRecords(spoolEntries(join(disk.seen, 'state')))
  t.ok(held > 0 && stopped.accounts[0].pending >= held, 'what is not stored is pending')
  receiver.mood = 'well'
  const [, sink] = await Pipe.start([read, write], folder).ended
  t.equal(sink.code, 0, sink.stderr)
  t.same(gapsOf(sink.accounts, true), [])
  t.equal(new Set(arrived).size, count, 'everything arrived')
  t.comment(`${held} records were held, ${arrived.length - count} arrived twice`)
})

t.test('no room for a position: nothing waits but the commit', { skip }, async (t) => {
  const { folder, input } = await begin(t)
  const disk = await SmallDisk.mount(t, '64k')
  const out = join(folder, 'out')
  const stages = [`solder receive ndjson ${input} --state ${disk.folder}`, `solder write file ${out} --state ${disk.folder} --ledger`]
  const run = () => Pipe.start(stages.map((words) => disk.inside(words)), folder)
  writeFileSync(input, '')
  await run().ended
  disk.fill()
  const text = lines(3000, 200)
  writeFileSync(input, text)
  const pipe = run()
  await pipe.said(1, /--state: cannot write .*: ENOSPC: waiting until there is room/)
  const written = () => readFileSync(out, 'utf8')
  while (!pipe.over && written() !== text) await new Promise((resolve) => setTimeout(resolve, 5))
  t.equal(pipe.over, false, 'it does not end without the commit')
  disk.clear()
  const [source, sink] = await pipe.ended
  t.equal(`${source.code} ${sink.code}`, '0 0', sink.stderr)
  t.same(gapsOf(sink.accounts, true), [])
  t.equal(written(), text, 'once')
  await run().ended
  t.equal(written(), text, 'and it is committed')
  // A stop ends the waiting.
  disk.fill()
  writeFileSync(input, '{"type":"log","ts":"1","body":"b"}\n', { flag: 'a' })
  const stopped = run()
  await stopped.said(1, /ENOSPC/)
  await stopped.signal(1, 'SIGTERM')
  const [, last] = await stopped.ended
  t.equal(last.code, 75, last.stderr)
  t.match(last.stderr, /"pending":1,/, 'the position')
})

t.test('files that must not grow (RLIMIT_FSIZE): the spool takes more of them', async (t) => {
  const { folder, receiver, arrived, input } = await begin(t)
  const count = 1000
  writeFileSync(input, lines(count, 400))
  const state = join(folder, 'state')
  const write = `prlimit --fsize=30000 solder write prometheus ${receiver.url} --state ${state} ${QUICK}`
  const pipe = Pipe.start([`solder receive ndjson ${input} --state ${state}`, write], folder)
  await pipe.said(1, /retrying/)
  const files = () => foldersIn(join(state, 'spool')).flatMap(segmentsIn).length
  while (!pipe.over && files() < 5) await new Promise((resolve) => setTimeout(resolve, 5))
  t.ok(files() >= 5)
  receiver.mood = 'well'
  const [, { code, stderr, accounts }] = await pipe.ended
  t.equal(code, 0, stderr)
  t.same(gapsOf(accounts, true), [], stderr)
  t.equal(some(Array.from({ length: count }, (_, n) => n).filter((n) => !arrived.includes(n))), '0: ')
  t.equal(arrived.length, count, 'once')
})

t.test('a spool that is full (--spool-bytes), and a stop: it ends in time, and what came is held', async (t) => {
  const { folder, receiver, arrived, input } = await begin(t)
  const count = 3000
  writeFileSync(input, lines(count, 400))
  const state = join(folder, 'state')
  const write = `solder write prometheus ${receiver.url} --state ${state} ${QUICK} --spool-bytes 100KiB`
  const pipe = Pipe.start([`cat ${input}`, `${write} --drain-timeout 200ms`], folder)
  await pipe.said(1, /the spool is full \(--spool-bytes\): waiting until there is room/)
  await pipe.signal(1, 'SIGTERM')
  const [, stopped] = await pipe.ended
  t.equal(stopped.code, 0, stopped.stderr)
  t.match(stopped.stderr, /records stay in the spool, for the next start/)
  const [account] = stopped.accounts
  t.equal(account.pending, account.in, 'nothing arrived')
  t.equal(waitingRecords(spoolEntries(state)), account.in, 'everything is held')
  receiver.mood = 'well'
  const [sink] = await Pipe.start([`${write} < /dev/null`], folder).ended
  t.equal(sink.code, 0, sink.stderr)
  t.equal(new Set(arrived).size, account.in)
})
