// One filter between two pipes: solder against jq and the obvious Node script, doing the same.

import { costOf, findProgram, median } from './measure.js'
import { makeLines } from './lines.js'

export interface Row {
  name: string
  /** Figures by name; units are in the name. */
  figures: { [figure: string]: number }
}

const NAIVE = `const rl=require("readline").createInterface({input:process.stdin,crlfDelay:Infinity});let o="";rl.on("line",l=>{const j=JSON.parse(l);if(j.labels.code!=="404"){o+=JSON.stringify(j)+"\\n";if(o.length>65536){process.stdout.write(o);o=""}}});rl.on("close",()=>process.stdout.write(o))`

/** Times that solder's contestants get the file; the figures are those of the steady state. */
const ROUNDS = 4

/** CPU microseconds a line of the process in the middle, medians of `runs`; the slow ones chew fewer lines. */
export async function benchFilter(runs: number, lines: number): Promise<Row[]> {
  const { path, remove } = makeLines(lines)
  const whole = [Array(ROUNDS).fill(path).join(' '), lines * ROUNDS] as const
  const part = [path, lines] as const
  const contestants: [string, string, readonly [string, number]][] = [
    ['solder filter, labels', `solder filter 'labels.code != "404"'`, whole],
    ['solder filter, value', `solder filter 'value > 100'`, whole],
    ['solder relabel, 3 rules', `solder relabel --drop code=404 --labeldrop zone --set env=prod`, whole],
    ['node, readline and JSON', `node -e '${NAIVE}'`, part],
  ]
  if (findProgram('jq') !== undefined) contestants.push(['jq', `jq -c 'select(.labels.code != "404")'`, part])
  const costs = new Map<string, number[]>()
  try {
    for (let run = 0; run < runs; run++) {
      for (const [name, command, [files, count]] of contestants) {
        const { cpu } = await costOf(command, `cat ${files}`)
        costs.set(name, [...(costs.get(name) ?? []), (cpu / count) * 1e6])
      }
    }
  } finally {
    remove()
  }
  return contestants.map(([name]) => ({ name, figures: { 'cpu_us/line': median(costs.get(name)!) } }))
}
