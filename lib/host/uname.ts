// uname: names of the machine and its kernel, uname(2), from /proc/sys/kernel.

import { type Collector, must } from './collector.js'

export const uname: Collector = {
  name: 'uname',
  collect(host, out) {
    const file = (name: string) => host.proc(`sys/kernel/${name}`)?.trimEnd()
    out.gauge('node_uname_info', 'Labeled system information as provided by the uname system call.', 1, [
      'domainname', file('domainname') ?? '',
      'machine', file('arch') ?? host.machine,
      'nodename', file('hostname') ?? '',
      'release', must(file('osrelease'), 'osrelease'),
      'sysname', file('ostype') ?? 'Linux',
      'version', file('version') ?? '',
    ])
  },
}
