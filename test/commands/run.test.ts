// run: a pipe in one process ends, drains and fails as the pipe of a shell does, and scrapes the same.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import { environment, sh } from '../support/solder.js'
import { temporary } from '../support/temporary.js'

const folder = temporary(t)

const EXPOSITION = `# HELP jobs_total Jobs.
# TYPE jobs_total counter
jobs_total{queue="a"} 12 1000
jobs_total{queue="b",x="é\\"\\\\"} NaN 1500
# TYPE odd gauge
odd{n="0"} -0
odd{n="1"} +Inf
odd{n="2"} 1e-9
# TYPE lat histogram
lat_bucket{le="0.5"} 3
lat_bucket{le="+Inf"} 4
lat_sum 1.25
lat_count 4
`
const server = createServer((request, response) => {
  if (request.url === '/gone') response.destroy()
  else response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4' }).end(EXPOSITION)
})
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
const address = `127.0.0.1:${(server.address() as AddressInfo).port}`
t.teardown(() => {
  server.close()
  server.closeAllConnections()
})

const line = (i: number) => `{"type":"metric","name":"m","labels":{"i":"${i}"},"ts":"${i + 1}","value":${i}}\n`

/** Times of scrapes and what they took differ; explicit times stay. */
const still = (ndjson: string) =>
  ndjson.replace(/"ts":"\d{19}"/g, '"ts":"0"').replace(/("name":"scrape_duration_seconds".*"value":)[^}]+/g, '$10')

t.test('targets through the middle: discover, relabel, scrape, relabel, filter', async (t) => {
  const stages = [
    `discover static ${address} 127.0.0.1:1 --label __metrics_path__=/metrics --label zone=z1`,
    "relabel --set 'site=${zone}' --drop __address__=127.0.0.1:1",
    'scrape --once --job shop --label instance=here',
    "relabel --labeldrop 'zone' --drop 'name=x'",
    'filter \'type == "metadata" || name != "odd" || value > 0\'',
  ]
  const [piped, ran] = await Promise.all([
    sh(stages.map((words) => `solder ${words}`).join(' | ')),
    sh('exec solder run -e "$PIPE"', { env: { PIPE: stages.join(' | ') } }),
  ])
  t.equal(still(ran.stdout), still(piped.stdout))
  t.equal(`${ran.code} ${ran.stderr}`, `${piped.code} ${piped.stderr}`)
  t.match(ran.stdout, '"labels":{"instance":"here","job":"shop","queue":"b","site":"z1","x":"é\\"\\\\"}')
})

t.test('a reader that goes away ends the whole pipe silently, at once', async (t) => {
  const script = `solder run -e "scrape host --every 10ms --collector loadavg | relabel --set a=b | filter 'true'" | head -n 1 >/dev/null; echo "\${PIPESTATUS[0]}"`
  const ran = await sh(`exec bash -c '${script.replaceAll("'", "'\\''")}'`)
  t.equal(`${ran.stdout}${ran.stderr}`, '141\n')
})

t.test('SIGTERM drains what came, through all stages, and ends with 0', async (t) => {
  const child = spawn('solder', ['run', '-e', 'relabel --set a=b | filter true --ledger'], { env: environment() })
  const closed = once(child, 'close')
  let out = ''
  let said = ''
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()))
  child.stdin.write(line(1))
  await once(child.stdout, 'data')
  child.stdin.write(line(2) + line(3).slice(0, 20))
  child.kill('SIGUSR1')
  await once(child.stderr, 'data')
  child.kill('SIGTERM')
  child.stdin.write(line(3).slice(20))
  t.same(await closed, [0, null])
  t.equal(out, [1, 2, 3].map((i) => line(i).replace('{"i"', '{"a":"b","i"')).join(''))
  t.equal(said.trim().split('\n').length, 2, 'an account when asked for, and one at the end')
})

t.test('SIGTERM stops a source that scrapes what another one finds', async (t) => {
  writeFileSync(`${folder}/targets.json`, JSON.stringify([{ targets: [address] }]))
  const pipe = `discover file ${folder}/targets.json | relabel | scrape --every 100ms | relabel --set a=b | write file ${folder}/out.ndjson --ledger`
  const child = spawn('solder', ['run', '-e', pipe], { env: environment(), stdio: ['ignore', 'ignore', 'pipe'] })
  let said = ''
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()))
  const closed = once(child, 'close')
  for (;;) {
    if (existsSync(`${folder}/out.ndjson`) && readFileSync(`${folder}/out.ndjson`).length > 0) break
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  child.kill('SIGTERM')
  t.same(await closed, [0, null], said)
  const account = JSON.parse(said) as { in: number; out: number; pending: number }
  const lines = readFileSync(`${folder}/out.ndjson`, 'utf8').split('\n').length - 1
  t.same([account.in, account.out, account.pending], [lines, lines, 0])
})

t.test('a stage that fails ends those before it with 141, and those after it with what came', async (t) => {
  const stdin = line(1) + 'no record\n' + line(2)
  const run = (pipe: string) => sh('exec solder run -e "$PIPE"', { stdin, env: { PIPE: pipe } })
  const middle = await run('relabel --on-bad pass | filter true --on-bad fail | relabel --set a=b')
  t.equal(middle.code, 1, 'the last one other than 0')
  t.equal(middle.stderr, "solder relabel: stdin:2: not JSON: unexpected token 'o'\nsolder filter: stdin:2: not JSON: unexpected token 'o'\n")
  const sink = await run('relabel --set a=b --on-bad pass | write file /dev/full')
  t.equal(sink.code, 75)
  t.match(sink.stderr, /^solder write file: .*ENOSPC/m)
  const source = await run(`scrape http://127.0.0.1:1/ --once | relabel | write file ${folder}/down.ndjson`)
  t.equal(`${source.code} ${source.stderr.split('\n').at(-2)}`, '1 solder scrape: the target is down')
  t.match(readFileSync(`${folder}/down.ndjson`, 'utf8'), '"name":"up"', 'what it had made is stored')
})

t.test('checkpoints pass through, and the next run goes on behind them', async (t) => {
  const [from, to, state] = [`${folder}/from.ndjson`, `${folder}/to.ndjson`, `${folder}/state`]
  const pipe = `receive ndjson ${from} --state ${state} | relabel --set a=b | filter true | write file ${to} --state ${state}`
  for (const upTo of [3, 5, 5]) {
    writeFileSync(from, Array.from({ length: upTo }, (_, i) => line(i)).join(''))
    const ran = await sh(`exec solder run -e '${pipe}'`)
    t.equal(`${ran.code} ${ran.stderr}`, '0 ')
    t.equal(readFileSync(to, 'utf8').split('\n').length - 1, upTo, 'every record once')
  }
})

t.test('nothing is set in motion where a filter or a sink is wrong', async (t) => {
  const ran = await sh(`exec solder run -e 'scrape host --once | filter "lables" | write file ${folder}/never/x --no-mkdir'`)
  t.equal(ran.code, 2)
  t.match(ran.stderr, /unknown variable 'lables'/)
  t.match(ran.stderr, /never/)
  t.equal(ran.stdout, '')
})
