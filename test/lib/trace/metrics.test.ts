// Metrics of traces: calls and durations, and the graph of services.

import t from 'tap'
import spanmetrics from '../../../commands/derive/spanmetrics.js'
import servicegraph from '../../../commands/derive/servicegraph.js'
import { ExportRequest } from '../../../lib/wire/otlp/export_request.js'
import type { MetricsRequest } from '../../../lib/wire/otlp/message.js'
import { decodeMessage } from '../../../lib/wire/otlp/protobuf.js'
import { recordsOf } from '../../../lib/wire/otlp/records.js'
import { REQUESTS } from '../../../lib/wire/otlp/schema.js'
import fc from '../../support/property.js'
import { sh } from '../../support/solder.js'
import { type Line, lineOf, recordOf, StageAtWork } from '../../support/stage.js'

const spans = (...words: string[]) => StageAtWork.of(spanmetrics, ...words)
const graph = (...words: string[]) => StageAtWork.of(servicegraph, ...words)

const SPAN = {
  type: 'span', resource: { 'service.name': 'shop', 'host.name': 'h1' }, scope: { name: 'http', version: '2' }, ts: '1000000000', end: '1030000000',
  trace_id: '4bf92f3577b34da6a3ce929d0e0e4736', span_id: '00f067aa0ba902b7', name: 'GET /', kind: 'server', attributes: { 'http.status_code': 200 },
}
const metric = (lines: readonly Line[], name: string) => lines.filter((line) => line.type === 'metric' && line.name === name)
const CALLS = 'traces.span.metrics.calls'
const TOOK = 'traces.span.metrics.duration'

t.test('calls and durations', async (t) => {
  const work = await spans('--dimension', 'http.status_code', '--dimension', 'host.name', '--dimension', 'region=eu', '--dimension', 'none')
  t.same(work.take(SPAN), [SPAN], 'the span passes as it is')
  work.take({ ...SPAN, status: { code: 'error' }, end: '1' }, { ...SPAN, kind: undefined, attributes: { 'http.status_code': '200' } })
  const out = work.end()
  t.match(metric(out, CALLS).map(({ labels, value }) => ({ labels, value })), [
    { labels: { 'service.name': 'shop', 'span.name': 'GET /', 'span.kind': 'SPAN_KIND_SERVER', 'status.code': 'STATUS_CODE_UNSET', 'http.status_code': '200', 'host.name': 'h1', region: 'eu' }, value: 1 },
    { labels: { 'status.code': 'STATUS_CODE_ERROR' }, value: 1 },
    { labels: { 'span.kind': 'SPAN_KIND_UNSPECIFIED' }, value: 1 },
  ])
  t.match(metric(out, CALLS)[0].attributes, { 'http.status_code': 200 }, 'with its type')
  t.equal(metric(out, CALLS)[2].attributes, undefined, 'a text is another value')
  t.match(metric(out, TOOK), [
    { unit: 'ms', explicit_histogram: { count: '1', sum: 30 } },
    { explicit_histogram: { count: '1', sum: 0 } },
    {},
  ], 'a span that ends before it starts took no time')
  t.equal(work.account.made, 6)
})

t.test('forms of histograms, units, names', async (t) => {
  const exponential = await spans('--histogram', 'exponential', '--unit', 's', '--namespace', '')
  exponential.take(SPAN)
  t.match(metric(exponential.end(), 'duration'), [{ unit: 's', exponential_histogram: { count: '1', sum: 0.03, scale: 20 } }])
  const none = await spans('--histogram', 'none', '--exclude-dimension', 'span.name,span.kind', '--scope-dimensions')
  none.take(SPAN)
  const out = none.end()
  t.equal(out.length, 1)
  t.match(out[0].labels, { 'span.name': undefined, 'span.instrumentation.scope.name': 'http', 'span.instrumentation.scope.version': '2' })
  const seconds = await spans('--unit', 's', '--bucket', '10ms,30ms', '--bucket', '1s')
  seconds.take(SPAN)
  t.match(metric(seconds.end(), TOOK), [{ explicit_histogram: { bounds: [0.01, 0.03, 1], counts: [0, 1, 0, 0] } }])
})

t.test('dimensions of one of the metrics', async (t) => {
  const work = await spans('--calls-dimension', 'host.name', '--duration-dimension', 'http.status_code', '--dimension', 'region=eu')
  work.take(SPAN, { ...SPAN, attributes: { 'http.status_code': 500 } })
  const out = work.end()
  t.match(metric(out, CALLS), [{ labels: { region: 'eu', 'host.name': 'h1', 'http.status_code': undefined }, value: 2 }])
  t.match(metric(out, TOOK), [
    { labels: { region: 'eu', 'http.status_code': '200', 'host.name': undefined }, explicit_histogram: { count: '1' } },
    { labels: { 'http.status_code': '500' }, explicit_histogram: { count: '1' } },
  ])
})

