// Spans that come by OTLP and go out by OTLP: carried as they came, read by a filter, packed, through a shell pipe.

import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ROOT } from '../test/support/solder.js'
import { type Bar, type Bench, type Choice, isChosen, medianRow, type Row } from './bench.js'
import { start, usageOf } from './measure.js'
import { delay, firstLine, freePort } from './rig.js'

const SPANS = 512
const MIB = 1 << 20

interface Contestant {
  name: string
  /** Exports that are sent before it is measured, and then. */
  warm: number
  exports: number
  /** Of 50 spans so many arrive. */
  kept: number
  command(listen: string, to: string, state: string): string
}

const receive = (listen: string) => `receive otlp --listen ${listen}`
const write = (to: string, more = '--compression none') => `write otlp ${to} ${more}`
const fused = (...stages: string[]) => `exec solder run -e '${stages.join(' | ').replaceAll("'", `'\\''`)}'`
const READS = `filter 'attributes["http.response.status_code"] != 500'`

const UNREAD: Contestant = {
  name: 'fused, nobody reads spans', warm: 300, exports: 3000, kept: 50,
  command: (listen, to) => fused(receive(listen), write(to)),
}
const FILTERED: Contestant = {
  name: 'fused, a filter reads spans', warm: 100, exports: 600, kept: 49,
  command: (listen, to) => fused(receive(listen), READS, write(to)),
}
const CONTESTANTS: readonly Contestant[] = [
  UNREAD,
  { ...UNREAD, name: 'fused, --state', command: (listen, to, state) => fused(receive(listen), write(to, `--compression none --state ${state}`)) },
  { ...UNREAD, name: 'fused, gzip out', exports: 1000, command: (listen, to) => fused(receive(listen), write(to, '')) },
  FILTERED,
  {
    name: 'shell pipe', warm: 50, exports: 200, kept: 50,
    command: (listen, to) => `solder ${receive(listen)} | solder ${write(to)}`,
  },
]

const POLL_MS = 10
const PATIENCE_MS = 120_000

async function measure(contestant: Contestant): Promise<Row> {
  const peer = spawn(process.execPath, [`${ROOT}/dist/bench/otlp_peer.js`])
  const folder = mkdtempSync(join(tmpdir(), 'solder-bench-'))
  const url = `http://127.0.0.1:${(await firstLine(peer)) as number}`
  const listen = `127.0.0.1:${await freePort()}`
  const running = start(contestant.command(listen, url, `${folder}/state`))
  const counts = async () => (await (await fetch(url)).json()) as { spans: number; bytes: number; refused: number; size: number }
  const cpu = () => usageOf(running.pid).reduce((sum, { user, system }) => sum + user + system, 0)
  let due = 0
  const pass = async (exports: number) => {
    due += (exports * SPANS * contestant.kept) / 50
    await fetch(`${url}/send?exports=${exports}&to=${encodeURIComponent(`http://${listen}/v1/traces`)}`)
    const until = Date.now() + PATIENCE_MS
    // Which of the spans are dropped is not spread evenly over them.
    while ((await counts()).spans < due * 0.999 && Date.now() < until) await delay(POLL_MS)
  }
  try {
    await listening(listen)
    await pass(contestant.warm)
    const [before, began] = [cpu(), Date.now()]
    await pass(contestant.exports)
    const [used, wall] = [cpu() - before, (Date.now() - began) / 1000]
    const spans = contestant.exports * SPANS
    const resident = usageOf(running.pid).reduce((sum, { peak }) => sum + peak, 0) / MIB
    const { spans: arrived, refused, size } = await counts()
    const figures = { 'spans/s_per_core': spans / used, 'cpu_us/span': (used / spans) * 1e6, 'spans/s': spans / wall, 'mib/s': (spans * size) / MIB / wall, rss_mib: resident }
    const good = arrived >= due * 0.999 && arrived <= due * 1.001 && refused === 0
    return { name: contestant.name, figures, ...(!good && { mark: `${arrived} of ${due} spans arrived, ${refused} exports were refused; it said: ${running.said()}` }) }
  } finally {
    running.stop()
    peer.kill('SIGKILL')
    await delay(300)
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  }
}

async function listening(host: string): Promise<void> {
  for (;;) {
    try {
      await fetch(`http://${host}/`)
      return
    } catch {
      await delay(POLL_MS)
    }
  }
}

export const otlp: Bench = {
  name: 'otlp',
  base: [UNREAD.name, 'cpu_us/span'],
  async run(choice: Choice) {
    const chosen = CONTESTANTS.filter(({ name }) => isChosen(name, choice))
    const rows = chosen.map(() => [] as Row[])
    for (let round = 0; round < (choice.rounds ?? 3); round++) {
      for (const [at, contestant] of chosen.entries()) rows[at].push(await measure(contestant))
    }
    return rows.map(medianRow)
  },
  bars: (rows) => [...bar(rows, UNREAD, 300_000), ...bar(rows, FILTERED, 60_000)],
}

function bar(rows: readonly Row[], { name }: Contestant, least: number): Bar[] {
  const row = rows.find((each) => each.name === name)
  return row === undefined ? [] : [{ what: `spans/s_per_core of ${name}`, figure: row.figures['spans/s_per_core'], bar: { least } }]
}
