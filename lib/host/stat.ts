// stat: boot time, interrupts, context switches, forks and processes of /proc/stat, proc_stat(5).

import { fieldsOf, linesOf, numberIn, procCollector } from './collector.js'
import type { Families } from './families.js'

const FIELDS: { readonly [field: string]: readonly ['counter' | 'gauge', string, string] } = {
  intr: ['counter', 'node_intr_total', 'Total number of interrupts serviced.'],
  ctxt: ['counter', 'node_context_switches_total', 'Total number of context switches.'],
  processes: ['counter', 'node_forks_total', 'Total number of forks.'],
  btime: ['gauge', 'node_boot_time_seconds', 'Node boot time, in unixtime.'],
  procs_running: ['gauge', 'node_procs_running', 'Number of processes in runnable state.'],
  procs_blocked: ['gauge', 'node_procs_blocked', 'Number of processes blocked waiting for I/O to complete.'],
}

export function parseStat(text: string, out: Families): void {
  for (const line of linesOf(text)) {
    const [field, value] = fieldsOf(line.slice(0, 64))
    if (!Object.hasOwn(FIELDS, field)) continue
    const [kind, name, help] = FIELDS[field]
    out[kind](name, help, numberIn(value))
  }
}

export const stat = procCollector('stat', 'stat', parseStat)
