// The process of one pipe: does what its supervisor says, and does not outlive it.

import type { Socket } from 'node:net'
import { type Catalogue, type Input, loadComponent } from '../component.js'
import { EXIT, type ExitCode, Problem, Problems, renderProblem } from '../diag/problem.js'
import { systemClock } from '../io/clock.js'
import { stderrLog } from '../io/log.js'
import { ReaderGone } from '../io/output.js'
import { HAND_OVER } from '../io/signal.js'
import { listenThrough } from '../net/door.js'
import { doorsOf } from '../net/listen.js'
import type { OptionTable } from '../option/table.js'
import { type Chain, type GraphContext, type GraphStage, RunningGraph } from '../pipeline/graph.js'
import { Doors } from './doors.js'
import { linkSink, linkSource } from './link_stages.js'
import { FIRST_LINK, type FromPipe, type PipeJob, type StageJob, type ToPipe } from './protocol.js'
import { Taps } from './taps.js'

/** Milliseconds after which sources that have not failed count as started. */
const SETTLED = 250
/** Milliseconds that a server has to listen. */
const LISTENING = 30_000

/** Runs as the process of a pipe; the exit code. Throws a Problem where no supervisor has started this process. */
export async function runPipeProcess(catalogue: Catalogue): Promise<ExitCode> {
  if (process.send === undefined) {
    throw new Problem('a supervisor starts this, not a person', { expected: 'solder run FILE' })
  }
  // Whoever dies takes all of his with him: the programs of this pipe are in the same group.
  process.on('disconnect', () => process.kill(-process.pid, 'SIGKILL'))
  return new PipeProcess(catalogue).run()
}

function send(message: FromPipe): Promise<void> {
  return new Promise((resolve) => process.send!(message, undefined, {}, () => resolve()))
}

class PipeProcess {
  readonly #stop = new AbortController()
  readonly #doors = new Doors((message) => void send(message))
  readonly #taps = new Taps(send)
  #graph: RunningGraph | null = null
  #chains: { from: Chain[]; through: Chain; to: Chain[] } | null = null
  #job: PipeJob | null = null
  #running = false
  #done!: (code: ExitCode) => void

  constructor(private readonly catalogue: Catalogue) {}

  run(): Promise<ExitCode> {
    listenThrough((address, connection) => this.#doors.open(address, connection))
    process.on('message', (message, handle) => this.#take(message as ToPipe, handle as Socket | undefined))
    return new Promise((resolve) => (this.#done = resolve))
  }

  #take(message: ToPipe, socket: Socket | undefined): void {
    switch (message.type) {
      case 'start':
        return void this.#load(message.job)
      case 'open':
        return void this.#open()
      case 'run':
        return void this.#run(this.#graph!)
      case 'stop':
        this.#stop.abort(message.handOver ? HAND_OVER : undefined)
        // What has never run has nothing to drain.
        return void (this.#running || this.#end(EXIT.done, false))
      case 'report':
        return this.#report(message.id)
      case 'tap':
        return void this.#taps.open(message.id, message.request, this.#graph)
      case 'untap':
        return this.#taps.close(message.id)
      case 'listening':
        return this.#doors.opened(message.id, message.address, message.code)
      case 'connection':
        return this.#doors.connection(message.id, message.socket, socket)
    }
  }

  async #load(job: PipeJob): Promise<void> {
    this.#job = job
    const { name, from, through, to, reads, readers } = job
    const chain = (stages: readonly StageJob[]) => Promise.all(stages.map((stage) => this.#stage(stage)))
    const inlets = from.map(async ({ pipe, stages }) => {
      const link = pipe === null ? [] : [linkSource(pipe, FIRST_LINK + reads.indexOf(pipe))]
      return [...link, ...(await chain(stages))]
    })
    const outlets = readers.map((reader, i) => [linkSink(reader, FIRST_LINK + reads.length + i)])
    try {
      this.#chains = {
        from: await Promise.all(inlets),
        through: await chain(through),
        to: [...(await Promise.all(to.map(chain))), ...outlets],
      }
      await send({ type: 'loaded' })
    } catch (error) {
      await this.#end(this.#tell(error, name), true)
    }
  }

  async #stage(job: StageJob): Promise<GraphStage> {
    if ('program' in job) return { id: job.id, stage: { program: job.program } }
    const entry = this.catalogue.find(({ name }) => name === job.component)!
    const component = await loadComponent(entry)
    if (component.role === 'tool') throw new Problem(`'${component.name}' is no stage of a pipe`)
    return { id: job.id, stage: { component, input: job.input as Input<OptionTable> } }
  }

  async #open(): Promise<void> {
    const log = stderrLog(this.#job!.name, 'info', 'json', systemClock)
    const { signal: stop } = this.#stop
    const context: GraphContext = { clock: systemClock, log, stop, tell: (error, name) => this.#tell(error, name) }
    const { branch, spools, once } = this.#job!
    const opened = await RunningGraph.open({ ...this.#chains!, branch, spools, restarts: !once }, context)
    if (typeof opened === 'number') return this.#end(opened, true)
    this.#graph = opened
    this.#taps.opened(opened)
    await send({ type: 'opened' })
  }

  async #run(graph: RunningGraph): Promise<void> {
    this.#running = true
    const running = graph.run()
    const settled = new AbortController()
    // Servers say themselves that they have started.
    const listening = Promise.race([this.#doors.reached(this.#servers()), systemClock.sleep(LISTENING, settled.signal)])
    void Promise.all([listening, systemClock.sleep(SETTLED, settled.signal)]).then(() => {
      if (!settled.signal.aborted) void send({ type: 'ready' })
    })
    const { code, failed } = await running
    // A pipe may be done before anybody could say that it has failed; one that runs once stops no other by its failure.
    if (!failed || this.#job!.once) await send({ type: 'ready' })
    settled.abort()
    await this.#end(code, failed)
  }

  /** Addresses that sources have this process's supervisor listen on. */
  #servers(): number {
    const stages = this.#chains!.from.flat().map(({ stage }) => stage)
    const doors = stages.map((stage) => ('input' in stage ? doorsOf(stage.input.options.listen) : 0))
    return doors.reduce((sum, count) => sum + count, 0)
  }

  async #end(code: ExitCode, failed: boolean): Promise<void> {
    if (this.#graph !== null) this.#report(0)
    await this.#taps.flush()
    await send({ type: 'ended', code, failed })
    this.#done(code)
  }

  #report(id: number): void {
    const sheet = this.#graph?.sheet() ?? { entries: [], junctions: [] }
    const { user, system } = process.cpuUsage()
    const busy = this.#graph?.busy() ?? new Map<string, number>()
    const report = { sheet, busy, cpu: (user + system) / 1e6, rss: process.memoryUsage.rss() }
    void send({ type: 'report', id, report })
  }

  /** A line of the log for each problem; the exit code. */
  #tell(error: unknown, name: string): ExitCode {
    if (error instanceof ReaderGone) return EXIT.readerGone
    const log = stderrLog(name.replace(/^solder /, ''), 'info', 'json', systemClock)
    const problems = error instanceof Problems ? error.list : error instanceof Problem ? [error] : []
    for (const problem of problems) log.error(renderProblem(problem, '').replace(/^: /, '').trimEnd())
    if (problems.length === 0) log.error((error as Error).message)
    return problems[0]?.exit ?? EXIT.failed
  }
}
