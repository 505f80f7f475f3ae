// kill -9 of each stage of real pipes at random moments, before a receiver that fails in every way: everything
// committed is at the receiver or in the spool, everything arrives in the end, in order, and the accounts say how much
// is where.
//
// CHAOS_KILLS: how many kills, CHAOS_SEED: which ones.

import { appendFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { FlakyReceiver, RUN_HEADER } from '../support/flaky_receiver.js'
import { Random } from '../support/random.js'
import { sh } from '../support/solder.js'
import { temporary } from '../support/temporary.js'
import { checkRun, committed, type Fate, KILLS, QUICK, type Run, runPipe, SEED, some, waysText } from './run.js'
import { RELABEL, Trail } from './trail.js'

t.setTimeout(KILLS * 20_000 + 60_000)
t.comment(`CHAOS_SEED=${SEED} CHAOS_KILLS=${KILLS}`)

/** What a source reads at once, and puts a checkpoint behind. */
const PIECE = 1 << 18

interface Shape {
  name: string
  protocol: '1' | '2' | 'auto'
  /** In one process. */
  fused?: true
  receivers?: 2
  /** A small spool that gives up its oldest. */
  drops?: true
  /** Of the kills. */
  share: number
}

const SHAPES: readonly Shape[] = [
  { name: 'three processes', protocol: '1', share: 0.4 },
  { name: 'three processes, remote write 2.0', protocol: '2', share: 0.2 },
  { name: 'one process', protocol: 'auto', fused: true, share: 0.2 },
  { name: 'two receivers', protocol: '1', receivers: 2, share: 0.1 },
  { name: 'a spool that gives up its oldest', protocol: '1', drops: true, share: 0.1 },
]

/** A receiver, and what arrived there. */
interface End {
  receiver: FlakyReceiver
  trail: Trail
}

/** A file on its way to receivers, run after run. */
class Journey {
  readonly state: string
  readonly ends: End[] = []
  kills = 0
  stops = 0
  readonly #input: string
  #runs = 0

  constructor(
    private readonly t: Test,
    private readonly shape: Shape,
    private readonly random: Random,
    private readonly folder: string,
  ) {
    this.#input = join(folder, 'in.ndjson')
    this.state = join(folder, 'state')
  }

  async begin(): Promise<void> {
    for (let i = 0; i < (this.shape.receivers ?? 1); i++) {
      const trail = new Trail(this.shape.drops)
      const { random } = this
      const knowsTwo = this.shape.protocol !== 'auto'
      const receiver = await FlakyReceiver.start(random.fork(), ({ samples }) => trail.arrive(samples), knowsTwo)
      this.t.teardown(() => receiver.stop())
      this.ends.push({ receiver, trail })
    }
    this.feed(1000)
  }

  feed(count: number): void {
    const [text] = this.ends.map(({ trail }) => trail.feed(count))
    appendFileSync(this.#input, text)
  }

  async run(fate: Fate): Promise<Run> {
    const name = `run-${this.#runs++}`
    const { folder, state, random, ends } = this
    const run = await runPipe(name, this.#stages(name), folder, state, fate, ends[0].receiver, random)
    this.kills += run.kills
    if (fate === 'stop') this.stops++
    this.#check(run)
    return run
  }

  #stages(name: string): string[] {
    const { random, shape, state } = this
    const bytes = shape.drops ? '64KiB --when-full drop_oldest' : shape.receivers ? '1GiB' : random.pick(['64KiB', '256KiB', '1GiB'])
    const source = `solder receive ndjson ${this.#input} --state ${state} --ledger`
    const sink =
      `solder write prometheus ${this.ends.map(({ receiver }) => receiver.url).join(' ')} --state ${state}` +
      ` --protocol ${shape.protocol} --no-metadata --ledger --header ${RUN_HEADER}=${name}` +
      ` --fsync ${random.pick(['interval', 'interval', 'never', 'always'])} --spool-bytes ${bytes} ${QUICK}`
    const stages = [source, RELABEL, sink]
    return shape.fused ? [`solder run -e "${stages.map((words) => words.slice('solder '.length)).join(' | ')}"`] : stages
  }

  #check(run: Run): void {
    const { t, state, ends, shape } = this
    const { name } = run
    const pieces = Math.ceil(statSync(this.#input).size / PIECE) + 1
    const receivers = ends.map(({ receiver }) => receiver)
    const all = checkRun(t, run, state, receivers, pieces, shape.drops)
    const said = run.ended.map(({ stderr }) => stderr).join('\n')
    for (const { trail, receiver } of ends) {
      const entries = all.filter(({ path }) => path.includes(`_${new URL(receiver.url).port}-`))
      const missing = shape.drops ? [] : trail.missing(committed(state), entries)
      t.equal(some(missing), '0: ', `${name}: what is committed is at the receiver or in the spool`, { said })
      t.equal(some(trail.unsent(entries)), '0: ', `${name}: what is done with is at the receiver`, { said })
      t.same([...trail.faults, ...receiver.faults], [], `${name}: what arrives is right, in order`)
    }
  }
}

async function chaos(t: Test, shape: Shape, random: Random, kills: number): Promise<void> {
  const folder = temporary(t)
  const journey = new Journey(t, shape, random, folder)
  await journey.begin()
  const { ends, state } = journey
  while (journey.kills < kills) {
    journey.feed(random.between(300, 3000))
    for (const { receiver } of shape.drops ? ends : ends.slice(1)) receiver.mood = random.pick(['well', 'flaky', 'down'])
    await journey.run(random.next() < 0.15 ? 'stop' : 'kill')
  }
  for (const { receiver } of ends) receiver.mood = 'well'
  const { ended } = await journey.run('end')
  const said = ended.map(({ stderr }) => stderr).join('')
  t.same(ended.map(({ code }) => code), ended.map(() => 0), 'exit codes', { said })
  for (const { trail } of ends) {
    if (!shape.drops) t.equal(some(trail.missing(trail.end)), '0: ', 'everything arrived')
    t.equal(committed(state), trail.end, 'and is committed')
  }
  const accounts = ['receive', 'relabel', 'write'].map((stage) => said.split('\n').find((line) => line.startsWith(`{"stage":"${stage}`)))
  t.match(await sh('solder ledger --settled -', { stdin: accounts.join('\n') }), { code: 0 })
  const requests = ends.map(({ receiver }) => receiver.requests)
  await journey.run('end')
  t.same(ends.map(({ receiver }) => receiver.requests), requests, 'one more run has nothing to send')
  for (const { trail, receiver } of ends) {
    const what = `${shape.name}: ${journey.kills} kills, ${journey.stops} stops`
    t.comment(`${what}, ${trail.arrived} of ${trail.kept} records, ${trail.again} arrived again; requests: ${waysText(receiver)}`)
  }
}

const random = new Random(SEED)
for (const shape of SHAPES) {
  const own = random.fork()
  t.test(`${shape.name} (CHAOS_SEED=${SEED})`, (t) => chaos(t, shape, own, Math.max(1, Math.round(KILLS * shape.share))))
}
