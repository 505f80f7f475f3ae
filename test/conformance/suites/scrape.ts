// The suites of scraping: scrape_append, scrape_misc and scrape_target_labels.

import type { Runner } from '../suite.js'
import { append } from './scrape_append.js'
import { misc } from './scrape_misc.js'
import { target } from './scrape_target.js'

export const scrapeSuites: { readonly [suite: string]: Runner } = {
  scrape_append: append,
  scrape_misc: misc,
  scrape_target_labels: target,
}
