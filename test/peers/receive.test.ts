// Debian's Prometheus -> receive prometheus | write prometheus -> another Prometheus, and VictoriaMetrics: what arrives
// is what was scraped, native histograms included.

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import { freePort, missingPeers, Prometheus, until, victoriaMetrics } from '../support/peers.js'
import { start } from '../support/running.js'
import { temporary } from '../support/temporary.js'
import { encodeFamilies } from '../wire/exposition/encode.js'

// Several programs, on a machine that may have other work.
t.setTimeout(180_000)

const BODY = `# TYPE jobs counter
# HELP jobs Jobs "done".
jobs_total{queue="a\\"b\\\\c\\n",e="ü"} 12 # {trace_id="4bf92f35"} 0.5
jobs_total{queue="b"} 7.25
# TYPE odd gauge
odd{of="infinity"} +Inf
odd{of="minus"} -Inf
odd{of="nan"} NaN
odd{of="small"} 4.9406564584124654e-324
# TYPE wait histogram
wait_bucket{le="0.1"} 1
wait_bucket{le="+Inf"} 3
wait_sum 4.5
wait_count 3
# EOF
`

const OPENMETRICS = 'application/openmetrics-text; version=1.0.0; charset=utf-8'
const SELECTOR = '{job="replay"}'

interface Range {
  metric: { [name: string]: string }
  values?: [number, string][]
  histograms?: [number, unknown][]
}

/** All samples of the selector by series, as text. */
async function samples(of: Prometheus): Promise<Map<string, [number, string][]>> {
  const { result } = await of.ask<{ result: Range[] }>('query', { query: `${SELECTOR}[10m]` })
  const key = (metric: { [name: string]: string }) =>
    JSON.stringify(Object.entries(metric).sort(([a], [b]) => (a < b ? -1 : 1)))
  return new Map(result.map(({ metric, values = [] }) => [key(metric), values]))
}

t.test('lossless: series, values, times, exemplars, and the end of a series', { skip: missingPeers('prometheus') }, async (t) => {
  let answers = true
  const target = createServer((_, response) =>
    answers ? response.writeHead(200, { 'content-type': OPENMETRICS }).end(BODY) : response.writeHead(500).end(),
  )
  await new Promise<void>((resolve) => target.listen(0, '127.0.0.1', resolve))
  t.teardown(() => (target.closeAllConnections(), target.close()))
  const to = await Prometheus.start(t)
  const listen = `127.0.0.1:${await freePort()}`
  // This Prometheus takes a request of 2.0 for one of 1.0 without series, and says 204.
  const pipe = start(
    `solder receive prometheus --listen ${listen} | solder write prometheus ${to.writeUrl} --protocol auto --batch-wait 50ms`,
  )
  t.teardown(() => pipe.stop('SIGKILL'))
  const from = await Prometheus.start(t, `
global: { scrape_interval: 200ms, scrape_timeout: 200ms }
scrape_configs: [{ job_name: replay, static_configs: [{ targets: ['127.0.0.1:${(target.address() as AddressInfo).port}'] }] }]
remote_write:
  - url: http://${listen}/api/v1/write
    send_exemplars: true
    queue_config: { batch_send_deadline: 100ms, max_shards: 1 }
    metadata_config: { send_interval: 1s }
`)
  const arrived = await until(async () => {
    const found = await samples(to)
    const enough = found.size > 10 && [...found.values()].every((list) => list.length >= 5)
    return enough ? found : undefined
  }, 'samples arrive')
  const sent = await samples(from)
  t.same([...arrived.keys()].sort(), [...sent.keys()].sort(), 'the same series')
  for (const [series, got] of arrived) {
    const window = sent.get(series)!.filter(([time]) => time >= got[0][0] && time <= got[got.length - 1][0])
    t.same(got, window, series)
  }
  const now = Date.now() / 1000
  const range = { start: String(now - 600), end: String(now + 1) }
  const exemplars = await to.ask<unknown[]>('query_exemplars', { query: 'jobs_total', ...range })
  t.match(JSON.stringify(exemplars), '4bf92f35')
  answers = false
  await until(async () => ((await to.query('odd{of="infinity"}')).length === 0 ? true : undefined), 'the series ends')
  const { stderr } = await pipe.stop()
  t.match(stderr, 'does not know remote write 2.0 (204), going on with 1.0')
  t.notMatch(stderr, 'rejected')
})

const PROTOBUF = 'application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited'

/** Two native histograms that grow with every scrape, one of them also below zero, and a gauge. */
function familiesAt(scrape: number): Buffer {
  const latency = {
    sample_count: 8 + scrape, sample_sum: 12.5 + scrape, schema: 3, zero_threshold: 2.938735877055719e-39, zero_count: 2,
    positive_span: [{ offset: -2, length: 2 }, { offset: 5, length: 1 }], positive_delta: [1 + scrape, 2 - scrape, -1],
  }
  const drift = {
    sample_count: 11 + scrape, sample_sum: -3.25, schema: 0, zero_threshold: 0.001, zero_count: 1 + scrape,
    negative_span: [{ offset: 1, length: 2 }], negative_delta: [3, 1],
    positive_span: [{ offset: 0, length: 1 }], positive_delta: [3],
  }
  return encodeFamilies(
    { name: 'latency_seconds', help: 'Latency.', type: 'HISTOGRAM', metric: [{ label: [{ name: 'queue', value: 'mail' }], histogram: latency }] },
    { name: 'drift', type: 'HISTOGRAM', metric: [{ histogram: drift }] },
    { name: 'plain', type: 'GAUGE', metric: [{ gauge: { value: scrape } }] },
  )
}

