// meminfo: every field of /proc/meminfo, proc_meminfo(5).

import { fieldsOf, linesOf, numberIn, procCollector } from './collector.js'
import type { Families } from './families.js'

export function parseMeminfo(text: string, out: Families): void {
  for (const line of linesOf(text)) {
    const [field, number, unit] = fieldsOf(line)
    let key = field.replace(/:$/, '').replace(/\((.*)\)/, '_$1')
    let value = numberIn(number)
    if (unit !== undefined) {
      key += '_bytes'
      value *= 1024
    }
    const help = `Memory information field ${key}.`
    if (key.endsWith('_total')) out.counter(`node_memory_${key}`, help, value)
    else out.gauge(`node_memory_${key}`, help, value)
  }
}

export const meminfo = procCollector('meminfo', 'meminfo', parseMeminfo)
