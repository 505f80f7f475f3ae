// `solder receive jaeger` as a process: Jaeger's own client over HTTP, grpc-js over gRPC, and what neither sends.

import { createRequire } from 'node:module'
import { gzipSync } from 'node:zlib'
import { Client, credentials, type ServiceError } from '@grpc/grpc-js'
import type * as OpenTracing from 'opentracing'
import protobuf from 'protobufjs'
import t, { type Test } from 'tap'
import { STATUS } from '../../lib/net/grpc/status.js'
import { receiving } from '../support/receiving.js'

t.setTimeout(120_000)

/** It has no types of its own. */
interface JaegerClient {
  initTracer(config: object, options: object): OpenTracing.Tracer & { close(done: () => void): void }
  opentracing: typeof OpenTracing
}
const { initTracer, opentracing } = createRequire(import.meta.url)('jaeger-client') as JaegerClient

interface Span {
  [key: string]: unknown
}

const spansIn = (lines: readonly string[]) => lines.map((line) => JSON.parse(line) as Span)

t.test("Jaeger's client over HTTP", async (t) => {
  const password = `${t.testdir({ password: 'secret' })}/password`
  const { url, end } = await receiving(t, 'receive', 'jaeger', '--basic-user', 'me', '--basic-password', `file:${password}`)
  const told: string[] = []
  const note = (message: string) => void told.push(message)
  const tracer = initTracer(
    {
      serviceName: 'shop',
      sampler: { type: 'const', param: 1 },
      reporter: { collectorEndpoint: url, username: 'me', password: 'secret', flushIntervalMs: 3_600_000 },
    },
    { tags: { version: '1.2', hostname: 'attic', replicas: 3 }, logger: { info: note, error: note } },
  )
  const { Tags } = opentracing
  const parent = tracer.startSpan('parent', { startTime: 1763804400123.25, tags: { [Tags.SPAN_KIND]: Tags.SPAN_KIND_RPC_SERVER } })
  const earlier = tracer.startSpan('earlier')
  const references = [opentracing.childOf(parent.context()), opentracing.followsFrom(earlier.context())]
  const child = tracer.startSpan('child', { references, startTime: 1763804400200 })
  child.setTag(Tags.SPAN_KIND, Tags.SPAN_KIND_RPC_CLIENT).setTag(Tags.ERROR, true).setTag('share', 0.5).setTag('yes', false)
  child.log({ event: 'retry', attempt: 2 }, 1763804400201)
  child.finish(1763804400202)
  earlier.finish()
  parent.finish(1763804401000)
  await new Promise<void>((resolve) => tracer.close(resolve))
  const { code, lines, stderr } = await end()
  t.equal(code, 0, `${stderr} ${told.join('; ')}`)
  const byName = new Map(spansIn(lines).map((span) => [span.name, span]))
  t.equal(byName.size, 3)
  // It sends every number as a double.
  const whole = byName.get('parent')!
  const other = byName.get('earlier')!
  t.match(whole, {
    type: 'span', ts: '1763804400123250000', end: '1763804401000000000', kind: 'server',
    resource: { 'service.name': 'shop', version: '1.2', 'host.name': 'attic', replicas: { $double: 3 }, 'opencensus.exporterversion': /^Jaeger-Node-/ },
    trace_id: /^[\da-f]{32}$/, span_id: /^[\da-f]{16}$/, attributes: { 'sampler.type': 'const' },
  })
  t.match(byName.get('child'), {
    ts: '1763804400200000000', end: '1763804400202000000', kind: 'client', status: { code: 'error' },
    trace_id: whole.trace_id, parent_span_id: whole.span_id, attributes: { share: 0.5, yes: false },
    events: [{ ts: '1763804400201000000', name: 'retry', attributes: { attempt: { $double: 2 } } }],
    links: [{ trace_id: other.trace_id, span_id: other.span_id, attributes: { 'opentracing.ref_type': 'follows_from' } }],
  })
  t.equal(told.filter((message) => /error/i.test(message)).length, 0, told.join())
})

