// A running pipeline: a process for each pipe, kept running; reloads that happen as a whole or not at all; an end
// without orphans.

import { readFileSync } from 'node:fs'
import type { Clock } from '../component.js'
import { EXIT, Problem } from '../diag/problem.js'
import { gapsIn } from '../ledger/sheet.js'
import type { BranchValues } from '../pipeline/branch_options.js'
import type { Pipeline } from '../pipeline/model.js'
import type { End, PipeChild, Tapped } from './child.js'
import type { Events } from './events.js'
import { digestOf, jobOf } from './job.js'
import { Link } from './links.js'
import { type PipeContext, SupervisedPipe } from './pipe.js'
import type { PipeJob, TapRequest } from './protocol.js'
import { Sockets } from './sockets.js'

export interface SupervisorOptions {
  /** Reads and checks the files. Throws Problems. */
  load(): Promise<Pipeline>
  /** Words that start the process of a pipe, but for the pipe's name. */
  readonly command: readonly string[]
  readonly events: Events
  readonly clock: Clock
  /** Of pipes that say nothing else. */
  readonly branch: BranchValues
  /** Bytes of memory for each process; null: any. */
  readonly maxMemory: number | null
  /** Milliseconds for draining. */
  readonly drain: number
  /** Whether it ends when all pipes have ended, and starts none of them again. */
  readonly once: boolean
}

/** What a reload has done. */
export interface Reloaded {
  readonly started: readonly string[]
  readonly stopped: readonly string[]
  readonly unchanged: readonly string[]
}

interface Attached {
  readonly pipe: string
  readonly request: TapRequest
  readonly tapped: Tapped
  child: PipeChild | null
  detach: () => void
}

/** Milliseconds between two looks at accounts and memory. */
const LOOK_EVERY = 1000

export class Supervisor {
  readonly sockets = new Sockets()
  #pipes = new Map<string, SupervisedPipe>()
  readonly #links = new Map<string, Link>()
  readonly #taps = new Set<Attached>()
  readonly #context: PipeContext
  #turn: Promise<unknown> = Promise.resolve()
  /** Also before the first start. */
  #reloading = true
  readonly #stopped = new AbortController()
  #ended: Promise<void> | null = null
  /** Pipes whose accounts did not add up the last time, with the sentences. */
  readonly #gaps = new Map<string, string>()
  reloads = { succeeded: 0, failed: 0 }

  constructor(private readonly options: SupervisorOptions) {
    const { events, command, clock, drain, once } = options
    const link = (writer: string, reader: string) => this.#link(`${writer} ${reader}`)
    this.#context = { events, command, clock, drain, once, sockets: this.sockets, link }
  }

  get pipes(): readonly SupervisedPipe[] {
    return [...this.#pipes.values()]
  }

  get stopping(): boolean {
    return this.#stopped.signal.aborted
  }

  /** Why it is not ready, a sentence each. */
  unready(): string[] {
    const waits = this.pipes.filter(({ state }) => state !== 'running' && state !== 'done')
    return [
      ...(this.stopping ? ['stopping'] : []),
      ...(this.#reloading ? ['reloading'] : []),
      ...waits.map(({ name, state }) => `${name}: ${state}`),
    ]
  }

  /** Reads the files, and goes over to what they say; throws Problems where it cannot: nothing has changed then. */
  reload(): Promise<Reloaded> {
    return this.#inTurn(() => this.options.load())
  }

  /** Starts what was read; throws a Problem where that cannot be, and nothing runs then. */
  start(pipeline: Pipeline): Promise<Reloaded> {
    return this.#inTurn(() => Promise.resolve(pipeline))
  }

  #inTurn(load: () => Promise<Pipeline>): Promise<Reloaded> {
    const turn = this.#turn.catch(() => {}).then(() => this.#reload(load))
    this.#turn = turn
    return turn
  }

  async #reload(load: () => Promise<Pipeline>): Promise<Reloaded> {
    if (this.stopping) throw new Problem('stopping')
    this.#reloading = true
    try {
      const pipeline = await load()
      const reloaded = await this.#apply(pipeline)
      this.reloads.succeeded++
      return reloaded
    } catch (error) {
      this.reloads.failed++
      throw error
    } finally {
      this.#reloading = false
    }
  }

