// A program whose lines become records: kept running as its restart policy says, ended with whoever runs it.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Readable } from 'node:stream'
import type { SourceContext } from '../component.js'
import { Backoff } from '../delivery/backoff.js'
import { EXIT, Problem } from '../diag/problem.js'
import { durationText } from '../option/value.js'
import { labelsOf } from '../record/labels.js'
import { Stamps } from './stamps.js'
import { TextLines, type TextOptions } from './text_lines.js'

export interface ProgramOptions extends TextOptions {
  readonly label: ReadonlyMap<string, string>
  readonly restart: 'never' | 'on-failure' | 'always'
  /** Milliseconds. */
  readonly min_backoff: number
  readonly max_backoff: number
  readonly stop_timeout: number
}

type Context = Pick<SourceContext, 'account' | 'clock' | 'emit' | 'log' | 'signal'>

const STREAMS = ['stdout', 'stderr'] as const

export class LineProgram {
  readonly #stamps: Stamps

  /**
   * @param words the program and its arguments; no shell reads them
   * @param tie what starts them so that they end when this process does
   */
  constructor(
    private readonly words: readonly string[],
    private readonly options: ProgramOptions,
    private readonly tie: (words: readonly string[]) => Promise<readonly string[]>,
    private readonly context: Context,
  ) {
    this.#stamps = new Stamps(context.clock)
  }

  /** Until the program is not to be started again, or the signal. Throws a Problem where it ended badly. */
  async run(): Promise<void> {
    const { clock, log, signal } = this.context
    const { restart, min_backoff, max_backoff } = this.options
    let backoff = new Backoff(min_backoff, max_backoff)
    while (!signal.aborted) {
      const began = clock.monotonic()
      const end = await this.#once()
      if (signal.aborted) return
      const text = `${this.words[0]} ${typeof end === 'number' ? `ended with ${end}` : `was ended by ${end}`}`
      if (end === 0 && restart !== 'always') return
      if (restart === 'never') throw new Problem(text, { exit: EXIT.failed })
      // What ran for longer than the longest wait is well.
      if (clock.monotonic() - began >= max_backoff) backoff = new Backoff(min_backoff, max_backoff)
      const wait = Math.round(backoff.next())
      log[end === 0 ? 'info' : 'error'](`${text}: starting it again in ${durationText(wait)}`)
      await clock.sleep(wait, signal)
    }
  }

  /** Starts it and passes its lines on; its exit code, or the signal that ended it. */
  async #once(): Promise<number | NodeJS.Signals> {
    const [command, ...rest] = await this.tie(this.words)
    const child = spawn(command, rest, { stdio: ['ignore', 'pipe', 'pipe'] })
    const started = once(child, 'spawn').catch((cause: NodeJS.ErrnoException) => {
      throw new Problem(`cannot start ${this.words[0]}: ${cause.code}`, { cause, exit: EXIT.temporary })
    })
    const exited = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>
    exited.catch(() => {})
    await started
    const over = new AbortController()
    const stopped = this.#stop(child, over.signal)
    try {
      const read = Promise.all(STREAMS.map((name) => this.#read(child[name]!, name)))
      const [code, signal] = await Promise.race([exited, read.then(() => exited)])
      // A child of its own may hold its output open.
      await Promise.race([read, this.context.clock.sleep(this.options.stop_timeout, over.signal)])
      return signal ?? code!
    } finally {
      over.abort()
      child.stdout!.destroy()
      child.stderr!.destroy()
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL')
      await stopped
    }
  }

  /** Asks it to end when this process is asked to; kills it where it does not in time. */
  async #stop(child: ChildProcess, over: AbortSignal): Promise<void> {
    const { signal, clock } = this.context
    const ask = () => {
      child.kill('SIGTERM')
      void clock.sleep(this.options.stop_timeout, over).then(() => over.aborted || child.kill('SIGKILL'))
    }
    if (signal.aborted) ask()
    else signal.addEventListener('abort', ask, { once: true })
    await new Promise<void>((resolve) => {
      if (over.aborted) resolve()
      else over.addEventListener('abort', () => resolve(), { once: true })
    })
    signal.removeEventListener('abort', ask)
  }

  async #read(stream: Readable, name: (typeof STREAMS)[number]): Promise<void> {
    const labels = labelsOf([...this.options.label, ['stream', name]])
    const lines = new TextLines(labels, this.options, this.#stamps, this.context)
    try {
      for await (const chunk of stream) {
        this.context.account.in_bytes += (chunk as Buffer).length
        await lines.push(chunk as Buffer)
      }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error
    }
    await lines.end()
  }
}
