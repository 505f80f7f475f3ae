// conntrack: connection tracking of netfilter, /proc/sys/net/netfilter and /proc/net/stat/nf_conntrack.

import { type Collector, fieldsOf, hexIn, linesOf, must, numberIn } from './collector.js'
import type { Families } from './families.js'

const COUNTERS = [
  ['found', 'Number of searched entries which were successful.'],
  ['invalid', 'Number of packets seen which can not be tracked.'],
  ['ignore', 'Number of packets seen which are already connected to a conntrack entry.'],
  ['insert', 'Number of entries inserted into the list.'],
  ['insert_failed', 'Number of entries for which list insertion was attempted but failed.'],
  ['drop', 'Number of packets dropped due to conntrack failure.'],
  ['early_drop', 'Number of dropped conntrack entries to make room for new ones, if maximum table size was reached.'],
  ['search_restart', 'Number of conntrack table lookups which had to be restarted due to hashtable resizes.'],
] as const

/** A table with a line a processor, hexadecimal; what counts is the sum. */
export function parseConntrackStat(text: string, out: Families): void {
  const [header, ...lines] = linesOf(text)
  const names = fieldsOf(header ?? '')
  const rows = lines.map(fieldsOf)
  for (const [name, help] of COUNTERS) {
    // The kernel spells the last one in camel case in some versions.
    const column = names.findIndex((word) => word.toLowerCase().replace('searchrestart', 'search_restart') === name)
    if (column < 0) continue
    out.gauge(`node_nf_conntrack_stat_${name}`, help, rows.reduce((sum, row) => sum + hexIn(row[column]), 0))
  }
}

export const conntrack: Collector = {
  name: 'conntrack',
  collect(host, out) {
    const file = (name: string) => numberIn(must(host.proc(`sys/net/netfilter/${name}`), name))
    const count = file('nf_conntrack_count')
    const help = 'Number of currently allocated flow entries for connection tracking.'
    out.gauge('node_nf_conntrack_entries', help, count)
    out.gauge('node_nf_conntrack_entries_limit', 'Maximum size of connection tracking table.', file('nf_conntrack_max'))
    const table = host.proc('net/stat/nf_conntrack')
    if (table !== undefined) parseConntrackStat(table, out)
  },
}
