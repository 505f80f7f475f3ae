// udp_queues: memory that waits in UDP sockets, /proc/net/udp and udp6.

import { type Collector, fieldsOf, hexIn, linesOf, NoData } from './collector.js'

/** Sums of the `tx_queue:rx_queue` column. */
export function udpQueues(text: string): { tx: number; rx: number } {
  const sums = { tx: 0, rx: 0 }
  for (const line of linesOf(text).slice(1)) {
    const [tx, rx] = (fieldsOf(line)[4] ?? '').split(':')
    sums.tx += hexIn(tx)
    sums.rx += hexIn(rx)
  }
  return sums
}

const HELP = 'Number of allocated memory in the kernel for UDP datagrams in bytes.'

export const udpQueuesCollector: Collector = {
  name: 'udp_queues',
  collect(host, out) {
    let any = false
    for (const [path, ip] of [['net/udp', 'v4'], ['net/udp6', 'v6']]) {
      const text = host.proc(path)
      if (text === undefined) continue
      any = true
      const { tx, rx } = udpQueues(text)
      out.gauge('node_udp_queues', HELP, tx, ['ip', ip, 'queue', 'tx'])
      out.gauge('node_udp_queues', HELP, rx, ['ip', ip, 'queue', 'rx'])
    }
    if (!any) throw new NoData('net/udp is not there')
  },
}
