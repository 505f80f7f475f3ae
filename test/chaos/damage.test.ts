// Bytes flipped, files cut off, emptied and removed in the spool, between runs and under a running command: what was
// not damaged arrives, in order; what was is told, with the number of records that the frames or the account still
// know.
//
// CHAOS_KILLS makes it longer, CHAOS_SEED says where the damage is.

import { readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import t, { type Test } from 'tap'
import { type Entry, gapsOf, parseEntry } from '../../lib/ledger/ledger.js'
import { FlakyReceiver } from '../support/flaky_receiver.js'
import { Pipe } from '../support/pipe.js'
import { Random } from '../support/random.js'
import type { Received } from '../support/remote_write.js'
import { sh } from '../support/solder.js'
import { foldersIn, segmentsIn, type SpoolEntry, spoolEntries, waitingRecords } from '../support/spool_files.js'
import { temporary } from '../support/temporary.js'
import { KILLS, SEED, some } from './run.js'

const ROUNDS = Math.max(6, KILLS >> 1)

t.setTimeout(ROUNDS * 20_000 + 60_000)
t.comment(`CHAOS_SEED=${SEED}`)

const SERIES = 7
const START_MS = 1763804400000
const QUICK = '--batch-samples 20 --batch-wait 5ms --concurrency 3 --min-backoff 1ms --max-backoff 10ms --no-metadata --ledger'

/** Numbered records, and those that arrived. */
class Numbers {
  end = 0
  readonly faults: string[] = []
  readonly arrived = new Set<number>()
  readonly #newest = new Map<number, number>()

  /** @param pad label of each that cannot be compressed, bytes */
  lines(count: number, random: Random, pad = 0): string {
    let text = ''
    for (const to = this.end + count; this.end < to; this.end++) {
      const noise = pad === 0 ? '' : `,"pad":"${Array.from({ length: pad >> 3 }, () => random.below(2 ** 32).toString(16).padStart(8, '0')).join('')}"`
      const ts = `${START_MS + this.end}000000`
      text += `{"type":"metric","name":"n","labels":{"i":"${this.end % SERIES}"${noise}},"ts":"${ts}","value":${this.end}}\n`
    }
    return text
  }

  /** @param ordered whether all records of an `i` are one series */
  arrive(samples: readonly Received[], ordered: boolean): void {
    for (const { labels, value, ms } of samples) {
      const series = Number(labels.i)
      if (labels.__name__ !== 'n' || series !== value % SERIES || ms !== START_MS + value) this.faults.push(`${value} at ${ms}`)
      const newest = this.#newest.get(series) ?? -1
      if (ordered && !this.arrived.has(value) && value < newest) this.faults.push(`${value} came first after ${newest}`)
      this.arrived.add(value)
      this.#newest.set(series, Math.max(value, newest))
    }
  }

  get missing(): number[] {
    return Array.from({ length: this.end }, (_, n) => n).filter((n) => !this.arrived.has(n))
  }
}

/** What can happen to a file. The newest is not cut between entries or removed: nothing would tell what was there. */
const DAMAGES = { flip: 6, cut: 2, zeros: 1, more: 1, removed: 1, offset: 1 } as const

/** Damages the spool in a folder; what was done. */
function damage(folder: string, entries: readonly SpoolEntry[], random: Random): string {
  const what = random.weighted(DAMAGES)
  const offset = join(folder, 'sent.offset')
  const files = segmentsIn(folder)
  const path = what === 'offset' ? offset : random.pick(files)
  const newest = path === files.at(-1)
  let bytes: Buffer
  try {
    bytes = readFileSync(path)
  } catch {
    return 'nothing'
  }
  const at = random.below(bytes.length)
  const where = `${what} ${basename(path)} at ${at} of ${bytes.length}`
  if (what === 'removed') {
    if (newest) return 'nothing'
    rmSync(path)
  } else if (what === 'cut') {
    if (newest && (at === 0 || entries.some((entry) => entry.path === path && entry.from === at))) return 'nothing'
    truncateSync(path, at)
  } else {
    if (what === 'zeros') bytes.fill(0, at, Math.min(at + 200, bytes.length))
    else if (what === 'more') bytes = Buffer.concat([bytes, Buffer.from('solder'.repeat(random.between(1, 40)))])
    else bytes[at] ^= 1 << random.below(8)
    writeFileSync(path, bytes)
  }
  return where
}

/** Numbers in entries that wait and were hit: each is gone, or its bytes differ. */
function hitOf(before: readonly SpoolEntry[], after: readonly SpoolEntry[]): Set<number> {
  const whole = new Set(after.filter(({ samples }) => samples !== null).map(({ seq }) => seq))
  const hit = before.filter(({ waits, seq }) => waits && !whole.has(seq))
  return new Set(hit.flatMap(({ samples }) => samples ?? []).map(({ value }) => value))
}

/** Records of entries that wait, whose heads are whole and whose bodies are not. */
function known(entries: readonly SpoolEntry[]): number {
  return waitingRecords(entries.filter(({ samples }) => samples === null))
}

const accountOf = (stderr: string): Entry => stderr.split('\n').map(parseEntry).findLast((entry) => entry !== null)!
const lostOf = ({ dropped }: Entry) => (dropped.get('spool_corrupt') ?? 0) + (dropped.get('spool_torn') ?? 0)

async function begin(t: Test, ordered: boolean) {
  const folder = temporary(t)
  const random = new Random(SEED)
  const numbers = new Numbers()
  const receiver = await FlakyReceiver.start(random.fork(), ({ samples }) => numbers.arrive(samples, ordered))
  t.teardown(() => receiver.stop())
  const state = join(folder, 'state')
  return { folder, random, numbers, receiver, state }
}

t.test(`between runs (CHAOS_SEED=${SEED})`, async (t) => {
  const { random, numbers, receiver, state } = await begin(t, true)
  const command = `solder write prometheus ${receiver.url} --state ${state} ${QUICK}`
  const gone = new Set<number>()
  for (let round = 0; round < ROUNDS; round++) {
    receiver.mood = random.next() < 0.3 ? 'flaky' : 'down'
    const bytes = random.pick(['128KiB', '1GiB'])
    const stdin = numbers.lines(random.between(200, 1500), random)
    await sh(`${command} --spool-bytes ${bytes} --drain-timeout 50ms --timeout 40ms`, { stdin })
    const before = spoolEntries(state)
    const [folder] = foldersIn(join(state, 'spool'))
    const done = Array.from({ length: random.between(1, 5) }, () => damage(folder, before, random)).join(', ')
    const after = spoolEntries(state)
    const hit = hitOf(before, after)
    for (const number of hit) if (!numbers.arrived.has(number)) gone.add(number)
    receiver.mood = 'well'
    const ran = await sh(command, { stdin: numbers.lines(10, random) })
    const words = `round ${round}`
    const what = { done, said: ran.stderr }
    const account = accountOf(ran.stderr)
    t.equal(ran.code, 0, words, what)
    t.same(gapsOf([account], true), [], words, what)
    t.equal(lostOf(account), known(after), `${words}: what frames still know is told`, what)
    t.equal(account.made, waitingRecords(after), `${words}: all that waited was looked at`, what)
    t.equal(waitingRecords(spoolEntries(state)), 0, words, what)
    if (hit.size > 0) t.match(ran.stderr, /lost from the spool/, words, what)
    const missing = numbers.missing.filter((n) => !gone.has(n))
    t.equal(some(missing), '0: ', `${words}: what was not damaged arrives`, what)
    t.same([...numbers.faults, ...receiver.faults], [], words, what)
  }
  t.comment(`${numbers.end} records, ${numbers.missing.length} lost by ${ROUNDS} rounds of damage`)
})

t.test(`under a running command (CHAOS_SEED=${SEED})`, async (t) => {
  const { folder, random, numbers, receiver, state } = await begin(t, false)
  const command = `solder write prometheus ${receiver.url} --state ${state} ${QUICK}`
  receiver.mood = 'down'
  // More than is held in memory on the way from the files.
  await sh(`${command} --drain-timeout 1ms`, { stdin: numbers.lines(4000, random, 2000) })
  const before = spoolEntries(state)
  t.equal(waitingRecords(before), 4000)
  const pipe = Pipe.start(['sleep 1000', command], folder)
  await pipe.said(1, /4000 records of an earlier run[^]*retrying/)
  await pipe.signal(1, 'SIGSTOP')
  const done = Array.from({ length: 10 }, () => damage(dirname(before[0].path), before, random)).join(', ')
  const hit = hitOf(before, spoolEntries(state))
  receiver.mood = 'well'
  await pipe.signal(1, 'SIGCONT')
  await pipe.signal(0, 'SIGKILL')
  const [, { code, stderr, accounts }] = await pipe.ended
  const what = { done, said: stderr }
  t.equal(code, 0, 'ended', what)
  t.same(gapsOf([accounts[0]], true), [], 'accounts', what)
  // What was in hand already is not lost.
  const { missing } = numbers
  t.equal(some(missing.filter((n) => !hit.has(n))), '0: ', 'what was not damaged arrives', what)
  t.equal(lostOf(accounts[0]), missing.length, 'every record that did not arrive is counted', what)
  t.equal(accounts[0].made, 4000)
  t.same([...numbers.faults, ...receiver.faults], [])
  t.comment(`${missing.length} of ${numbers.end} lost`)
})

t.test(`committed positions (CHAOS_SEED=${SEED})`, async (t) => {
  const { folder, random, numbers, state } = await begin(t, false)
  const [input, out] = [join(folder, 'in.ndjson'), join(folder, 'out.ndjson')]
  const pipe = `solder receive ndjson ${input} --state ${state} | solder write file ${out} --state ${state}`
  let started = 0
  for (let round = 0; round < ROUNDS; round++) {
    writeFileSync(input, numbers.lines(20, random), { flag: 'a' })
    const { code, stderr } = await sh(pipe)
    t.equal(code, 0, stderr)
    if (stderr !== '') {
      t.match(stderr, /(starting over|reading it from its start)\n$/)
      started++
    }
    const arrived = new Set([...readFileSync(out, 'utf8').matchAll(/"value":(\d+)\}\n/g)].map(([, value]) => Number(value)))
    t.equal(arrived.size, numbers.end, `round ${round}: everything is there\n${stderr}`)
    const checkpoints = join(state, 'checkpoints')
    for (const name of readdirSync(checkpoints)) {
      const path = join(checkpoints, name)
      const bytes = readFileSync(path)
      if (random.next() < 0.3) truncateSync(path, random.below(bytes.length))
      else {
        bytes[random.below(bytes.length)] ^= 1 << random.below(8)
        writeFileSync(path, bytes)
      }
    }
  }
  t.comment(`${started} of ${ROUNDS} runs began anew`)
})
