// Which runner serves which suite.

import type { Runner } from './suite.js'
import { relabel } from './suites/relabel.js'
import { file, http, targetGroup } from './suites/sd.js'

export const RUNNERS: { readonly [suite: string]: Runner } = {
  relabel,
  sd_file: file,
  sd_http: http,
  sd_target_group: targetGroup,
}
