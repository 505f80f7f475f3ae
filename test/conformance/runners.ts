// Which runner serves which suite.

import type { Runner } from './suite.js'
import { relabel } from './suites/relabel.js'

export const RUNNERS: { readonly [suite: string]: Runner } = {
  relabel,
}
