// The admin server of a running pipeline: health, metrics that every reader of them takes, the API, who may ask.

import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { type MetricFamily, render } from '../../lib/admin/metrics.js'
import { missingPeers } from '../support/peers.js'
import { Supervised, until } from '../support/supervised.js'
import { type Ran, sh } from '../support/solder.js'
import { temporary } from '../support/temporary.js'

// Many processes, on a machine that may have other work.
t.setTimeout(300_000)

const PIPES = 'version: 1\npipes:\n  one: scrape host --every 100ms --collector loadavg | relabel --drop __name__=up | write file one.ndjson\n'

async function exposition(text: string, format: string): Promise<Ran> {
  return sh(`solder receive exposition --format ${format} | solder filter 'type == "metric"'`, { stdin: text })
}

t.test('metrics: for Prometheus and as OpenMetrics, with the stages of every pipe', async (t) => {
  const run = await new Supervised(t as Test, PIPES).running()
  await until(async () => (await run.count('one', 'write-file')) > 0 || undefined, 'records')
  const url = `${await run.url()}/metrics`
  const plain = await fetch(url)
  t.equal(plain.headers.get('content-type'), 'text/plain; version=0.0.4; charset=utf-8')
  const text = await plain.text()
  const open = await fetch(url, { headers: { accept: 'application/openmetrics-text; version=1.0.0, text/plain;q=0.5' } })
  t.match(open.headers.get('content-type'), /^application\/openmetrics-text; version=1\.0\.0/)
  const openText = await open.text()
  const [a, b] = await Promise.all([exposition(text, 'text'), exposition(openText, 'openmetrics')])
  t.same([a.code, a.stderr, b.code, b.stderr], [0, '', 0, ''], 'read without complaint')
  const named = (ran: Ran) => ran.stdout.trim().split('\n').map((line) => (JSON.parse(line) as { name: string }).name)
  t.same(new Set(named(a)), new Set(named(b)), 'the same names')
  t.match(text, /^solder_stage_out_records_total\{pipe="one",stage="write-file"\} [1-9]/m)
  t.match(text, /^solder_stage_dropped_records_total\{pipe="one",stage="relabel",reason="relabel"\} [1-9]/m)
  t.match(text, /^solder_stage_busy_seconds_total\{pipe="one",stage="relabel"\} \d*\.?\d/m)
  const busy = named(a).filter((name) => name === 'solder_stage_busy_seconds_total')
  t.equal(busy.length, 2, 'of the filter and the sink, not of the source')
  t.match(text, /^solder_pipe_up\{pipe="one"\} 1$/m)
  t.match(text, /^solder_pipe_ledger_gap_records\{pipe="one"\} 0$/m)
  const skip = missingPeers('promtool')
  t.test('promtool finds nothing to say', { skip }, async (t) => {
    const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' })
    t.same([status, stdout, stderr], [0, '', ''])
  })
})

t.test('labels that hold anything', async (t) => {
  const family: MetricFamily = { name: 'a', type: 'counter', unit: null, help: 'A.', samples: [[[['b', 'c"d\\e\nf']], 1]] }
  t.equal(render([family], 'text'), '# HELP a_total A.\n# TYPE a_total counter\na_total{b="c\\"d\\\\e\\nf"} 1\n')
  t.match(render([family], 'openmetrics'), /^# HELP a A\.\n# TYPE a counter\na_total\{.*\} 1\n# EOF\n$/)
})

t.test('the API tells pipes, accounts and itself', async (t) => {
  const run = await new Supervised(t as Test, PIPES).running()
  const json = async (path: string) => JSON.parse((await run.fetch(path)).text) as { [key: string]: unknown }
  const { pipes } = (await json('/api/v1/pipes')) as { pipes: unknown[] }
  t.match(pipes, [{ name: 'one', state: 'running', pid: Number, exit_code: null, restarts: 0, stages: [{ stage: 'scrape-host' }, { stage: 'relabel' }, { stage: 'write-file' }] }])
  const ledger = (await json('/api/v1/ledger')) as { pipes: { junctions: { from: string[]; to: string }[] }[] }
  t.match(ledger, { pipes: [{ name: 'one', gaps: [] }] })
  t.same(ledger.pipes[0].junctions.map(({ from, to }) => `${from} > ${to}`).sort(), ['relabel > write-file', 'scrape-host > relabel'])
  const { openapi, paths } = (await json('/api/v1/openapi.json')) as { openapi: string; paths: { [path: string]: { [method: string]: { summary: string } } } }
  t.equal(openapi, '3.1.0')
  for (const [path, methods] of Object.entries(paths)) {
    for (const method of Object.keys(methods).filter((one) => one === 'get' && path !== '/api/v1/tap')) {
      t.equal((await run.fetch(path, { method })).status, 200, `${method} ${path}`)
    }
  }
  t.equal((await run.fetch('/-/reload')).status, 405, 'GET changes nothing')
  t.match(await run.fetch('/nothing'), { status: 404, text: /\/api\/v1\/pipes/ })
})

t.test('who may ask: anybody about health, others with the token', async (t) => {
  const folder = temporary(t)
  writeFileSync(join(folder, 'token'), 'sesame\n')
  const run = await new Supervised(t as Test, PIPES, ['--http-bearer', 'file:token'], { folder }).running()
  for (const path of ['/-/healthy', '/-/ready']) t.equal((await run.fetch(path)).status, 200, path)
  for (const path of ['/metrics', '/api/v1/pipes', '/api/v1/ledger', '/api/v1/tap?pipe=one', '/api/v1/openapi.json']) t.equal((await run.fetch(path)).status, 401, path)
  t.equal((await run.reload()).status, 401)
  t.equal((await run.fetch('/metrics', { headers: { authorization: 'Bearer sesame' } })).status, 200)
})

t.test('wrong options of the admin server are told by their own names, before anything starts', async (t) => {
  const run = new Supervised(t as Test, PIPES, ['--http', 'nowhere', '--http-basic-user', 'a', '--http-tls-cert', 'none.pem'], { quiet: true })
  t.equal((await run.ended).code, 2)
  t.match(run.stderr, /--http: 'nowhere' is not valid/)
  t.match(run.stderr, /--http-basic-user and --http-basic-password belong together/)
  t.match(run.stderr, /--http-tls-cert and --http-tls-key belong together/)
  t.equal(run.text('one.ndjson'), '')
})

t.test('an address in use asks for another try', async (t) => {
  const run = await new Supervised(t as Test, PIPES).running()
  const other = new Supervised(t as Test, PIPES, ['--http', new URL(await run.url()).host], { quiet: true })
  t.equal((await other.ended).code, 75)
  t.match(other.stderr, /--http: cannot listen on .*: EADDRINUSE/)
})
