// pressure: stall time by resource, /proc/pressure (PSI).

import { type Collector, NoData, numberIn } from './collector.js'

const WAITED = 'Total time in seconds that processes have waited'
const STALLED = 'Total time in seconds no process could make progress'

const STATES = [
  ['cpu', 'some', 'cpu_waiting', `${WAITED} for CPU time`],
  ['io', 'some', 'io_waiting', `${WAITED} due to IO congestion`],
  ['io', 'full', 'io_stalled', `${STALLED} due to IO congestion`],
  ['memory', 'some', 'memory_waiting', `${WAITED} for memory`],
  ['memory', 'full', 'memory_stalled', `${STALLED} due to memory congestion`],
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
      out.counter(`node_pressure_${name}_seconds_total`, help, seconds)
    }
    if (!any) throw new NoData('no pressure stall information')
  },
}
