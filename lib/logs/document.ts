// A file of stages, in either of the two forms that there are.

import { collect, Problem } from '../diag/problem.js'
import { parseAlloy } from './alloy.js'
import type { StageConfig } from './definition.js'

/** A block of Alloy at the start, behind comments. */
const ALLOY = /^(?:\s|\/\/[^\n]*|\/\*[^]*?\*\/)*(?:stage\.|loki\.process\b)/

/** @param file its name for messages; what is wrong is added to `problems`, with the place */
export async function parseStages(text: string, file: string, problems: Problem[]): Promise<readonly StageConfig[]> {
  const yaml = async () => (await import('./promtail.js')).parsePromtail(text, file, problems)
  const stages = (await collect(problems, () => (ALLOY.test(text) ? parseAlloy(text, file) : yaml()))) ?? []
  if (stages.length === 0 && problems.length === 0) {
    const expected = 'pipeline_stages in YAML, or blocks stage.NAME { … }'
    problems.push(new Problem('no stages', { place: { file }, expected }))
  }
  return stages
}
