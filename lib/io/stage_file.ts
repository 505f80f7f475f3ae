// Files of log stages, read.

import { readFile } from 'node:fs/promises'
import { Problem } from '../diag/problem.js'
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
  return prepareStages(await parseStages(text, file))
}
