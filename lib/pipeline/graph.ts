// A whole pipe in one process: branches come together, go through the stages that they share, and part again. Each
// stage keeps its account, and what comes out of it can be looked at while it runs.

import type { Clock, Log } from '../component.js'
import { EXIT, type ExitCode } from '../diag/problem.js'
import { StageAccount } from '../io/account.js'
import type { Seat, StageInput, StageOutput } from '../io/run.js'
import type { Junction, Sheet } from '../ledger/sheet.js'
import { durationText } from '../option/value.js'
import type { Batch } from '../record/batch.js'
import { Branch, type BranchOptions, splitOutput } from './branch.js'
import { type BranchSpoolOptions, strayFolders } from './branch_spool.js'
import { type Fusable, type Fusing, lastFailure, openFused, readsAgain, type Run } from './fused.js'
import { Restarts } from './restarts.js'
import { batchSeam, lineSeam } from './seam.js'

export interface GraphStage {
  /** Unique in its pipe. */
  readonly id: string
  readonly stage: Fusable
}

/** Stages in a line, at least one. The first of `from` is a source, the last of `to` a sink. */
export type Chain = readonly GraphStage[]

export interface Graph {
  readonly from: readonly Chain[]
  /** May be empty. */
  readonly through: Chain
  readonly to: readonly Chain[]
  readonly branch: BranchOptions
  /** Where branches of several have what finds no room in memory: a folder for each of `to`. Null: nowhere. */
  readonly spools: (BranchSpoolOptions & { readonly folders: readonly string[] }) | null
  /** Whether one of several chains side by side is started again when it fails. */
  readonly restarts: boolean
}

export interface GraphContext {
  readonly clock: Clock
  readonly log: Log
  readonly stop: AbortSignal
  /** Tells what ended a stage, or kept it from being set up; its exit code. */
  tell(error: unknown, name: string): ExitCode
}

/** Sees each batch, which is good until it returns. */
export type Onlooker = (batch: Batch) => void

interface Watched {
  readonly account: StageAccount
  /** Milliseconds of work on batches; null where nobody can tell, as of a source or a program. */
  worked: number | null
  readonly onlookers: Set<Onlooker>
}

const NOTHING: StageInput = { batches: async function* () {} }
const NOWHERE: StageOutput = {
  bytes: 0,
  failed: new Promise<never>(() => {}),
  batch: () => {},
  flush: () => Promise.resolve(),
}

/** Where chains meet: one seam, or a branch for each of several readers. */
interface Meeting {
  readonly output: StageOutput
  readonly inputs: readonly StageInput[]
  /** Lets go of a reader that failed; whether there is or may be something for another one in its place. */
  again(reader: number): boolean
  /** A writer is done. */
  end(): void
  /** A reader is done. */
  close(reader: number): void
}

export class RunningGraph {
  readonly #stages = new Map<string, Watched>()
  readonly #junctions: (() => Junction)[] = []
  readonly #branches = new Map<string, Branch>()
  readonly #runs: Run[] = []
  /** Something else than records kept a chain from its end. */
  #failed = false

  private constructor(
    private readonly graph: Graph,
    private readonly context: GraphContext,
  ) {}

  /** Sets up every stage; the exit code if one cannot be set up, which has been told. Sources check when they run. */
  static async open(graph: Graph, context: GraphContext): Promise<RunningGraph | ExitCode> {
    const running = new RunningGraph(graph, context)
    const code = await running.#open()
    return code === EXIT.done ? running : code
  }