/** As much of api_v2 as a client sends, read by protobufjs. */
const PROTO = `syntax = "proto3"; package jaeger.api_v2;
message Moment { int64 seconds = 1; int32 nanos = 2; }
message KeyValue { string key = 1; int32 v_type = 2; string v_str = 3; bool v_bool = 4; int64 v_int64 = 5; double v_float64 = 6; bytes v_binary = 7; }
message Log { Moment timestamp = 1; repeated KeyValue fields = 2; }
message SpanRef { bytes trace_id = 1; bytes span_id = 2; int32 ref_type = 3; }
message Process { string service_name = 1; repeated KeyValue tags = 2; }
message Span { bytes trace_id = 1; bytes span_id = 2; string operation_name = 3; repeated SpanRef references = 4; uint32 flags = 5;
  Moment start_time = 6; Moment duration = 7; repeated KeyValue tags = 8; repeated Log logs = 9; Process process = 10; repeated string warnings = 12; }
message Batch { repeated Span spans = 1; Process process = 2; }
message PostSpansRequest { Batch batch = 1; }`
const REQUEST = protobuf.parse(PROTO, { keepCase: true }).root.lookupType('jaeger.api_v2.PostSpansRequest')

const TRACE = Buffer.from('5b8efff798038103d269b633813fc60c', 'hex')
const idOf = (id: string) => Buffer.from(id.padStart(16, '0'), 'hex')
const spanOf = (id: string, more: object = {}) => ({ trace_id: TRACE, span_id: idOf(id), operation_name: id, ...more })
const requestOf = (spans: object[], process: object | undefined = { service_name: 'shop' }) =>
  Buffer.from(REQUEST.encode(REQUEST.fromObject({ batch: { spans, process } })).finish())

function clientOf(t: Test, url: string): (bytes: Buffer) => Promise<ServiceError | null> {
  const client = new Client(new URL(url).host, credentials.createInsecure())
  t.teardown(() => client.close())
  const same = (message: Buffer) => message
  return (bytes) => {
    return new Promise((resolve) => client.makeUnaryRequest('/jaeger.api_v2.CollectorService/PostSpans', same, same, bytes, (error) => resolve(error)))
  }
}

