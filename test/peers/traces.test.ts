// Two services with OpenTelemetry's own SDK: what their spans tell of calls, and who calls whom, arrives at Debian's
// Prometheus.

import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { BasicTracerProvider, BatchSpanProcessor } from '@opentelemetry/sdk-trace-base'
import { type Context, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import t from 'tap'
import { missingPeers, Prometheus, until } from '../support/peers.js'
import { start } from '../support/running.js'

t.setTimeout(120_000)

/** A service that sends to `url`. */
function service(name: string, url: string): BasicTracerProvider {
  const exporter = new OTLPTraceExporter({ url: new URL('traces', url).href })
  return new BasicTracerProvider({ resource: resourceFromAttributes({ 'service.name': name }), spanProcessors: [new BatchSpanProcessor(exporter)] })
}

/** A span of half a second in another, ended; what is called within it. */
function call(
  provider: BasicTracerProvider, name: string, kind: SpanKind, within: Context, failed: boolean, attributes = {},
): Context {
  const span = provider.getTracer('test').startSpan(name, { kind, startTime: [1763804400, 0], attributes }, within)
  if (failed) span.setStatus({ code: SpanStatusCode.ERROR })
  span.end([1763804400, 500_000_000])
  return trace.setSpan(within, span)
}

t.test('calls and the graph of services at Prometheus', { skip: missingPeers('prometheus') }, async (t) => {
  const prometheus = await Prometheus.start(t)
  const running = start(
    'solder receive otlp --listen 127.0.0.1:0 | solder derive spanmetrics --unit s --every 100ms --dimension http.route' +
      ` | solder derive servicegraph --every 100ms | solder write prometheus ${prometheus.writeUrl} --batch-wait 100ms`,
  )
  t.teardown(() => running.stop('SIGKILL'))
  const url = await until(async () => /listening on (\S+)/.exec(running.stderr())?.[1], 'the receiver listens')
  const [web, cart] = [service('web', url), service('cart', url)]
  for (const failed of [false, false, true]) {
    const client = call(web, 'GET /cart', SpanKind.CLIENT, ROOT_CONTEXT, failed)
    const server = call(cart, 'GET /cart', SpanKind.SERVER, client, failed, { 'http.route': '/cart' })
    call(cart, 'select', SpanKind.CLIENT, server, false, { 'db.name': 'orders' })
  }
  for (const provider of [web, cart]) {
    await provider.forceFlush()
    await provider.shutdown()
  }
  const told = (query: string, value: string) =>
    until(async () => {
      const shown = await prometheus.query(query)
      return shown.length === 1 && shown[0].value[1] === value ? shown[0].metric : undefined
    }, `${query} is ${value}`)
  t.match(await told('traces_span_metrics_calls_total{span_kind="SPAN_KIND_SERVER",status_code="STATUS_CODE_UNSET"}', '2'), {
    job: 'cart', service_name: 'cart', span_name: 'GET /cart', http_route: '/cart',
  })
  await told('sum(traces_span_metrics_calls_total)', '9')
  await told('sum(traces_span_metrics_duration_seconds_sum)', '4.5')
  await told('histogram_quantile(1, sum by (le) (traces_span_metrics_duration_seconds_bucket{job="web"}))', '0.8')
  await told('traces_service_graph_request_total{client="web",server="cart"}', '3')
  await told('traces_service_graph_request_failed_total{client="web",server="cart"}', '1')
  await told('traces_service_graph_request_total{client="cart",server="orders",connection_type="database"}', '3')
  await told('traces_service_graph_request_server_seconds_sum{client="web",server="cart"}', '1.5')
  const { code, stderr } = await running.stop()
  t.equal(code, 0, stderr)
})
