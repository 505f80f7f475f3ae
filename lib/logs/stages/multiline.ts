// multiline: joins the lines of a stream that belong together: a first line, and those behind it up to the next first
// line.

import type { Identity } from '../../record/identity.js'
import { Block, blockRule, type BlockRule } from '../block.js'
import { BLOCK_OPTIONS } from '../block_options.js'
import { defineStage } from '../definition.js'
import type { LogEntry } from '../entry.js'
import type { HoldingStage, Next, StageContext } from '../stage.js'

export default defineStage({
  name: 'multiline',
  options: {
    firstline: { type: 'string', help: 'an RE2 expression that matches the first line of each block', since: '0.1.0' },
    ...BLOCK_OPTIONS,
    max_streams: {
      type: 'int', default: 10_000, min: 1, since: '0.1.0',
      help: 'streams remembered; those unseen for longest are forgotten',
    },
    trim_newlines: { type: 'bool', default: true, help: 'take newlines off the end of each line', since: '0.1.0' },
  },
  prepare(options) {
    const rule = blockRule(options.firstline ?? '', options)
    return (context) => new Multiline(rule, options.max_streams, options.trim_newlines, context)
  },
})

interface Held {
  /** That of its oldest line. */
  order: number
  readonly block: Block
  due: number
}

class Multiline implements HoldingStage {
  /**
   * The newest first line of each stream that had one: it says what the lines behind it are. Those of streams unseen
   * for longest come first.
   */
  readonly #starts = new Map<Identity, LogEntry>()
  readonly #blocks = new Map<Identity, Held>()

  constructor(
    private readonly rule: BlockRule,
    private readonly maxStreams: number,
    private readonly trims: boolean,
    private readonly context: StageContext,
  ) {}

  take(entry: LogEntry, next: Next): void {
    const identity = this.context.streams.known(entry.identity)
    const isFirst = this.rule.first.test(entry.line)
    if (isFirst) {
      this.#pass(identity, next)
      this.#remember(identity, entry, next)
    } else if (!this.#starts.has(identity)) return next(entry)
    let held = this.#blocks.get(identity)
    if (held === undefined) {
      held = { order: entry.order, block: new Block(this.trims), due: 0 }
      this.#blocks.set(identity, held)
    } else this.context.account.drop('joined', 1)
    held.order = Math.min(held.order, entry.order)
    held.block.add(entry.line)
    held.due = this.context.clock.monotonic() + this.rule.wait
    if (held.block.isFull(this.rule)) this.#pass(identity, next)
  }

  #remember(identity: Identity, entry: LogEntry, next: Next): void {
    this.#starts.delete(identity)
    this.#starts.set(identity, entry)
    if (this.#starts.size <= this.maxStreams) return
    const [oldest] = this.#starts.keys()
    this.#pass(oldest, next)
    this.#starts.delete(oldest)
  }

  #pass(identity: Identity, next: Next): void {
    const held = this.#blocks.get(identity)
    if (held === undefined) return
    this.#blocks.delete(identity)
    const entry = this.#starts.get(identity)!.clone()
    entry.order = held.order
    entry.line = held.block.text
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
