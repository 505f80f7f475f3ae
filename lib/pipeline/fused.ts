// A pipe in one process: each stage runs as it does in a process of its own, and batches pass between them, not lines.

import { EXIT, type ExitCode } from '../diag/problem.js'
import { READER_OPTIONS } from '../io/options.js'
import { report } from '../io/report.js'
import { openStage, type Seat } from '../io/run.js'
import { parseBytes } from '../option/value.js'
import type { Planned } from './plan.js'
import { batchSeam, lineSeam, type Seam } from './seam.js'

/**
 * Runs the stages of a pipe to their end. Filters and sinks are checked and set up before anything starts.
 * @param outer what the first stage reads, where the last one writes, and what asks all of them to stop
 * @returns the exit code of the last stage that had one other than 0, as after `set -o pipefail`
 */
export async function runFused(
  stages: readonly Planned[], outer: Seat, seamOf: (writer: Planned, reader: Planned) => Seam = seamBetween,
): Promise<ExitCode> {
  const seams = stages.slice(1).map((stage, index) => seamOf(stages[index], stage))
  const codes: ExitCode[] = []
  const ready: (() => Promise<ExitCode>)[] = []
  for (const [index, { component, input }] of stages.entries()) {
    const seat: Seat = {
      stop: outer.stop,
      input: seams[index - 1]?.input ?? outer.input,
      output: seams[index]?.output ?? outer.output,
    }
    try {
      ready.push(await openStage(component, input, seat))
    } catch (error) {
      codes.push(report(error, nameOf(stages[index])))
    }
  }
  if (codes.length > 0) return lastFailure(codes)
  const ends = ready.map(async (run, index) => {
    const code = await run().catch((error: unknown) => report(error, nameOf(stages[index])))
    seams[index]?.end()
    seams[index - 1]?.close()
    // All were asked to stop: that the next stage was the first to end is no failure.
    return code === EXIT.readerGone && outer.stop.aborted && index < ready.length - 1 ? EXIT.done : code
  })
  return lastFailure(await Promise.all(ends))
}

function nameOf({ component }: Planned): string {
  return `solder ${component.name}`
}

function lastFailure(codes: readonly ExitCode[]): ExitCode {
  return codes.findLast((code) => code !== EXIT.done) ?? EXIT.done
}

/** Lines are read again where the reader could refuse some: the writer passes on what is no record, or has wider bounds. */
function seamBetween(writer: Planned, reader: Planned): Seam {
  const same = writer.input.options.on_bad !== 'pass' && bound(reader, 'max_line_bytes') >= bound(writer, 'max_line_bytes')
  return same && bound(reader, 'max_depth') >= bound(writer, 'max_depth') ? batchSeam() : lineSeam()
}

const STANDARD = {
  max_line_bytes: parseBytes(READER_OPTIONS.max_line_bytes.default)!,
  max_depth: READER_OPTIONS.max_depth.default,
}

/** A bound of what a stage reads; a source that reads no records makes none beyond the standard ones. */
function bound({ input }: Planned, key: keyof typeof STANDARD): number {
  return (input.options[key] as unknown as number | undefined) ?? STANDARD[key]
}
