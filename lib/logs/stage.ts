// What a stage of a log pipeline is, and a list of them at work: an entry goes through all of them before the next
// one comes.

import type { Account, Clock, Log, Pass, Saved, StatefulTransform } from '../component.js'
import type { Batch } from '../record/batch.js'
import type { Record } from '../record/record.js'
import { LogEntry } from './entry.js'
import type { Notes } from './notes.js'
import type { Streams } from './streams.js'

/** What the stages of a list have in common. */
export interface StageContext {
  readonly clock: Clock
  readonly log: Log
  readonly account: Account
  readonly streams: Streams
  readonly notes: Notes
  /** Whether labels that an entry came with count as extracted. */
  readonly labelled: boolean
  /** Files that stages read. */
  readonly files: Files
  /** What the stage left in the last run; absent: it leaves nothing. */
  readonly saved?: Saved
  /** Passes on a record that is no log entry, such as a sample; no later stage sees it. */
  emit: Pass
}

/** Opens files that are read again when they have changed. */
export interface Files {
  /** Throws a Problem, or what `parse` throws. */
  open<T>(path: string, parse: (bytes: Buffer) => T): Promise<{ current(): T }>
}

/** Takes an entry to the stages behind. */
export type Next = (entry: LogEntry) => void

/** Looks at one entry after another, and changes them where they are. */
export interface EntryStage {
  /** The word under which the entry is dropped; undefined: it goes on. */
  process(entry: LogEntry): string | undefined
  /** The fast twin, see `StatefulTransform`. What is no log record stays as it is. */
  batch?(batch: Batch): Batch | null
}

/** Holds entries back, joins them, splits them, or makes records; see `StatefulTransform`. */
export interface HoldingStage {
  take(entry: LogEntry, next: Next): void
  held(): number
  due(): number
  tick(now: number, next: Next): void
  flush(next: Next): void
  full?(): boolean
}

export type Stage = EntryStage | HoldingStage

/** Stages in a row. */
export class Chain implements HoldingStage {
  readonly #holding: { stage: HoldingStage; next: number }[] = []

  constructor(
    private readonly stages: readonly Stage[],
    private readonly account: Account,
  ) {
    for (const [index, stage] of stages.entries()) {
      if ('take' in stage) this.#holding.push({ stage, next: index + 1 })
    }
  }

  /** Whether no stage ever holds anything. */
  get immediate(): boolean {
    return this.#holding.length === 0
  }

  /** The only stage, where it is one that never holds anything. */
  get alone(): EntryStage | undefined {
    const [stage] = this.stages
    return this.stages.length === 1 && 'process' in stage ? stage : undefined
  }

  take(entry: LogEntry, next: Next): void {
    this.#run(0, entry, next)
  }

  /** Runs an entry through; the word under which it is dropped. Only for a chain that is immediate. */
  process(entry: LogEntry): string | undefined {
    for (const stage of this.stages as readonly EntryStage[]) {
      const reason = stage.process(entry)
      if (reason !== undefined) return reason
    }
    return undefined
  }

  #run(from: number, entry: LogEntry, next: Next): void {
    const { stages } = this
    for (let at = from; at < stages.length; at++) {
      const stage = stages[at]
      if ('take' in stage) return stage.take(entry, this.#after(at + 1, next))
      const reason = stage.process(entry)
      if (reason !== undefined) return this.account.drop(reason, 1)
    }
    next(entry)
  }

  #after(from: number, next: Next): Next {
    return from === this.stages.length ? next : (entry) => this.#run(from, entry, next)
  }

  held(): number {
    let oldest = Infinity
    for (const { stage } of this.#holding) oldest = Math.min(oldest, stage.held())
    return oldest
  }

  due(): number {
    let first = Infinity
    for (const { stage } of this.#holding) first = Math.min(first, stage.due())
    return first
  }

  tick(now: number, last: Next): void {
    for (const { stage, next } of this.#holding) stage.tick(now, this.#after(next, last))
  }

  flush(last: Next): void {
    for (const { stage, next } of this.#holding) stage.flush(this.#after(next, last))
  }

  full(): boolean {
    return this.#holding.some(({ stage }) => stage.full?.() === true)
  }
}

/** A chain as a transform of log records. */
export class ChainTransform implements StatefulTransform {
  readonly #next: Next
  #pass!: Pass
  /** The entry under way, where none is held. */
  #entry: LogEntry | undefined

  constructor(
    private readonly chain: Chain,
    private readonly context: StageContext,
  ) {
    this.#next = (entry) => this.#pass(entry.record())
    context.emit = (record) => this.#pass(record)
  }

  take(record: Record, order: number, pass: Pass): void {
    this.#pass = pass
    const { chain, context } = this
    if (!chain.immediate) return chain.take(new LogEntry(record, order, context.labelled), this.#next)
    this.#entry = this.#entry?.load(record, order, context.labelled) ?? new LogEntry(record, order, context.labelled)
    const reason = chain.process(this.#entry)
    if (reason === undefined) pass(this.#entry.record())
    else context.account.drop(reason, 1)
  }

  batch(batch: Batch): Batch | null {
    return this.chain.alone?.batch?.(batch) ?? null
  }

  held(): number {
    return this.chain.held()
  }

  due(): number {
    return this.chain.due()
  }

  tick(now: number, pass: Pass): void {
    this.#pass = pass
    this.chain.tick(now, this.#next)
  }

  flush(pass: Pass): void {
    this.#pass = pass
    this.chain.flush(this.#next)
    this.context.notes.tell()
  }

  full(): boolean {
    return this.chain.full()
  }
}
