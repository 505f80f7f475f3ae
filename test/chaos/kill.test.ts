// kill -9 of each stage of real pipes at random moments, before a receiver that fails in every way: everything committed is
// at the receiver or in the spool, everything arrives in the end, in order, and the accounts say how much is where.
//
// CHAOS_KILLS: how many kills, CHAOS_SEED: which ones.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { FlakyReceiver, RUN_HEADER } from '../support/flaky_receiver.js'
import { Random } from '../support/random.js'
import { sh } from '../support/solder.js'
import { checkRun, type Fate, KILLS, QUICK, type Run, runPipe, SEED, some, waysText } from './run.js'
import { RELABEL, Trail } from './trail.js'

t.setTimeout(KILLS * 20_000 + 60_000)
t.comment(`CHAOS_SEED=${SEED} CHAOS_KILLS=${KILLS}`)

/** What a source reads at once, and puts a checkpoint behind. */
const PIECE = 1 << 18

interface Shape {
  name: string
  protocol: '1' | '2' | 'auto'
  fused: boolean
  /** Of the kills. */
  share: number
}

const SHAPES: readonly Shape[] = [
  { name: 'three processes', protocol: '1', fused: false, share: 0.5 },
  { name: 'three processes, remote write 2.0', protocol: '2', fused: false, share: 0.25 },
  { name: 'one process', protocol: 'auto', fused: true, share: 0.25 },
]

/** A file on its way to a receiver, run after run. */
class Journey {
  readonly trail: Trail
  readonly state: string
  receiver!: FlakyReceiver
  kills = 0
  stops = 0
  #runs = 0

  constructor(
    private readonly t: Test,
    private readonly shape: Shape,
    private readonly random: Random,
    private readonly folder: string,
  ) {
    this.trail = new Trail(join(folder, 'in.ndjson'))
    this.state = join(folder, 'state')
  }

  async run(fate: Fate): Promise<Run> {
    const name = `run-${this.#runs++}`
    const { folder, state, receiver, random, trail } = this
    const run = await runPipe(name, this.#stages(name), folder, state, fate, receiver, random)
    this.kills += run.kills
    if (fate === 'stop') this.stops++
    this.#check(run)
    if (trail.faults.length + receiver.faults.length > 0) this.t.bailout(`CHAOS_SEED=${SEED}`)
    return run
  }

  #stages(name: string): string[] {
    const { random, shape, state, trail } = this
    const source = `solder receive ndjson ${trail.path} --state ${state} --ledger`
    const sink =
      `solder write prometheus ${this.receiver.url} --state ${state} --protocol ${shape.protocol} --no-metadata --ledger` +
      ` --header ${RUN_HEADER}=${name} --fsync ${random.pick(['interval', 'interval', 'never', 'always'])}` +
      ` --spool-bytes ${random.pick(['64KiB', '256KiB', '1GiB'])} ${QUICK}`
    const stages = [source, RELABEL, sink]
    return shape.fused ? [`solder run -e "${stages.map((words) => words.slice('solder '.length)).join(' | ')}"`] : stages
  }

  #check(run: Run): void {
    const { t, trail, state, receiver } = this
    const entries = checkRun(t, run, state, receiver, Math.ceil(trail.bytes / PIECE) + 1)
    const said = run.ended.map(({ stderr }) => stderr).join('\n')
    const missing = trail.missing(trail.committed(state), entries)
    t.equal(some(missing), '0: ', `${run.name}: what is committed is at the receiver or in the spool`, { said })
    t.equal(some(trail.unsent(entries)), '0: ', `${run.name}: what is done with is at the receiver`, { said })
    t.same([...trail.faults, ...receiver.faults], [], `${run.name}: what arrives is right, in order`)
  }
}

async function chaos(t: Test, shape: Shape, random: Random, kills: number): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'solder-chaos-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }))
  const journey = new Journey(t, shape, random, folder)
  const { trail, state } = journey
  const knowsTwo = shape.protocol !== 'auto'
  const receiver = await FlakyReceiver.start(random.fork(), ({ samples }) => trail.arrive(samples), knowsTwo)
  journey.receiver = receiver
  t.teardown(() => receiver.stop())
  trail.feed(1000)
  while (journey.kills < kills) {
    trail.feed(random.between(300, 4000))
    await journey.run(random.next() < 0.15 ? 'stop' : 'kill')
  }
  receiver.mood = 'well'
  const { ended } = await journey.run('end')
  const said = ended.map(({ stderr }) => stderr).join('')
  t.same(ended.map(({ code }) => code), ended.map(() => 0), said)
  t.equal(some(trail.missing(trail.end)), '0: ', 'everything arrived')
  t.equal(trail.arrived, trail.kept)
  t.equal(trail.committed(state), trail.end, 'and is committed')
  const accounts = ['receive', 'relabel', 'write'].map((stage) => said.split('\n').find((line) => line.startsWith(`{"stage":"${stage}`)))
  t.match(await sh('solder ledger --settled -', { stdin: accounts.join('\n') }), { code: 0 })
  const { requests } = receiver
  await journey.run('end')
  t.equal(receiver.requests, requests, 'one more run has nothing to send')
  t.comment(`${shape.name}: ${journey.kills} kills, ${journey.stops} stops, ${trail.arrived} records, ${trail.again} arrived again`)
  t.comment(`requests: ${waysText(receiver)}`)
}

const random = new Random(SEED)
for (const shape of SHAPES) {
  const own = random.fork()
  t.test(`${shape.name} (CHAOS_SEED=${SEED})`, (t) => chaos(t, shape, own, Math.max(1, Math.round(KILLS * shape.share))))
}
