// The catalogue: every command, in the order of the help; each is loaded when it is meant.

import type { Catalogue } from '../lib/component.js'
import { main } from '../lib/main.js'

export const catalogue: Catalogue = [
  { name: 'discover static', load: () => import('./discover/static.js') },
  { name: 'discover file', load: () => import('./discover/file.js') },
  { name: 'discover http', load: () => import('./discover/http.js') },
  { name: 'receive exposition', load: () => import('./receive/exposition.js') },
  { name: 'receive prometheus', load: () => import('./receive/prometheus.js') },
  { name: 'receive loki', load: () => import('./receive/loki.js') },
  { name: 'receive ndjson', load: () => import('./receive/ndjson.js') },
  { name: 'receive lines', load: () => import('./receive/lines.js') },
  { name: 'receive exec', load: () => import('./receive/exec.js') },
  { name: 'receive journal', load: () => import('./receive/journal.js') },
  { name: 'receive syslog', load: () => import('./receive/syslog.js') },
  { name: 'receive tcp', load: () => import('./receive/tcp.js') },
  { name: 'receive gelf', load: () => import('./receive/gelf.js') },
  { name: 'receive file', load: () => import('./receive/file.js') },
  { name: 'scrape', load: () => import('./scrape/targets.js') },
  { name: 'scrape host', load: () => import('./scrape/host.js') },
  { name: 'relabel', load: () => import('./relabel/rules.js') },
  { name: 'filter', load: () => import('./filter/expression.js') },
  { name: 'write prometheus', load: () => import('./write/prometheus.js') },
  { name: 'write loki', load: () => import('./write/loki.js') },
  { name: 'write file', load: () => import('./write/file.js') },
  { name: 'view', load: () => import('./view/records.js') },
  { name: 'record', load: () => import('./record/folder.js') },
  { name: 'replay', load: () => import('./replay/recording.js') },
  { name: 'run', load: () => import('./run/pipeline.js') },
  { name: 'new', load: () => import('./tools/new.js') },
  { name: 'check', load: () => import('./tools/check.js') },
  { name: 'fmt', load: () => import('./tools/fmt.js') },
  { name: 'explain', load: () => import('./tools/explain.js') },
  { name: 'test', load: () => import('./tools/test.js') },
  { name: 'tap', load: () => import('./tools/tap.js') },
  { name: 'top', load: () => import('./tools/top.js') },
  { name: 'ledger', load: () => import('./tools/ledger.js') },
  { name: 'spool', load: () => import('./tools/spool.js') },
  { name: 'list', load: () => import('./tools/list.js') },
  { name: 'schema', load: () => import('./tools/schema.js') },
  { name: 'completion', load: () => import('./tools/completion.js') },
]

/** Runs a command line and ends the process. */
export const solder = (words: readonly string[]): Promise<never> => main(words, catalogue)
  { name: 'write syslog', load: () => import('./write/syslog.js') },
