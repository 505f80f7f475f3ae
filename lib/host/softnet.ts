// softnet: packets handled by each processor, /proc/net/softnet_stat (hexadecimal columns).

import { fieldsOf, hexIn, linesOf, procCollector } from './collector.js'
import type { Families } from './families.js'

export function parseSoftnet(text: string, out: Families): void {
  for (const [cpu, line] of linesOf(text).entries()) {
    const [processed, dropped, squeezed] = fieldsOf(line)
    const labels = ['cpu', String(cpu)]
    out.counter('node_softnet_processed_total', 'Number of processed packets', hexIn(processed), labels)
    out.counter('node_softnet_dropped_total', 'Number of dropped packets', hexIn(dropped), labels)
    const help = 'Number of times processing packets ran out of quota'
    out.counter('node_softnet_times_squeezed_total', help, hexIn(squeezed), labels)
  }
}

export const softnet = procCollector('softnet', 'net/softnet_stat', parseSoftnet)
