// cri: reads lines of the Container Runtime Interface, `TIME stdout|stderr [F|P] CONTENT`, and joins partial ones (P).

import type { Identity } from '../../record/identity.js'
import { timestampParser } from '../../go/timestamp.js'
import { defineStage } from '../definition.js'
import type { LogEntry } from '../entry.js'
import type { HoldingStage, Next, StageContext } from '../stage.js'
import { cutBytes, longerThan } from '../text.js'

export default defineStage({
  name: 'cri',
  options: {
    max_partial_lines: {
      type: 'int', default: 100, min: 1, since: '0.1.0',
      help: 'streams whose partial lines are held; with one more, all go on as they are',
    },
    max_partial_line_size: {
      type: 'bytes', default: '0', since: '0.1.0',
      help: 'longest line made of partial ones; 0: no bound',
    },
    max_partial_line_size_truncate: { type: 'bool', help: 'cut longer ones to max_partial_line_size', since: '0.1.0' },
    max_held_size: {
      type: 'bytes', default: '16MiB', since: '0.1.0',
      help: 'size from which on partial lines go on without their rest',
    },
    max_wait_time: {
      type: 'duration', default: '1m', min: '1ms', since: '0.1.0',
      help: 'longest time that a partial line waits for the next',
    },
  },
  prepare(options) {
    const { max_partial_lines: lines, max_held_size: most, max_wait_time: wait } = options
    const size = options.max_partial_line_size_truncate ? options.max_partial_line_size : 0
    return (context) => new Cri({ lines, size, most, wait }, context)
  },
})

/** Time, stream, flag and what follows, with its indentation; time is not looked at, and the flag may be absent. */
const LINE = /^(\S*)\s+(stdout|stderr)(?: +(?:([FP])(?::\S*)?(?: |$))?|$)/

interface Partial {
  entry: LogEntry
  due: number
}

class Cri implements HoldingStage {
  /** By stream; those that are due first come first. */
  readonly #held = new Map<Identity, Partial>()
  readonly #stream: (id: Identity, value: string) => Identity
  readonly #time: ReturnType<typeof timestampParser>

  constructor(
    private readonly bounds: {
      readonly lines: number
      readonly size: number
      readonly most: number
      readonly wait: number
    },
    private readonly context: StageContext,
  ) {
    this.#stream = context.streams.setter('stream')
    this.#time = timestampParser('RFC3339Nano', undefined, () => context.clock.millis())
  }

  take(entry: LogEntry, next: Next): void {
    const match = LINE.exec(entry.line)
    if (match === null) return next(entry)
    const [head, time, stream, flag = ''] = match
    const content = entry.line.slice(head.length)
    const fields = entry.extracting()
    fields.flags = flag
    fields.stream = stream
    fields.content = content
    fields.time = time
    entry.line = content
    const ts = this.#time(time)
    if (typeof ts === 'string') entry.ts = ts
    entry.identity = this.#stream(entry.identity, stream)
    const identity = this.context.streams.known(entry.identity)
    const before = this.#held.get(identity)
    if (flag === 'P' && this.#held.size >= this.bounds.lines) {
      const what = 'partial lines that went on as they were, too many streams have some (max_partial_lines)'
      this.context.notes.count(what, this.#held.size)
      this.flush(next)
      this.#hold(identity, entry)
    } else if (before !== undefined) {
      this.#join(entry, before)
      if (flag === 'P' && !longerThan(entry.line, this.bounds.most)) before.entry = entry
      else {
        this.#held.delete(identity)
        next(entry)
      }
    } else if (flag === 'P') this.#hold(identity, entry)
    else next(entry)
  }

  #hold(identity: Identity, entry: LogEntry): void {
    this.#cut(entry)
    this.#held.set(identity, { entry, due: this.context.clock.monotonic() + this.bounds.wait })
  }

  /** What came last says what the line is; where it stands is where its first part stood. */
  #join(entry: LogEntry, before: Partial): void {
    entry.line = before.entry.line + entry.line
    entry.order = Math.min(entry.order, before.entry.order)
    this.#cut(entry)
    this.context.account.drop('joined', 1)
  }

  #cut(entry: LogEntry): void {
    const { size } = this.bounds
    if (size === 0 || !longerThan(entry.line, size)) return
    entry.line = cutBytes(entry.line, size)
    this.context.notes.count('lines cut (max_partial_line_size)')
  }

  held(): number {
    // What a stage before this one held came late: parts are not in their order.
    let oldest = Infinity
    for (const { entry } of this.#held.values()) oldest = Math.min(oldest, entry.order)
    return oldest
  }

  due(): number {
    for (const { due } of this.#held.values()) return due
    return Infinity
  }

  tick(now: number, next: Next): void {
    for (const [identity, { entry, due }] of this.#held) {
      if (due > now) return
      this.#held.delete(identity)
      next(entry)
    }
  }

  flush(next: Next): void {
    for (const { entry } of this.#held.values()) next(entry)
    this.#held.clear()
  }
}
