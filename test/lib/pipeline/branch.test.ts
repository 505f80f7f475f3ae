// A branch gives its reader what came, in order, whatever it holds where: in memory or on the disk, through readers
// that fail and processes that end. Its account says where everything is.

import { join } from 'node:path'
import t from 'tap'
import { systemClock } from '../../../lib/io/clock.js'
import { Branch, type BranchOptions, splitOutput } from '../../../lib/pipeline/branch.js'
import { strayFolders } from '../../../lib/pipeline/branch_spool.js'
import { type Batch, ByteBuffer, Identity, labelsOf, Layout, LineReader, RecordBatch, SampleBatch } from '../../../lib/record/index.js'
import fc from '../../support/property.js'
import { temporary } from '../../support/temporary.js'

const SPOOL = { bytes: 1 << 30, age: 0 }
const OPTIONS: BranchOptions = { buffer: 300, full: 'spool', patience: 60_000 }
const quiet = { debug() {}, info() {}, warn() {}, error() {} }

const folder = temporary(t)
let folders = 0
const fresh = () => join(folder, String(folders++))

const layout = new Layout([Identity.of('metric', 'n', labelsOf([['i', '0']]), { kind: 'gauge' }), Identity.of('metric', 'n', labelsOf([['i', '1']]), {})])

/** Numbered records as columns, as records, or as lines that are lent. */
function batchOf(number: number, kind: number): Batch {
  const value = number * 2
  if (kind === 0) return new SampleBatch(layout, String(number), Float64Array.of(value, value + 1), null, null, null)
  const payloads = layout.ids.map((_, i) => ({ ts: String(number), value: value + i }))
  const records = new RecordBatch(layout.ids, payloads)
  if (kind === 1) return records
  const buffer = new ByteBuffer()
  records.write(buffer)
  return new LineReader({ maxLineBytes: 1 << 20, maxDepth: 64, maxIdentities: 1000, onBad: () => false }).push(buffer.take())!
}

const valuesOf = (batch: Batch) => Array.from({ length: batch.length }, (_, row) => batch.payload(row).value as number)

/** A branch with a folder, and how to read it. */
class Rig {
  branch!: Branch
  stop!: AbortController
  #reader: AsyncIterator<Batch> | null = null
  readonly seen: number[] = []
  /** Number of the batch that the reader has. */
  hand: number[] = []
  pushed = 0

  constructor(private readonly folder: string) {}

  async open(options = OPTIONS, spool = SPOOL): Promise<this> {
    this.stop = new AbortController()
    this.branch = new Branch(options, systemClock, this.stop.signal)
    await this.branch.spool(this.folder, spool, quiet)
    this.#reader = null
    return this
  }

  async push(kind: number): Promise<void> {
    await splitOutput([this.branch]).batch(batchOf(this.pushed++, kind))
  }

  /** Takes a batch; false where there is none any more, or none now. */
  async take(ended = true): Promise<boolean> {
    const input = this.branch.input(false) as { batches(): AsyncIterable<Batch> }
    this.#reader ??= input.batches()[Symbol.asyncIterator]()
    if (!ended && this.seen.length === this.pushed * 2) return false
    const next = await this.#reader.next()
    if (next.done === true) return false
    this.hand = valuesOf(next.value)
    this.seen.push(...this.hand)
    return true
  }

  /** The reader fails with what it has in hand. */
  fail(): void {
    this.branch.again()
    this.#reader = null
    this.seen.splice(this.seen.length - this.hand.length)
    this.hand = []
  }

  /** Another process goes on. */
  async reopen(): Promise<void> {
    this.stop.abort()
    this.branch.end()
    await this.branch.release()
    await this.open()
  }

  expected(): number[] {
    return Array.from({ length: this.pushed * 2 }, (_, i) => i)
  }
}