  /** Runs to the end. Not `failed` is an end of its own, whatever records were rejected on the way. */
  async run(): Promise<{ code: ExitCode; failed: boolean }> {
    const codes = await Promise.all(this.#runs.map((run) => run()))
    await Promise.all([...this.#branches.values()].map((branch) => branch.release()))
    return { code: lastFailure(codes), failed: this.#failed }
  }

  /** The accounts of the moment. */
  sheet(): Sheet {
    const accounts = [...this.#stages, ...this.#branches] as [string, { account: StageAccount }][]
    const entries = accounts.map(([id, { account }]) => account.entry(id))
    return { entries, junctions: this.#junctions.map((junction) => junction()) }
  }

  /** Seconds for which stages worked on batches, by their ids. */
  busy(): Map<string, number> {
    const stages = [...this.#stages]
    return new Map(stages.flatMap(([id, { worked }]) => (worked === null ? [] : [[id, worked / 1000] as const])))
  }

  /** Looks at what comes out of a stage, or goes into a sink, until the function that it gives is called. */
  watch(id: string, onlooker: Onlooker): (() => void) | null {
    if (!this.#stages.has(id)) return null
    const seen = this.#seenAt(id).map((one) => this.#stages.get(one)!.onlookers)
    for (const onlookers of seen) onlookers.add(onlooker)
    return () => {
      for (const onlookers of seen) onlookers.delete(onlooker)
    }
  }

  async #open(): Promise<ExitCode> {
    const { from, through, to } = this.graph
    const last = through.length === 0 ? from : [through]
    const parting = this.#meeting(last, to)
    const joining = through.length === 0 ? parting : this.#meeting(from, [through])
    try {
      await this.#spools()
    } catch (error) {
      return this.context.tell(error, 'branches')
    }
    const codes: ExitCode[] = []
    const { stop } = this.context
    type Again = (() => boolean) | null
    const add = async (chain: Chain, input: StageInput, output: StageOutput, again: Again, done: () => void) => {
      const run = await this.#chain(chain, { stop, input, output }, this.graph.restarts ? again : null)
      if (typeof run === 'number') codes.push(run)
      else this.#runs.push(() => run().finally(done))
    }
    const always = from.length > 1 ? () => true : null
    for (const chain of from) await add(chain, NOTHING, joining.output, always, () => joining.end())
    if (through.length > 0) {
      await add(through, joining.inputs[0], parting.output, null, () => {
        joining.close(0)
        parting.end()
      })
    }
    for (const [i, chain] of to.entries()) {
      const again = to.length > 1 ? () => parting.again(i) : null
      await add(chain, parting.inputs[i], NOWHERE, again, () => parting.close(i))
    }
    return lastFailure(codes)
  }

  async #spools(): Promise<void> {
    const { spools } = this.graph
    if (spools === null) return
    const { log } = this.context
    for (const [i, branch] of [...this.#branches.values()].entries()) await branch.spool(spools.folders[i], spools, log)
    for (const { folder, records } of await strayFolders(spools.folders)) {
      const hint = `'solder spool cat ${folder}' prints them`
      log.warn(`${folder}: ${records} records of a branch that is not there any more; ${hint}`)
    }
  }

  #meeting(writers: readonly Chain[], readers: readonly Chain[]): Meeting {
    const tails = writers.map((chain) => chain[chain.length - 1])
    const from = tails.map(({ id }) => id)
    const again = (head: GraphStage) => tails.some(({ stage }) => readsAgain(stage, head.stage))
    let open = writers.length
    if (readers.length === 1) {
      const [[head]] = readers
      const seam = again(head) ? lineSeam() : batchSeam()
      this.#junctions.push(() => ({ from, to: head.id, waiting: seam.waiting }))
      const { output, input } = seam
      const end = () => void (--open === 0 && seam.end())
      return { output, inputs: [input], again: () => false, end, close: () => seam.close() }
    }
    const branches = readers.map(([{ id }]) => {
      const branch = new Branch(this.graph.branch, this.context.clock, this.context.stop)
      const name = `${id}-branch`
      this.#branches.set(name, branch)
      this.#junctions.push(() => ({ from, to: name, waiting: 0 }))
      this.#junctions.push(() => ({ from: [name], to: id, waiting: 0 }))
      return branch
    })
    return {
      output: splitOutput(branches),
      inputs: readers.map(([head], i) => branches[i].input(again(head))),
      again: (reader) => branches[reader].again(),
      end: () => void (--open === 0 && branches.forEach((branch) => branch.end())),
      close: (reader) => branches[reader].close(),
    }
  }

  /**
   * Several side by side live on without one that fails, which is started again; one alone is the pipe's failure.
   * @param again whether there is reason to start it again; null: there never is
   */
  async #chain(chain: Chain, seat: Seat, again: (() => boolean) | null): Promise<Run | ExitCode> {
    let failed = false
    let waiting: (() => number)[] = []
    const fusing: Fusing = {
      seamOf: (writer, reader) => {
        const seam = readsAgain(writer, reader) ? lineSeam() : batchSeam()
        waiting.push(() => seam.waiting)
        return seam
      },
      seatOf: (stage, own) => this.#seat(chain.find((one) => one.stage === stage)!, own),
      tell: (error, name) => {
        const code = this.context.tell(error, name)
        failed ||= code !== EXIT.readerGone
        return code
      },
    }
    const open = () => {
      failed = false
      waiting = []
      return openFused(chain.map(({ stage }) => stage), seat, fusing)
    }
    const first = await open()
    for (const [i, { id }] of chain.slice(1).entries()) {
      this.#junctions.push(() => ({ from: [chain[i].id], to: id, waiting: waiting[i]() }))
    }
    if (typeof first === 'number') return first
    return async () => {
      for (let [run, restarts] = [first as Run | ExitCode, new Restarts()]; ; run = await open()) {
        const began = this.context.clock.monotonic()
        const code = typeof run === 'number' ? run : await run()
        const lasted = this.context.clock.monotonic() - began
        if (failed && again?.() === true) {
          waiting = waiting.map(() => () => 0)
          this.#settle(chain)
          if (await this.#again(chain, code, restarts.next(code, lasted))) continue
        }
        this.#failed ||= failed
        return code
      }
    }
  }

  /** Waits until a chain that failed is to be started again; false where it is not. */
  async #again(chain: Chain, code: ExitCode, wait: number | null): Promise<boolean> {
    const { clock, log, stop } = this.context
    if (stop.aborted) return false
    const ids = chain.map(({ id }) => id).join(', ')
    const next = wait === null ? 'given up' : `again in ${durationText(Math.round(wait))}`
    log.error(`${ids}: ended with ${code}: ${next}; the others go on`)
    if (wait === null) return false
    await clock.sleep(wait, stop)
    return !stop.aborted
  }

  /** What was under way in a chain that failed is lost there; what came into it last is read again. */
  #settle(chain: Chain): void {
    const accounts = chain.map(({ id }) => this.#stages.get(id)!.account)
    for (const [i, account] of accounts.entries()) {
      if (i > 0) account.in = accounts[i - 1].out
      if (account.pending > 0) account.drop('failed', account.pending)
    }
  }

  #seat({ id, stage }: GraphStage, seat: Seat): Seat {
    const worked = 'component' in stage && stage.component.role !== 'source' ? 0 : null
    const watched = this.#stages.get(id) ?? { account: new StageAccount(), worked, onlookers: new Set<Onlooker>() }
    this.#stages.set(id, watched)
    const { output } = seat
    const { onlookers, account } = watched
    const seen: StageOutput = {
      get bytes() {
        return output.bytes
      },
      failed: output.failed,
      batch: (batch) => {
        if (onlookers.size > 0) for (const onlooker of onlookers) onlooker(batch)
        return output.batch(batch)
      },
      flush: () => output.flush(),
    }
    return { ...seat, output: seen, account, logFormat: 'json', worked: (ms) => void (watched.worked! += ms) }
  }

  /** The stages whose output is looked at: a sink shows what goes into it. */
  #seenAt(id: string): string[] {
    const { from, through, to } = this.graph
    const sink = to.find((chain) => chain[chain.length - 1].id === id)
    if (sink === undefined) return [id]
    if (sink.length > 1) return [sink[sink.length - 2].id]
    return (through.length > 0 ? [through] : from).map((chain) => chain[chain.length - 1].id)
  }
}
