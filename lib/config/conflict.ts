// What two stages of a pipeline cannot both have: a file that they write, an address, a folder of positions.

import { Problem } from '../diag/problem.js'
import { type ComponentStage, type Pipe, stagesOf } from '../pipeline/model.js'

/** Tells everything that is claimed twice, with both places. */
export function conflicts(pipes: readonly Pipe[], problems: Problem[]): void {
  const owners = new Map<string, { pipe: Pipe; stage: ComponentStage }>()
  for (const pipe of pipes) {
    for (const stage of stagesOf(pipe)) {
      if (stage.kind !== 'component') continue
      for (const { claim, shared } of claimsOf(stage)) {
        const owner = owners.get(claim)
        // Source and sink of a pipe have the same folder of positions; of several sinks each has its own.
        const sinks = stage.component.role === 'sink' ? `${claim}, of a sink` : null
        const within = shared && owner?.pipe === pipe
        const rival = within ? owners.get(sinks ?? '') : owner
        if (rival !== undefined) problems.push(claimedTwice(claim, stage, rival.stage))
        if (owner === undefined) owners.set(claim, { pipe, stage })
        if (sinks !== null && !owners.has(sinks)) owners.set(sinks, { pipe, stage })
      }
    }
  }
}

function claimsOf({ component, input }: ComponentStage): { claim: string; shared: boolean }[] {
  const { args, options } = input()
  const { listen, state } = options as { readonly listen?: unknown; readonly state?: unknown }
  const claims: { claim: string; shared: boolean }[] = []
  if (
    component.role === 'sink' &&
    component.args[0]?.path === true &&
    component.args[0].variadic !== true &&
    args[0] !== undefined
  ) {
    claims.push({ claim: `the file '${args[0]}'`, shared: false })
  }
  for (const address of [listen].flat()) {
    if (typeof address !== 'string' || address.endsWith(':0')) continue
    claims.push({ claim: `the address '${address.replace(/^(tcp|tls):\/\//, '')}'`, shared: false })
  }
  if (typeof state === 'string') claims.push({ claim: `the folder '${state}' of --state`, shared: true })
  return claims
}

function claimedTwice(claim: string, stage: ComponentStage, owner: ComponentStage): Problem {
  const { file, line, column } = owner.place
  const hint = `it is also that of '${owner.component.name}' at ${file}:${line}:${column}`
  return new Problem(`'${stage.component.name}' cannot have ${claim}`, {
    place: stage.place,
    expected: 'one of its own',
    hint,
  })
}
