// How long a filter takes to start and end on empty input, against node doing nothing.

import { ROOT } from '../test/support/solder.js'
import type { Row } from './filter.js'
import { costOf, median } from './measure.js'

export async function benchStartup(runs: number): Promise<Row[]> {
  const contestants: [string, string][] = [
    ['node -e 0', 'node -e 0'],
    ['solder relabel, empty stdin', `node ${ROOT}/bin/solder.js relabel </dev/null`],
  ]
  const cpu = new Map<string, number[]>()
  const wall = new Map<string, number[]>()
  // Interleaved, so that a busy moment of the machine hits both.
  for (let run = 0; run < runs; run++) {
    for (const [name, command] of contestants) {
      const cost = await costOf(command)
      cpu.set(name, [...(cpu.get(name) ?? []), cost.cpu])
      wall.set(name, [...(wall.get(name) ?? []), cost.wall])
    }
  }
  return contestants.map(([name]) => ({
    name,
    figures: { 'cpu_ms': median(cpu.get(name)!) * 1000, 'wall_ms': median(wall.get(name)!) * 1000 },
  }))
}
