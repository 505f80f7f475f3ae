// A file of stages, in either of the two forms that there are.

import { Problem } from '../diag/problem.js'
import { parseAlloy } from './alloy.js'
import type { StageConfig } from './definition.js'

/** A block of Alloy at the start, behind comments. */
const ALLOY = /^(?:\s|\/\/[^\n]*|\/\*[^]*?\*\/)*(?:stage\.|loki\.process\b)/

/** @param file its name for messages. Throws every Problem with the place. */
export async function parseStages(text: string, file: string): Promise<readonly StageConfig[]> {
  const stages = ALLOY.test(text) ? parseAlloy(text, file) : (await import('./promtail.js')).parsePromtail(text, file)
  if (stages.length > 0) return stages
  throw new Problem(`${file}: no stages`, { place: { file }, expected: 'pipeline_stages in YAML, or blocks stage.NAME { … }' })
}
