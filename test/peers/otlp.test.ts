// OpenTelemetry's own SDK sends to `receive otlp`: every signal over every transport; and its metrics arrive at
// Debian's Prometheus.

import { credentials, Metadata } from '@grpc/grpc-js'
import { OTLPLogExporter as GrpcLogs } from '@opentelemetry/exporter-logs-otlp-grpc'
import { OTLPLogExporter as JsonLogs } from '@opentelemetry/exporter-logs-otlp-http'
import { OTLPMetricExporter as GrpcMetrics } from '@opentelemetry/exporter-metrics-otlp-grpc'
import { OTLPMetricExporter as JsonMetrics } from '@opentelemetry/exporter-metrics-otlp-http'
import { OTLPMetricExporter as ProtobufMetrics } from '@opentelemetry/exporter-metrics-otlp-proto'
import { OTLPTraceExporter as GrpcTraces } from '@opentelemetry/exporter-trace-otlp-grpc'
import { OTLPTraceExporter as JsonTraces } from '@opentelemetry/exporter-trace-otlp-http'
import { OTLPTraceExporter as ProtobufTraces } from '@opentelemetry/exporter-trace-otlp-proto'
import { CompressionAlgorithm } from '@opentelemetry/otlp-exporter-base'
import { ProtobufLogsSerializer } from '@opentelemetry/otlp-transformer'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { BatchLogRecordProcessor, LoggerProvider, type LogRecordExporter, type ReadableLogRecord } from '@opentelemetry/sdk-logs'
import { AggregationType, MeterProvider, PeriodicExportingMetricReader, type PushMetricExporter } from '@opentelemetry/sdk-metrics'
import { BasicTracerProvider, BatchSpanProcessor, type SpanExporter } from '@opentelemetry/sdk-trace-base'
import { ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import t from 'tap'
import { missingPeers, Prometheus, until } from '../support/peers.js'
import { receiving } from '../support/receiving.js'
import { start } from '../support/running.js'

t.setTimeout(120_000)

const resource = resourceFromAttributes({ 'service.name': 'shop', 'service.instance.id': 'a-1', team: 'red' })

interface Line {
  type: string
  [key: string]: unknown
}

const HEADERS = { authorization: 'Bearer let-me-in', 'x-tenant': 'red' }
const WORDS = ['receive', 'otlp', '--bearer', 'let-me-in', '--include-metadata', 'x-tenant']

interface Senders {
  traces: SpanExporter
  logs: LogRecordExporter
  metrics: PushMetricExporter
}

/** Ways to send to `http://HOST:PORT/v1/`. */
const TRANSPORTS: { readonly [name: string]: (url: string) => Senders } = {
  'http/json': (url) => {
    const to = (signal: string) =>
      ({ url: new URL(signal, url).href, headers: HEADERS, compression: CompressionAlgorithm.GZIP })
    return { traces: new JsonTraces(to('traces')), logs: new JsonLogs(to('logs')), metrics: new JsonMetrics(to('metrics')) }
  },
  'http/protobuf': (url) => {
    const to = (signal: string) => ({ url: new URL(signal, url).href, headers: HEADERS })
    return { traces: new ProtobufTraces(to('traces')), logs: protobufLogs(to('logs')), metrics: new ProtobufMetrics(to('metrics')) }
  },
  grpc: (url) => {
    const metadata = new Metadata()
    for (const [name, value] of Object.entries(HEADERS)) metadata.set(name, value)
    const to = {
      url: new URL(url).origin,
      metadata,
      credentials: credentials.createInsecure(),
      compression: CompressionAlgorithm.GZIP,
    }
    return { traces: new GrpcTraces(to), logs: new GrpcLogs(to), metrics: new GrpcMetrics(to) }
  },
}

/** The SDK's own protobuf of log entries; no package of it that sends is installed. */
function protobufLogs({ url, headers }: { url: string; headers: { [name: string]: string } }): LogRecordExporter {
  return {
    export: (logs: ReadableLogRecord[], done) => {
      const body = ProtobufLogsSerializer.serializeRequest(logs)!
      const request = { method: 'POST', body: Buffer.from(body), headers: { ...headers, 'content-type': 'application/x-protobuf' } }
      void fetch(url, request).then(({ status }) => done({ code: status === 200 ? 0 : 1 }))
    },
    forceFlush: async () => {},
    shutdown: async () => {},
  }
}

const recordsIn = (lines: readonly string[]) => lines.map((line) => JSON.parse(line) as Line)

/** A span in another, both with all that a span can have; the ids of the outer one. */
async function traceTo(exporter: SpanExporter): Promise<{ traceId: string; spanId: string }> {
  const provider = new BasicTracerProvider({ resource, spanProcessors: [new BatchSpanProcessor(exporter)] })
  const tracer = provider.getTracer('checkout', '1.2.3')
  const parent = tracer.startSpan('parent', { kind: SpanKind.SERVER, startTime: [1763804400, 123456789] })
  const context = trace.setSpan(ROOT_CONTEXT, parent)
  const child = tracer.startSpan('child', { kind: SpanKind.CLIENT, links: [{ context: parent.spanContext(), attributes: { why: 'retry' } }] }, context)
  child.setAttributes({ text: '€', whole: 5, part: 0.5, yes: true, list: ['a', 'b'] })
  child.addEvent('thought', { again: 2 }, [1763804401, 5])
  child.setStatus({ code: SpanStatusCode.ERROR, message: 'no stock' })
  child.end()
  parent.end([1763804402, 0])
  await provider.forceFlush()
  await provider.shutdown()
  return parent.spanContext()
}

async function logTo(exporter: LogRecordExporter): Promise<void> {
  const provider = new LoggerProvider({ resource, processors: [new BatchLogRecordProcessor({ exporter })] })
  const timestamp: [number, number] = [1763804400, 123456789]
  provider.getLogger('cart').emit({ timestamp, severityNumber: 9, severityText: 'INFO', body: { paid: true, sum: 2.5 }, attributes: { order: 42 } })
  await provider.forceFlush()
  await provider.shutdown()
}

/** Measures something with each instrument, and exports it. */
async function measure(exporter: PushMetricExporter): Promise<void> {
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 })
  const views = [{ instrumentName: 'size', aggregation: { type: AggregationType.EXPONENTIAL_HISTOGRAM as const } }]
  const provider = new MeterProvider({ resource, readers: [reader], views })
  const meter = provider.getMeter('stats')
  meter.createCounter('hits', { unit: '{hit}', description: 'Hits.' }).add(3, { 'http.status': 200, path: '/' })
  meter.createUpDownCounter('queue').add(-2)
  meter.createGauge('heat', { unit: 'Cel' }).record(36.6)
  const latency = meter.createHistogram('latency', { unit: 's', advice: { explicitBucketBoundaries: [0.1, 1] } })
  for (const seconds of [0.05, 0.5, 5]) latency.record(seconds)
  for (const bytes of [1, 2, 4]) meter.createHistogram('size').record(bytes)
  await provider.forceFlush()
  await provider.shutdown()
}

