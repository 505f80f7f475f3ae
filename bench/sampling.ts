// Sampling of traces between two pipes: 8 spans a trace, 440 bytes a line, all traces of a run under way at once.

import { createHash } from 'node:crypto'
import { closeSync, existsSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Bench, isChosen, median } from './bench.js'
import { costOf } from './measure.js'

const SPANS = 400_000
const PER_TRACE = 8

const POLICIES = [
  'status_code: {status_codes: [ERROR]}',
  'latency: {threshold_ms: 2000}',
  'probabilistic: {sampling_percentage: 10}',
  'string_attribute: {key: http.route, values: ["^/pay"], enabled_regex_matching: true}',
  `condition: attributes["http.status_code"] >= 500`,
]
const TAIL = 'filter tail, 5 policies'
const CONTESTANTS = [
  [TAIL, `solder filter tail ${POLICIES.map((policy) => `--policy '${policy}'`).join(' ')} --max-memory 1GiB`],
  ['filter tail, in a quarter of the memory', `solder filter tail --policy '${POLICIES[0]}' --max-memory 64MiB`],
  ['filter sample', 'solder filter sample --percent 10'],
] as const

export const sampling: Bench = {
  name: 'sampling',
  base: [TAIL, 'cpu_us/span'],
  async run(choice) {
    const { path, remove } = makeSpans()
    const rows = CONTESTANTS.filter(([name]) => isChosen(name, choice)).map(([name, command]) => ({ name, command, cpu: [] as number[] }))
    try {
      for (let round = 0; round < (choice.rounds ?? 3); round++) {
        for (const { command, cpu } of rows) cpu.push(((await costOf(`${command} 2>/dev/null`, `cat ${path}`)).cpu / SPANS) * 1e6)
      }
    } finally {
      remove()
    }
    return rows.map(({ name, cpu }) => ({ name, figures: { 'cpu_us/span': median(cpu), 'spans/cpu_s': 1e6 / median(cpu) } }))
  },
  bars(rows) {
    const figure = rows.find(({ name }) => name === TAIL)?.figures['spans/cpu_s']
    return figure === undefined ? [] : [{ what: `spans a second of CPU, ${TAIL}`, figure, bar: { least: 40_000 } }]
  },
}

function makeSpans(): { path: string; remove(): void } {
  const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'solder-bench-'))
  const path = join(folder, 'spans.ndjson')
  const file = openSync(path, 'w')
  let text = ''
  for (let i = 0; i < SPANS; i++) {
    text += spanLine(Math.floor(i / PER_TRACE), i % PER_TRACE)
    if (text.length < 1 << 20 && i < SPANS - 1) continue
    writeSync(file, text)
    text = ''
  }
  closeSync(file)
  return { path, remove: () => rmSync(folder, { recursive: true }) }
}

function spanLine(trace: number, n: number): string {
  const id = createHash('md5').update(String(trace)).digest('hex')
  const ts = 1763804400000000000n + BigInt(trace * 1000 + n)
  const attributes = {
    'http.method': 'GET', 'http.route': `/item/${n}`, 'http.status_code': trace % 50 === 0 ? 500 : 200,
    'net.peer.name': `10.0.0.${n}`, 'user.id': `u${trace % 1000}`,
  }
  const status = trace % 40 === 0 ? '"status":{"code":"error"},' : ''
  return `{"type":"span","resource":{"host.name":"h${n}","service.name":"shop-${n}"},"scope":{"name":"http","version":"1.0"},`
    + `"ts":"${ts}","end":"${ts + 5_000_000n}","trace_id":"${id}","span_id":"${id.slice(n, n + 16)}",`
    + `"parent_span_id":"${id.slice(16)}","name":"GET /item/${n}","kind":"server",${status}"attributes":${JSON.stringify(attributes)}}\n`
}