t.test('exemplars are those of one sample', async (t) => {
  const work = await spans('--exemplars', '--max-exemplars', '1')
  work.take(SPAN, { ...SPAN, span_id: '00f067aa0ba902b8' }, { ...SPAN, trace_id: undefined })
  const first = work.until(60_000)
  t.same(metric(first, TOOK)[0].exemplars, [{ value: 30, ts: '1030000000', trace_id: SPAN.trace_id, span_id: SPAN.span_id }])
  t.match(metric(work.until(120_000), CALLS)[0], { value: 3, exemplars: undefined })
})

t.test('events', async (t) => {
  const work = await spans('--events', '--event-dimension', 'event.name', '--event-dimension', 'exception.type=none', '--dimension', 'host.name')
  const events = [{ ts: '1', name: 'exception', attributes: { 'exception.type': 'E' } }, { ts: '1', name: 'log' }, { ts: '1', name: 'log' }]
  work.take({ ...SPAN, events })
  t.match(metric(work.end(), 'traces.span.metrics.events'), [
    { labels: { 'event.name': 'exception', 'exception.type': 'E', 'host.name': 'h1' }, value: 1 },
    { labels: { 'event.name': 'log', 'exception.type': 'none' }, value: 2 },
  ])
})

const word = fc.constantFrom('a', 'b', 'c', '__proto__', '', 'a\u0000b', '1:a')
const anySpan = fc.record({
  service: word, name: word, kind: fc.constantFrom('server', 'client', undefined), code: fc.constantFrom('ok', 'error', undefined),
  attributes: fc.dictionary(word, fc.oneof(word, fc.integer({ min: 0, max: 3 }), fc.boolean())), took: fc.integer({ min: -5, max: 1e9 }),
})

t.test('calls add up to the spans, whatever they are and however small the bounds', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(anySpan, { maxLength: 40 }), fc.integer({ min: 1, max: 6 }), fc.boolean(), fc.constantFrom('cumulative', 'delta'), async (all, max, explicit, temporality) => {
      const work = await spans('--max-series', String(max), '--dimension', 'a', '--dimension', '__proto__=x', '--histogram', explicit ? 'explicit' : 'exponential', '--temporality', temporality)
      const out: Line[] = []
      for (const [i, { service, name, kind, code, attributes, took }] of all.entries()) {
        const status = code === undefined ? undefined : { code }
        out.push(...work.take({ type: 'span', resource: { 'service.name': service }, ts: '1000', end: String(1000 + took), name, kind, status, attributes }))
        if (temporality === 'delta' && i % 7 === 3) out.push(...work.until((i + 1) * 60_000))
      }
      out.push(...work.end())
      const calls = metric(out, CALLS)
      const sum = calls.reduce((total, { value }) => total + (value as number), 0)
      const counts = metric(out, TOOK).map(({ explicit_histogram, exponential_histogram }) => (explicit_histogram ?? exponential_histogram) as { count: string })
      const keys = new Set(calls.map(({ labels, attributes, resource, ts }) => JSON.stringify([labels, attributes, resource, ts])))
      return sum === all.length && counts.reduce((total, { count }) => total + Number(count), 0) === all.length
        && keys.size === calls.length && work.account.made === out.length - all.length
    }),
  )
})

const edgeSpan = (service: string, kind: string, span: string, parent: string | undefined, more: object = {}) => ({
  type: 'span', resource: { 'service.name': service }, ts: '1000000000', end: '1500000000', trace_id: 'aa', span_id: span, parent_span_id: parent, name: 'x', kind, ...more,
})
const SG = 'traces_service_graph_'

t.test('a request between two services, in either order', async (t) => {
  const client = edgeSpan('web', 'client', '01', undefined, { attributes: { region: 'eu' } })
  const server = edgeSpan('shop', 'server', '02', '01', { status: { code: 'error' }, end: '1400000000' })
  for (const order of [[client, server], [server, client]]) {
    const work = await graph('--dimension', 'region')
    t.same(work.take(...order), order.map((span) => JSON.parse(JSON.stringify(span)) as Line))
    const out = work.end()
    const labels = { client: 'web', server: 'shop', client_region: 'eu' }
    t.match(metric(out, `${SG}request_total`), [{ labels, value: 1, monotonic: true }])
    t.match(metric(out, `${SG}request_failed_total`), [{ labels, value: 1 }])
    t.match(metric(out, `${SG}request_client_seconds`), [{ unit: 's', explicit_histogram: { count: '1', sum: 0.5 } }])
    t.match(metric(out, `${SG}request_server_seconds`), [{ explicit_histogram: { count: '1', sum: 0.4 } }])
    t.equal(out.length, 4)
  }
})

t.test('messages and databases', async (t) => {
  const work = await graph()
  work.take(edgeSpan('web', 'producer', '01', undefined), edgeSpan('worker', 'consumer', '02', '01'))
  work.take(edgeSpan('shop', 'client', '03', '02', { attributes: { 'db.name': 'orders', 'db.system': 'mysql' } }))
  t.match(metric(work.end(), `${SG}request_total`), [
    { labels: { client: 'web', server: 'worker', connection_type: 'messaging_system' } },
    { labels: { client: 'shop', server: 'orders', connection_type: 'database' } },
  ])
})

