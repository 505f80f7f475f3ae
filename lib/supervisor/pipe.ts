// A pipe that is kept running: its process of the moment, started again as its exit code says.

import type { Clock } from '../component.js'
import { EXIT } from '../diag/problem.js'
import { durationText } from '../option/value.js'
import { Restarts } from '../pipeline/restarts.js'
import { type ChildContext, type End, PipeChild } from './child.js'
import type { Link } from './links.js'
import type { PipeJob } from './protocol.js'
import { Totals } from './totals.js'

export type PipeState = 'starting' | 'running' | 'waiting' | 'draining' | 'done' | 'failed'

export interface PipeContext extends ChildContext {
  readonly clock: Clock
  /** What joins two pipes. */
  link(writer: string, reader: string): Link
  /** Milliseconds for draining. */
  readonly drain: number
  /** Whether a pipe that ends is left alone. */
  readonly once: boolean
}

export class SupervisedPipe {
  state: PipeState = 'starting'
  restarts = 0
  /** Exit code of its last process; null while there was none. */
  code: number | null = null
  /** Unix milliseconds at which its process was started. */
  since = 0
  #child: PipeChild | null = null
  #began = 0
  readonly #restarts = new Restarts()
  readonly #stop = new AbortController()
  /** It was asked to end, and to be started again. */
  #again = false
  #over!: () => void
  /** It is done, has failed for good, or was stopped. */
  readonly over: Promise<void>
  /** Called with every new process, when its stages are there or about to be. */
  started: (child: PipeChild) => void = () => {}

  constructor(
    readonly job: PipeJob,
    /** The same digest is the same pipe. */
    readonly digest: string,
    private readonly context: PipeContext,
    /** Those of a pipe of this name that it takes the place of go on. */
    readonly totals = new Totals(),
  ) {
    this.over = new Promise((resolve) => (this.#over = resolve))
  }

  get name(): string {
    return this.job.name
  }

  get child(): PipeChild | null {
    return this.#child
  }

  /** Starts a process and has it load its code: nothing is opened yet. Null where it works, else why not. */
  async load(): Promise<End | null> {
    const child = this.#spawn()
    return (await child.loaded()) ? null : this.#failed()
  }

  /** Sets up the stages of what is loaded. Null where it works, else why not. */
  async open(): Promise<End | null> {
    this.#connect(this.#child!)
    return (await this.#child!.open()) ? null : this.#failed()
  }

  /** Runs what is open, and keeps it running. Null where it works, else why not: it is not tried again then. */
  async start(): Promise<End | null> {
    if (!(await this.#child!.run())) return this.#failed()
    this.state = 'running'
    void this.#keep()
    return null
  }

  async #failed(): Promise<End> {
    this.state = 'failed'
    const end = await this.#child!.ended
    this.#ended(end)
    this.#over()
    return end
  }

  /** Starts and keeps running what has run before, however often it takes. */
  async resume(): Promise<void> {
    await this.#startAgain()
    void this.#keep()
  }

  /**
   * Drains, within its time, and ends.
   * @param handOver whether another process goes on with what this one leaves on the disk
   */
  async stop(handOver: boolean): Promise<void> {
    const { state } = this
    this.#stop.abort()
    if (state === 'done' || state === 'failed') return
    this.state = 'draining'
    await this.#child?.stop({ within: this.context.drain, handOver })
    // What has never run has nobody who would see its end.
    if (state === 'starting') this.#over()
    await this.over
  }

  /** Ends it at once. */
  kill(): void {
    this.#stop.abort()
    this.#child?.kill()
  }

  /** Drains and starts anew. */
  async restart(): Promise<void> {
    if (this.state !== 'running') return
    this.#again = true
    await this.#child?.stop({ within: this.context.drain, handOver: true })
  }

  #spawn(): PipeChild {
    this.#began = this.context.clock.monotonic()
    this.since = this.context.clock.millis()
    this.#child = new PipeChild(this.job, this.context)
    return this.#child
  }

  #connect(child: PipeChild): void {
    for (const writer of this.job.reads) this.context.link(writer, this.name).to(child.linkFrom(writer))
    for (const reader of this.job.readers) this.context.link(this.name, reader).from(child.linkTo(reader))
    this.started(child)
  }

  /** From end to end of its processes. */
  async #keep(): Promise<void> {
    const { events, clock, once } = this.context
    for (;;) {
      const end = await this.#child!.ended
      this.#ended(end)
      if (this.#stop.signal.aborted) break
      const { code, signal, failed } = end
      const again = this.#again
      this.#again = false
      if (!failed && !again) {
        this.state = 'done'
        events.info(`done, exit code ${code}`, this.name)
        break
      }
      const what = signal === null ? `ended with exit code ${code}` : `was ended by ${signal}`
      const wait = once ? null : this.#restarts.next(code, clock.monotonic() - this.#began)
      if (wait === null) {
        this.state = 'failed'
        events.error(`${what}${code === EXIT.usage ? ', which starting it again would not change' : ''}`, this.name)
        break
      }
      this.state = 'waiting'
      events.error(`${what}: starting it again in ${durationText(Math.round(wait))}`, this.name)
      await clock.sleep(wait, this.#stop.signal)
      if (this.#stop.signal.aborted) break
      this.restarts++
      await this.#startAgain()
    }
    for (const reader of this.job.readers) this.context.link(this.name, reader).end()
    this.#over()
  }

  async #startAgain(): Promise<void> {
    this.state = 'starting'
    const child = this.#spawn()
    if (!(await child.loaded())) return
    this.#connect(child)
    if ((await child.open()) && (await child.run())) this.state = 'running'
  }

  #ended({ code }: End): void {
    this.code = code
    const { report } = this.#child!
    if (report !== null) this.totals.add(report)
    this.#child!.report = null
  }
}
