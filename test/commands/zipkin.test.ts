// `solder receive zipkin` with the clients of Zipkin and OpenTelemetry, and `solder write zipkin` against a Zipkin with
// a script.

import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { gunzipSync, gzipSync } from 'node:zlib'
import { ZipkinExporter } from '@opentelemetry/exporter-zipkin'
import { SpanKind, SpanStatusCode } from '@opentelemetry/api'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { BasicTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base'
import t, { type Test } from 'tap'
import zipkin from 'zipkin'
import { HttpLogger } from 'zipkin-transport-http'
import { type Answer, Collector } from '../support/collector.js'
import { receiving } from '../support/receiving.js'
import { sh } from '../support/solder.js'

t.setTimeout(60_000)

interface SpanRecord {
  resource?: { [name: string]: unknown }
  scope?: { name?: string }
  ts: string
  end: string
  trace_id: string
  span_id: string
  parent_span_id?: string
  name?: string
  kind?: string
  status?: object
  attributes?: { [name: string]: unknown }
  events?: object[]
}

const parsed = (lines: readonly string[]) => lines.map((line) => JSON.parse(line) as SpanRecord)
const receive = (t: Test, ...words: string[]) => receiving(t, 'receive', 'zipkin', ...words, '--ledger')

async function post(
  url: string | URL, body: string | Buffer, headers: { [name: string]: string } = {},
): Promise<string> {
  const response = await fetch(url, { method: 'POST', body, headers: { 'content-type': 'application/json', ...headers } })
  return `${response.status} ${await response.text()}`.trim()
}

t.test('the client of Zipkin', async (t) => {
  const { url, end } = await receive(t as Test)
  // It tells by a log when it has sent.
  const logger = new HttpLogger({ endpoint: url, jsonEncoder: zipkin.jsonEncoder.JSON_V2, httpInterval: 10 })
  const sent = once(logger as unknown as NodeJS.EventEmitter, 'success')
  const recorder = new zipkin.BatchRecorder({ logger })
  const tracer = new zipkin.Tracer({ ctxImpl: new zipkin.ExplicitContext(), recorder, localServiceName: 'shop', supportsJoin: true })
  tracer.scoped(() => {
    tracer.setId(tracer.createRootId())
    tracer.recordServiceName('shop')
    tracer.recordRpc('get /cart')
    tracer.recordAnnotation(new zipkin.Annotation.ClientSend())
    tracer.recordAnnotation(new zipkin.Annotation.ServerAddr({ serviceName: 'stock', host: new zipkin.InetAddress('127.0.0.2'), port: 80 }))
    tracer.recordBinary('http.path', '/cart')
    tracer.recordBinary('error', 'timed out')
    tracer.recordAnnotation(new zipkin.Annotation.ClientRecv())
  })
  await sent
  const { code, lines } = await end()
  t.equal(code, 0)
  t.match(parsed(lines), [{
    resource: { 'service.name': 'shop' }, name: 'get /cart', kind: 'client', status: { code: 'error', message: 'timed out' }, trace_id: /^[\da-f]{32}$/,
    attributes: { 'http.path': '/cart', 'peer.service': 'stock', 'net.peer.ip': '127.0.0.2', 'net.peer.port': 80 },
  }])
})

t.test("OpenTelemetry's exporter", async (t) => {
  const { url, end } = await receive(t as Test)
  const exporter = new ZipkinExporter({ url, serviceName: 'shop' })
  const resource = resourceFromAttributes({ 'service.name': 'shop', 'host.name': 'web1' })
  const provider = new BasicTracerProvider({ resource, spanProcessors: [new SimpleSpanProcessor(exporter)] })
  const tracer = provider.getTracer('lib', '1.2')
  const span = tracer.startSpan('GET /', { kind: SpanKind.SERVER, startTime: [1700000000, 123456000], attributes: { 'http.route': '/', count: 3 } })
  span.addEvent('cache miss', [1700000000, 200000000])
  span.setStatus({ code: SpanStatusCode.ERROR, message: 'no stock' })
  span.end([1700000001, 0])
  await provider.shutdown()
  const { code, lines } = await end()
  t.equal(code, 0)
  const { traceId, spanId } = span.spanContext()
  t.match(parsed(lines), [{
    resource: { 'service.name': 'shop', 'host.name': 'web1' }, trace_id: traceId, span_id: spanId, ts: '1700000000123456000', end: '1700000001000000000',
    name: 'GET /', kind: 'server', status: { code: 'error', message: 'no stock' }, attributes: { 'http.route': '/', count: '3' },
    events: [{ ts: '1700000000200000000', name: 'cache miss' }],
  }])
})

const SPAN = { traceId: '5af7183fb1d4cf5f', id: '352bff9a74ca9ad2', name: 'get', timestamp: 1556604172355737 }

t.test('all forms, and what is none', async (t) => {
  const { url, end } = await receive(t as Test, '--max-request-bytes', '2000', '--max-elements', '3', '--max-depth', '8')
  const v1 = new URL('/api/v1/spans', url)
  t.equal(await post(url, JSON.stringify([SPAN])), '202')
  t.equal(await post(url, '[]'), '202')
  t.equal(await post(url, gzipSync(JSON.stringify([SPAN])), { 'content-encoding': 'gzip' }), '202')
  t.equal(await post(v1, JSON.stringify([{ ...SPAN, annotations: [{ timestamp: 1, value: 'sr', endpoint: { serviceName: 'old' } }] }])), '202')
  const message = Buffer.from('0a1f0a105982fe77008310cc80f1da5e101475171a08bd7a977555f6b9822a0167', 'hex')
  t.equal(await post(url, message, { 'content-type': 'application/x-protobuf' }), '202')
  t.match(await post(url, JSON.stringify([SPAN, { ...SPAN, id: '0' }])), /^202 left out: id "0": expected up to 16 hex digits/)
  t.match(await post(url, '{"traceId":"1"}'), '400 expected a list of spans')
  t.match(await post(url, '[{]'), '400 not JSON')
  t.match(await post(url, '[[[[[[[[[[]]]]]]]]]]'), /^400 nested deeper than 8/)
  t.match(await post(url, message.subarray(0, 12), { 'content-type': 'application/x-protobuf' }), '400 no list of spans')
  t.match(await post(url, JSON.stringify([SPAN, SPAN, SPAN, SPAN])), '413 more than 3 elements (--max-elements)')
  t.match(await post(url, gzipSync(Buffer.alloc(10_000, 32)), { 'content-encoding': 'gzip' }), '413 more than 2000 bytes (--max-request-bytes)')
  t.match(await post(v1, 'x', { 'content-type': 'application/x-thrift' }), '415 thrift is not taken')
  t.equal((await fetch(new URL('/health', url))).status, 200)
  const { code, lines, stderr } = await end()
  t.equal(code, 1)
  const spans = parsed(lines)
  t.same(spans.map(({ trace_id: id }) => id), ['5af7183fb1d4cf5f', '5af7183fb1d4cf5f', '5af7183fb1d4cf5f', '5982fe77008310cc80f1da5e10147517', '5af7183fb1d4cf5f'].map((id) => id.padStart(32, '0')))
  t.match(spans[2], { resource: { 'service.name': 'old' }, kind: 'server' })
  t.match(stderr, /"made":5,"out":5,"dropped":\{"bad_span":1\},"pending":0/)
})

/** A Zipkin that decodes posts and answers as the test wants. */
async function zipkinFor(t: Test, answer: (index: number, spans: (typeof SPAN)[]) => Answer = () => ({ status: 202 })) {
  const read = (request: { headers: { [name: string]: unknown } }, body: Buffer) =>
    JSON.parse((request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body).toString()) as (typeof SPAN)[]
  const collector = await new Collector(read, answer).listen()
  t.teardown(() => collector.stop())
  return collector
}

const FAST = '--min-backoff 1ms --max-backoff 5ms --batch-wait 5ms --ledger'
const id = (number: number) => number.toString(16).padStart(16, '0')
const record = (number: number, more: object = {}) =>
  `${JSON.stringify({ type: 'span', resource: { 'service.name': 'shop' }, ts: '1763804400123456000', end: '1763804400223456000', trace_id: SPAN.traceId.padStart(32, '0'), span_id: id(number), ...more })}\n`
const records = (count: number) => Array.from({ length: count }, (_, i) => record(i + 1)).join('')
const idsOf = (posts: (typeof SPAN)[][]) => posts.flat().map((span) => span.id).sort()
const idsTo = (count: number) => Array.from({ length: count }, (_, i) => id(i + 1))

t.test('what is sent, and what is not', async (t) => {
  const backend = await zipkinFor(t as Test)
  const stdin = record(1, { name: 'GET /', kind: 'server', attributes: { n: 1 } }) + record(2, { trace_id: 'x' }) + '{"type":"log","ts":"1","body":"x"}\n'
  const { code, stderr } = await sh(`solder write zipkin ${backend.origin} --tenant red --header x-a=b ${FAST}`, { stdin })
  t.equal(code, 1)
  t.match(stderr, /trace id "x": expected 32 hex digits/)
  t.match(stderr, '"in":3,"made":0,"out":1,"dropped":{"not_zipkin":1,"unsupported_type":1},"pending":0')
  t.same(backend.taken.flat(), [{
    traceId: SPAN.traceId, id: id(1), kind: 'SERVER', name: 'GET /', timestamp: 1763804400123456, duration: 100000, localEndpoint: { serviceName: 'shop' }, tags: { n: '1' },
  }])
  t.match(backend.arrivals, [{ path: '/api/v2/spans', headers: { 'content-type': 'application/json', 'content-encoding': 'gzip', 'x-scope-orgid': 'red', 'x-a': 'b' } }])
})

t.test('two places; one that fails is asked again, one that refuses gets dead letters; too large posts go in halves', async (t) => {
  const failing = await zipkinFor(t as Test, (index) => ({ status: index < 3 ? [503, 429, 500][index] : 202 }))
  const refusing = await zipkinFor(t as Test, (_, spans) => (spans.length > 5 ? { status: 413 } : spans.some((span) => span.id === id(7)) ? { status: 400, body: 'no' } : { status: 202 }))
  const folder = t.testdir()
  const command = `solder write zipkin ${failing.origin}/base ${refusing.origin} --compression none --concurrency 1 --when-full block --dead-letter ${folder}/dead ${FAST}`
  const { code, stderr } = await sh(command, { stdin: records(12) })
  t.equal(code, 1, stderr)
  t.same(idsOf(failing.taken), idsTo(12))
  t.equal(failing.arrivals[0].path, '/base')
  const dead = readFileSync(`${folder}/dead`, 'utf8').split('\n').filter((line) => line !== '').map((line) => JSON.parse(line) as { reason: string; original: SpanRecord })
  t.same([...idsOf(refusing.taken), ...dead.map(({ original }) => original.span_id)].sort(), idsTo(12))
  t.match(dead.find(({ original }) => original.span_id === id(7)), { reason: 'refused', original: { resource: { 'service.name': 'shop' }, ts: '1763804400123456000' } })
  t.match(stderr, /400 bad request: no/)
  t.match(stderr, new RegExp(`"in":12,"made":12,"out":${24 - dead.length},"dropped":\\{"refused":${dead.length}\\},"pending":0`))
})

t.test('the spool keeps what is not delivered, and another start sends it', async (t) => {
  const folder = t.testdir()
  writeFileSync(`${folder}/in`, records(10))
  let up = false
  const backend = await zipkinFor(t as Test, () => ({ status: up ? 202 : 503 }))
  const command = `solder write zipkin ${backend.origin} --state ${folder}/state --drain-timeout 50ms --batch-spans 3 ${FAST}`
  t.equal((await sh(`${command} < ${folder}/in`)).code, 75)
  const cat = await sh(`solder spool cat ${folder}/state`)
  t.same(parsed(cat.stdout.split('\n').slice(0, -1)).map((span) => span.span_id).sort(), idsTo(10))
  up = true
  const { code, stderr } = await sh(`solder write zipkin ${backend.origin} --state ${folder}/state ${FAST}`)
  t.equal(code, 0, stderr)
  t.same(idsOf(backend.taken), idsTo(10))
})

t.test('Zipkin to Zipkin through lines', async (t) => {
  const backend = await zipkinFor(t as Test)
  const { url, end } = await receive(t as Test)
  const span = { ...SPAN, duration: 1, localEndpoint: { serviceName: 'a' }, annotations: [{ timestamp: 1, value: 'x' }], tags: { k: 'v' }, shared: true }
  t.equal(await post(url, JSON.stringify([span, { ...SPAN, timestamp: undefined }])), '202')
  const { lines } = await end()
  const { code } = await sh(`solder write zipkin ${backend.origin} --batch-wait 5ms`, { stdin: lines.map((line) => `${line}\n`).join('') })
  t.equal(code, 0)
  t.same(backend.taken.flat(), [span, { traceId: SPAN.traceId, id: SPAN.id, name: 'get' }])
  const wrong = await sh('solder write zipkin x http://a http://a --min-backoff 1m')
  t.match(`${wrong.code} ${wrong.stderr}`, /^2 [\s\S]*URL 1 is not valid[\s\S]*URL 3 is the same as URL 2[\s\S]*--min-backoff is longer/)
})
