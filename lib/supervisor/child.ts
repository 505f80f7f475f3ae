// The process of a pipe as its supervisor sees it: started, spoken to, and ended with all that it started.

import { type ChildProcess, spawn } from 'node:child_process'
import type { Socket } from 'node:net'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { withoutSecrets } from '../diag/hidden.js'
import { durationText } from '../option/value.js'
import { type Events, eventOf } from './events.js'
import { FIRST_LINK, type FromPipe, type PipeJob, type Report, type TapRequest, type ToPipe } from './protocol.js'
import type { Sockets } from './sockets.js'

/** How a process ended. */
export interface End {
  /** Of the process, or what its signal amounts to: 128 and more. */
  readonly code: number
  readonly signal: NodeJS.Signals | null
  /** Whether something else than records kept it from its end. */
  readonly failed: boolean
  /** What it said was wrong since it was started, newest last. */
  readonly errors: readonly string[]
}

export interface Stopping {
  /** Milliseconds for draining. */
  readonly within: number
  /** Whether another process goes on with what this one leaves on the disk. */
  readonly handOver: boolean
}

export interface ChildContext {
  readonly events: Events
  readonly sockets: Sockets
  /** Words that start the process of a pipe, but for the pipe's name. */
  readonly command: readonly string[]
}

export type Tapped = (lines: string, missed: number, refused: string | null) => void

function step(): { taken: Promise<void>; take: () => void } {
  let take = () => {}
  const taken = new Promise<void>((resolve) => (take = resolve))
  return { taken, take }
}

/** Errors that are kept to say why a pipe cannot be started. */
const KEPT = 10
/** Milliseconds after which it is told what is waited for. */
const TOLD_MS = 4000
/** Milliseconds that a process has for its report. */
const REPORT_MS = 2000

export class PipeChild {
  readonly #process: ChildProcess
  readonly #steps = { loaded: step(), opened: step(), ready: step() }
  readonly ended: Promise<End>
  #said: { code: number; failed: boolean } | null = null
  #errors: string[] = []
  #reports = new Map<number, (report: Report | null) => void>()
  #releases = new Map<number, () => void>()
  #taps = new Map<number, Tapped>()
  /** Connections that were handed over, and have not been taken yet. */
  #handed = new Map<number, Socket>()
  #next = 1
  #over = false
  /** What it told last. */
  report: Report | null = null

