// arp: neighbours by device, /proc/net/arp, proc_net_arp(5).

import { fieldsOf, linesOf, procCollector } from './collector.js'
import type { Families } from './families.js'

export function parseArp(text: string, out: Families): void {
  const entries = new Map<string, number>()
  for (const line of linesOf(text).slice(1)) {
    const device = fieldsOf(line).at(-1)!
    entries.set(device, (entries.get(device) ?? 0) + 1)
  }
  for (const [device, count] of entries) {
    out.gauge('node_arp_entries', 'ARP entries by device', count, ['device', device])
  }
}

export const arp = procCollector('arp', 'net/arp', parseArp)
