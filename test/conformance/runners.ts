// Which runner serves which suite.

import type { Runner } from './suite.js'

export const RUNNERS: { readonly [suite: string]: Runner } = {}
