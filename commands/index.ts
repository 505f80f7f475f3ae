// The catalogue: every command, in the order of the help; each is loaded when it is meant.

import type { Catalogue } from '../lib/component.js'
import { main } from '../lib/main.js'

export const catalogue: Catalogue = [
  { name: 'relabel', load: () => import('./relabel/rules.js') },
  { name: 'view', load: () => import('./view/records.js') },
]

/** Runs a command line and ends the process. */
export const solder = (words: readonly string[]): Promise<never> => main(words, catalogue)
