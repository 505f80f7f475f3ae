// The whole job side by side: 20 targets x 5,000 series each second, three relabel rules, remote write to a receiver that takes
// everything.

import { type Bar, type Bench, ratio, type Row } from './bench.js'
import { AGENT, FUSED, PIPE, VMAGENT } from './contestants.js'
import { type Run, rounds } from './rounds.js'

/** The first drops one of four series. */
export const RULES = [
  { source_labels: ['code'], regex: '404', action: 'drop' },
  { source_labels: ['handler'], regex: '/api/v1/(.*)', target_label: 'resource', replacement: '$1' },
  { regex: 'zone', action: 'labeldrop' },
]

const RUN: Run = {
  load: { targets: 20, series: 5000, churn: 0 },
  job: { every: 1, rules: RULES },
  kept: 3 / 4,
  // Collectors run for weeks: what compilers do in the first two minutes is no part of a sample's cost.
  warmup: 120,
  seconds: 30,
}

export const agents: Bench = {
  name: 'agents',
  base: [AGENT.name, 'cpu_us/sample'],
  run(choice) {
    const contestants = [FUSED, PIPE, AGENT, VMAGENT]
    return rounds(contestants.map((contestant) => ({ name: contestant.name, contestant, run: RUN })), choice)
  },
  bars: (rows) => [
    ...bar(rows, 'cpu_us/sample', FUSED.name, 1 / 8),
    ...bar(rows, 'rss_bytes/series', FUSED.name, 1 / 2),
    ...bar(rows, 'cpu_us/sample', PIPE.name, 1 / 2),
  ],
}

function bar(rows: readonly Row[], figure: string, name: string, most: number): Bar[] {
  const value = ratio(rows, figure, name, AGENT.name)
  return value === undefined ? [] : [{ what: `${figure} of ${name} / ${AGENT.name}`, figure: value, bar: { most } }]
}