async function histograms(of: Prometheus): Promise<Map<string, [number, unknown][]>> {
  const { result } = await of.ask<{ result: Range[] }>('query', { query: '{job="native"}[10m]' })
  const found = result.filter(({ histograms }) => histograms !== undefined)
  return new Map(found.map(({ metric, histograms }) => [metric.__name__, histograms!]))
}

t.test('native histograms, and a second receiver that knows none', { skip: missingPeers('prometheus', 'victoria-metrics') }, async (t) => {
  let scrapes = 0
  let answers = true
  const target = createServer((_, response) =>
    answers ? response.writeHead(200, { 'content-type': PROTOBUF }).end(familiesAt(scrapes++ % 50)) : response.writeHead(500).end(),
  )
  await new Promise<void>((resolve) => target.listen(0, '127.0.0.1', resolve))
  t.teardown(() => (target.closeAllConnections(), target.close()))
  const [to, other] = await Promise.all([Prometheus.start(t), victoriaMetrics(t)])
  const listen = `127.0.0.1:${await freePort()}`
  const pipe = start(
    `solder receive prometheus --listen ${listen} | solder write prometheus ${to.writeUrl} ${other}/api/v1/write --batch-wait 50ms`,
  )
  t.teardown(() => pipe.stop('SIGKILL'))
  const from = await Prometheus.start(t, `
global: { scrape_interval: 200ms, scrape_timeout: 200ms }
scrape_configs: [{ job_name: native, static_configs: [{ targets: ['127.0.0.1:${(target.address() as AddressInfo).port}'] }] }]
remote_write:
  - url: http://${listen}/api/v1/write
    send_native_histograms: true
    queue_config: { batch_send_deadline: 100ms, max_shards: 1 }
`)
  const arrived = await until(async () => {
    const found = await histograms(to)
    return found.size === 2 && [...found.values()].every((list) => list.length >= 5) ? found : undefined
  }, 'histograms arrive')
  const sent = await histograms(from)
  for (const [name, got] of arrived) {
    const window = sent.get(name)!.filter(([time]) => time >= got[0][0] && time <= got[got.length - 1][0])
    t.same(got, window, name)
    t.ok(JSON.stringify(got[0][1]).includes('buckets'))
  }
  const plain = await until(async () => {
    const lines = (await (await fetch(`${other}/api/v1/export?match[]=plain`)).text()).trim()
    const [found] = lines === '' ? [] : [JSON.parse(lines) as { values: number[]; timestamps: number[] }]
    return found !== undefined && found.values.length >= 5 ? found : undefined
  }, 'samples are at VictoriaMetrics')
  const own = new Map((await from.samples('plain{job="native"}[10m]')).map(([time, value]) => [Math.round(time * 1000), Number(value)]))
  t.same(plain.values, plain.timestamps.map((time) => own.get(time)))
  answers = false
  await until(async () => ((await to.query('latency_seconds')).length === 0 ? true : undefined), 'the series of histograms ends')
  const { stderr } = await pipe.stop()
  t.notMatch(stderr, 'rejected')
})

t.test('--ack durable: the pipe is killed again and again, and no sample is missing', { skip: missingPeers('prometheus') }, async (t) => {
  let scrapes = 0
  const target = createServer((_, response) => response.end(`# TYPE scrapes counter\nscrapes ${scrapes++}\n`))
  await new Promise<void>((resolve) => target.listen(0, '127.0.0.1', resolve))
  t.teardown(() => (target.closeAllConnections(), target.close()))
  const to = await Prometheus.start(t)
  const listen = `127.0.0.1:${await freePort()}`
  const state = temporary(t)
  const pipeline =
    `solder receive prometheus --listen ${listen} --ack durable --state ${state}` +
    ` | solder write prometheus ${to.writeUrl} --batch-wait 50ms --state ${state}`
  const from = await Prometheus.start(t, `
global: { scrape_interval: 100ms, scrape_timeout: 100ms }
scrape_configs: [{ job_name: acked, static_configs: [{ targets: ['127.0.0.1:${(target.address() as AddressInfo).port}'] }] }]
remote_write:
  - url: http://${listen}/api/v1/write
    queue_config: { batch_send_deadline: 50ms, max_shards: 1, max_backoff: 200ms }
`)
  const arrived = async () => (await to.samples('scrapes{job="acked"}[10m]'))
  for (let round = 0; round < 4; round++) {
    const before = (await arrived()).length
    const pipe = start(pipeline)
    t.teardown(() => pipe.stop('SIGKILL'))
    await until(async () => ((await arrived()).length > before + 5 ? true : undefined), 'samples arrive')
    if (round < 3) await pipe.stop('SIGKILL')
  }
  const got = await arrived()
  const sent = await from.samples('scrapes{job="acked"}[10m]')
  t.same(got, sent.filter(([time]) => time >= got[0][0] && time <= got[got.length - 1][0]))
  t.ok(got.length > 20)
})