  async #apply(pipeline: Pipeline): Promise<Reloaded> {
    const { branch, once } = this.options
    const next = new Map<string, SupervisedPipe>()
    const fresh: SupervisedPipe[] = []
    for (const pipe of pipeline.pipes) {
      const digest = await digestOf(pipe)
      const before = this.#pipes.get(pipe.name)
      const same = before?.digest === digest && before.state !== 'failed'
      const one = same ? before : this.#pipe(jobOf(pipe, branch, once), digest, before)
      next.set(pipe.name, one)
      if (!same) fresh.push(one)
    }
    await this.#all(fresh, (pipe) => pipe.load())
    const leaving = this.pipes.filter((pipe) => next.get(pipe.name) !== pipe)
    await this.#stopAll(leaving, true)
    try {
      await this.#all(fresh, (pipe) => pipe.open())
      await this.#all(fresh, (pipe) => pipe.start())
    } catch (error) {
      await this.#restore(leaving)
      throw error
    }
    this.#pipes = next
    this.sockets.tidy()
    const unchanged = [...next.keys()].filter((name) => !fresh.some((pipe) => pipe.name === name))
    return { started: fresh.map(({ name }) => name), stopped: leaving.map(({ name }) => name), unchanged }
  }

  /** Takes a step with all pipes; if it fails with one, all of them end, and it throws why. */
  async #all(pipes: readonly SupervisedPipe[], step: (pipe: SupervisedPipe) => Promise<End | null>): Promise<void> {
    const ends = await Promise.all(pipes.map(async (pipe) => ({ pipe, end: await step(pipe) })))
    const failed = ends.filter(({ end }) => end !== null)
    if (failed.length === 0) return
    await Promise.all(pipes.map((pipe) => pipe.stop(true)))
    const [{ end }] = failed
    const exit = end!.code === EXIT.usage || end!.code === EXIT.temporary ? end!.code : EXIT.failed
    const words = failed.map(({ pipe, end }) => `${pipe.name}: ${end!.errors.join('; ') || `exit code ${end!.code}`}`)
    throw new Problem(`cannot start ${words.join('; ')}`, { exit })
  }

  /** What was stopped for others that cannot be started runs again. */
  async #restore(pipes: readonly SupervisedPipe[]): Promise<void> {
    await Promise.all(
      pipes.map(async (before) => {
        if (before.state === 'failed') return
        const pipe = this.#pipe(before.job, before.digest, before)
        this.#pipes.set(pipe.name, pipe)
        await pipe.resume()
      }),
    )
  }

  #pipe(job: PipeJob, digest: string, before?: SupervisedPipe): SupervisedPipe {
    const pipe = new SupervisedPipe(job, digest, this.#context, before?.totals)
    pipe.started = (child) => {
      for (const tap of this.#taps) if (tap.pipe === pipe.name) attach(tap, child)
    }
    return pipe
  }

  /** A pipe is stopped when those that it reads have ended, so that nothing is under way between them. */
  async #stopAll(pipes: readonly SupervisedPipe[], handOver: boolean): Promise<void> {
    const stops = new Map<string, Promise<void>>()
    const stop = (pipe: SupervisedPipe): Promise<void> => {
      const known = stops.get(pipe.name)
      if (known !== undefined) return known
      const before = pipes.filter(({ name }) => pipe.job.reads.includes(name)).map(stop)
      const stopped = Promise.all(before).then(() => pipe.stop(handOver))
      stops.set(pipe.name, stopped)
      return stopped
    }
    await Promise.all(pipes.map(stop))
  }

  /** Looks at a stage, from process to process, until the function that it gives is called. */
  tap(pipe: string, request: TapRequest, tapped: Tapped): () => void {
    const child = this.#pipes.get(pipe)?.child
    const attached: Attached = { pipe, request, tapped, child: null, detach: () => {} }
    this.#taps.add(attached)
    if (child !== undefined && child !== null) attach(attached, child)
    return () => {
      this.#taps.delete(attached)
      attached.detach()
    }
  }

  /** Keeps an eye on accounts and memory until the end; the exit code then. */
  async run(): Promise<number> {
    const { clock, once } = this.options
    while (!this.stopping) {
      if (once && this.pipes.every(({ state }) => state === 'done' || state === 'failed')) break
      const ended = once ? [Promise.all(this.pipes.map(({ over }) => over))] : []
      await Promise.race([clock.sleep(LOOK_EVERY, this.#stopped.signal), ...ended])
      await this.look()
    }
    await this.stop()
    return once ? worst(this.pipes.map(({ code }) => code ?? EXIT.done)) : EXIT.done
  }

  /** Asks all processes for their accounts. */
  async look(): Promise<void> {
    await Promise.all(this.pipes.map((pipe) => pipe.child?.refresh()))
    for (const pipe of this.pipes) {
      this.#balance(pipe)
      this.#memory(pipe)
    }
  }

  /** Drains all pipes and ends. */
  stop(): Promise<void> {
    return (this.#ended ??= this.#end())
  }

  async #end(): Promise<void> {
    this.#stopped.abort()
    await this.#turn.catch(() => {})
    await this.#stopAll(this.pipes, false)
    this.sockets.close()
  }

  /** Ends everything at once. */
  kill(): void {
    this.#stopped.abort()
    for (const pipe of this.pipes) pipe.kill()
  }

  #balance(pipe: SupervisedPipe): void {
    const sheet = pipe.child?.report?.sheet
    if (sheet === undefined) return
    const text = gapsIn(sheet).map((gap) => gap.text).join('; ')
    const news = text !== '' && this.#gaps.get(pipe.name) !== text
    if (news) this.options.events.error(`the accounts do not add up: ${text}`, pipe.name)
    this.#gaps.set(pipe.name, text)
  }

  #memory(pipe: SupervisedPipe): void {
    const { maxMemory, events } = this.options
    const { child, state } = pipe
    if (maxMemory === null || child?.report === null || child?.report === undefined || state !== 'running') return
    const bytes = residentBytes(child.pid!) ?? child.report.rss
    if (bytes <= maxMemory) return
    const mib = (size: number) => `${Math.round(size / (1 << 20))} MiB`
    events.error(`${mib(bytes)} of memory, more than ${mib(maxMemory)} (--max-memory): starting it again`, pipe.name)
    void pipe.restart()
  }

  #link(key: string): Link {
    const link = this.#links.get(key) ?? new Link()
    this.#links.set(key, link)
    return link
  }
}

function attach(tap: Attached, child: PipeChild): void {
  if (tap.child === child) return
  tap.child = child
  tap.detach = child.tap(tap.request, tap.tapped)
}

/** What needs a person first, then what failed, then what may work later. */
function worst(codes: readonly number[]): number {
  const rank = (code: number) => (code === EXIT.usage ? 3 : code === EXIT.temporary ? 1 : code === EXIT.done ? 0 : 2)
  return codes.reduce((a, b) => (rank(b) > rank(a) ? b : a), EXIT.done as number)
}

/** Resident memory of a process on Linux; null elsewhere, or where it has ended. */
function residentBytes(pid: number): number | null {
  try {
    const found = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))
    return found === null ? null : Number(found[1]) * 1024
  } catch {
    return null
  }
}
