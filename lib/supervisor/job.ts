// From a checked pipe to what its process is told, and to a digest of all that it depends on.

import { readFile } from 'node:fs/promises'
import type { Input } from '../component.js'
import type { OptionTable } from '../option/table.js'
import type { BranchOptions } from '../pipeline/branch.js'
import { fingerprintOf, type Pipe, type PipeStage, stagesOf } from '../pipeline/model.js'
import { filesReadAtStart } from '../pipeline/read_at_start.js'
import { digest } from '../pipeline/text.js'
import type { PipeJob, StageJob } from './protocol.js'

/** @param once whether sources that can run once do so */
export function jobOf(pipe: Pipe, branch: BranchOptions, once: boolean): PipeJob {
  const stages = (list: readonly PipeStage[]) => list.map((stage) => stageJob(stage, once))
  return {
    name: pipe.name,
    from: pipe.from.map((inlet) => ({ pipe: inlet.pipe, stages: stages(inlet.stages) })),
    through: stages(pipe.through),
    to: pipe.to.map(stages),
    reads: pipe.reads,
    readers: pipe.readers,
    branch,
    once,
  }
}

function stageJob(stage: PipeStage, once: boolean): StageJob {
  const { id } = stage
  if (stage.kind === 'program') return { id, program: stage.words.map((word) => word.reveal()) }
  const { component } = stage
  const input = stage.input()
  const single = once && component.options.once?.type === 'bool'
  return { id, component: component.name, input: single ? withOnce(input) : input }
}

function withOnce({ args, options }: Input<OptionTable>): Input<OptionTable> {
  return { args, options: { ...options, once: true } as Input<OptionTable>['options'] }
}

/** The same digest is the same work: what its words say, and what the files say that its stages read at their start. */
export async function digestOf(pipe: Pipe): Promise<string> {
  const contents = filesReadBy(pipe).map((file) => readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => error.code))
  return digest(JSON.stringify([fingerprintOf(pipe), ...(await Promise.all(contents))]))
}

function filesReadBy(pipe: Pipe): string[] {
  return stagesOf(pipe).flatMap((stage) =>
    stage.kind === 'program' ? [] : filesReadAtStart(stage.component, stage.input()),
  )
}
