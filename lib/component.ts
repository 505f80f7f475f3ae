// What a component is: one declaration, from which everything that people see is generated, and the function that does the work.

import type { ArgumentSpec, OptionTable, OptionValues } from './option/table.js'
import type { Batch } from './record/batch.js'
import type { Identity } from './record/identity.js'
import type { LineReader } from './record/reader.js'
import type { Record } from './record/record.js'
import type { RecordType } from './record/type.js'

export interface Example {
  /** A shell command, runnable as it stands. */
  command: string
  /** What it does: one sentence, lower case, no full stop. */
  about: string
  /** Why a test only parses it (it needs a server, a file …); absent: it is run. */
  needs?: string
}

interface Declaration<T extends OptionTable> {
  /** Verb and kind, e.g. `receive exposition`; a verb alone where the kind is the default one. */
  name: string
  /** One line, lower case, no full stop. */
  summary: string
  /** Paragraphs for the manual. */
  description: string
  since: string
  /** Record types it looks at; others pass through a filter untouched and are counted by a sink. `any` is all of them. */
  accepts: readonly (RecordType | 'any')[]
  /** Record types it makes; `same` is those that came in. */
  emits: readonly (RecordType | 'same')[]
  /** What is lost, when, and where that is counted. */
  guarantee: string
  args: readonly ArgumentSpec[]
  options: T
  /**
   * Looks into what was typed: expressions, patterns, files of rules. Throws every Problem at once; opens nothing that
   * somebody else could notice. It is what `solder check` asks; the work itself checks again.
   */
  check?(input: Input<T>): void | Promise<void>
  /**
   * Tries the servers that it would talk to, with its credentials, by requests that store and change nothing
   * (`solder check --connect`). Returns how many there are; throws every Problem at once.
   */
  connect?(input: Input<T>): Promise<number>
  examples: readonly Example[]
}

/** What was typed, validated. */
export interface Input<T extends OptionTable> {
  args: readonly string[]
  options: OptionValues<T>
}

