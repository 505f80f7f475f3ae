// `npm run bench`: solder and its peers side by side; figures, ratios and bars to stdout, and as JSON under bench/results.

import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus, release, totalmem } from 'node:os'
import { parseArgs } from 'node:util'
import { ROOT } from '../test/support/solder.js'
import { agents } from './agents.js'
import type { Bar, Bench, Choice, Row } from './bench.js'
import { filter } from './filter.js'
import { http } from './http.js'
import { logs } from './logs.js'
import { churn, million } from './memory.js'
import { otlp } from './otlp.js'
import { rules } from './rules.js'
import { sampling } from './sampling.js'
import { startup } from './startup.js'

const BENCHES: readonly Bench[] = [startup, filter, http, rules, agents, logs, otlp, sampling, million, churn]

const USAGE = `npm run bench -- [NAME…] [--only WORD…] [--rounds N] [--seconds N] [--gc]
  NAME       ${BENCHES.map(({ name }) => name).join(', ')}; all of them if absent
  --only     contestants with this word in their name: fused, pipe, prometheus, vmagent, jq …; may be repeated
  --rounds   how often each contestant has its turn
  --seconds  how long a long-running contestant is measured
  --gc       also count pauses for garbage collection, in contestants that run on Node
Figures of runs with options are not kept in bench/results.
`

const RESULTS = `${ROOT}/bench/results/latest.json`

interface Result {
  at: string
  rows: Row[]
  bars: Bar[]
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      only: { type: 'string', multiple: true },
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      gc: { type: 'boolean' },
      help: { type: 'boolean' },
    },
  })
  const unknown = positionals.filter((name) => !BENCHES.some((bench) => bench.name === name))
  if (values.help === true || unknown.length > 0) return void process.stdout.write(USAGE)
  const { only = [], gc = false } = values
  const choice: Choice = { only, rounds: number(values.rounds), seconds: number(values.seconds), gc }
  for (const bench of BENCHES.filter(({ name }) => positionals.length === 0 || positionals.includes(name))) {
    const rows = await bench.run(choice)
    const bars = bench.bars(rows)
    print(bench, rows, bars)
    if (Object.keys(values).length === 0) keep(bench.name, { at: new Date().toISOString(), rows, bars })
  }
}

function number(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Number(text)
}

function print({ name: title, base: [baseName, figure] }: Bench, rows: readonly Row[], bars: readonly Bar[]): void {
  const base = rows.find((row) => row.name === baseName)?.figures[figure]
  process.stdout.write(`\n${title}\n`)
  for (const { name, figures, processes = [], resident, mark } of rows) {
    const ratio = base === undefined || name === baseName ? '' : `  (${(figures[figure] / base).toPrecision(2)} x ${baseName})`
    process.stdout.write(`  ${name.padEnd(28)} ${columns(figures)}${ratio}\n`)
    for (const each of processes) process.stdout.write(`    ${each.name.padEnd(26)} ${columns(each.figures)}\n`)
    if (resident !== undefined) process.stdout.write(`    resident MiB: ${resident.map(inMebibytes).join(' ')}\n`)
    if (mark !== undefined) process.stdout.write(`    ${mark}\n`)
  }
  for (const each of bars) process.stdout.write(`  bar: ${barText(each)}\n`)
}

function inMebibytes(bytes: number): string {
  return (bytes / 2 ** 20).toFixed()
}

function columns(figures: Row['figures']): string {
  return Object.entries(figures)
    .map(([key, value]) => `${key} ${value >= 1000 ? Math.round(value) : value.toPrecision(3)}`)
    .join('  ')
}

function barText({ what, figure, bar, unit = '' }: Bar): string {
  const [sign, limit, met] = 'most' in bar ? ['≤', bar.most, figure <= bar.most] : ['≥', bar.least, figure >= bar.least]
  return `${what}: ${figure.toPrecision(3)}${unit}; ${sign} ${limit.toPrecision(3)}${unit}: ${met ? 'met' : 'NOT MET'}`
}

/** The last figures of each benchmark, with the machine. */
function keep(name: string, result: Result): void {
  const kept = existsSync(RESULTS) ? (JSON.parse(readFileSync(RESULTS, 'utf8')) as { results: object }).results : {}
  const machine = { node: process.version, cpu: cpus()[0]?.model, cores: cpus().length, memory: totalmem(), kernel: release() }
  mkdirSync(`${ROOT}/bench/results`, { recursive: true })
  writeFileSync(RESULTS, JSON.stringify({ machine, results: { ...kept, [name]: result } }, null, 2) + '\n')
}

await main()
