// From a checked pipe to what its process is told, and to a digest of all that it depends on.

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Input } from '../component.js'
import type { OptionTable } from '../option/table.js'
import type { BranchValues } from '../pipeline/branch_options.js'
import type { Graph } from '../pipeline/graph.js'
import { fingerprintOf, type Pipe, type PipeStage, stagesOf } from '../pipeline/model.js'
import { filesReadAtStart } from '../pipeline/read_at_start.js'
import { digest } from '../pipeline/text.js'
import type { PipeJob, StageJob } from './protocol.js'

/**
 * @param standard what waits for branches where the pipe says nothing else
 * @param once whether sources that can run once do so
 */
export function jobOf(pipe: Pipe, standard: BranchValues, once: boolean): PipeJob {
  const branch = { ...standard, ...pipe.branch?.values }
  const stages = (list: readonly PipeStage[]) => list.map((stage) => stageJob(stage, once))
  return {
    name: pipe.name,
    from: pipe.from.map((inlet) => ({ pipe: inlet.pipe, stages: stages(inlet.stages) })),
    through: stages(pipe.through),
    to: pipe.to.map(stages),
    reads: pipe.reads,
    readers: pipe.readers,
    branch: { buffer: branch.branch_buffer, full: branch.branch_full, patience: branch.branch_patience },
    spools: spoolsOf(pipe, branch),
    once,
  }
}

/** Where each branch holds on disk what its stages do not take; null where none does. */
function spoolsOf({ name, to, readers }: Pipe, branch: BranchValues): Graph['spools'] {
  const { branch_full: full, branch_state: state, branch_spool_bytes: bytes, branch_spool_age: age } = branch
  if (full !== 'spool' || state === undefined || to.length + readers.length < 2) return null
  const sinks = to.map((stages) => stages[stages.length - 1])
  const names = [...sinks.map(destinationOf), ...readers.map((reader) => `to-${reader}`)]
  // The same destination twice: in their order.
  const unique = names.map((one, i) => {
    const before = names.slice(0, i).filter((other) => other === one).length
    return before === 0 ? one : `${one}-${before + 1}`
  })
  return { folders: unique.map((one) => join(state, 'branches', name, one)), bytes, age }
}

/**
 * The folder of a branch by where its sink sends, so that what waits there finds its way wherever the branch stands in
 * the file, and never to another place. Other options may change meanwhile.
 */
function destinationOf(sink: PipeStage): string {
  if (sink.kind === 'program') return sink.id
  const { args, options } = sink.input()
  const hash = digest(JSON.stringify([args, options.tenant ?? null])).slice(0, 12)
  return `${sink.component.name.replaceAll(' ', '-')}-${hash}`
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
  const read = (file: string) => readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => error.code)
  const contents = filesReadBy(pipe).map(read)
  return digest(JSON.stringify([fingerprintOf(pipe), ...(await Promise.all(contents))]))
}

function filesReadBy(pipe: Pipe): string[] {
  return stagesOf(pipe).flatMap((stage) =>
    stage.kind === 'program' ? [] : filesReadAtStart(stage.component, stage.input()),
  )
}