t.test('gRPC: everything that the model has', async (t) => {
  const { url, end } = await receiving(t, 'receive', 'jaeger', '--ledger')
  const post = clientOf(t, url)
  const tags = [
    { key: 'text', v_str: '€' }, { key: 'yes', v_type: 1, v_bool: true }, { key: 'whole', v_type: 2, v_int64: '-9223372036854775808' },
    { key: 'part', v_type: 3, v_float64: 0.5 }, { key: 'round', v_type: 3, v_float64: 2 }, { key: 'raw', v_type: 4, v_binary: Buffer.from([0, 255]) },
    { key: 'odd', v_type: 9 }, { key: 'span.kind', v_str: 'consumer' }, { key: 'w3c.tracestate', v_str: 'a=b' },
    { key: 'otel.scope.name', v_str: 'lib' }, { key: 'otel.scope.version', v_str: '2' },
    { key: 'otel.status_code', v_str: 'ERROR' }, { key: 'otel.status_description', v_str: 'broken' }, { key: '__proto__', v_str: 'x' },
  ]
  const references = [
    { trace_id: TRACE, span_id: idOf('f'), ref_type: 1 }, { trace_id: TRACE, span_id: idOf('b') },
    { trace_id: Buffer.alloc(16, 1), span_id: idOf('c') },
  ]
  const logs = [{ timestamp: { seconds: 1, nanos: 5 }, fields: [{ key: 'event', v_str: 'e' }, { key: 'n', v_type: 2, v_int64: 1 }] }, { timestamp: { seconds: 2 } }]
  const times = { start_time: { seconds: 1763804400, nanos: 7 }, duration: { nanos: 1000 } }
  const own = { service_name: 'other', tags: [{ key: 'host.name', v_str: 'h' }, { key: 'hostname', v_str: 'kept' }] }
  const spans = [
    spanOf('a', { tags, references, logs, ...times, flags: 1, warnings: ['w'] }),
    spanOf('d', { process: own, references: [{ trace_id: TRACE, span_id: idOf('f'), ref_type: 1 }] }),
    spanOf('0'),
    spanOf('e', { trace_id: Buffer.from('0102030405060708', 'hex') }),
  ]
  t.equal(await post(requestOf(spans)), null)
  t.equal(await post(requestOf([], undefined)), null, 'nothing at all is fine')
  const { lines, stderr } = await end()
  t.match(stderr, '"dropped":{"invalid_id":1}')
  const [a, d, e] = lines
  t.equal(
    a,
    '{"type":"span","resource":{"service.name":"shop"},"scope":{"name":"lib","version":"2"},"ts":"1763804400000000007","end":"1763804400000001007",' +
      '"trace_id":"5b8efff798038103d269b633813fc60c","span_id":"000000000000000a","parent_span_id":"000000000000000b","trace_state":"a=b","name":"a",' +
      '"kind":"consumer","status":{"code":"error","message":"broken"},"attributes":{"__proto__":"x","odd":"<unknown type 9>","part":0.5,"raw":{"$bytes":"AP8="},' +
      '"round":{"$double":2},"text":"€","whole":{"$int":"-9223372036854775808"},"yes":true},' +
      '"events":[{"attributes":{"n":1},"name":"e","ts":"1000000005"},{"ts":"2000000000"}],' +
      '"links":[{"attributes":{"opentracing.ref_type":"follows_from"},"span_id":"000000000000000f","trace_id":"5b8efff798038103d269b633813fc60c"},' +
      '{"attributes":{"opentracing.ref_type":"child_of"},"span_id":"000000000000000c","trace_id":"01010101010101010101010101010101"}]}',
  )
  t.match(JSON.parse(d), {
    resource: { 'service.name': 'other', 'host.name': 'h', hostname: 'kept' }, parent_span_id: '000000000000000f',
    links: [{ span_id: '000000000000000f', attributes: { 'opentracing.ref_type': 'follows_from' } }],
  })
  t.match(JSON.parse(e), { trace_id: '00000000000000000102030405060708', ts: '0', end: '0' })
})

t.test('the status of a span', async (t) => {
  const { url, end } = await receiving(t, 'receive', 'jaeger')
  const post = clientOf(t, url)
  const text = (key: string, v_str: string) => ({ key, v_str })
  const flag = (v_bool: boolean) => ({ key: 'error', v_type: 1, v_bool })
  const http = (code: number) => ({ key: 'http.status_code', v_type: 2, v_int64: code })
  const kind = (word: string) => text('span.kind', word)
  const reason = text('http.status_message', 'gone')
  const cases: [object[], object | undefined][] = [
    [[], undefined],
    [[flag(true), text('otel.status_code', 'OK')], { code: 'error' }],
    [[flag(true), reason], { code: 'error', message: 'gone' }],
    [[flag(false)], undefined],
    [[text('error', 'true')], undefined],
    [[text('otel.status_code', 'ok'), http(500)], { code: 'ok' }],
    [[http(200)], undefined],
    [[http(404), kind('client')], { code: 'error' }],
    [[http(404), kind('server')], undefined],
    [[http(404)], { code: 'error' }],
    [[http(503), kind('server'), reason], { code: 'error', message: 'gone' }],
    [[text('http.status_code', '503')], { code: 'error' }],
    [[text('http.status_code', 'many')], undefined],
  ]
  const spans = cases.map(([tags], i) => spanOf((i + 1).toString(16), { tags }))
  t.equal(await post(requestOf(spans)), null)
  const { lines } = await end()
  t.same(spansIn(lines).map(({ status }) => status), cases.map(([, status]) => status))
})

