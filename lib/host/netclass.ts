// netclass: properties of network devices, /sys/class/net (kernel: ABI/testing/sysfs-class-net).

import { type Collector, NoData, numberIn } from './collector.js'

type Property = readonly [kind: 'counter' | 'gauge', name: string, file: string]

const PROPERTIES: readonly Property[] = [
  ['gauge', 'address_assign_type', 'addr_assign_type'],
  ['gauge', 'carrier', 'carrier'],
  ['counter', 'carrier_changes_total', 'carrier_changes'],
  ['counter', 'carrier_up_changes_total', 'carrier_up_count'],
  ['counter', 'carrier_down_changes_total', 'carrier_down_count'],
  ['gauge', 'device_id', 'dev_id'],
  ['gauge', 'dormant', 'dormant'],
  ['gauge', 'flags', 'flags'],
  ['gauge', 'iface_id', 'ifindex'],
  ['gauge', 'iface_link', 'iflink'],
  ['gauge', 'iface_link_mode', 'link_mode'],
  ['gauge', 'mtu_bytes', 'mtu'],
  ['gauge', 'name_assign_type', 'name_assign_type'],
  ['gauge', 'net_dev_group', 'netdev_group'],
  ['gauge', 'speed_bytes', 'speed'],
  ['gauge', 'transmit_queue_length', 'tx_queue_len'],
  ['gauge', 'protocol_type', 'type'],
]

const UP_HELP = "Value is 1 if operstate is 'up', 0 otherwise."
const INFO_HELP = 'Non-numeric data from /sys/class/net/<iface>, value is always 1.'
/** `speed` is in Mbit/s. */
const BYTES_PER_MEGABIT = 125_000

export const netclass: Collector = {
  name: 'netclass',
  collect(host, out) {
    const devices = host.list('class/net')
    if (devices.length === 0) throw new NoData('class/net is not there')
    for (const device of devices) {
      const file = (name: string) => host.sys(`class/net/${device}/${name}`)?.trim()
      // A plain file such as bonding_masters stands among the devices.
      if (file('ifindex') === undefined) continue
      out.gauge('node_network_up', UP_HELP, file('operstate') === 'up' ? 1 : 0, ['device', device])
      out.gauge('node_network_info', INFO_HELP, 1, [
        'address', file('address') ?? '', 'broadcast', file('broadcast') ?? '', 'device', device,
        'duplex', file('duplex') ?? '', 'ifalias', file('ifalias') ?? '', 'operstate', file('operstate') ?? '',
      ])
      for (const [kind, name, from] of PROPERTIES) {
        const text = file(from)
        if (text === undefined) continue
        const value = numberIn(text) * (from === 'speed' ? BYTES_PER_MEGABIT : 1)
        out[kind](`node_network_${name}`, `Network device property: ${name}`, value, ['device', device])
      }
    }
  },
}
