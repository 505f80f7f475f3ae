// A pipe in one process: each stage runs as it does in a process of its own, and batches pass between them, not lines.

import { EXIT, type ExitCode } from '../diag/problem.js'
import { READER_OPTIONS } from '../io/options.js'
import { report } from '../io/report.js'
import { openStage, type Seat } from '../io/run.js'
import { parseBytes } from '../option/value.js'
import type { Planned } from './plan.js'
import { openProgram, type Program } from './program.js'
import { batchSeam, lineSeam, type Seam } from './seam.js'

/** A stage of a pipe: a component with what was said to it, or a program that is not solder. */
export type Fusable = Planned | Program

/** What whoever runs a pipe may want to have otherwise. */
export interface Fusing {
  /** What stands between two stages. */
  seamOf?: (writer: Fusable, reader: Fusable) => Seam
  /** The seat that a stage takes in place of its own. */
  seatOf?: (stage: Fusable, seat: Seat) => Seat
  /** Tells what ended a stage, or kept it from being set up; its exit code. */
  tell?: (error: unknown, name: string) => ExitCode
}

/** Runs to the end; the exit code of the last stage that had one other than 0, as after `set -o pipefail`. */
export type Run = () => Promise<ExitCode>

/**
 * Runs the stages of a pipe to their end. Filters and sinks are checked and set up before anything starts.
 * @param outer what the first stage reads, where the last one writes, and what asks all of them to stop
 */
export async function runFused(stages: readonly Planned[], outer: Seat, seamOf?: Fusing['seamOf']): Promise<ExitCode> {
  const opened = await openFused(stages, outer, { seamOf })
  return typeof opened === 'number' ? opened : opened()
}

/** Sets up the stages of a pipe: how to run them, or the exit code if one cannot be set up. */
export async function openFused(
  stages: readonly Fusable[], outer: Seat, { seamOf = seamBetween, seatOf = (_, seat) => seat, tell = report }: Fusing = {},
): Promise<Run | ExitCode> {
  const seams = stages.slice(1).map((stage, index) => seamOf(stages[index], stage))
  const codes: ExitCode[] = []
  const ready: Run[] = []
  for (const [index, stage] of stages.entries()) {
    const seat: Seat = {
      stop: outer.stop,
      input: seams[index - 1]?.input ?? outer.input,
      output: seams[index]?.output ?? outer.output,
    }
    try {
      ready.push(await open(stage, seatOf(stage, seat)))
    } catch (error) {
      codes.push(tell(error, nameOf(stage)))
    }
  }
  if (codes.length > 0) return lastFailure(codes)
  return async () => {
    const ends = ready.map(async (run, index) => {
      const code = await run().catch((error: unknown) => tell(error, nameOf(stages[index])))
      seams[index]?.end()
      seams[index - 1]?.close()
      // All were asked to stop: that the next stage was the first to end is no failure.
      return code === EXIT.readerGone && outer.stop.aborted && index < ready.length - 1 ? EXIT.done : code
    })
    return lastFailure(await Promise.all(ends))
  }
}

function open(stage: Fusable, seat: Seat): Promise<Run> {
  return 'program' in stage ? openProgram(stage, seat) : openStage(stage.component, stage.input, seat)
}

function nameOf(stage: Fusable): string {
  return 'program' in stage ? `exec ${stage.program[0]}` : `solder ${stage.component.name}`
}

export function lastFailure(codes: readonly ExitCode[]): ExitCode {
  return codes.findLast((code) => code !== EXIT.done) ?? EXIT.done
}

function seamBetween(writer: Fusable, reader: Fusable): Seam {
  return readsAgain(writer, reader) ? lineSeam() : batchSeam()
}

/**
 * Whether a reader could refuse some of the lines: the writer passes on what is no record, or the reader has narrower
 * bounds than the writer or than the standard ones, which a line may be beyond that a stage has made longer.
 */
export function readsAgain(writer: Fusable, reader: Fusable): boolean {
  const passes = 'input' in writer && writer.input.options.on_bad === 'pass'
  const wide = (key: keyof typeof STANDARD) => Math.max(bound(writer, key), STANDARD[key])
  return passes || (['max_line_bytes', 'max_depth'] as const).some((key) => bound(reader, key) < wide(key))
}

const STANDARD = {
  max_line_bytes: parseBytes(READER_OPTIONS.max_line_bytes.default)!,
  max_depth: READER_OPTIONS.max_depth.default,
}

/** A bound of what a stage reads; one that reads no records makes none beyond the standard ones. */
function bound(stage: Fusable, key: keyof typeof STANDARD): number {
  return ('input' in stage ? (stage.input.options[key] as unknown as number | undefined) : undefined) ?? STANDARD[key]
}
