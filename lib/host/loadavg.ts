// loadavg: /proc/loadavg, proc_loadavg(5).

import { fieldsOf, numberIn, procCollector } from './collector.js'
import type { Families } from './families.js'

export function parseLoadavg(text: string, out: Families): void {
  const fields = fieldsOf(text)
  for (const [i, minutes] of [1, 5, 15].entries()) {
    out.gauge(`node_load${minutes}`, `${minutes}m load average.`, numberIn(fields[i]))
  }
}

export const loadavg = procCollector('loadavg', 'loadavg', parseLoadavg)
