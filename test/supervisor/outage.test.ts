// A backend that goes away and comes back under `solder run FILE`: nothing is lost, the order of each series is kept,
// the accounts balance all the time, and what stands beside it does not notice. The real program.

import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { serving } from '../support/client.js'
import { disordered, OutageReceiver } from '../support/outage.js'
import { Supervised, until } from '../support/supervised.js'
import { temporary } from '../support/temporary.js'

// Many processes, on a machine that may have other work.
t.setTimeout(300_000)

/** Options by which requests are small and failures do not take long. */
const QUICK = '--batch-samples 50 --batch-wait 50ms --min-backoff 10ms --max-backoff 100ms --timeout 2s --no-metadata'

interface Line {
  name: string
  labels: { [name: string]: string }
  ts: string
  value?: number
}

/** Samples of a file of records, with the labels and times that a receiver has for them. */
function samplesOf(text: string): string[] {
  const lines = text.split('\n').filter((line) => line.startsWith('{"type":"metric"'))
  return lines.map((line) => {
    const { name, labels, ts, value } = JSON.parse(line) as Line
    return sampleText({ ...labels, __name__: name }, Number(BigInt(ts) / 1_000_000n), value ?? NaN)
  })
}

function sampleText(labels: { [name: string]: string }, ms: number, value: number): string {
  return JSON.stringify([Object.entries(labels).sort(), ms, String(value)])
}

const storedOf = ({ stored }: OutageReceiver) => stored.map(({ labels, ms, value }) => sampleText(labels, ms, value))

/** What of the accounts does not add up, now. */
async function gapsOf(run: Supervised): Promise<string[]> {
  const { pipes } = JSON.parse((await run.fetch('/api/v1/ledger')).text) as { pipes: { gaps: string[] }[] }
  return pipes.flatMap(({ gaps }) => gaps)
}

t.test('scrapes of a time without a backend arrive when it is back, in order, and a sibling never waits', async (t) => {
  let scrapes = 0
  const target = await serving(t, (_, response) => {
    scrapes++
    const lines = Array.from({ length: 20 }, (_, i) => `work_total{i="${i}"} ${scrapes}\n`).join('')
    response.setHeader('content-type', 'text/plain; version=0.0.4').end(`# TYPE work_total counter\n${lines}`)
  })
  const backend = await OutageReceiver.start(t)
  const run = await new Supervised(
    t as Test,
    `version: 1
pipes:
  work:
    from: scrape ${target}/metrics --every 250ms
    through: relabel --set site=attic
    to:
      - write prometheus ${backend.url} --state state ${QUICK}
      - write file beside.ndjson
`,
  ).running()
  const beside = () => run.text('beside.ndjson').length
  /** The sibling goes on, and the accounts balance while records wait. */
  const goesOn = async (what: string) => {
    const [before, seen] = [beside(), scrapes]
    await until(async () => (beside() > before && scrapes > seen + 4) || undefined, `the sibling, ${what}`)
    t.same(await gapsOf(run), [], what)
  }
  await until(async () => backend.stored.length > 100 || undefined, 'samples')
  await backend.be('gone')
  await goesOn('nobody listens')
  await run.said(/ECONNREFUSED.*retrying/)
  const pending = await until(async () => {
    const { stages } = await run.pipe('work')
    return stages.find(({ stage, pending }) => stage === 'write-prometheus' && pending > 200)
  }, 'records that wait')
  t.same(Object.keys(pending.dropped), ['metadata'], 'nothing is given up')
  t.match((await run.fetch('/metrics')).text, /solder_stage_pending_records\{pipe="work",stage="write-prometheus"\} [1-9]/)
  await backend.be('failing')
  await goesOn('it answers 500')
  await until(async () => backend.failed > 2 || undefined, 'failed requests')
  await backend.be('well')
  await goesOn('it is well again')
  t.equal(await run.stop(), 0)
  const scraped = samplesOf(run.text('beside.ndjson')).filter((sample) => sample.includes('work_total'))
  const stored = storedOf(backend).filter((sample) => sample.includes('work_total'))
  t.ok(scraped.length > 100, `${scraped.length} samples`)
  t.same([...stored].sort(), [...scraped].sort(), 'every one of them is there, once')
  t.same(disordered(backend.stored), [], 'in order')
  t.notMatch(run.stderr, /do not add up|lost|dropped/)
  t.same(run.log.filter(({ level }) => level === 'error'), [])
})

