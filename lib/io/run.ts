// Runs one component as a stage: what it reads, where its records go, its account, log and rejects around its function.

import type {
  Clock, Context, FilterComponent, Input, SinkComponent, SourceComponent, SourceContext, StageComponent, Tap,
} from '../component.js'
import { EXIT, type ExitCode } from '../diag/problem.js'
import { flowOf } from '../flow.js'
import type { OptionTable, OptionValues } from '../option/table.js'
import type { Batch } from '../record/batch.js'
import { LineReader } from '../record/reader.js'
import { Commits } from '../state/commit.js'
import { State } from '../state/state.js'
import { applyOf } from '../transform.js'
import { StageAccount } from './account.js'
import { systemClock } from './clock.js'
import { settleForSeries } from './engine.js'
import { runFlow } from './flowing.js'
import { stdinChunks } from './input.js'
import { type LogFormat, stderr, stderrLog } from './log.js'
import { Output } from './output.js'
import { Rejects } from './reject.js'
import { stopSignal } from './signal.js'
import { type COMMON_OPTIONS, type READER_OPTIONS } from './options.js'

type CommonValues = OptionValues<typeof COMMON_OPTIONS & typeof READER_OPTIONS>

/** What a stage reads: bytes of lines, or batches that need no reading. Either is good until the next one is asked for. */
export type StageInput = { chunks(): AsyncIterable<Buffer> } | { batches(): AsyncIterable<Batch> }

/** Where a stage passes its records on. */
export interface StageOutput {
  /** Bytes of the batches so far, where they were written as lines. */
  readonly bytes: number
  /** Rejects when nobody takes records any more; never resolves. */
  readonly failed: Promise<never>
  /** Wait for the promise, if there is one, before passing on more. */
  batch(batch: Batch): void | Promise<void>
  /** Resolves when everything has left. */
  flush(): Promise<void>
}

/** The place of a stage: in a process of its own, or between two others in one process. */
export interface Seat {
  /** Aborts when the process is asked to stop. */
  readonly stop: AbortSignal
  readonly input: StageInput
  readonly output: StageOutput
  /** The account to keep; absent: one of its own. */
  readonly account?: StageAccount
  /** Time as the stage sees it; absent: the system's. */
  readonly clock?: Clock
  /** Form of the log, whatever the options say. */
  readonly logFormat?: LogFormat
  /** Told how long the stage worked on a batch, milliseconds; what it does between batches is not in it. */
  readonly worked?: (ms: number) => void
}

class Running {
  readonly account: StageAccount
  readonly context: Context
  readonly rejects: Rejects
  readonly output: StageOutput
  readonly options: CommonValues

  constructor(readonly component: StageComponent, options: OptionValues<OptionTable>, private readonly seat: Seat) {
    this.output = seat.output
    this.account = seat.account ?? new StageAccount()
    this.options = options as unknown as CommonValues
    const stage = component.name
    const log = stderrLog(stage, this.options.log_level, seat.logFormat ?? this.options.log_format, systemClock)
    this.rejects = new Rejects(stage, this.options.on_bad, this.account, log, this.options.dead_letter)
    this.context = {
      stage,
      clock: seat.clock ?? systemClock,
      log,
      account: this.account,
      signal: seat.stop,
      reject: (reject) => void this.rejects.reject(reject, false),
    }
  }

  /** The same work, with the time that it takes told, if somebody wants to know; not what goes on behind a promise. */
  timed<A, R>(work: (argument: A) => R): (argument: A) => R {
    const { worked } = this.seat
    if (worked === undefined) return work
    return (argument) => {
      const began = performance.now()
      const result = work(argument)
      worked(performance.now() - began)
      return result
    }
  }

  /** stdin, counted. A chunk is good until the next one is asked for. */
  async *stdin(): AsyncGenerator<Buffer> {
    const { input } = this.seat
    if (!('chunks' in input)) return
    for await (const chunk of input.chunks()) {
      this.account.in_bytes += chunk.length
      yield chunk
    }
  }

  /** A reader whose bad lines go to the rejects, and are counted as records that came in or were made. */
  lines(name: string, counted: 'in' | 'made'): LineReader {
    return new LineReader({
      maxLineBytes: this.options.max_line_bytes,
      maxDepth: this.options.max_depth,
      maxIdentities: this.options.max_identities,
      onBad: ({ reason, detail }, line, original) => {
        const where = `${name}:${line}`
        const passed = this.rejects.reject({ reason, detail, where, original }, reason !== 'line_too_long')
        if (!passed) this.account[counted]++
        return passed
      },
    })
  }

  /** stdin as records; bad lines go to the rejects. */
  async *records(): AsyncGenerator<Batch> {
    const { input } = this.seat
    if ('batches' in input) {
      for await (const batch of input.batches()) {
        this.account.in += batch.length
        yield batch
      }
      return
    }
    const reader = this.lines('stdin', 'in')
    const read = this.timed((chunk: Buffer) => reader.push(chunk))
    for await (const chunk of this.stdin()) {
      const batch = read(chunk)
      if (batch !== null) {
        this.account.in += batch.length
        yield batch
      }
    }
    const last = reader.end()
    if (last !== null) {
      this.account.in += last.length
      yield last
    }
  }