const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('push' as const), kind: fc.nat(2) }) },
  { weight: 5, arbitrary: fc.constant({ do: 'take' as const, kind: 0 }) },
  { weight: 1, arbitrary: fc.constant({ do: 'fail' as const, kind: 0 }) },
)

t.test('everything comes out, in order, through readers that fail', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      const rig = await new Rig(fresh()).open()
      for (const { do: what, kind } of steps) {
        if (what === 'push') await rig.push(kind)
        else if (what === 'take') await rig.take(false)
        else rig.fail()
      }
      const { account } = rig.branch
      const balanced = account.in + account.made === account.out + account.pending && account.in === rig.pushed * 2
      rig.branch.end()
      while (await rig.take());
      await rig.branch.release()
      return balanced && String(rig.seen) === String(rig.expected()) && account.pending === 0
    }),
    { numRuns: 100 },
  )
})

t.test('what is on the disk waits for the next process, behind nothing and before all that comes', async (t) => {
  const rig = await new Rig(fresh()).open()
  for (let i = 0; i < 20; i++) await rig.push(i % 3)
  t.ok(await rig.take())
  t.ok(await rig.take(), 'the first is done with')
  await rig.reopen()
  const { account } = rig.branch
  t.equal(account.made, account.pending, 'what an earlier process left is made')
  t.ok(account.made >= 36, `${account.made} records`)
  for (let i = 0; i < 5; i++) await rig.push(i % 3)
  rig.branch.end()
  while (await rig.take());
  t.same([...new Set(rig.seen)], rig.expected())
  t.ok(rig.seen.length - rig.expected().length <= 2, 'only what was in hand came twice')
  await rig.branch.release()
})

t.test('beyond its bytes and its age the oldest go, and are counted', async (t) => {
  const small = await new Rig(fresh()).open(OPTIONS, { bytes: 20_000, age: 0 })
  for (let i = 0; i < 400; i++) await small.push(1)
  await small.branch.release()
  const { account } = small.branch
  const full = account.dropped.get('spool_full')!
  t.ok(full > 0 && full < 800, `${full} of 800`)
  t.equal(account.in, full + account.pending)
  await small.open(OPTIONS, { bytes: 20_000, age: 1 })
  await systemClock.sleep(2)
  small.branch.end()
  while (await small.take());
  t.same([small.branch.account.dropped.get('spool_age'), small.branch.account.out], [800 - full, 0])
  await small.branch.release()
})

t.test('what a branch that takes nothing holds in memory goes to the disk after --branch-patience', async (t) => {
  const rig = await new Rig(fresh()).open({ ...OPTIONS, buffer: 1 << 20, patience: 10 })
  for (let i = 0; i < 3; i++) await rig.push(i)
  await systemClock.sleep(200)
  await rig.branch.release()
  await rig.open()
  t.equal(rig.branch.account.made, 6)
  rig.branch.end()
  while (await rig.take());
  t.same(rig.seen, rig.expected())
  await rig.branch.release()
})

t.test('a folder of no branch is told', async (t) => {
  const [one, two] = [join(folder, 'pipe', 'one'), join(folder, 'pipe', 'two')]
  for (const path of [one, two]) {
    const rig = await new Rig(path).open()
    for (let i = 0; i < 20; i++) await rig.push(0)
    await rig.branch.release()
  }
  t.match(await strayFolders([one]), [{ folder: two }])
  t.same(await strayFolders([one, two]), [])
  t.same(await strayFolders([join(folder, 'nowhere', 'one')]), [])
})

t.test('a closed branch takes nothing, and keeps what is on the disk', async (t) => {
  const rig = await new Rig(fresh()).open()
  for (let i = 0; i < 20; i++) await rig.push(0)
  rig.branch.close()
  const { account } = rig.branch
  t.throws(() => void splitOutput([rig.branch]).batch(batchOf(0, 0)), 'nobody reads any more')
  t.equal(account.in, account.pending + (account.dropped.get('branch_ended') ?? 0))
  await rig.branch.release()
})
