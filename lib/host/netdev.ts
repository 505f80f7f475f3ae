// netdev: traffic by network device, /proc/net/dev, proc_net_dev(5).

import { type Collector, fieldsOf, linesOf, must, numberIn } from './collector.js'
import type { Families } from './families.js'

/** @param nohandler packets of a device that nobody took, which the table lacks */
export function parseNetdev(
  text: string,
  excluded: (device: string) => boolean,
  nohandler: (device: string) => string | undefined,
  out: Families,
): void {
  const [, header, ...lines] = linesOf(text)
  const [, receive, transmit] = (header ?? '').split('|')
  if (transmit === undefined) throw new Error('net/dev: expected a header of three columns')
  const columns = [
    ...fieldsOf(receive).map((word) => `receive_${word}`),
    ...fieldsOf(transmit).map((word) => `transmit_${word}`),
  ]
  for (const line of lines) {
    // Names of devices may hold colons (aliases), numbers may not.
    const colon = line.lastIndexOf(':')
    const device = line.slice(0, colon).trim()
    if (excluded(device)) continue
    const labels = ['device', device]
    const add = (column: string, value: string) =>
      out.counter(`node_network_${column}_total`, `Network device statistic ${column}.`, numberIn(value), labels)
    const values = fieldsOf(line.slice(colon + 1))
    if (values.length !== columns.length) throw new Error(`net/dev: expected ${columns.length} columns for ${device}`)
    for (const [i, column] of columns.entries()) add(column, values[i])
    const unhandled = nohandler(device)
    if (unhandled !== undefined) add('receive_nohandler', unhandled)
  }
}

export function netdev(excluded: (device: string) => boolean): Collector {
  return {
    name: 'netdev',
    collect(host, out) {
      const nohandler = (device: string) => host.sys(`class/net/${device}/statistics/rx_nohandler`)
      parseNetdev(must(host.proc('net/dev'), 'net/dev'), excluded, nohandler, out)
    },
  }
}