/** Time as a component sees it. */
export interface Clock {
  /** Unix nanoseconds, decimal. */
  now(): string
  /** Unix milliseconds. */
  millis(): number
  /** Milliseconds of a clock that never jumps. */
  monotonic(): number
  /** Resolves after `ms`, or at once when the signal aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

/** Events for people, one line each on stderr. */
export type Log = { readonly [L in LogLevel]: (message: string) => void }

/** A record that could not be taken: why, where it came from and what it was. */
export interface Reject {
  /** A word for counters, e.g. `not_json`. */
  reason: string
  /** A sentence for people. */
  detail: string
  /** Where it stood, e.g. `stdin:4821`. */
  where?: string
  /** The record or line itself, for the dead letter. */
  original: string | Buffer | Record
}

/** The account of one stage: in + made = out + dropped + pending. */
export interface Account {
  in: number
  made: number
  out: number
  /** Bytes read from stdin, or from what a source reads. */
  in_bytes: number
  /** Bytes written to stdout, or to where a sink stores or sends them. */
  out_bytes: number
  readonly dropped: ReadonlyMap<string, number>
  drop(reason: string, count: number): void
}

export interface Context {
  /** The command's own name, e.g. `write prometheus`. */
  readonly stage: string
  readonly clock: Clock
  readonly log: Log
  readonly account: Account
  /** Aborts when the process is asked to stop: sources stop producing, sinks bound their draining. */
  readonly signal: AbortSignal
  /** Counts a record as rejected, logs it, writes the dead letter. Throws where `--on-bad fail` says so. */
  reject(reject: Reject): void
}

export interface SourceContext extends Context {
  /** Passes records on; wait for the promise, if there is one, before making more. */
  emit(batch: Batch): void | Promise<void>
  /** stdin as it comes. */
  stdin(): AsyncIterable<Buffer>
  /** stdin as records, for sources that are fed with targets. */
  records(): AsyncIterable<Batch>
  /**
   * Reads lines from elsewhere, behind line `line` of what messages call `name`. Bad ones go the way of those on stdin and
   * are counted as made. For sources with READER_OPTIONS.
   */
  lines(name: string, line: number): LineReader
}

/** Decides once per identity; the runtime remembers the answer. null drops. */
export interface IdentityTransform {
  identity(id: Identity): Identity | null
  /** The word under which drops are counted. */
  reason: string
}

/** Looks at the whole record, one by one; null drops. */
export interface RecordTransform {
  record(record: Record): Record | null
  reason: string
}

/** Keeps or drops rows as they are; of the payload only what is asked for is decoded. */
export interface RowTransform extends IdentityTransform {
  /** Whether `identity` alone decides over records of this type; its answer is remembered. */
  byIdentity(type: RecordType): boolean
  /** Whether a row of another type stays; null if it was rejected, which `Context.reject` counts. */
  row(batch: Batch, row: number, id: Identity): boolean | null
}

/** Passes a record on; records go in the order of the calls. */
export type Pass = (record: Record) => void

/**
 * Takes whole records, and may hold them back, join them, split them or make others. The runtime passes a checkpoint on
 * only when nothing that came before it is held any more. Of what goes on, a record for each one taken needs no account;
 * each one less is counted by `Account.drop`, each one more as made (a line joined to another is dropped as `joined`).
 */
export interface StatefulTransform {
  /** @param order greater than that of every record before */
  take(record: Record, order: number, pass: Pass): void
  /**
   * The fast twin of `take`, for a transform that holds nothing: takes a batch as a whole, each row of which stays a row.
   * Absent, or null: row by row.
   */
  batch?(batch: Batch): Batch | null
  /** The order of the oldest record of which something is held; Infinity where nothing is. */
  held(): number
  /** Milliseconds of `Clock.monotonic` at which something held goes on though nothing more comes; Infinity: never. */
  due(): number
  /** It is `now`: what is due goes on. */
  tick(now: number, pass: Pass): void
  /** The end of the input: everything held goes on. */
  flush(pass: Pass): void
  /** After each push, tick and flush: what was passed on leaves the stage when it returns. */
  settle?(): void
  /** Whether it wants no more for now: nothing is read until `due`, when a tick makes room. What was read is still taken. */
  full?(): boolean
}

/** Records that a stage leaves for its next run. */
export interface Saved {
  /** What was saved last. Throws a Problem. */
  read(): Iterable<Record>
  /** Durable when it returns; false, with an error in the log, where it failed. */
  save(records: readonly Record[]): boolean
}

export type Transform = IdentityTransform | RecordTransform | RowTransform | StatefulTransform

export interface Sink {
  /** Checkpoints are not in the batch, unless `accepts` names them. */
  write(batch: Batch): void | Promise<void>
  /** Everything written before is stored, or rejected and counted, when the promise resolves. */
  end(): void | Promise<void>
  /**
   * The same without the end, and so that neither a kill nor a power cut loses it. It may be called while a write or
   * the end is under way. A sink that has it takes STATE_OPTIONS, and the checkpoints that came are committed there.
   */
  sync?(): Promise<void>
  /**
   * The stage has failed, here or elsewhere, and another one may take its place in this process: lets go of what that one
   * needs, such as locks and files, and sends nothing any more. Nothing is called afterwards.
   */
  abandon?(): void | Promise<void>
}

/** Sees every batch on its way; all of them go on as they came. */
export interface Tap {
  /** Good until the promise resolves. */
  tap(batch: Batch): void | Promise<void>
  /** What it holds is settled when the promise resolves; the records themselves have gone on before. */
  end(): void | Promise<void>
}

/** A command that is no stage of a pipe. */
export interface ToolContext {
  /** Writes to stdout; wait for the promise, if there is one, before writing more. */
  print(text: string): void | Promise<void>
  readonly log: Log
}

export interface SourceComponent<T extends OptionTable = OptionTable> extends Declaration<T> {
  role: 'source'
  run(input: Input<T>, context: SourceContext): Promise<void>
}

export interface FilterComponent<T extends OptionTable = OptionTable> extends Declaration<T> {
  role: 'filter'
  /** It keeps what passes, as a sink does, and changes nothing of it: tests of a pipe leave it out. */
  keeps?: true
  create(input: Input<T>, context: Context): Transform | Tap | Promise<Transform | Tap>
}

export interface SinkComponent<T extends OptionTable = OptionTable> extends Declaration<T> {
  role: 'sink'
  create(input: Input<T>, context: Context): Sink | Promise<Sink>
}

export interface ToolComponent<T extends OptionTable = OptionTable>
  extends Omit<Declaration<T>, 'accepts' | 'emits' | 'guarantee'> {
  role: 'tool'
  /** Returns the exit code. */
  run(input: Input<T>, context: ToolContext, catalogue: Catalogue): Promise<number>
}

/** A component that can stand in a pipe. */
export type StageComponent = SourceComponent | FilterComponent | SinkComponent

export type Component = StageComponent | ToolComponent

export interface CatalogueEntry {
  name: string
  load(): Promise<{ default: unknown }>
}

/** Every command, in the order in which help lists them. */
export type Catalogue = readonly CatalogueEntry[]

export async function loadComponent(entry: CatalogueEntry): Promise<Component> {
  return (await entry.load()).default as Component
}

/** Declares a component that makes records. */
export function source<const T extends OptionTable>(spec: Omit<SourceComponent<T>, 'role'>): SourceComponent<T> {
  return { role: 'source', ...spec }
}

/** Declares a component that takes records and passes records on. */
export function filter<const T extends OptionTable>(spec: Omit<FilterComponent<T>, 'role'>): FilterComponent<T> {
  return { role: 'filter', ...spec }
}

/** Declares a component that consumes records. */
export function sink<const T extends OptionTable>(spec: Omit<SinkComponent<T>, 'role'>): SinkComponent<T> {
  return { role: 'sink', ...spec }
}

/** Declares a command that is no stage. */
export function tool<const T extends OptionTable>(spec: Omit<ToolComponent<T>, 'role'>): ToolComponent<T> {
  return { role: 'tool', ...spec }
}
