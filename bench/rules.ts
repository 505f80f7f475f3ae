// What relabel rules cost when all series are known: a thousand of them against one, with the same outcome.

import { type Bar, type Bench, ratio } from './bench.js'
import { FUSED, PIPE } from './contestants.js'
import { type Entry, rounds, type Run } from './rounds.js'

/** Changes every series. */
const ONE = { source_labels: ['handler'], regex: '/api/v1/(.*)', target_label: 'resource', replacement: '$1' }

/** Rules that read labels of every series, and match none. */
const MORE = Array.from({ length: 999 }, (_, i) =>
  i % 2 === 0
    ? { source_labels: ['path', 'method'], regex: `/q/${i}(0|1);(GET|PUT)`, action: 'drop' }
    : { source_labels: ['handler'], regex: `/api/v${i + 1}/(.*)`, target_label: 'version', replacement: '$1' },
)

function entries(): Entry[] {
  const load = { targets: 20, series: 5000, churn: 0 }
  const run = (rules: readonly object[]): Run => ({ load, job: { every: 1, rules }, kept: 1, warmup: 12, seconds: 10 })
  return [FUSED, PIPE].flatMap((contestant) => [
    { name: `${contestant.name}, 1 rule`, contestant, run: run([ONE]) },
    { name: `${contestant.name}, 1,000 rules`, contestant, run: run([ONE, ...MORE]) },
  ])
}

function bar(name: string, rows: Parameters<Bench['bars']>[0]): Bar[] {
  const figure = ratio(rows, 'cpu_us/sample', `${name}, 1,000 rules`, `${name}, 1 rule`)
  return figure === undefined ? [] : [{ what: `cpu_us/sample of ${name}, 1,000 rules / 1`, figure, bar: { most: 1.2 } }]
}

export const rules: Bench = {
  name: 'rules',
  base: [`${FUSED.name}, 1 rule`, 'cpu_us/sample'],
  run: (choice) => rounds(entries(), { ...choice, rounds: choice.rounds ?? 1 }),
  bars: (rows) => [...bar(FUSED.name, rows), ...bar(PIPE.name, rows)],
}
