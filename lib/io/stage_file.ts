// Files of log stages, read.

import { readFile } from 'node:fs/promises'
import { collect, Problem, throwAll } from '../diag/problem.js'
import { prepareStages } from '../logs/build.js'
import type { ReadyStage } from '../logs/definition.js'
import { parseStages } from '../logs/document.js'

/** The stages of a file, checked. Throws every Problem with its place. */
export async function readStageFile(file: string): Promise<readonly ReadyStage[]> {
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (cause) {
    // Node says `ENOENT: no such file or directory, open 'stages.yaml'`.
    const reason = (cause as Error).message.replace(/^[A-Z]+: /, '').replace(/, \w+( '.*')?$/s, '')
    throw new Problem(`cannot read ${file}: ${reason}`, { cause, expected: 'a file of log stages' })
  }
  const problems: Problem[] = []
  const configs = await parseStages(text, file, problems)
  const stages = await collect(problems, () => prepareStages(configs))
  throwAll(problems.sort(byPlace))
  return stages ?? []
}

function byPlace({ place: a }: Problem, { place: b }: Problem): number {
  return (a?.line ?? 0) - (b?.line ?? 0) || (a?.column ?? 0) - (b?.column ?? 0)
}
