// vmstat: paging, swapping, faults and OOM kills of /proc/vmstat, proc_vmstat(5).

import { fieldsOf, linesOf, numberIn, procCollector } from './collector.js'
import type { Families } from './families.js'

const FIELDS = /^(oom_kill|pgpg|pswp|pg.*fault)/

export function parseVmstat(text: string, out: Families): void {
  for (const line of linesOf(text)) {
    const [field, value] = fieldsOf(line)
    if (!FIELDS.test(field)) continue
    out.unknown(`node_vmstat_${field}`, `/proc/vmstat information field ${field}.`, numberIn(value))
  }
}

export const vmstat = procCollector('vmstat', 'vmstat', parseVmstat)
