// pressure: stall time by resource, /proc/pressure (PSI).

import { type Collector, NoData, numberIn } from './collector.js'

const STATES = [
  ['cpu', 'some', 'node_pressure_cpu_waiting_seconds_total', 'Total time in seconds that processes have waited for CPU time'],
  ['io', 'some', 'node_pressure_io_waiting_seconds_total', 'Total time in seconds that processes have waited due to IO congestion'],
  ['io', 'full', 'node_pressure_io_stalled_seconds_total', 'Total time in seconds no process could make progress due to IO congestion'],
  ['memory', 'some', 'node_pressure_memory_waiting_seconds_total', 'Total time in seconds that processes have waited for memory'],
  ['memory', 'full', 'node_pressure_memory_stalled_seconds_total', 'Total time in seconds no process could make progress due to memory congestion'],
] as const

/** Seconds stalled: the `total` microseconds of the `some` or `full` line; undefined where there is no such line. */
export function stalledSeconds(text: string, line: 'some' | 'full'): number | undefined {
  const found = new RegExp(`^${line} .*total=(\\S+)`, 'm').exec(text)
  return found === null ? undefined : numberIn(found[1]) / 1000 / 1000
}

export const pressure: Collector = {
  name: 'pressure',
  collect(host, out) {
    let any = false
    for (const [resource, line, name, help] of STATES) {
      const text = host.proc(`pressure/${resource}`)
      const seconds = text === undefined ? undefined : stalledSeconds(text, line)
      if (seconds === undefined) continue
      any = true
      out.counter(name, help, seconds)
    }
    if (!any) throw new NoData('no pressure stall information')
  },
}
