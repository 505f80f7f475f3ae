// One filter between two pipes: solder against jq and the obvious Node script, doing the same.

import { costOf, findProgram, median } from './measure.js'
import { makeLines } from './lines.js'

export interface Row {
  name: string
  /** Figures by name; units are in the name. */
  figures: { [figure: string]: number }
}

const NAIVE = `const rl=require("readline").createInterface({input:process.stdin,crlfDelay:Infinity});let o="";rl.on("line",l=>{const j=JSON.parse(l);if(j.labels.code!=="404"){o+=JSON.stringify(j)+"\\n";if(o.length>65536){process.stdout.write(o);o=""}}});rl.on("close",()=>process.stdout.write(o))`

/** CPU microseconds a line, medians of `runs`; jq chews fewer lines, it is slow. */
export async function benchFilter(runs: number, lines: number): Promise<Row[]> {
  const many = makeLines(lines)
  const few = makeLines(Math.max(1, Math.floor(lines / 10)))
  const rows: Row[] = []
  const start = await Promise.all([1].map(() => costOf('node -e 0')))
  try {
    const contestants: [string, string, { path: string }, number][] = [
      ['solder filter, labels', `solder filter 'labels.code != "404"'`, many, lines],
      ['solder filter, value', `solder filter 'value > 100'`, many, lines],
      ['solder relabel, 3 rules', `solder relabel --drop code=404 --labeldrop zone --set env=prod`, many, lines],
      ['node, readline and JSON', `node -e '${NAIVE}'`, few, lines / 10],
    ]
    if (findProgram('jq') !== undefined) contestants.push(['jq', `jq -c 'select(.labels.code != "404")'`, few, lines / 10])
    for (const [name, command, { path }, count] of contestants) {
      const costs: number[] = []
      for (let run = 0; run < runs; run++) costs.push((await costOf(`cat ${path} | ${command} | cat >/dev/null`)).cpu)
      // cat's own share is the same for all; measured apart and taken off.
      const pipes = (await costOf(`cat ${path} | cat | cat >/dev/null`)).cpu
      rows.push({ name, figures: { 'cpu_us/line': ((median(costs) - pipes * (2 / 3)) / count) * 1e6, 'startup_s': start[0].cpu } })
    }
  } finally {
    many.remove()
    few.remove()
  }
  return rows
}