t.test('a file is read to its end while there is no backend; it is all there when the pipe is done', async (t) => {
  const folder = temporary(t)
  const count = 6000
  const lines = Array.from({ length: count }, (_, i) =>
    `{"type":"metric","name":"n","labels":{"i":"${i % 13}"},"ts":"${1_763_804_400_000 + i}000000","value":${i}}\n`)
  writeFileSync(join(folder, 'in.ndjson'), lines.join(''))
  const backend = await OutageReceiver.start(t, 'gone')
  const run = await new Supervised(
    t as Test,
    `version: 1
pipes:
  copy:
    from: receive ndjson in.ndjson --state state
    to:
      - relabel --set site=attic | write prometheus ${backend.url} --state state ${QUICK}
      - write file beside.ndjson
`,
    [],
    { folder },
  ).running()
  await until(async () => run.text('beside.ndjson') === lines.join('') || undefined, 'the sibling, without a backend')
  await until(async () => {
    const { stages } = await run.pipe('copy')
    return stages.some(({ stage, pending }) => stage === 'write-prometheus' && pending === count) || undefined
  }, 'all of it in the spool')
  t.same(await gapsOf(run), [])
  await until(async () => existsSync(join(folder, 'state', 'checkpoints')) || undefined, 'a commit: what is in the spool is safe')
  await backend.be('failing')
  await until(async () => backend.failed > 2 || undefined, 'failed requests')
  t.same(backend.stored, [])
  await backend.be('well')
  t.match(await run.said(/^done, exit code/), { pipe: 'copy', message: 'done, exit code 0' })
  const expected = samplesOf(lines.join('').replaceAll('"}', '","site":"attic"}'))
  t.same(storedOf(backend).sort(), expected.sort(), 'every record is there, once')
  t.same(disordered(backend.stored), [], 'in order')
  t.same(await gapsOf(run), [])
  const { stages } = await run.pipe('copy')
  t.same(stages.map(({ stage, pending }) => [stage, pending]), stages.map(({ stage }) => [stage, 0]), 'nothing waits')
  t.equal(await run.stop(), 0)
})

/** A target that has another value each time. */
function counting(t: Test): Promise<string> {
  let scrapes = 0
  return serving(t, (_, response) => {
    response.setHeader('content-type', 'text/plain; version=0.0.4').end(`# TYPE work_total counter\nwork_total ${++scrapes}\n`)
  })
}

/** What a stage holds, once it is more than so much. */
function holding(run: Supervised, pipe: string, stage: string, least: number) {
  return until(async () => {
    const { stages } = await run.pipe(pipe)
    return stages.find((entry) => entry.stage === stage && entry.pending >= least)
  }, `${least} records in ${stage}`)
}

t.test('a reload does not wait for a backend that is down where a spool has the records; they all arrive', async (t) => {
  const target = await counting(t as Test)
  const backend = await OutageReceiver.start(t, 'failing')
  // Whatever waits for the backend waits longer than this test may take.
  const pipeline = (site: string) => `version: 1
pipes:
  work:
    from: scrape ${target}/metrics --every 250ms
    through: relabel --set site=${site}
    to:
      - write prometheus ${backend.url} --state state ${QUICK} --drain-timeout 10m
      - write file beside.ndjson
`
  const run = await new Supervised(t as Test, pipeline('attic'), ['--drain', '10m']).running()
  await holding(run, 'work', 'write-prometheus', 50)
  run.write(pipeline('cellar'))
  t.match(await run.reload(), { status: 200 })
  t.match(await run.said(/records stay in the spool, for the next start/), { level: 'warn', stage: 'write prometheus' })
  await run.said(/records of an earlier run in state\/spool/)
  await holding(run, 'work', 'write-prometheus', 50)
  await backend.be('well')
  await until(async () => backend.stored.some(({ labels }) => labels.site === 'cellar') || undefined, 'what came last')
  t.equal(await run.stop(), 0)
  const scraped = samplesOf(run.text('beside.ndjson'))
  t.ok(scraped.length > 20, `${scraped.length} samples`)
  t.same([...new Set(storedOf(backend))].sort(), scraped.sort(), 'from before the reload and from after')
  t.same(disordered(backend.stored), [], 'in order')
  t.notMatch(run.stderr, /do not add up|killed/)
})

