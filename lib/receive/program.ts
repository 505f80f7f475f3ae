// A program whose lines become records: kept running as its restart policy says.

import type { SourceContext } from '../component.js'
import { Backoff } from '../delivery/backoff.js'
import { EXIT, Problem } from '../diag/problem.js'
import { durationText } from '../option/value.js'
import { labelsOf } from '../record/labels.js'
import { type ChildOptions, type Reading, runChild } from './child.js'
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

export class LineProgram {
  readonly #stamps: Stamps
  readonly #child: ChildOptions

  /** @param words the program and its arguments; no shell reads them */
  constructor(
    private readonly words: readonly string[],
    private readonly options: ProgramOptions,
    tie: ChildOptions['tie'],
    private readonly context: Context,
  ) {
    this.#stamps = new Stamps(context.clock)
    this.#child = { tie, stopTimeout: options.stop_timeout }
  }

  /** Until the program is not to be started again, or the signal. Throws a Problem where it ended badly. */
  async run(): Promise<void> {
    const { clock, log, signal } = this.context
    const { restart, min_backoff, max_backoff } = this.options
    let backoff = new Backoff(min_backoff, max_backoff)
    while (!signal.aborted) {
      const began = clock.monotonic()
      const end = await runChild(this.words, this.#child, this.#reading('stdout'), this.#reading('stderr'), this.context)
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

  #reading(stream: 'stdout' | 'stderr'): Reading {
    const labels = labelsOf([...this.options.label, ['stream', stream]])
    const lines = new TextLines(labels, this.options, this.#stamps, this.context)
    const push = (chunk: Buffer) => {
      this.context.account.in_bytes += chunk.length
      return lines.push(chunk)
    }
    return { push, end: () => lines.end() }
  }
}
