// Metrics of OpenTelemetry into `solder write prometheus`, which translates them by itself.

import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { receiving } from '../support/receiving.js'
import { Receiver, samplesOf } from '../support/remote_write.js'
import { sh } from '../support/solder.js'

t.setTimeout(120_000)

const EXPOSITION = `# HELP hits Hits.
# TYPE hits counter
hits_total{path="/"} 3
# TYPE took_seconds histogram
# UNIT took_seconds seconds
took_seconds_bucket{le="0.5"} 1
took_seconds_bucket{le="1"} 2
took_seconds_bucket{le="+Inf"} 4
took_seconds_sum 6.5
took_seconds_count 4
# TYPE size summary
size{quantile="0.5"} 7
size_sum 9
size_count 2
# TYPE temp gauge
temp{_odd="a"} NaN
# EOF
`

async function receiverFor(t: Test): Promise<Receiver> {
  const receiver = await Receiver.start(() => ({ status: 204 }))
  t.teardown(() => receiver.stop())
  return receiver
}

/** Samples as text, sorted. */
const stored = ({ stored }: Receiver) => samplesOf(stored).map((sample) => JSON.stringify(sample)).sort()

t.test('the same series arrive, with and without OTLP between', async (t) => {
  const dir = t.testdir({ 'metrics.txt': EXPOSITION })
  const [plain, translated] = [await receiverFor(t), await receiverFor(t)]
  const read = `solder receive exposition ${dir}/metrics.txt --label job=shop --timestamp 2025-01-01T00:00:00Z`
  const direct = await sh(`${read} | solder write prometheus ${plain.url}`)
  t.same([direct.code, direct.stderr], [0, ''])
  const bridged = await sh(`${read} | solder derive otlp | solder write prometheus ${translated.url} --ledger`)
  t.equal(bridged.code, 0, bridged.stderr)
  t.equal(stored(plain).length, 10)
  t.same(stored(translated), stored(plain))
  const families = translated.stored.flatMap(({ metadata }) => metadata)
  t.same(families.map(({ metric_family_name, unit }) => `${metric_family_name} ${unit}`).sort(), [
    'hits_total ', 'size ', 'temp ', 'took_seconds seconds',
  ])
  const account = JSON.parse(bridged.stderr) as { in: number; made: number; out: number; dropped: object }
  t.same(account, { ...account, in: 4, made: 6 + 4, out: 14, dropped: {} })
})

const POINT = {
  type: 'metric', name: 'cpu.time', labels: { 'cpu.mode': 'user' }, resource: { 'service.name': 'shop', 'host.name': 'a' },
  kind: 'counter', unit: 's', temporality: 'cumulative', monotonic: true, ts: '1763804400123000000', value: 7,
}
const SAMPLE = { type: 'metric', name: 'up', labels: { job: 'node' }, ts: '1763804400123000000', value: 1 }
const linesOf = (...records: object[]) => records.map((record) => `${JSON.stringify(record)}\n`).join('')

t.test('options of the translation, and samples of both kinds in one stream, with a state', async (t) => {
  const receiver = await receiverFor(t)
  const dir = t.testdir()
  writeFileSync(`${dir}/in.ndjson`, linesOf(SAMPLE, POINT, { ...POINT, temporality: 'delta' }, SAMPLE))
  const ran = await sh(
    `solder receive ndjson ${dir}/in.ndjson --state ${dir}/state | solder write prometheus ${receiver.url} --state ${dir}/state` +
      ' --translation-strategy NoTranslation --promote-resource-attributes host.name --no-target-info',
  )
  t.equal(ran.code, 1)
  t.match(ran.stderr, /invalid temporality and type combination for metric "cpu.time"/)
  const labels = samplesOf(receiver.stored).map(({ labels }) => JSON.stringify(labels))
  t.same(labels.sort(), [
    '{"__name__":"cpu.time","cpu.mode":"user","host.name":"a","job":"shop"}', '{"__name__":"up","job":"node"}', '{"__name__":"up","job":"node"}',
  ])
})

t.test('options that contradict each other are told at once', async (t) => {
  const ran = await sh('solder write prometheus ftp://x --ignore-resource-attributes a')
  t.equal(ran.code, 2)
  t.match(ran.stderr, /--ignore-resource-attributes is for --promote-all-resource-attributes[^]*URL is not valid/)
})

t.test('a scrape that went through OTLP over the network is stored as it was', async (t) => {
  const server = createServer((_, answer) => {
    answer.writeHead(200, { 'content-type': 'application/openmetrics-text; version=1.0.0; charset=utf-8' })
    answer.end(EXPOSITION)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  const { port } = server.address() as AddressInfo
  const dir = t.testdir()
  const otlp = await receiving(t, 'receive', 'otlp')
  const sent = await sh(`solder scrape http://127.0.0.1:${port}/metrics --once --label job=shop | tee ${dir}/scraped.ndjson | solder write otlp ${new URL(otlp.url).origin}`)
  t.equal(sent.code, 0, sent.stderr)
  const { lines } = await otlp.end()
  t.match(lines.find((line) => line.includes('took_seconds')), '"explicit_histogram":{"bounds":[0.5,1],"count":"4"')
  const [plain, translated] = [await receiverFor(t), await receiverFor(t)]
  await sh(`solder write prometheus ${plain.url} < ${dir}/scraped.ndjson`)
  await sh(`solder write prometheus ${translated.url}`, { stdin: `${lines.join('\n')}\n` })
  t.ok(stored(plain).length > 12, 'with the series that a scrape makes')
  t.same(stored(translated), stored(plain))
})