t.test('one side that does not come: virtual nodes, or unpaired', async (t) => {
  const work = await graph('--virtual-node-label', '--ttl', '2s', '--every', '10s')
  work.take(edgeSpan('shop', 'server', '01', undefined), edgeSpan('shop', 'client', '02', '01', { attributes: { 'peer.service': 'bank' } }))
  work.take(edgeSpan('shop', 'client', '03', '01'), edgeSpan('cart', 'server', '05', '04'), edgeSpan('cart', 'internal', '06', '05'))
  t.same(work.until(1999), [])
  const out = work.until(12_000)
  t.match(metric(out, `${SG}request_total`), [
    { labels: { client: 'user', server: 'shop', connection_type: 'virtual_node', virtual_node: 'client' }, value: 1 },
    { labels: { client: 'shop', server: 'bank', connection_type: 'virtual_node', virtual_node: 'server' }, value: 1 },
  ])
  t.equal(metric(out, `${SG}request_client_seconds`).length, 1, 'only what was measured')
  t.match(metric(out, `${SG}unpaired_spans_total`), [{ labels: { client: 'shop' }, value: 1 }, { labels: { server: 'cart' }, value: 1 }])
})

t.test('the store is bounded', async (t) => {
  const work = await graph('--max-items', '1')
  work.take(edgeSpan('a', 'client', '01', undefined), edgeSpan('b', 'client', '02', undefined), edgeSpan('c', 'server', '03', '01'))
  work.take(edgeSpan('d', 'client', '04', undefined), edgeSpan('e', 'client', '05', undefined, { attributes: { 'db.name': 'x' } }))
  const out = work.end()
  t.match(metric(out, `${SG}dropped_spans_total`), [{ labels: { client: 'b' }, value: 1 }])
  t.match(metric(out, `${SG}request_total`), [{ labels: { client: 'a', server: 'c' } }, { labels: { client: 'e', server: 'x' } }])
  t.match(metric(out, `${SG}unpaired_spans_total`), [{ labels: { client: 'd' } }])
})

t.test('every request is counted once, in whatever order its spans come', async () => {
  const services = ['a', 'b', 'c']
  const requests = fc.array(fc.tuple(fc.nat(2), fc.nat(2), fc.boolean()), { minLength: 1, maxLength: 20 })
  await fc.assert(
    fc.asyncProperty(requests.chain((all) => fc.tuple(fc.constant(all), fc.shuffledSubarray(all.flatMap((_, i) => [2 * i, 2 * i + 1]), { minLength: all.length * 2 }))), async ([all, order]) => {
      const work = await graph('--ttl', '1h')
      for (const at of order) {
        const [client, server, failed] = all[at >> 1]
        const status = failed ? { code: 'error' } : undefined
        const id = String(at >> 1).padStart(2, '0')
        work.take(at % 2 === 0 ? edgeSpan(services[client], 'client', id, undefined, { status }) : edgeSpan(services[server], 'server', `9${id}`, id))
      }
      const out = work.end()
      const sum = (name: string) => metric(out, SG + name).reduce((total, { value }) => total + (value as number), 0)
      return sum('request_total') === all.length && sum('request_failed_total') === all.filter(([, , failed]) => failed).length && metric(out, `${SG}unpaired_spans_total`).length === 0
    }),
  )
})

t.test('OTLP holds all that they say', async (t) => {
  for (const words of [['--histogram', 'exponential'], ['--temporality', 'delta', '--unit', 's']]) {
    const work = await spans('--exemplars', '--dimension', 'http.status_code', ...words)
    work.clock.time = 5000
    work.take(SPAN, { ...SPAN, end: SPAN.ts }, { ...SPAN, end: '9000000000' })
    const lines = work.end()
    const request = new ExportRequest('metrics')
    for (const { identity, payload } of lines.map(recordOf)) request.add(identity, payload)
    const bounds = { max_elements: 1000, max_depth: 64 }
    const again = recordsOf('metrics', decodeMessage<MetricsRequest>(request.finish(), REQUESTS.metrics, bounds))
    t.same(again.map(lineOf), lines)
  }
})

t.test('the commands: samples become those of Prometheus', async (t) => {
  const stdin = [SPAN, edgeSpan('shop', 'client', '02', undefined, { attributes: { 'db.name': 'orders' } })].map((line) => JSON.stringify(line)).join('\n')
  const run = await sh('solder derive spanmetrics --unit s | solder derive servicegraph | solder derive prometheus --no-target-info | solder filter \'type == "metric"\'', { stdin })
  t.equal(run.code, 0)
  for (const name of ['traces_span_metrics_calls_total', 'traces_span_metrics_duration_seconds_bucket', 'traces_service_graph_request_total', 'traces_service_graph_request_client_seconds_count']) {
    t.match(run.stdout, `"name":"${name}"`)
  }
})
