// What OpenTelemetry's own SDK sends, and what arrives behind `receive otlp | write otlp`: the same, in one process and
// as a shell pipe, over HTTP and gRPC, with filters in between.

import { OTLPLogExporter } from '@opentelemetry/exporter-logs-otlp-http'
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-proto'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto'
import { ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { LoggerProvider, SimpleLogRecordProcessor } from '@opentelemetry/sdk-logs'
import { AggregationType, MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics'
import { BasicTracerProvider, BatchSpanProcessor } from '@opentelemetry/sdk-trace-base'
import t from 'tap'
import { Collector } from '../support/collector.js'
import { type Exported, exportedIn, type ExportSignal, FakeOtlp } from '../support/otlp.js'
import { GrpcOtlp } from '../support/otlp_grpc.js'
import { start } from '../support/running.js'
import { until } from '../support/supervised.js'

t.setTimeout(120_000)

interface Sent {
  url: string
  type: string
  body: Buffer
}

/** What the SDK sends, kept as it is. */
class Recorder extends Collector<Sent> {
  static start(): Promise<Recorder> {
    const read = ({ url, headers }: { url?: string; headers: { 'content-type'?: string } }, body: Buffer) => ({ url: url!, type: headers['content-type']!, body })
    return new Recorder(read, () => ({ status: 200 })).listen()
  }
}

const resource = resourceFromAttributes({ 'service.name': 'shop', list: ['a', 'b'], whole: 5, part: 0.5, yes: true })

async function spansTo(url: string): Promise<void> {
  const provider = new BasicTracerProvider({ resource, spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter({ url }))] })
  for (const scope of ['http', 'sql']) {
    const tracer = provider.getTracer(scope, '1.2.3')
    for (let i = 0; i < 10; i++) {
      const parent = tracer.startSpan(`parent ${i}`, { kind: SpanKind.SERVER, startTime: [1763804400, 123456789] })
      const child = tracer.startSpan('child', { links: [{ context: parent.spanContext(), attributes: { why: 'retry' } }] }, trace.setSpan(ROOT_CONTEXT, parent))
      child.setAttributes({ text: '€', whole: 5, part: 0.5, yes: true, list: ['a', 'b'] })
      child.addEvent('thought', { again: 2 }, [1763804401, 5])
      child.setStatus({ code: SpanStatusCode.ERROR, message: 'no stock' })
      child.end()
      parent.end()
    }
  }
  await provider.shutdown()
}

async function logsTo(url: string): Promise<void> {
  const provider = new LoggerProvider({ resource, processors: [new SimpleLogRecordProcessor({ exporter: new OTLPLogExporter({ url }) })] })
  const logger = provider.getLogger('cart')
  logger.emit({ timestamp: [1763804400, 123456789], severityNumber: 9, severityText: 'INFO', body: { paid: true, sum: 2.5 }, attributes: { order: 42 } })
  logger.emit({ body: 'plain' })
  await provider.shutdown()
}

async function metricsTo(url: string): Promise<void> {
  const reader = new PeriodicExportingMetricReader({ exporter: new OTLPMetricExporter({ url }), exportIntervalMillis: 3_600_000 })
  const views = [{ instrumentName: 'size', aggregation: { type: AggregationType.EXPONENTIAL_HISTOGRAM as const } }]
  const provider = new MeterProvider({ resource, readers: [reader], views })
  const meter = provider.getMeter('shop')
  meter.createCounter('requests', { unit: '{request}', description: 'Requests.' }).add(3, { code: 200 })
  meter.createUpDownCounter('queue').add(-2.5)
  meter.createGauge('heat', { unit: 'Cel' }).record(21.5)
  for (const value of [0.5, 2, 400]) {
    meter.createHistogram('latency', { unit: 'ms' }).record(value)
    meter.createHistogram('size').record(value)
  }
  await provider.shutdown()
}

/** A set, in which the order of attributes means nothing, nor what says nothing. */
function asSet(items: readonly Exported[]): string[] {
  return items.map((item) => JSON.stringify(sorted(item))).sort()
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) {
    const all = value.map(sorted)
    return all.every((one) => typeof one === 'object' && one !== null && 'key' in one) ? all.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)) : all
  }
  if (typeof value !== 'object' || value === null) return value
  // Senders of JSON may write whole numbers either way.
  const fields = Object.entries(value).map(([key, inner]) => [key, key === 'intValue' ? String(inner) : sorted(inner)] as const)
  return Object.fromEntries(fields.filter(([key, inner]) => !saysNothing(key, inner)).sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** Defaults, but for those that say which of several it is. */
function saysNothing(key: string, value: unknown): boolean {
  if (/^(as|bool|int|double|string)[A-Z]|^(sum|min|max)$/.test(key)) return false
  const empty = typeof value === 'object' && value !== null && Object.keys(value).length === 0
  return value === undefined || value === 0 || value === '0' || value === '' || value === false || empty
}

t.test('the SDK sends; the same arrives', async (t) => {
  const recorder = await Recorder.start()
  await spansTo(`${recorder.origin}/v1/traces`)
  await logsTo(`${recorder.origin}/v1/logs`)
  await metricsTo(`${recorder.origin}/v1/metrics`)
  await recorder.stop()
  const sent = recorder.taken
  const signalOf = (url: string) => url.split('/').at(-1) as ExportSignal
  const expected = asSet(sent.flatMap(({ url, type, body }) => exportedIn(signalOf(url), body, type === 'application/json')))
  t.equal(expected.length, 40 + 2 + 5)
  const listen = 'receive otlp --listen 127.0.0.1:0'
  const some = `filter 'type != "span" || attributes["text"] != "no such"'`
  const ways: [string, (url: string) => string][] = [
    ['fused', (url) => `solder run -e ${quoted(`${listen} | write otlp ${url}`)}`],
    ['fused, a filter reads spans', (url) => `solder run -e ${quoted(`${listen} | ${some} | write otlp ${url}`)}`],
    ['shell pipe', (url) => `solder ${listen} | solder ${some} | solder write otlp ${url}`],
  ]
  for (const [name, command] of ways) {
    for (const kind of ['http', 'grpc']) {
      const judge = kind === 'http' ? await FakeOtlp.start() : await GrpcOtlp.start()
      const running = start(command('origin' in judge ? judge.origin : judge.url))
      const url = await running.said(/listening on (\S+)\/v1\//)
      for (const { url: path, type, body } of sent) {
        const answer = await fetch(`${url}${path}`, { method: 'POST', headers: { 'content-type': type }, body })
        t.equal(answer.status, 200)
      }
      // A stage of a shell pipe that has only begun to start would end at once.
      await until(async () => (judge.stored.length >= expected.length ? true : undefined), `${name}, ${kind}`)
      const { code, stderr } = await running.stop()
      t.equal(code, 0, stderr)
      t.same(asSet(judge.stored), expected, `${name}, ${kind}`)
      await judge.stop()
    }
  }
})

function quoted(words: string): string {
  return `'${words.replaceAll("'", `'\\''`)}'`
}