  constructor(
    readonly job: PipeJob,
    private readonly context: ChildContext,
  ) {
    const [command, ...words] = context.command
    const links = job.reads.length + job.readers.length
    this.#process = spawn(command, [...words, job.name], {
      stdio: ['ignore', 'inherit', 'pipe', 'ipc', ...Array.from({ length: links }, () => 'pipe' as const)],
      serialization: 'advanced',
      // A group of its own: a terminal's Ctrl-C reaches the supervisor alone, and the group can be ended as one.
      detached: true,
    })
    this.#process.on('message', (message) => this.#take(message as FromPipe))
    this.#process.on('error', (error) => this.#errors.push(error.message))
    const lines = createInterface({ input: this.#process.stderr! })
    lines.on('line', (line) => this.#log(line))
    // Programs of its may have outlived it, and would keep its stderr open.
    this.#process.on('exit', () => this.kill())
    this.ended = new Promise((resolve) => this.#process.on('close', (code, signal) => resolve(this.#end(code, signal))))
    this.send({ type: 'start', job })
  }

  get pid(): number | undefined {
    return this.#process.pid
  }

  /** The code of the stages is there; false where it ended before. */
  loaded(): Promise<boolean> {
    return Promise.race([this.#steps.loaded.taken.then(() => true), this.ended.then(() => false)])
  }

  /** Sets up the stages; false where it failed at that. */
  open(): Promise<boolean> {
    this.send({ type: 'open' })
    return Promise.race([this.#steps.opened.taken.then(() => true), this.ended.then(() => false)])
  }

  /** Starts the sources; false where one failed at that. */
  run(): Promise<boolean> {
    this.send({ type: 'run' })
    return Promise.race([this.#steps.ready.taken.then(() => true), this.ended.then(({ failed }) => !failed)])
  }

  /** Drains and ends; after some time it is killed. */
  async stop({ within, handOver }: Stopping): Promise<End> {
    // Connections that come now are for whoever follows.
    for (const release of this.#releases.values()) release()
    this.#releases.clear()
    this.send({ type: 'stop', handOver })
    const { events } = this.context
    const bound = `within ${durationText(within)} (--drain)`
    const told = setTimeout(() => void this.#holding().then((what) => {
      if (!this.#over && what !== '') events.info(`to be drained ${bound}: ${what}`, this.job.name)
    }), TOLD_MS)
    const late = setTimeout(() => void this.#holding().then((what) => {
      if (this.#over) return
      events.warn(`not drained ${bound}: killed${what === '' ? '' : `, while ${what}`}`, this.job.name)
      this.kill()
    }), within)
    return this.ended.finally(() => {
      clearTimeout(told)
      clearTimeout(late)
    })
  }

  /** Which stages hold records, and how many. */
  async #holding(): Promise<string> {
    const { sheet } = (await this.refresh()) ?? { sheet: { entries: [] } }
    const holding = sheet.entries.filter(({ pending }) => pending > 0)
    return holding.map(({ stage, pending }) => `${stage} holds ${pending} records`).join(', ')
  }

  /** Ends it and the programs that it started, at once. */
  kill(): void {
    if (this.pid === undefined) return
    try {
      process.kill(-this.pid, 'SIGKILL')
    } catch {
      // All of them have ended.
    }
  }

  /** The accounts as they are now; those told last where it does not answer. */
  async refresh(): Promise<Report | null> {
    if (this.#over) return this.report
    const id = this.#next++
    const answer = new Promise<Report | null>((resolve) => this.#reports.set(id, resolve))
    const late = setTimeout(() => this.#reports.get(id)?.(this.report), REPORT_MS)
    this.send({ type: 'report', id })
    return answer.finally(() => {
      clearTimeout(late)
      this.#reports.delete(id)
    })
  }

  /** Looks at a stage until the function that it gives is called. */
  tap(request: TapRequest, tapped: Tapped): () => void {
    const id = this.#next++
    this.#taps.set(id, tapped)
    this.send({ type: 'tap', id, request })
    return () => {
      this.#taps.delete(id)
      this.send({ type: 'untap', id })
    }
  }

  /** Its end of what joins it to a pipe that it reads. */
  linkFrom(pipe: string): Writable {
    return this.#process.stdio[FIRST_LINK + this.job.reads.indexOf(pipe)] as Writable
  }

  /** Its end of what joins it to a pipe that reads it. */
  linkTo(pipe: string): Readable {
    return this.#process.stdio[FIRST_LINK + this.job.reads.length + this.job.readers.indexOf(pipe)] as Readable
  }

  send(message: ToPipe): void {
    // A process that ended meanwhile says so itself.
    if (this.#process.connected) this.#process.send(message, () => {})
  }

  /** It stays open here until the process has it: one that dies before would leave its client without an end. */
  #hand(id: number, socket: Socket): boolean {
    if (!this.#process.connected) return false
    const number = this.#next++
    this.#handed.set(number, socket)
    const message: ToPipe = { type: 'connection', id, socket: number }
    this.#process.send(message, socket, { keepOpen: true }, () => {})
    return true
  }

  #take(message: FromPipe): void {
    switch (message.type) {
      case 'loaded':
      case 'opened':
      case 'ready':
        return this.#steps[message.type].take()
      case 'report':
        this.report = message.report
        return this.#reports.get(message.id)?.(message.report)
      case 'tapped':
        return this.#taps.get(message.id)?.(message.lines, message.missed, message.refused)
      case 'listen':
        return void this.#listen(message.id, message.address)
      case 'taken':
        this.#handed.get(message.socket)?.destroy()
        return void this.#handed.delete(message.socket)
      case 'closed':
        this.#releases.get(message.id)?.()
        return void this.#releases.delete(message.id)
      case 'ended':
        this.#said = message
    }
  }

  async #listen(id: number, text: string): Promise<void> {
    try {
      const deliver = (socket: Socket) => this.#hand(id, socket)
      const { address, release } = await this.context.sockets.claim(this.job.name, text, deliver)
      this.send({ type: 'listening', id, address, code: null })
      if (this.#over) release()
      else this.#releases.set(id, release)
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException
      this.send({ type: 'listening', id, address: null, code: code ?? message })
    }
  }

  #log(line: string): void {
    const event = eventOf(this.job.name, withoutSecrets(line))
    if (event.level === 'error') this.#errors = [...this.#errors.slice(1 - KEPT), event.message]
    this.context.events.tell(event)
  }

  #end(code: number | null, signal: NodeJS.Signals | null): End {
    this.#over = true
    for (const release of this.#releases.values()) release()
    // Something of these may have been read.
    for (const socket of this.#handed.values()) socket.destroy()
    for (const resolve of this.#reports.values()) resolve(this.report)
    const failed = signal !== null || this.#said === null || this.#said.failed
    return { code: code ?? 128, signal, failed, errors: this.#errors }
  }
}