  ledger(): void {
    if (this.component.role !== 'sink') this.account.out_bytes = this.output.bytes
    stderr(this.account.line(this.component.name))
  }
}

/** Runs a stage to its end, as a process. */
export async function runStage(component: StageComponent, input: Input<OptionTable>): Promise<ExitCode> {
  return (await openStage(component, input, processSeat()))()
}

/** stdin, stdout and the signals of this process; to be taken once. */
export function processSeat(): Seat {
  const stop = stopSignal()
  return { stop, input: { chunks: () => stdinChunks(stop) }, output: new Output(1) }
}

/** Checks and sets up a stage. Sources check when the function that this gives is called; nothing is read before. */
export async function openStage(
  component: StageComponent, input: Input<OptionTable>, seat: Seat,
): Promise<() => Promise<ExitCode>> {
  if (holdsSeries(component)) settleForSeries()
  const stage = new Running(component, input.options, seat)
  if (component.role === 'source') return () => run(stage, () => runSource(component, input, stage))
  const work = component.role === 'filter' ? await openFilter(component, input, stage) : await openSink(component, input, stage)
  return () => run(stage, work)
}

/** Series stay, and little is made anew; lines of a log come and go. */
function holdsSeries(component: StageComponent): boolean {
  if (component.role === 'filter') return false
  const types = component.role === 'source' ? component.emits : component.accepts
  return types.some((type) => type === 'metric') && !types.some((type) => type === 'log')
}

async function run(stage: Running, work: Work): Promise<ExitCode> {
  const { output, options, rejects } = stage
  if (options.ledger) process.on('SIGUSR1', () => stage.ledger())
  try {
    // What was passed on before a failure leaves all the same.
    await Promise.race([work(), output.failed]).finally(() => output.flush())
  } finally {
    rejects.summarise()
    if (options.ledger) stage.ledger()
  }
  return rejects.total > 0 ? EXIT.failed : EXIT.done
}

async function runSource(component: SourceComponent, input: Input<OptionTable>, stage: Running): Promise<void> {
  const { account, output } = stage
  const context: SourceContext = {
    ...stage.context,
    emit: (batch) => {
      account.made += batch.length
      account.out += batch.length
      return output.batch(batch)
    },
    stdin: async function* () {
      for await (const chunk of stage.stdin()) yield Buffer.from(chunk)
    },
    records: () => stage.records(),
    lines: (name, line) => {
      const reader = stage.lines(name, 'made')
      reader.lineNumber = line
      return reader
    },
  }
  await component.run(input, context)
}

/** What a set-up stage does when it runs. */
type Work = () => Promise<void>

async function openFilter(component: FilterComponent, input: Input<OptionTable>, stage: Running): Promise<Work> {
  const { account, output } = stage
  const work = await component.create(input, stage.context)
  if ('tap' in work) return () => runTap(work, stage)
  const drop = (reason: string, count: number) => account.drop(reason, count)
  const send = (batch: Batch) => {
    if (batch.length === 0) return
    account.out += batch.length
    return output.batch(batch)
  }
  if ('take' in work || 'record' in work) {
    const { clock, signal } = stage.context
    const flow = flowOf(work, component.accepts, account)
    const push = stage.timed((batch: Batch) => flow.push(batch))
    return () => runFlow(flow, stage.records(), clock, signal, send, push)
  }
  const apply = applyOf(work, component.accepts)
  const applied = stage.timed((batch: Batch) => apply(batch, drop))
  return async () => {
    for await (const batch of stage.records()) {
      const wait = send(applied(batch))
      if (wait !== undefined) await wait
    }
  }
}

async function runTap(tap: Tap, stage: Running): Promise<void> {
  const { account, output } = stage
  for await (const batch of stage.records()) {
    account.out += batch.length
    const wait = output.batch(batch)
    if (wait !== undefined) await wait
    const seen = tap.tap(batch)
    if (seen !== undefined) await seen
  }
  await tap.end()
}

async function openSink(component: SinkComponent, input: Input<OptionTable>, stage: Running): Promise<Work> {
  const { context } = stage
  const { state: folder } = input.options as OptionValues<OptionTable> & { state?: string }
  const sink = await component.create(input, context)
  const state = folder === undefined ? null : new State(folder)
  await state?.hold()
  const commits = new Commits(sink, state, context)
  const takes = !component.accepts.includes('checkpoint')
  const write = stage.timed((batch: Batch) => sink.write(batch))
  const consume = async () => {
    for await (const batch of stage.records()) {
      const records = takes ? commits.take(batch) : batch
      const wait = records.length > 0 ? write(records) : undefined
      if (wait !== undefined) await wait
      commits.written()
    }
    // Both to their ends: what is stored is committed, even where it is not delivered in time.
    const ends = await Promise.allSettled([sink.end(), commits.end()])
    for (const end of ends) if (end.status === 'rejected') throw end.reason
  }
  const abandon = async (error: unknown): Promise<never> => {
    // What is wrong beyond the failure is a consequence of it.
    await Promise.resolve(sink.abandon?.()).catch(() => {})
    throw error
  }
  return () => Promise.race([consume(), commits.failed]).catch(abandon).finally(() => state?.release())
}
