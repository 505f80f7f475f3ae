// One filter between two pipes: solder against jq and the obvious Node script, doing the same.

import { type Bench, isChosen, median, ratio } from './bench.js'
import { makeLines } from './lines.js'
import { costOf, findProgram } from './measure.js'

const NAIVE = `const rl=require("readline").createInterface({input:process.stdin,crlfDelay:Infinity});let o="";rl.on("line",l=>{const j=JSON.parse(l);if(j.labels.code!=="404"){o+=JSON.stringify(j)+"\\n";if(o.length>65536){process.stdout.write(o);o=""}}});rl.on("close",()=>process.stdout.write(o))`

const JQ = 'jq'
const LABELS = 'solder filter, labels'

/** The slow ones chew the file once, solder eight times: the figures are those of the steady state. */
const CONTESTANTS = [
  [LABELS, `solder filter 'labels.code != "404"'`, 8],
  ['solder filter, value', `solder filter 'value > 100'`, 8],
  ['solder relabel, 3 rules', `solder relabel --drop code=404 --labeldrop zone --set env=prod`, 8],
  ['node, readline and JSON', `node -e '${NAIVE}'`, 1],
  [JQ, `jq -c 'select(.labels.code != "404")'`, 1],
] as const

const LINES = 500_000

export const filter: Bench = {
  name: 'filter',
  base: [JQ, 'cpu_us/line'],
  async run(choice) {
    const { path, remove } = makeLines(LINES)
    const chosen = CONTESTANTS.filter(([name]) => isChosen(name, choice) && (name !== JQ || findProgram(JQ) !== undefined))
    const costs = chosen.map(([name, command, times]) => ({ name, command, times, cpu: [] as number[] }))
    try {
      for (let round = 0; round < (choice.rounds ?? 3); round++) {
        for (const { command, times, cpu } of costs) {
          const cost = await costOf(command, `cat ${Array(times).fill(path).join(' ')}`)
          cpu.push((cost.cpu / (LINES * times)) * 1e6)
        }
      }
    } finally {
      remove()
    }
    return costs.map(({ name, cpu }) => ({ name, figures: { 'cpu_us/line': median(cpu) } }))
  },
  bars(rows) {
    const figure = ratio(rows, 'cpu_us/line', JQ, LABELS)
    return figure === undefined ? [] : [{ what: `cpu_us/line of ${JQ} / ${LABELS}`, figure, bar: { least: 20 } }]
  },
}
