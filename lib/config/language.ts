// What the words of a pipeline file mean: the commands of solder, as the caller knows them.

import type { CatalogueEntry, Component, Input } from '../component.js'
import type { OptionTable } from '../option/table.js'

export interface Language {
  /** Names of all commands. */
  readonly names: readonly string[]
  /** All commands, loaded. */
  components(): Promise<readonly Component[]>
  /** Finds the command that the first words name; the rest are its own. Throws a Problem. */
  find(words: readonly string[]): { entry: CatalogueEntry; rest: readonly string[] }
  /** Its own options and those that every stage of its role takes. */
  options(component: Component): OptionTable
  /** Validates its arguments and options. Throws every Problem at once. */
  parse(component: Component, words: readonly string[]): Input<OptionTable>
}
