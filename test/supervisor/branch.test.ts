// --branch-full spool: what a dead branch does not take waits on the disk, through kills, reloads and stops, while its
// siblings go on. The real program.

import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { serving } from '../support/client.js'
import { OutageReceiver } from '../support/outage.js'
import { sh } from '../support/solder.js'
import { Supervised, until } from '../support/supervised.js'
import { temporary } from '../support/temporary.js'

// Many processes, on a machine that may have other work.
t.setTimeout(300_000)

const SPOOL = ['--branch-full', 'spool', '--branch-state', 'state', '--branch-buffer', '1KiB', '--branch-patience', '500ms']

/** A program that takes nothing until there is a file `go`. */
const DEAD = `exec sh -c 'while ! test -e go; do sleep 0.05; done; exec cat'`

/** A target that counts its scrapes. */
async function counting(t: Test): Promise<string> {
  let scrapes = 0
  return serving(t, (_, response) => {
    response.setHeader('content-type', 'text/plain; version=0.0.4').end(`# TYPE work_total counter\nwork_total ${++scrapes}\n`)
  })
}

/** A sink that holds next to nothing in memory. */
const sink = (url: string) =>
  `write prometheus ${url} --concurrency 1 --buffer-bytes 1 --batch-samples 5 --batch-wait 20ms --max-backoff 100ms --no-metadata`

const pipeline = (target: string, receiver: string, site: string) => `version: 1
pipes:
  work:
    from: scrape ${target}/metrics --every 100ms
    through: relabel --set site=${site}
    to:
      - write file beside.ndjson
      - ${sink(receiver)}
`

/** Counts in a file, in its order. */
const counts = (text: string) =>
  text
    .split('\n')
    .filter((line) => line.includes('"name":"work_total"') && line.includes('"value"'))
    .map((line) => (JSON.parse(line) as { value: number }).value)

function waiting(run: Supervised, least: number) {
  return until(async () => {
    const { stages } = await run.pipe('work')
    return stages.find(({ stage, pending }) => stage === 'write-prometheus-branch' && pending >= least)
  }, `${least} records that wait`)
}

async function gapsOf(run: Supervised): Promise<string[]> {
  const { pipes } = JSON.parse((await run.fetch('/api/v1/ledger')).text) as { pipes: { gaps: string[] }[] }
  return pipes.flatMap(({ gaps }) => gaps)
}

t.test('through a kill, a reload and a stop: all but what the sink had taken arrives, in order', async (t) => {
  const target = await counting(t as Test)
  const backend = await OutageReceiver.start(t, 'failing')
  const folder = temporary(t)
  const words = (site: string) => pipeline(target, backend.url, site)
  const more = [...SPOOL, '--drain', '2s']
  const run = await new Supervised(t as Test, words('attic'), more, { folder }).running()
  const beside = () => counts(run.text('beside.ndjson')).length
  await waiting(run, 200)
  t.same(await gapsOf(run), [])
  t.match((await run.fetch('/metrics')).text, /solder_stage_pending_records\{pipe="work",stage="write-prometheus-branch"\} [1-9]/)
  const folders = readdirSync(join(folder, 'state', 'branches', 'work'))
  t.match(folders, [/^write-file-[0-9a-f]{12}$/, /^write-prometheus-[0-9a-f]{12}$/])

  process.kill((await run.pipe('work')).pid!, 'SIGKILL')
  await run.said(/was ended by SIGKILL/)
  await run.said(/state\/branches\/work\/write-prometheus-[0-9a-f]{12}: \d+ records of an earlier run/)
  const before = beside()
  await until(async () => beside() > before + 5 || undefined, 'the sibling')
  run.write(words('cellar'))
  t.match(await run.reload(), { status: 200 })
  await until(async () => /"site":"cellar"/.test(run.text('beside.ndjson')) || undefined, 'the new words')
  await waiting(run, 200)
  t.equal(await run.stop(), 0)
  t.same(backend.stored, [])
  t.notMatch(run.stderr, /do not add up|lost \(/)

  const shown = await sh(`solder spool cat state/branches/work/${folders[1]}`, { cwd: folder })
  t.ok(counts(shown.stdout).length > 20, 'solder spool shows what waits')
  await backend.be('well')
  const last = await new Supervised(t as Test, words('cellar'), more, { folder }).running()
  await until(async () => {
    const { stages } = await last.pipe('work')
    return stages.find(({ stage, pending, out }) => stage === 'write-prometheus-branch' && out > 0 && pending === 0)
  }, 'that nothing waits')
  t.equal(await last.stop(), 0)
  const all = counts(last.text('beside.ndjson'))
  const late = backend.stored.filter(({ labels, stale }) => labels.__name__ === 'work_total' && !stale).map(({ value }) => value)
  t.same(late, [...late].sort((a, b) => a - b), 'in order')
  t.equal(new Set(late).size, late.length, 'once')
  const missing = all.filter((count) => !late.includes(count))
  // Three processes had some in the sink; the one that was killed had half a second of them in memory as well.
  t.ok(late.length > 20 && missing.length <= 30, `${late.length} arrived; missing of ${all.length}: ${missing.join(' ')}`)
})

t.test('beyond its bytes the oldest go, which is counted, and the sibling has everything', async (t) => {
  const folder = temporary(t)
  const records = Array.from({ length: 20_000 }, (_, i) => `{"type":"metric","name":"n","ts":"${i}","value":${i}}\n`).join('')
  writeFileSync(join(folder, 'in.ndjson'), records)
  const run = await new Supervised(
    t as Test,
    `version: 1\npipes:\n  work:\n    from: receive ndjson in.ndjson\n    to: [write file beside.ndjson, "${DEAD} | write file late.ndjson"]\n`,
    [...SPOOL, '--branch-spool-bytes', '400KiB'],
    { folder },
  ).running()
  await until(async () => run.text('beside.ndjson') === records || undefined, 'the sibling')
  const { message } = await run.said(/: \d+ records lost \(spool_full\): more than --branch-spool-bytes/)
  t.match(message, /state\/branches\/work\/write-file-/)
  const entry = await until(async () => {
    const { stages } = await run.pipe('work')
    return stages.find(({ stage, dropped }) => stage === 'sh-branch' && dropped.spool_full > 0)
  }, 'the account')
  t.equal(entry.in, entry.out + entry.pending + entry.dropped.spool_full)
  t.match((await run.fetch('/metrics')).text, /solder_stage_dropped_records_total\{pipe="work",stage="sh-branch",reason="spool_full"\} [1-9]/)
  t.same(await gapsOf(run), [])
  writeFileSync(join(folder, 'go'), '')
  t.match(await run.said(/^done, exit code/), { message: 'done, exit code 0' })
  const late = readFileSync(join(folder, 'late.ndjson'), 'utf8').trim().split('\n')
  t.ok(records.endsWith(`${late.slice(-1000).join('\n')}\n`), 'the newest are there')
  t.equal(late.length + entry.dropped.spool_full, 20_000, 'and the others are counted')
})

t.test('without a folder it is refused before anything starts', async (t) => {
  const { code, stderr } = await sh('solder run solder.yaml --branch-full spool', { cwd: temporary(t) })
  t.equal(code, 2)
  t.match(stderr, /--branch-state is missing/)
})
