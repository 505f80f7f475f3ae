// sockstat: sockets in use by protocol, /proc/net/sockstat and sockstat6.

import { type Collector, fieldsOf, linesOf, NoData, numberIn } from './collector.js'
import type { Families } from './families.js'

/** `TCP: inuse 4 orphan 0 …`; `mem` counts pages. */
export function parseSockstat(text: string, pageSize: number, out: Families): void {
  for (const line of linesOf(text)) {
    const [head, ...pairs] = fieldsOf(line)
    const protocol = head.replace(/:$/, '')
    for (let i = 0; i + 1 < pairs.length; i += 2) {
      const state = pairs[i]
      const value = numberIn(pairs[i + 1])
      if (protocol === 'sockets') {
        if (state === 'used') out.gauge('node_sockstat_sockets_used', 'Number of IPv4 sockets in use.', value)
        continue
      }
      const add = (word: string, n: number) =>
        out.gauge(`node_sockstat_${protocol}_${word}`, `Number of ${protocol} sockets in state ${word}.`, n)
      add(state, value)
      if (state === 'mem') add('mem_bytes', value * pageSize)
    }
  }
}

export const sockstat: Collector = {
  name: 'sockstat',
  collect(host, out) {
    const files = ['net/sockstat', 'net/sockstat6'].map((path) => host.proc(path)).filter((text) => text !== undefined)
    if (files.length === 0) throw new NoData('net/sockstat is not there')
    for (const text of files) parseSockstat(text, host.pageSize, out)
  },
}