/** A batch in thrift, by hand: a process with a service, and spans of ids alone. */
function thriftOf(spans: number, more = Buffer.alloc(0)): Buffer {
  const service = Buffer.from([12, 0, 1, 11, 0, 1, 0, 0, 0, 4, ...Buffer.from('shop'), 0])
  const count = Buffer.alloc(4)
  count.writeInt32BE(spans)
  const i64 = (id: number, value: bigint) => {
    const field = Buffer.alloc(11)
    field[0] = 10
    field[2] = id
    field.writeBigInt64BE(value, 3)
    return field
  }
  const one = (i: number) =>
    Buffer.concat([i64(1, 5n), i64(2, -1n), i64(3, BigInt(i + 1)), i64(8, 7n), i64(9, 1n), more, Buffer.from([0])])
  return Buffer.concat([service, Buffer.from([15, 0, 2, 12]), count, ...Array.from({ length: spans }, (_, i) => one(i)), Buffer.from([0])])
}

t.test('what is not taken, and harms nothing else', async (t) => {
  const bounds = ['--max-request-bytes', '20000', '--max-elements', '100', '--max-depth', '12']
  const { url, end } = await receiving(t, 'receive', 'jaeger', '--ledger', ...bounds)
  const good = thriftOf(1)
  const nested = Buffer.concat([Buffer.from([15, 0, 99]), ...Array.from({ length: 20 }, () => Buffer.from([15, 0, 0, 0, 1])), Buffer.from([2, 0, 0, 0, 0])])
  const thrift = { 'content-type': 'application/x-thrift' }
  const cases: [Buffer, { [name: string]: string }, number, RegExp][] = [
    [good.subarray(0, -1), thrift, 400, /^no batch of spans: the message is cut off$/],
    [good.subarray(0, 40), thrift, 400, /^no batch of spans: the message is cut off$/],
    [Buffer.concat([good, good]), thrift, 400, /^no batch of spans: more than a batch$/],
    [Buffer.from('no thrift at all'), thrift, 400, /^no batch of spans: /],
    [Buffer.from([15, 0, 2, 12, 0x7f, 255, 255, 255, 0]), thrift, 400, /cut off$/],
    [Buffer.from([15, 0, 2, 12, 255, 255, 255, 255, 0]), thrift, 400, /negative count$/],
    [Buffer.from([11, 0, 9, 255, 255, 255, 255, 0]), thrift, 400, /negative length$/],
    [thriftOf(1, nested), thrift, 400, /\(--max-depth\)$/],
    [thriftOf(200), thrift, 413, /100 elements \(--max-elements\)$/],
    [gzipSync(Buffer.alloc(1_000_000)), { ...thrift, 'content-encoding': 'gzip' }, 413, /20000 bytes \(--max-request-bytes\)$/],
    [good, { ...thrift, 'content-encoding': 'lzma' }, 415, /unknown content encoding/],
    [good, { 'content-type': 'application/json' }, 415, /expected application\/x-thrift or /],
  ]
  for (const [body, headers, status, message] of cases) {
    const answer = await fetch(url, { method: 'POST', body, headers })
    t.equal(answer.status, status, message.source)
    t.match((await answer.text()).trim(), message)
  }
  const post = clientOf(t, url)
  t.match(await post(requestOf([spanOf('a')]).subarray(0, -1)), { code: STATUS.invalid_argument, details: /^no batch of spans: / })
  t.match(await post(requestOf(Array.from({ length: 200 }, () => spanOf('a')))), { code: STATUS.resource_exhausted, details: /\(--max-elements\)$/ })
  const unknown = Buffer.concat([Buffer.from([13, 0, 98, 11, 8, 0, 0, 0, 1, 0, 0, 0, 1, 65, 0, 0, 0, 9]), Buffer.from([12, 0, 97, 4, 0, 1]), Buffer.alloc(8), Buffer.from([0])])
  const fine = await fetch(url, { method: 'POST', body: gzipSync(thriftOf(2, unknown)), headers: { ...thrift, 'content-encoding': 'gzip' } })
  t.equal(fine.status, 202)
  const { lines, stderr } = await end()
  t.match(stderr, '"made":2,"out":2,"dropped":{}')
  t.match(spansIn(lines)[1], { resource: { 'service.name': 'shop' }, trace_id: 'ffffffffffffffff0000000000000005', span_id: '0000000000000002', ts: '7000', end: '8000' })
})
