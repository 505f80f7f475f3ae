// Backends of a pipeline, tried: each stage that knows how asks its own, all at once.

import { collect, Problem } from '../diag/problem.js'
import { type ComponentStage, type Pipeline, stagesOf } from '../pipeline/model.js'
import { scrubbed } from './component_stage.js'

/** How many stages were tried, and what is wrong with the backends of some, in the order of the pipes. */
export async function tryBackends({ pipes }: Pipeline): Promise<{ tried: number; problems: Problem[] }> {
  const stages = pipes
    .flatMap(stagesOf)
    .filter((stage): stage is ComponentStage => stage.kind === 'component' && stage.component.connect !== undefined)
  const found = await Promise.all(stages.map(tryStage))
  return { tried: found.filter(({ tried }) => tried).length, problems: found.flatMap(({ problems }) => problems) }
}

async function tryStage(stage: ComponentStage): Promise<{ tried: boolean; problems: Problem[] }> {
  const wrong: Problem[] = []
  const backends = await collect(wrong, () => stage.component.connect!(stage.input()))
  const problems = wrong.map((problem) => {
    const { message, expected, hint, cause } = scrubbed(problem, stage.words)
    return new Problem(message, { expected, hint, cause, place: stage.place })
  })
  return { tried: backends !== 0, problems }
}
