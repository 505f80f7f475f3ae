// `npm run bench [NAME…]`: solder and its peers side by side; figures and ratios to stdout, and as JSON under bench/results.

import { mkdirSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { ROOT } from '../test/support/solder.js'
import { benchAgents } from './agents.js'
import { benchFilter, type Row } from './filter.js'
import { median } from './measure.js'
import { benchStartup } from './startup.js'

interface Bench {
  name: string
  /** The row and figure that the others are compared with. */
  base: [row: string, figure: string]
  run(): Promise<Row[]>
}

const RUNS = 3

const BENCHES: readonly Bench[] = [
  { name: 'startup', base: ['node -e 0', 'wall_ms'], run: () => benchStartup(11) },
  { name: 'filter', base: ['jq', 'cpu_us/line'], run: () => benchFilter(RUNS, 500_000) },
  {
    name: 'agents',
    base: ['prometheus agent', 'cpu_us/sample'],
    run: () => medians(RUNS, () => benchAgents({ targets: 20, series: 5000, warmup: 8, seconds: 15 })),
  },
]

/** Medians of each figure over several runs of everything, so that contestants alternate. */
async function medians(runs: number, run: () => Promise<Row[]>): Promise<Row[]> {
  const all: Row[][] = []
  for (let i = 0; i < runs; i++) all.push(await run())
  return all[0].map((row, at) => ({
    name: row.name,
    figures: Object.fromEntries(Object.keys(row.figures).map((key) => [key, median(all.map((rows) => rows[at].figures[key]))])),
  }))
}

function print(bench: Bench, rows: readonly Row[]): void {
  const [baseName, figure] = bench.base
  const base = rows.find((row) => row.name === baseName)?.figures[figure]
  process.stdout.write(`\n${bench.name}\n`)
  for (const { name, figures } of rows) {
    const columns = Object.entries(figures).map(([key, value]) => `${key} ${value.toPrecision(3)}`)
    const ratio = base === undefined || name === baseName ? '' : `  (${(figures[figure] / base).toPrecision(2)} x ${baseName})`
    process.stdout.write(`  ${name.padEnd(30)} ${columns.join('  ')}${ratio}\n`)
  }
}

const wanted = process.argv.slice(2)
const results: { [bench: string]: Row[] } = {}
for (const bench of BENCHES) {
  if (wanted.length > 0 && !wanted.includes(bench.name)) continue
  results[bench.name] = await bench.run()
  print(bench, results[bench.name])
}
const machine = { node: process.version, cpu: cpus()[0]?.model, cores: cpus().length }
mkdirSync(`${ROOT}/bench/results`, { recursive: true })
writeFileSync(`${ROOT}/bench/results/latest.json`, JSON.stringify({ machine, results }, null, 2) + '\n')
