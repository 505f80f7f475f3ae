// How long a filter takes to start and end on empty input, against node doing nothing.

import { ROOT } from '../test/support/solder.js'
import { type Bench, median, ratio } from './bench.js'
import { costOf } from './measure.js'

const NODE = 'node -e 0'
const SOLDER = 'solder relabel, empty stdin'
const CONTESTANTS = [
  [NODE, 'node -e 0'],
  [SOLDER, `node ${ROOT}/bin/solder.js relabel </dev/null`],
] as const

export const startup: Bench = {
  name: 'startup',
  base: [NODE, 'wall_ms'],
  async run({ rounds = 11 }) {
    const costs = CONTESTANTS.map(([name, command]) => ({ name, command, cpu: [] as number[], wall: [] as number[] }))
    // In turn, so that a busy moment of the machine hits both.
    for (let round = 0; round < rounds; round++) {
      for (const { command, cpu, wall } of costs) {
        const cost = await costOf(command)
        cpu.push(cost.cpu * 1000)
        wall.push(cost.wall * 1000)
      }
    }
    return costs.map(({ name, cpu, wall }) => ({ name, figures: { 'wall_ms': median(wall), 'cpu_ms': median(cpu) } }))
  },
  bars(rows) {
    const figure = ratio(rows, 'wall_ms', SOLDER, NODE)
    return figure === undefined ? [] : [{ what: `wall_ms of ${SOLDER} / ${NODE}`, figure, bar: { most: 2 } }]
  },
}
