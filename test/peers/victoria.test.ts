// vmagent and VictoriaMetrics as judges: the same target under the same rules gives the same series and values.

import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import { missingPeers, until, victoriaMetrics, vmagent } from '../support/peers.js'
import { start } from '../support/running.js'
import { temporary } from '../support/temporary.js'

const skip = missingPeers('victoria-metrics', 'vmagent')

const BODY = `# HELP jobs_total Jobs.
# TYPE jobs_total counter
jobs_total{queue="mail",state="done"} 1027
jobs_total{queue="mail",state="failed"} 3
jobs_total{queue="test-mail",state="done"} 9
# TYPE latency_seconds histogram
latency_seconds_bucket{queue="mail",le="0.1"} 4
latency_seconds_bucket{queue="mail",le="1"} 7
latency_seconds_bucket{queue="mail",le="+Inf"} 8
latency_seconds_sum{queue="mail"} 12.25
latency_seconds_count{queue="mail"} 8
noise{job="own",instance="own"} 1
big 18014398509481984
small -1.25e-09
build_info{version="1.2.3",Weird_Case="YES"} 1
`

/** Rules over the actions that both know; hashmod is not the same hash there. */
const RULES = [
  { source_labels: ['queue'], regex: 'test-.*', action: 'drop' },
  {
    source_labels: ['queue', 'state'],
    separator: '/',
    regex: '(.+)/(.+)',
    target_label: 'task',
    replacement: '$2-of-$1',
  },
  { source_labels: ['__name__'], regex: '(.*)_total', target_label: '__name__', replacement: '${1}_count_total' },
  { regex: 'exported_(.*)', action: 'labelmap', replacement: 'own_$1' },
  { regex: 'exported_.*|state', action: 'labeldrop' },
  { source_labels: ['Weird_Case'], target_label: 'lower', action: 'lowercase' },
]

/** Every series of the job at a VictoriaMetrics, with a value. Prometheus 3 spells le="1" as le="1.0": by number. */
async function exported(url: string): Promise<string[]> {
  const lines = (await (await fetch(`${url}/api/v1/export?match[]={job="shop"}`)).text()).trim()
  if (lines === '') return []
  return lines
    .split('\n')
    .map((line) => JSON.parse(line) as { metric: { [name: string]: string }; values: unknown[] })
    .filter(({ metric }) => !metric.__name__.startsWith('scrape_'))
    .map(({ metric, values }) => ({
      metric:
        metric.le === undefined ? metric : { ...metric, le: String(Number(metric.le.replace('Inf', 'Infinity'))) },
      values,
    }))
    .map(
      ({ metric, values }) =>
        `${JSON.stringify(Object.entries(metric).sort(([a], [b]) => (a < b ? -1 : 1)))} ${values.find((value) => value !== null)}`,
    )
    .sort()
}

t.test('scrape and relabel as vmagent does', { skip }, async (t) => {
  const target = createServer((_, response) =>
    response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4' }).end(BODY),
  )
  await new Promise<void>((resolve) => target.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    target.closeAllConnections()
    target.close()
  })
  const address = `127.0.0.1:${(target.address() as AddressInfo).port}`
  const [theirs, ours] = await Promise.all([victoriaMetrics(t), victoriaMetrics(t)])
  const config = {
    scrape_configs: [
      {
        job_name: 'shop',
        scrape_interval: '1s',
        static_configs: [{ targets: [address] }],
        metric_relabel_configs: RULES,
      },
    ],
  }
  await vmagent(t, JSON.stringify(config), `${theirs}/api/v1/write`)
  const rules = join(temporary(t), 'rules.json')
  writeFileSync(rules, JSON.stringify(RULES))
  const pipe = start(
    `solder scrape http://${address}/metrics --every 500ms --job shop | solder relabel ${rules}` +
      ` | solder write prometheus ${ours}/api/v1/write --batch-wait 100ms`,
  )
  t.teardown(() => pipe.stop('SIGKILL'))
  const all = [] as string[][]
  for (const url of [theirs, ours]) {
    all.push(
      await until(
        async () => {
          const found = await exported(url)
          return found.length >= 12 ? found : undefined
        },
        `the series are at ${url === theirs ? "vmagent's" : 'our'} store`,
      ).catch(() => exported(url)),
    )
  }
  t.same(all[1], all[0])
  t.ok(
    all[1].some((line) => line.includes('"jobs_count_total"') && line.includes('"failed-of-mail"')),
    'the rules were applied',
  )
  t.equal(pipe.stderr(), '')
})
