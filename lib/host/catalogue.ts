// The collectors, by the names that node_exporter gives them.

import type { Clock } from '../component.js'
import { didYouMean, Problem } from '../diag/problem.js'
import { arp } from './arp.js'
import type { Collector } from './collector.js'
import { conntrack } from './conntrack.js'
import { cpu } from './cpu.js'
import { diskstats } from './diskstats.js'
import { entropy } from './entropy.js'
import { filefd } from './filefd.js'
import { filesystem, type FilesystemOptions } from './filesystem.js'
import { loadavg } from './loadavg.js'
import { meminfo } from './meminfo.js'
import { netclass } from './netclass.js'
import { netdev } from './netdev.js'
import { netstat } from './netstat.js'
import { os } from './os_release.js'
import { pressure } from './pressure.js'
import { sockstat } from './sockstat.js'
import { softnet } from './softnet.js'
import { stat } from './stat.js'
import { time } from './time.js'
import { udpQueuesCollector } from './udp_queues.js'
import { uname } from './uname.js'
import { vmstat } from './vmstat.js'

export interface CollectorOptions extends FilesystemOptions {
  excludedDisk(device: string): boolean
  excludedNetworkDevice(device: string): boolean
  clock: Clock
}

/** New collectors, in alphabetical order; some remember what they saw last. */
export function collectorsOf(options: CollectorOptions): readonly Collector[] {
  return [
    arp, conntrack, cpu(), diskstats(options.excludedDisk), entropy, filefd, filesystem(options), loadavg, meminfo,
    netclass, netdev(options.excludedNetworkDevice), netstat, os, pressure, sockstat, softnet, stat,
    time(options.clock), udpQueuesCollector, uname, vmstat,
  ]
}

/** Those that are named, all of them where none is; names that are none join the problems. */
export function chooseCollectors(
  all: readonly Collector[],
  names: readonly string[],
  problems: Problem[],
): readonly Collector[] {
  const known = all.map((collector) => collector.name)
  for (const name of names) {
    if (known.includes(name)) continue
    problems.push(
      new Problem(`--collector: unknown collector '${name}'`, {
        expected: known.join(', '),
        hint: didYouMean(name, known),
      }),
    )
  }
  return names.length === 0 ? all : all.filter((collector) => names.includes(collector.name))
}
