// cpu: time by processor and mode of /proc/stat, guests, throttling and isolation, proc_stat(5).

import { type Collector, fieldsOf, linesOf, must, numberIn } from './collector.js'
import type { Families } from './families.js'
import type { Host } from './host.js'

/** Order of the columns in /proc/stat. */
const MODES = ['user', 'nice', 'system', 'idle', 'iowait', 'irq', 'softirq', 'steal'] as const
const GUEST_MODES = ['user', 'nice'] as const
const IDLE = 3
/** Ticks a second of /proc, the same on every architecture that Node runs on. */
const USER_HZ = 100
/** An idle counter that falls by this much means that the processor was taken out and put back. */
const HOTPLUG_SECONDS = 3

/** Seconds by mode (then guest modes), by processor. */
export type CpuSeconds = ReadonlyMap<string, readonly number[]>

export function parseCpuSeconds(text: string): CpuSeconds {
  const cpus = new Map<string, number[]>()
  for (const line of linesOf(text)) {
    if (!/^cpu\d/.test(line)) continue
    const [cpu, ...ticks] = fieldsOf(line)
    const seconds = new Array<number>(MODES.length + GUEST_MODES.length)
    for (let i = 0; i < seconds.length; i++) seconds[i] = ticks[i] === undefined ? 0 : numberIn(ticks[i]) / USER_HZ
    cpus.set(cpu.slice(3), seconds)
  }
  return cpus
}

/** The kernel lets idle and iowait run backwards a little; counters must not. */
export function neverBackwards(before: CpuSeconds, now: CpuSeconds): CpuSeconds {
  const out = new Map<string, readonly number[]>()
  for (const [cpu, seconds] of now) {
    const old = before.get(cpu)
    const restarted = old === undefined || old[IDLE] - seconds[IDLE] >= HOTPLUG_SECONDS
    out.set(cpu, restarted ? seconds : seconds.map((value, i) => Math.max(value, old[i])))
  }
  return out
}

function addSeconds(cpus: CpuSeconds, out: Families): void {
  const help = 'Seconds the CPUs spent in each mode.'
  const guestHelp = 'Seconds the CPUs spent in guests (VMs) for each mode.'
  for (const [cpu, seconds] of cpus) {
    for (const [i, mode] of MODES.entries()) {
      out.counter('node_cpu_seconds_total', help, seconds[i], ['cpu', cpu, 'mode', mode])
    }
    for (const [i, mode] of GUEST_MODES.entries()) {
      out.counter('node_cpu_guest_seconds_total', guestHelp, seconds[MODES.length + i], ['cpu', cpu, 'mode', mode])
    }
  }
}

const CPUS = 'devices/system/cpu'

/** Processors that share a core or a package share its count. */
function addThrottles(host: Host, out: Families): void {
  const seen = new Set<string>()
  for (const name of host.list(CPUS)) {
    if (!/^cpu\d+$/.test(name)) continue
    const file = (path: string) => host.sys(`${CPUS}/${name}/${path}`)?.trim()
    const pack = file('topology/physical_package_id')
    const core = file('topology/core_id')
    if (pack === undefined || core === undefined) continue
    const coreCount = file('thermal_throttle/core_throttle_count')
    if (coreCount !== undefined && !seen.has(`${pack}/${core}`)) {
      seen.add(`${pack}/${core}`)
      const help = 'Number of times this CPU core has been throttled.'
      out.counter('node_cpu_core_throttles_total', help, numberIn(coreCount), ['core', core, 'package', pack])
    }
    const packCount = file('thermal_throttle/package_throttle_count')
    if (packCount !== undefined && !seen.has(pack)) {
      seen.add(pack)
      const help = 'Number of times this CPU package has been throttled.'
      out.counter('node_cpu_package_throttles_total', help, numberIn(packCount), ['package', pack])
    }
  }
}

/** `2-4,7` to 2, 3, 4, 7 (the kernel's list format). */
export function cpuList(text: string): number[] {
  const cpus: number[] = []
  for (const part of text.trim().split(',')) {
    if (part === '') continue
    const [first, last = first] = part.split('-')
    for (let cpu = numberIn(first); cpu <= numberIn(last); cpu++) cpus.push(cpu)
  }
  return cpus
}

/** A new one for every scraper: it remembers the last counters. */
export function cpu(): Collector {
  let last: CpuSeconds = new Map()
  return {
    name: 'cpu',
    collect(host, out) {
      last = neverBackwards(last, parseCpuSeconds(must(host.proc('stat'), 'stat')))
      addSeconds(last, out)
      const help = 'Whether each core is isolated, information from /sys/devices/system/cpu/isolated.'
      const isolated = cpuList(host.sys(`${CPUS}/isolated`) ?? '')
      for (const n of isolated) out.gauge('node_cpu_isolated', help, 1, ['cpu', String(n)])
      addThrottles(host, out)
    },
  }
}
