// Debian's Prometheus -> receive prometheus | write prometheus -> another Prometheus: what arrives is what was scraped.

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import { freePort, missingPeers, Prometheus, until } from '../support/peers.js'
import { start } from '../support/running.js'

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
  values: [number, string][]
}

/** All samples of the selector by series, as text. */
async function samples(of: Prometheus): Promise<Map<string, [number, string][]>> {
  const { result } = await of.ask<{ result: Range[] }>('query', { query: `${SELECTOR}[10m]` })
  const key = (metric: { [name: string]: string }) => JSON.stringify(Object.entries(metric).sort(([a], [b]) => (a < b ? -1 : 1)))
  return new Map(result.map(({ metric, values }) => [key(metric), values]))
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
