// multiline: joins the lines of a stream that belong together: a first line, and those behind it up to the next first line.

import { Problem } from '../../diag/problem.js'
import type { Identity } from '../../record/identity.js'
import type { Pattern } from '../../regex/pattern.js'
import { defineStage } from '../definition.js'
import type { LogEntry } from '../entry.js'
import { searching } from '../source.js'
import type { HoldingStage, Next, StageContext } from '../stage.js'
import { withoutNewlines } from '../text.js'

export default defineStage({
  name: 'multiline',
  options: {
    firstline: { type: 'string', help: 'an RE2 expression that matches the first line of each block', since: '0.1.0' },
    max_wait_time: {
      type: 'duration', default: '3s', since: '0.1.0',
      help: 'longest time that a block waits for another line',
    },
    max_lines: { type: 'int', default: 128, min: 0, help: 'lines of the longest block; 0: no bound', since: '0.1.0' },
    max_block_size: {
      type: 'bytes', default: '1MiB', since: '0.1.0',
      help: 'size from which on a block takes no more lines',
    },
    max_streams: {
      type: 'int', default: 10_000, min: 1, since: '0.1.0',
      help: 'streams remembered; those unseen for longest are forgotten',
    },
    trim_newlines: { type: 'bool', default: true, help: 'take newlines off the end of each line', since: '0.1.0' },
  },
  prepare(options) {
    const { firstline = '', max_wait_time, max_lines, max_block_size, max_streams, trim_newlines } = options
    if (firstline === '') throw new Problem('multiline stage config must define `firstline` regular expression')
    if (max_wait_time <= 0) throw new Problem('max_wait_time must be greater than 0')
    const first = searching(firstline, 'multiline stage first line regex compilation error')
    const lines = max_lines === 0 ? Infinity : max_lines
    const bounds = { wait: max_wait_time, lines, size: max_block_size, streams: max_streams }
    return (context) => new Multiline(first, bounds, trim_newlines, context)
  },
})

interface Bounds {
  /** Milliseconds. */
  readonly wait: number
  readonly lines: number
  readonly size: number
  readonly streams: number
}

interface BlockOfLines {
  /** That of its oldest line. */
  order: number
  readonly lines: string[]
  size: number
  due: number
}

class Multiline implements HoldingStage {
  /**
   * The newest first line of each stream that had one: it says what the lines behind it are. Those of streams unseen for
   * longest come first.
   */
  readonly #starts = new Map<Identity, LogEntry>()
  readonly #blocks = new Map<Identity, BlockOfLines>()

  constructor(
    private readonly first: Pattern,
    private readonly bounds: Bounds,
    private readonly trims: boolean,
    private readonly context: StageContext,
  ) {}

  take(entry: LogEntry, next: Next): void {
    const { line } = entry
    const identity = this.context.streams.known(entry.identity)
    const isFirst = this.first.test(line)
    if (isFirst) {
      this.#pass(identity, next)
      this.#remember(identity, entry, next)
    } else if (!this.#starts.has(identity)) return next(entry)
    let block = this.#blocks.get(identity)
    if (block === undefined) {
      block = { order: entry.order, lines: [], size: 0, due: 0 }
      this.#blocks.set(identity, block)
    } else this.context.account.drop('joined', 1)
    block.order = Math.min(block.order, entry.order)
    const text = this.trims ? withoutNewlines(line) : line
    block.lines.push(text)
    block.size += text.length + 1
    block.due = this.context.clock.monotonic() + this.bounds.wait
    if (block.lines.length >= this.bounds.lines || block.size >= this.bounds.size) this.#pass(identity, next)
  }

  #remember(identity: Identity, entry: LogEntry, next: Next): void {
    this.#starts.delete(identity)
    this.#starts.set(identity, entry)
    if (this.#starts.size <= this.bounds.streams) return
    const [oldest] = this.#starts.keys()
    this.#pass(oldest, next)
    this.#starts.delete(oldest)
  }

  #pass(identity: Identity, next: Next): void {
    const block = this.#blocks.get(identity)
    if (block === undefined) return
    this.#blocks.delete(identity)
    const entry = this.#starts.get(identity)!.clone()
    entry.order = block.order
    entry.line = block.lines.join('\n')
    next(entry)
  }

  held(): number {
    // What a stage before this one held came late: the blocks are not in their order.
    let oldest = Infinity
    for (const { order } of this.#blocks.values()) oldest = Math.min(oldest, order)
    return oldest
  }

  due(): number {
    let first = Infinity
    for (const { due } of this.#blocks.values()) first = Math.min(first, due)
    return first
  }

  tick(now: number, next: Next): void {
    for (const [identity, { due }] of this.#blocks) if (due <= now) this.#pass(identity, next)
  }

  flush(next: Next): void {
    for (const identity of this.#blocks.keys()) this.#pass(identity, next)
  }
}