for (const [transport, sendersTo] of Object.entries(TRANSPORTS)) {
  t.test(`every signal over ${transport}`, async (t) => {
    const { url, end } = await receiving(t, ...WORDS)
    const senders = sendersTo(url)
    const { traceId, spanId } = await traceTo(senders.traces)
    await logTo(senders.logs)
    await measure(senders.metrics)
    const { code, lines, stderr } = await end()
    t.equal(code, 0, stderr)
    const records = recordsIn(lines)
    t.ok(records.every(({ resource_meta }) => (resource_meta as { metadata: object }).metadata !== undefined), 'the header that was asked for')
    const [child, parent, log, ...points] = records
    t.match(child, {
      type: 'span', scope: { name: 'checkout', version: '1.2.3' }, resource: { 'service.name': 'shop', 'service.instance.id': 'a-1' },
      resource_meta: { metadata: { 'x-tenant': 'red' } },
      trace_id: traceId, parent_span_id: spanId, name: 'child', kind: 'client', status: { code: 'error', message: 'no stock' },
      attributes: { text: '€', whole: 5, part: 0.5, yes: true, list: ['a', 'b'] },
      events: [{ ts: '1763804401000000005', name: 'thought', attributes: { again: 2 } }],
      links: [{ trace_id: traceId, span_id: spanId, attributes: { why: 'retry' } }],
    })
    t.match(parent, { name: 'parent', kind: 'server', ts: '1763804400123456789', end: '1763804402000000000', span_id: spanId })
    t.match(log, {
      type: 'log', ts: '1763804400123456789', severity: 'INFO', severity_number: 9, body: { paid: true, sum: 2.5 },
      attributes: { order: 42 }, scope: { name: 'cart' }, resource: { 'service.name': 'shop' },
    })
    const byName = new Map(points.map((record) => [record.name, record]))
    t.match(byName.get('hits'), {
      labels: { 'http.status': '200', path: '/' }, attributes: { 'http.status': 200 }, kind: 'counter', unit: '{hit}', help: 'Hits.',
      temporality: 'cumulative', monotonic: true, value: 3,
    })
    t.match(byName.get('queue'), { kind: 'gauge', temporality: 'cumulative', monotonic: false, value: -2 })
    t.match(byName.get('heat'), { kind: 'gauge', unit: 'Cel', value: 36.6 })
    t.match(byName.get('latency'), { kind: 'histogram', explicit_histogram: { count: '3', sum: 5.55, bounds: [0.1, 1], counts: [1, 1, 1] } })
    t.match(byName.get('size'), { kind: 'histogram', exponential_histogram: { count: '3', sum: 7, min: 1, max: 4 } })
  })
}

t.test('the same at Prometheus', { skip: missingPeers('prometheus') }, async (t) => {
  const prometheus = await Prometheus.start(t)
  const running = start(
    'solder receive otlp --listen 127.0.0.1:0 | solder derive prometheus --promote-resource-attributes team' +
      ` | solder write prometheus ${prometheus.writeUrl} --batch-wait 100ms`,
  )
  t.teardown(() => running.stop('SIGKILL'))
  const url = await until(async () => /listening on (\S+)/.exec(running.stderr())?.[1], 'the receiver listens')
  await measure(TRANSPORTS.grpc(url).metrics)
  const told = (query: string) =>
    until(async () => {
      const shown = await prometheus.query(query)
      return shown.length > 0 ? shown.map(({ metric, value }) => ({ ...metric, value: value[1] })) : undefined
    }, query)
  const from = { instance: 'a-1', job: 'shop', team: 'red' }
  t.same(await told('hits_total'), [{ ...from, __name__: 'hits_total', http_status: '200', path: '/', value: '3' }])
  t.same(await told('queue'), [{ ...from, __name__: 'queue', value: '-2' }])
  t.same(await told('heat_celsius'), [{ ...from, __name__: 'heat_celsius', value: '36.6' }])
  t.same(await told('latency_seconds_bucket{le="1"}'), [{ ...from, __name__: 'latency_seconds_bucket', le: '1', value: '2' }])
  t.same(await told('histogram_count(size)'), [{ ...from, value: '3' }])
  t.same(await told('histogram_sum(size)'), [{ ...from, value: '7' }])
  t.same(await told('target_info'), [{ ...from, __name__: 'target_info', value: '1' }])
  const { code, stderr } = await running.stop()
  t.equal(code, 0, stderr)
})