t.test('where records are in memory alone, a reload says what it waits for, and what was lost when it gave up', async (t) => {
  const target = await counting(t as Test)
  const backend = await OutageReceiver.start(t, 'gone')
  const pipeline = (site: string) =>
    `version: 1\npipes:\n  work: scrape ${target}/metrics --every 250ms | relabel --set site=${site} | write prometheus ${backend.url} ${QUICK}\n`
  const run = await new Supervised(t as Test, pipeline('attic'), ['--drain', '6s']).running()
  await holding(run, 'work', 'write-prometheus', 20)
  run.write(pipeline('cellar'))
  t.match(await run.reload(), { status: 200 })
  t.match(await run.said(/^to be drained within 6s \(--drain\): write-prometheus holds \d+ records$/), { level: 'info', pipe: 'work' })
  const { message } =
    await run.said(/^not drained within 6s \(--drain\): killed, while write-prometheus holds \d+ records$/)
  const [, lost] = /holds (\d+) records/.exec(message)!
  const { stages } = await run.pipe('work')
  t.equal(stages.find(({ stage }) => stage === 'write-prometheus')?.dropped.process_ended, Number(lost), 'and counted, by the accounts that go on')
})

t.test('a branch whose sink fails is started again with its spool, and delivers what the one before had taken', async (t) => {
  const target = await counting(t as Test)
  const backend = await OutageReceiver.start(t, 'failing')
  const run = await new Supervised(
    t as Test,
    `version: 1
pipes:
  work:
    from: scrape ${target}/metrics --every 250ms
    to:
      - write prometheus ${backend.url} --state state --on-bad fail ${QUICK}
      - write file beside.ndjson
`,
  ).running()
  await holding(run, 'work', 'write-prometheus', 20)
  await backend.be('refusing')
  await run.said(/^write-prometheus: ended with 1: again in 1s; the others go on$/)
  const before = run.text('beside.ndjson').length
  await until(async () => run.text('beside.ndjson').length > before || undefined, 'the sibling')
  await backend.be('well')
  await run.said(/records of an earlier run in state\/spool/)
  await until(async () => backend.stored.length > 100 || undefined, 'samples')
  t.same(await gapsOf(run), [])
  t.equal((await run.pipe('work')).restarts, 0, 'its process goes on')
  t.equal(await run.stop(), 0)
  const stored = new Set(storedOf(backend))
  t.same(samplesOf(run.text('beside.ndjson')).filter((sample) => !stored.has(sample)), [], 'what failed was sent again')
})

t.test('so is one that sends logs', async (t) => {
  let refuses = true
  let taken = 0
  const loki = await serving(t, (request, response) => {
    request.resume()
    request.on('end', () => {
      if (!refuses) taken++
      response.writeHead(refuses ? 400 : 204).end()
    })
  })
  const run = await new Supervised(
    t as Test,
    `version: 1
pipes:
  work:
    from: receive exec --label job=again -- sh -c 'while :; do echo again; sleep 0.05; done'
    to:
      - write loki ${loki}/loki/api/v1/push --state state --on-bad fail --batch-wait 50ms
      - write file beside.ndjson
`,
  ).running()
  await run.said(/^write-loki: ended with 1: again in 1s; the others go on$/)
  refuses = false
  await run.said(/records of an earlier run in state\/spool/)
  await until(async () => taken > 2 || undefined, 'requests that are taken')
  t.same(await gapsOf(run), [])
  t.equal((await run.pipe('work')).restarts, 0, 'its process goes on')
  t.equal(await run.stop(), 0)
})
