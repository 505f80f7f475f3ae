// Which runner serves which suite.

import type { Runner } from './suite.js'
import { expositionSuites } from './suites/exposition.js'
import { relabel } from './suites/relabel.js'
import { scrapeSuites } from './suites/scrape.js'
import { file, http, targetGroup } from './suites/sd.js'

export const RUNNERS: { readonly [suite: string]: Runner } = {
  ...expositionSuites,
  relabel,
  ...scrapeSuites,
  sd_file: file,
  sd_http: http,
  sd_target_group: targetGroup,
}
