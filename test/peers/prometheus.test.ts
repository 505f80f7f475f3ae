// The pipe `scrape | write prometheus` against Debian's Prometheus: it must see what it sees when it scrapes by itself.

import { PrometheusExporter } from '@opentelemetry/exporter-prometheus'
import { MeterProvider } from '@opentelemetry/sdk-metrics'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer, request as httpRequest, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { Counter, Gauge, Histogram, Registry, Summary } from 'prom-client'
import t, { type Test } from 'tap'
import { freePort, missingPeers, nodeExporter, Prometheus, type Shown, until } from '../support/peers.js'
import { start } from '../support/running.js'
import { sh } from '../support/solder.js'
import { temporary } from '../support/temporary.js'

const skip = missingPeers('prometheus', 'prometheus-node-exporter')

/** A server of our own. Returns host and port, and its end. */
async function listen(t: Test, listener: RequestListener): Promise<{ address: string; close: () => void }> {
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const close = () => {
    server.closeAllConnections()
    server.close()
  }
  t.teardown(close)
  return { address: `127.0.0.1:${(server.address() as AddressInfo).port}`, close }
}

/** The same body for whoever asks. */
const replay = (t: Test, body: string) =>
  listen(t, (_, response) => response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4' }).end(body))

async function promClient(t: Test): Promise<string> {
  const registers = [new Registry()]
  const labelNames = ['code', 'path']
  new Counter({ name: 'client_requests_total', help: 'Requests "served".\nAll of them.', labelNames, registers }).inc(
    { code: '200', path: '/a"b\\c\nd' },
    3,
  )
  new Gauge({ name: 'client_temperature', help: 'é', registers }).set(-1.5e-7)
  new Gauge({ name: 'client_odd', help: 'odd', labelNames: ['of'], registers }).set({ of: 'infinity' }, Infinity)
  const histogram = new Histogram({
    name: 'client_seconds',
    help: 'h',
    labelNames: ['code'],
    buckets: [0.1, 1, 10],
    registers,
  })
  for (const value of [0.05, 0.5, 5, 50]) histogram.observe({ code: '200' }, value)
  new Summary({ name: 'client_bytes', help: 's', percentiles: [0.5, 0.99], registers }).observe(12)
  const { address } = await listen(t, async (_, response) => {
    response.writeHead(200, { 'content-type': registers[0].contentType }).end(await registers[0].metrics())
  })
  return address
}

async function openTelemetry(t: Test): Promise<string> {
  const port = await freePort()
  const exporter = new PrometheusExporter({ host: '127.0.0.1', port, preventServerStart: true })
  await exporter.startServer()
  const provider = new MeterProvider({ readers: [exporter] })
  t.teardown(() => provider.shutdown())
  const meter = provider.getMeter('shop', '1.2')
  meter.createCounter('shop.orders', { unit: '1', description: 'Orders.' }).add(7, { 'pay.kind': 'card' })
  meter.createUpDownCounter('shop.carts').add(-2)
  const histogram = meter.createHistogram('shop.latency', { unit: 's' })
  for (const value of [0.2, 30, 4000]) histogram.record(value)
  return `127.0.0.1:${port}`
}

/** Series by their labels, and their values. Prometheus 3 spells le="1" as le="1.0", which 2.42 does not: by number. */
function byLabels(shown: readonly Shown[]): Map<string, string> {
  const spelled = ([name, text]: [string, string]) => [
    name,
    name === 'le' || name === 'quantile' ? text.replace(/\.0$/, '') : text,
  ]
  return new Map(
    shown.map(({ metric, value }) => [
      JSON.stringify(
        Object.entries(metric)
          .map(spelled)
          .sort(([a], [b]) => (a < b ? -1 : 1)),
      ),
      value[1],
    ]),
  )
}

const keysOf = (map: ReadonlyMap<string, string>) => [...map.keys()].sort()
const targetLine = (job: string, address: string) =>
  `${JSON.stringify({ type: 'target', labels: { __address__: address, job } })}\n`

t.test('every series of every target is found, as if Prometheus had scraped it', { skip }, async (t) => {
  const exporter = await nodeExporter(t)
  const captured = await (await fetch(`http://${exporter}/metrics`)).text()
  const jobs: { [job: string]: string } = {
    replay: (await replay(t, captured)).address,
    live: exporter,
    'prom-client': await promClient(t),
    opentelemetry: await openTelemetry(t),
  }
  const targets = join(temporary(t), 'targets.ndjson')
  writeFileSync(
    targets,
    Object.entries(jobs)
      .map(([job, address]) => targetLine(job, address))
      .join(''),
  )
  const configs = Object.entries(jobs).map(([job_name, address]) => ({
    job_name,
    scrape_interval: '500ms',
    scrape_timeout: '500ms',
    static_configs: [{ targets: [address] }],
  }))
  const [scraper, receiver] = await Promise.all([
    Prometheus.start(t, JSON.stringify({ scrape_configs: configs })),
    Prometheus.start(t),
  ])
  const pipe = start(
    `solder scrape --every 500ms <${targets} | solder write prometheus ${receiver.writeUrl} --batch-wait 100ms`,
  )
  t.teardown(() => pipe.stop('SIGKILL'))
  for (const job of Object.keys(jobs)) {
    const series = `{job="${job}"}`
    const both = async () => [byLabels(await scraper.query(series)), byLabels(await receiver.query(series))] as const
    const [theirs, ours] = await until(async () => {
      const [theirs, ours] = await both()
      return theirs.size > 5 && theirs.size === ours.size ? [theirs, ours] : undefined
    }, `both know the series of ${job}`).catch(both)
    t.same(keysOf(ours), keysOf(theirs), `${job}: the same series`)
    t.ok(ours.size > 10, `${job}: ${ours.size} series`)
    if (job === 'live') continue
    // What tells about the scrape itself is not the same in two scrapes.
    const still = (map: ReadonlyMap<string, string>) =>
      [...map].filter(([key]) => !/"scrape_(?:duration_seconds|series_added)"/.test(key)).sort()
    t.same(still(ours), still(theirs), `${job}: the same values`)
  }
  t.equal(pipe.stderr(), '')
})

t.test('a target that dies goes stale', { skip }, async (t) => {
  const target = await replay(t, 'mortal 1\n')
  const prometheus = await Prometheus.start(t)
  const pipe = start(
    `solder scrape http://${target.address}/metrics --every 200ms --job dying` +
      ` | solder write prometheus ${prometheus.writeUrl} --batch-wait 50ms`,
  )
  t.teardown(() => pipe.stop('SIGKILL'))
  await until(async () => ((await prometheus.query('mortal')).length === 1 ? true : undefined), 'the series is there')
  target.close()
  await until(async () => ((await prometheus.query('mortal')).length === 0 ? true : undefined), 'the series is stale')
  t.match(await prometheus.query('up{job="dying"}'), [{ value: [Number, '0'] }])
  t.ok((await prometheus.samples('mortal[1h]')).length > 0, 'its samples stay')
})

/** Stands before a receiver: answers 500 until it is told to let requests pass. */
async function flaky(t: Test, url: string): Promise<{ url: string; failures: () => number; heal: () => void }> {
  let failures = 0
  let ill = true
  const { address } = await listen(t, (request, response) => {
    if (ill) {
      failures++
      request.resume().on('end', () => response.writeHead(500).end('not today'))
      return
    }
    const { method, headers } = request
    const forward = httpRequest(url, { method, headers }, (answer) =>
      answer.pipe(response.writeHead(answer.statusCode!)),
    )
    forward.on('error', () => response.writeHead(502).end())
    request.pipe(forward)
  })
  return { url: `http://${address}/api/v1/write`, failures: () => failures, heal: () => (ill = false) }
}

t.test('a receiver that answers 500 for a while loses nothing', { skip }, async (t) => {
  const target = await replay(t, 'held{a="b"} 1\n')
  const prometheus = await Prometheus.start(t)
  const proxy = await flaky(t, prometheus.writeUrl)
  const seen = join(temporary(t), 'seen.ndjson')
  const write = `solder write prometheus ${proxy.url} --batch-wait 50ms --max-backoff 200ms`
  const pipe = start(`solder scrape http://${target.address}/metrics --every 50ms --job held | tee -i ${seen} | ${write}`)
  t.teardown(() => pipe.stop('SIGKILL'))
  await until(async () => (proxy.failures() >= 20 ? true : undefined), 'twenty failures')
  await until(async () => (readFileSync(seen, 'utf8').split('"name":"held"').length > 10 ? true : undefined), 'ten scrapes')
  proxy.heal()
  await until(async () => ((await prometheus.query('held')).length === 1 ? true : undefined), 'the series is there')
  const { code, stderr } = await pipe.stop('SIGINT')
  t.equal(code, 0, stderr)
  t.match(stderr, /500 internal server error: not today, retrying in \d+ms \(\d+ records? held\)/)
  const records = readFileSync(seen, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { name: string; ts?: string; value?: number })
  const times = records
    .filter(({ name, value }) => name === 'held' && value !== undefined)
    .map(({ ts }) => Number(ts!.slice(0, -6)))
  t.ok(times.length >= 10, `${times.length} scrapes`)
  t.same(
    (await prometheus.samples('held[1h]')).map(([seconds]) => Math.round(seconds * 1000)),
    times,
  )
})

t.test('native histograms, exemplars, metadata and odd values are understood', { skip }, async (t) => {
  const prometheus = await Prometheus.start(t)
  const now = Date.now()
  const ts = `"ts":"${now}000000"`
  const histogram =
    '{"schema":1,"count":"10","sum":18.5,"zero_threshold":0.001,"zero_count":"2","positive_deltas":[1,2,1]' +
    ',"positive_spans":[{"offset":0,"length":2},{"offset":1,"length":1}]}'
  const exemplar = `{"labels":{"trace_id":"abc"},"value":2.5,${ts}}`
  const stdin = [
    '{"type":"metadata","name":"odd","kind":"gauge","unit":"","help":"Odd \\"values\\"."}',
    `{"type":"metric","name":"native","kind":"histogram",${ts},"histogram":${histogram}}`,
    `{"type":"metric","name":"odd","labels":{"of":"nan"},${ts},"value":"NaN"}`,
    `{"type":"metric","name":"odd","labels":{"of":"infinity"},${ts},"value":"-Inf"}`,
    `{"type":"metric","name":"odd","labels":{"of":"zero"},${ts},"value":-0}`,
    `{"type":"metric","name":"odd","labels":{"of":"float"},${ts},"value":0.1}`,
    `{"type":"metric","name":"counted_total",${ts},"value":3,"exemplars":[${exemplar}]}`,
  ].join('\n')
  const { code, stderr } = await sh(`solder write prometheus ${prometheus.writeUrl}`, { stdin })
  t.equal(code, 0, stderr)
  t.match(await prometheus.query('histogram_count(native)'), [{ value: [Number, '10'] }])
  t.match(await prometheus.query('histogram_sum(native)'), [{ value: [Number, '18.5'] }])
  t.match(await prometheus.query('histogram_quantile(1, native)'), [{ value: [Number, '4'] }])
  const odd = new Map((await prometheus.query('odd')).map(({ metric, value }) => [metric.of, value[1]]))
  t.same([...odd].sort(), [
    ['float', '0.1'],
    ['infinity', '-Inf'],
    ['nan', 'NaN'],
    ['zero', '-0'],
  ])
  const exemplars = await prometheus.ask('query_exemplars', {
    query: 'counted_total',
    start: String(now / 1000 - 60),
    end: String(now / 1000 + 60),
  })
  t.match(exemplars, [{ exemplars: [{ labels: { trace_id: 'abc' }, value: '2.5', timestamp: Number }] }])
})

t.test('what Prometheus refuses is told in its words, and goes to the dead letter', { skip }, async (t) => {
  const prometheus = await Prometheus.start(t)
  const letter = join(temporary(t), 'dead.ndjson')
  const line = (ms: number) => `{"type":"metric","name":"late","ts":"${ms}000000","value":1}\n`
  const [now, before] = [Date.now(), Date.now() - 86_400_000]
  t.equal((await sh(`solder write prometheus ${prometheus.writeUrl}`, { stdin: line(now) })).code, 0)
  const { code, stderr } = await sh(`solder write prometheus ${prometheus.writeUrl} --ledger --dead-letter ${letter}`, {
    stdin: line(before),
  })
  t.equal(code, 1)
  t.match(stderr, /late: http:\/\/127\.0\.0\.1:\d+: 400 bad request: out of bounds/)
  t.match(stderr, /"dropped":\{"refused":1\},"pending":0/)
  t.match(JSON.parse(readFileSync(letter, 'utf8')), {
    reason: 'refused',
    original: { name: 'late', ts: `${before}000000`, value: 1 },
  })
})

t.test('the demo line: scrape | relabel | filter | tee | write prometheus', { skip }, async (t) => {
  const exporter = await nodeExporter(t)
  const prometheus = await Prometheus.start(t)
  const folder = temporary(t)
  writeFileSync(
    join(folder, 'rules.yaml'),
    '- {source_labels: [__name__], regex: go_.*, action: drop}\n- {target_label: site, replacement: eu}\n',
  )
  const pipe = start(
    `solder scrape http://${exporter}/metrics --every 200ms | solder relabel ${folder}/rules.yaml` +
      ` | solder filter 'labels.mode != "idle"'` +
      ` | tee -i ${folder}/seen.ndjson | solder write prometheus ${prometheus.writeUrl} --batch-wait 50ms`,
  )
  t.teardown(() => pipe.stop('SIGKILL'))
  await until(
    async () => ((await prometheus.query('node_cpu_seconds_total{site="eu"}')).length > 0 ? true : undefined),
    'the series are there',
  )
  const { code, stderr } = await pipe.stop('SIGINT')
  t.equal(code, 0, stderr)
  t.equal((await prometheus.query('{mode="idle"}')).length, 0)
  t.equal((await prometheus.query('{__name__=~"go_.*"}')).length, 0)
  const lines = readFileSync(join(folder, 'seen.ndjson'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { type: string; ts?: string })
  const times = new Set(lines.filter(({ type }) => type === 'metric').map(({ ts }) => ts))
  t.equal((await prometheus.samples('up[1h]')).length, times.size, 'one sample of up for every scrape')
})
