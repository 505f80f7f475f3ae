// A pipeline as it runs: pipes of stages, every word of them checked, nothing of it opened. What `loadPipeline` gives,
// and what a supervisor and `explain` work with.

import type { Input, StageComponent } from '../component.js'
import type { Place } from '../diag/problem.js'
import type { OptionTable } from '../option/table.js'
import type { BranchValues } from './branch_options.js'
import { digest, type Text } from './text.js'

export interface Pipeline {
  /** In the order of the files, a pipe after those that it reads where the files leave it open. */
  readonly pipes: readonly Pipe[]
  /**
   * Every file that its meaning comes from: pipeline files, imports, `file("…")`, secrets, what stages read at their
   * start.
   */
  readonly files: readonly string[]
}

/**
 * Records of all branches of `from`, as they come, go through the stages of `through`, one after the other, and all of
 * them to each branch of `to`. A pipe that another one reads has that reader as a further branch.
 */
export interface Pipe {
  readonly name: string
  /** Where its name stands. */
  readonly place: Place
  /** At least one. */
  readonly from: readonly Inlet[]
  readonly through: readonly PipeStage[]
  /** Each of one stage at least, the last one a sink. None where only other pipes read it. */
  readonly to: readonly (readonly PipeStage[])[]
  /** Names of the pipes that it reads, each once. */
  readonly reads: readonly string[]
  /** Names of the pipes that read it. */
  readonly readers: readonly string[]
  /** What it says about its branches; null: nothing. */
  readonly branch: { readonly place: Place; readonly values: Partial<BranchValues> } | null
}

/** A way in: a source with the stages behind it, or another pipe's records with stages, possibly none. */
export interface Inlet {
  /** Name of the pipe whose records come in; null where the first stage is a source. */
  readonly pipe: string | null
  readonly stages: readonly PipeStage[]
  /** Where it stands. */
  readonly place: Place
}

export type PipeStage = ComponentStage | ProgramStage

interface StageFacts {
  /** Unique in its pipe, of letters, digits and dashes: `relabel`, `write-file`, `relabel-2`. */
  readonly id: string
  /** Where its name stands. */
  readonly place: Place
}

export interface ComponentStage extends StageFacts {
  readonly kind: 'component'
  readonly component: StageComponent
  /** Arguments and options as the shell has them, without the component's own name. */
  readonly words: readonly Text[]
  /** The same, typed, with its secrets: not to be logged. */
  readonly input: () => Input<OptionTable>
}

/** A program that is not solder: it reads records as lines on stdin and writes lines to stdout. */
export interface ProgramStage extends StageFacts {
  readonly kind: 'program'
  /** The program and its arguments. No shell reads them. */
  readonly words: readonly Text[]
}

/** Every stage of a pipe: those of `from`, branch by branch, of `through` and of `to`. */
export function stagesOf({ from, through, to }: Pick<Pipe, 'from' | 'through' | 'to'>): PipeStage[] {
  return [...from.flatMap(({ stages }) => stages), ...through, ...to.flat()]
}

/** The words before those of a stage: `write file`, or `exec`. */
export function nameOf(stage: PipeStage): string {
  return stage.kind === 'component' ? stage.component.name : 'exec'
}

/**
 * A digest of all that a pipe does: the same digest is the same pipe, wherever it stands in its file and however it is
 * written. It changes with the value of a secret, and does not tell it. What other files say (rules, certificates) is
 * no part of it.
 */
export function fingerprintOf({ from, through, to, readers, branch }: Pipe): string {
  const stage = (one: PipeStage) => [nameOf(one), ...one.words.map((word) => word.fingerprint())]
  const whole = {
    from: from.map(({ pipe, stages }) => [pipe, stages.map(stage)]),
    through: through.map(stage),
    to: to.map((branch) => branch.map(stage)),
    readers,
    branch: branch?.values ?? null,
  }
  return digest(JSON.stringify(whole))
}
