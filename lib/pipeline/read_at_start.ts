// Files that a stage reads at its start and not again, so that what they say is part of the configuration.

import type { Input, StageComponent } from '../component.js'
import type { OptionTable } from '../option/table.js'

/** Their paths, from its arguments and options. */
export function filesReadAtStart(component: StageComponent, { args, options }: Input<OptionTable>): string[] {
  const named = Object.entries(component.options).map(([key, spec]) =>
    spec.type === 'path' && spec.readAtStart === true ? options[key] : undefined,
  )
  const listed = component.args.some(({ readAtStart }) => readAtStart === true) ? args : []
  return [...listed, ...named.filter((file) => typeof file === 'string')]
}
