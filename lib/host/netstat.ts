// netstat: protocol counters of /proc/net/netstat, snmp and snmp6, proc_net_snmp(5).

import { type Collector, fieldsOf, linesOf, must, numberIn } from './collector.js'
import type { Families } from './families.js'

/** The counters that node_exporter shows unless told otherwise. */
const FIELDS = new RegExp(
  '^(.*_(InErrors|InErrs)|Ip_Forwarding|Ip(6|Ext)_(InOctets|OutOctets)|Icmp6?_(InMsgs|OutMsgs)' +
    '|TcpExt_(Listen.*|Syncookies.*|TCPSynRetrans|TCPTimeouts)' +
    '|Tcp_(ActiveOpens|InSegs|OutSegs|OutRsts|PassiveOpens|RetransSegs|CurrEstab)' +
    '|Udp6?_(InDatagrams|OutDatagrams|NoPorts|RcvbufErrors|SndbufErrors))$',
)

function add(protocol: string, field: string, value: string, out: Families): void {
  const key = `${protocol}_${field}`
  if (FIELDS.test(key)) out.unknown(`node_netstat_${key}`, `Statistic ${protocol}${field}.`, numberIn(value))
}

/** netstat and snmp: two lines a protocol, names and values. */
export function parseNetstat(text: string, out: Families): void {
  const lines = linesOf(text)
  for (let i = 0; i + 1 < lines.length; i += 2) {
    const names = fieldsOf(lines[i])
    const values = fieldsOf(lines[i + 1])
    if (names.length !== values.length || names[0] !== values[0]) {
      throw new Error(`names and values of ${names[0]} do not match`)
    }
    const protocol = names[0].replace(/:$/, '')
    for (let column = 1; column < names.length; column++) add(protocol, names[column], values[column], out)
  }
}

/** snmp6: a line a counter, `Ip6InOctets 128`. */
export function parseSnmp6(text: string, out: Families): void {
  for (const line of linesOf(text)) {
    const [name, value] = fieldsOf(line)
    const six = name.indexOf('6')
    if (six >= 0 && value !== undefined) add(name.slice(0, six + 1), name.slice(six + 1), value, out)
  }
}

export const netstat: Collector = {
  name: 'netstat',
  collect(host, out) {
    parseNetstat(must(host.proc('net/netstat'), 'net/netstat'), out)
    parseNetstat(must(host.proc('net/snmp'), 'net/snmp'), out)
    // Not there where IPv6 is switched off.
    parseSnmp6(host.proc('net/snmp6') ?? '', out)
  },
}
