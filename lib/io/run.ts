// Runs one component as a process: stdin, stdout, stderr and signals around its function.

import type { Component, Context, FilterComponent, Input, SinkComponent, SourceComponent, SourceContext } from '../component.js'
import { EXIT, type ExitCode } from '../diag/problem.js'
import type { OptionTable, OptionValues } from '../option/table.js'
import type { Batch } from '../record/batch.js'
import { LineReader } from '../record/reader.js'
import { applyOf } from '../transform.js'
import { StageAccount } from './account.js'
import { systemClock } from './clock.js'
import { stdinChunks } from './input.js'
import { stderr, stderrLog } from './log.js'
import { Output } from './output.js'
import { Rejects } from './reject.js'
import { stopSignal } from './signal.js'
import { type COMMON_OPTIONS, type READER_OPTIONS } from './options.js'

type Stage = Exclude<Component, { role: 'tool' }>
type CommonValues = OptionValues<typeof COMMON_OPTIONS & typeof READER_OPTIONS>

class Process {
  readonly account = new StageAccount()
  readonly stop = stopSignal()
  readonly context: Context
  readonly rejects: Rejects
  readonly output = new Output(1)
  readonly options: CommonValues

  constructor(readonly component: Stage, options: OptionValues<OptionTable>) {
    this.options = options as unknown as CommonValues
    const stage = component.name
    const log = stderrLog(stage, this.options.log_level, this.options.log_format, systemClock)
    this.rejects = new Rejects(stage, this.options.on_bad, this.account, log, this.options.dead_letter)
    this.context = {
      stage,
      clock: systemClock,
      log,
      account: this.account,
      signal: this.stop,
      reject: (reject) => void this.rejects.reject(reject, false),
    }
  }

  /** stdin as records; bad lines go to the rejects. */
  async *records(): AsyncGenerator<Batch> {
    const reader = new LineReader({
      maxLineBytes: this.options.max_line_bytes,
      maxDepth: this.options.max_depth,
      maxIdentities: this.options.max_identities,
      onBad: ({ reason, detail }, line, original) => {
        const passed = this.rejects.reject({ reason, detail, where: `stdin:${line}`, original }, reason !== 'line_too_long')
        if (!passed) this.account.in++
        return passed
      },
    })
    for await (const chunk of stdinChunks(this.stop)) {
      const batch = reader.push(chunk)
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
    stderr(this.account.line(this.component.name))
  }
}

/** Runs a stage to its end. */
export async function runStage(component: Stage, input: Input<OptionTable>): Promise<ExitCode> {
  const process_ = new Process(component, input.options)
  const { output, options } = process_
  if (options.ledger) process.on('SIGUSR1', () => process_.ledger())
  const work =
    component.role === 'source'
      ? runSource(component, input, process_)
      : component.role === 'filter'
        ? runFilter(component, input, process_)
        : runSink(component, input, process_)
  try {
    // What was passed on before a failure leaves all the same.
    await Promise.race([work, output.failed]).finally(() => output.flush())
  } finally {
    process_.rejects.summarise()
    if (options.ledger) process_.ledger()
  }
  return process_.rejects.total > 0 ? EXIT.failed : EXIT.done
}

async function runSource(component: SourceComponent, input: Input<OptionTable>, process_: Process): Promise<void> {
  const { account, output } = process_
  const context: SourceContext = {
    ...process_.context,
    emit: (batch) => {
      account.made += batch.length
      account.out += batch.length
      return output.batch(batch)
    },
    stdin: async function* () {
      for await (const chunk of stdinChunks(process_.stop)) yield Buffer.from(chunk)
    },
    records: () => process_.records(),
  }
  await component.run(input, context)
}

async function runFilter(component: FilterComponent, input: Input<OptionTable>, process_: Process): Promise<void> {
  const { account, output } = process_
  const apply = applyOf(await component.create(input, process_.context), component.accepts)
  const drop = (reason: string, count: number) => account.drop(reason, count)
  for await (const batch of process_.records()) {
    const passed = apply(batch, drop)
    if (passed.length === 0) continue
    account.out += passed.length
    const wait = output.batch(passed)
    if (wait !== undefined) await wait
  }
}

async function runSink(component: SinkComponent, input: Input<OptionTable>, process_: Process): Promise<void> {
  const sink = await component.create(input, process_.context)
  for await (const batch of process_.records()) {
    const wait = sink.write(batch)
    if (wait !== undefined) await wait
  }
  await sink.end()
}
