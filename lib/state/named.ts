// The state of stages that make metrics, of which a pipe may have several of a kind: each has a name in the folder.

import type { Log } from '../component.js'
import { Problem } from '../diag/problem.js'
import type { OptionTable, OptionValues } from '../option/table.js'
import { STATE_OPTIONS } from './options.js'
import type { SavedRecords } from './saved.js'

/** What manuals say of it. */
export const METRIC_STATE_HELP = `Metrics start from nothing when the command starts, unless --state keeps them: samples are on
    disk before they go on, so that a counter goes on from what was told of it last, and never falls. What came after that is not
    counted when the command is killed, unless it comes again, as from a source with checkpoints; of what comes again some may be
    counted twice. Two stages need two names (--state-name) there.`

/** @param whose what stands for the name if there is none, in the manual */
export function namedStateOptions(whose: string) {
  return {
    state: { ...STATE_OPTIONS.state, help: 'folder that keeps the metrics from one run to the next' },
    state_name: {
      type: 'string', value: 'NAME', since: '0.1.0', group: STATE_OPTIONS.state.group,
      help: `name of this stage in the folder of --state; ${whose}, if absent`,
    },
  } as const satisfies OptionTable
}

type NamedState = Partial<OptionValues<ReturnType<typeof namedStateOptions>>>

/** What is wrong with them. */
export function stateProblems({ state, state_name: name, temporality }: NamedState & { temporality?: string }): Problem[] {
  const problems: Problem[] = []
  if (name !== undefined && !/^[\w.:-]{1,100}$/.test(name)) {
    problems.push(new Problem(`--state-name: '${name}' is not valid`, { expected: "1 to 100 letters, digits, '_', '.', ':', '-'" }))
  }
  if (state !== undefined && temporality === 'delta') {
    problems.push(new Problem('--state is for --temporality cumulative', { hint: 'deltas go on at the end of a run: none is left' }))
  }
  return problems
}

/**
 * What the stage keeps, held as long as this process lives; undefined where it keeps nothing. Throws a Problem.
 * @param stage its command, e.g. `derive.metrics`
 * @param otherwise its name where there is no other; '': none
 */
export async function namedState(
  options: NamedState, stage: string, otherwise: string, log: Log,
): Promise<SavedRecords | undefined> {
  const { state, state_name: name = otherwise } = options
  if (state === undefined) return undefined
  const { SavedRecords } = await import('./saved.js')
  const saved = new SavedRecords(state, name === '' ? stage : `${stage}.${encodeURIComponent(name)}`, log)
  await saved.hold()
  return saved
}
