// `solder receive otlp` as a process: what senders are answered, what comes out, how it ends.

import { gzipSync } from 'node:zlib'
import protobuf from 'protobufjs/minimal.js'
import t from 'tap'
import { decodeMessage, encodeMessage } from '../../lib/wire/otlp/protobuf.js'
import { ANSWERS, REQUESTS, RESOURCE, SCOPE, type Signal, STATUS } from '../../lib/wire/otlp/schema.js'
import { receiving } from '../support/receiving.js'
import { sh } from '../support/solder.js'

t.setTimeout(120_000)

const PROTOBUF = { 'content-type': 'application/x-protobuf' }
const JSON_TYPE = { 'content-type': 'application/json' }
const BOUNDS = { max_elements: 100, max_depth: 10 }

type Headers = { [name: string]: string }

async function post(url: URL, body: Buffer | string, headers: Headers): Promise<{ status: number; body: Buffer; headers: globalThis.Headers }> {
  const response = await fetch(url, { method: 'POST', body, headers })
  return { status: response.status, body: Buffer.from(await response.arrayBuffer()), headers: response.headers }
}

const TRACE = '5b8efff798038103d269b633813fc60c'
const spanOf = (traceId: string, name = 'work') => ({ traceId, spanId: 'eee19b7ec3c1b174', name, startTimeUnixNano: '5', endTimeUnixNano: '3' })
const tracesOf = (...spans: object[]) => ({ resourceSpans: [{ scopeSpans: [{ spans }] }] })
const encoded = (signal: Signal, request: object) => encodeMessage(request, REQUESTS[signal])
const LINE = `{"type":"span","ts":"5","end":"3","trace_id":"${TRACE}","span_id":"eee19b7ec3c1b174","name":"work"}`

/** A frame of zstd (RFC 8878) with one block: as it is, or, where it is long, of one byte again and again. */
function zstdOf(bytes: Buffer): Buffer {
  const repeated = bytes.length > 10_000
  const head = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0, 0x58, 0, 0, 0])
  head.writeUIntLE((bytes.length << 3) | (repeated ? 3 : 1), 6, 3)
  return Buffer.concat([head, repeated ? bytes.subarray(0, 1) : bytes])
}

t.test('all signals in both forms, packed and not; answers in the same form', async (t) => {
  const { url, end } = await receiving(t, 'receive', 'otlp', '--ledger')
  const at = (signal: Signal) => new URL(signal, url)
  const traces = tracesOf(spanOf(TRACE))
  const plain = await post(at('traces'), encoded('traces', traces), PROTOBUF)
  t.equal(plain.status, 200)
  t.equal(plain.headers.get('content-type'), 'application/x-protobuf')
  t.equal(plain.body.length, 0, 'nothing was rejected')
  const packed = await post(at('traces'), gzipSync(encoded('traces', traces)), { ...PROTOBUF, 'content-encoding': 'gzip' })
  t.equal(packed.status, 200)
  const zstd = zstdOf(encoded('traces', traces))
  t.equal((await post(at('traces'), zstd, { ...PROTOBUF, 'content-encoding': 'zstd' })).status, 200)
  const upper = JSON.stringify(tracesOf(spanOf(TRACE.toUpperCase())))
  const json = await post(at('traces'), gzipSync(upper), { 'content-type': 'application/json; charset=utf-8', 'content-encoding': 'gzip' })
  t.equal(`${json.status} ${json.headers.get('content-type')} ${json.body}`, '200 application/json {}')
  const log = { resourceLogs: [{ scopeLogs: [{ logRecords: [{ timeUnixNano: '7', body: { intValue: '9' }, traceId: 'ab' }] }] }] }
  t.equal((await post(at('logs'), encoded('logs', log), PROTOBUF)).status, 200)
  const gauge = { name: 'up', gauge: { dataPoints: [{ timeUnixNano: '7', asDouble: 1.5 }] } }
  t.equal((await post(at('metrics'), JSON.stringify({ resourceMetrics: [{ scopeMetrics: [{ metrics: [gauge] }] }] }), JSON_TYPE)).status, 200)
  t.equal((await post(at('logs'), '', PROTOBUF)).status, 200, 'an empty export is fine')
  const { code, lines, stderr } = await end()
  t.equal(code, 0, stderr)
  t.same(lines, [LINE, LINE, LINE, LINE, '{"type":"log","ts":"7","body":9}', '{"type":"metric","name":"up","kind":"gauge","ts":"7","value":1.5}'])
  t.match(stderr, '"in":0,"made":6,"out":6,"dropped":{},"pending":0')
})

t.test('partial success: ids that are none', async (t) => {
  const dead = `${t.testdir()}/dead.ndjson`
  const { url, end } = await receiving(t, 'receive', 'otlp', '--ledger', '--dead-letter', dead)
  const request = tracesOf(
    spanOf('00'.repeat(16), 'zeros'), spanOf(TRACE), spanOf('abcd', 'short'), spanOf('ff'.repeat(16), 'ones'),
    { ...spanOf(TRACE, 'root'), parentSpanId: '0000000000000000' },
  )
  const answer = await post(new URL('traces', url), encoded('traces', request), PROTOBUF)
  t.equal(answer.status, 200)
  t.match(decodeMessage(answer.body, ANSWERS.traces, BOUNDS), {
    partialSuccess: { rejectedSpans: '2', errorMessage: /^span 'zeros': trace id '0+': .*; span 'short': trace id 'abcd': / },
  })
  const empty = { resourceMetrics: [{ scopeMetrics: [{ metrics: [{ name: 'm', gauge: {} }] }] }] }
  const warned = await post(new URL('metrics', url), JSON.stringify(empty), JSON_TYPE)
  t.equal(`${warned.status} ${warned.body}`, `200 {"partialSuccess":{"errorMessage":"metric 'm' has no data points"}}`)
  const { lines, stderr } = await end()
  t.same(lines.map((line) => (JSON.parse(line) as { name: string }).name), ['work', 'ones', 'root'])
  t.notMatch(lines[2], 'parent')
  t.match(stderr, '"dropped":{"invalid_id":2}')
  const { stdout } = await sh(`cut -d, -f1-2 ${dead}`)
  t.equal(stdout, '{"stage":"receive otlp","reason":"invalid_id"\n'.repeat(2))
})

t.test('what is not taken is told as a Status, and harms nothing else', async (t) => {
  const bounds = ['--max-request-bytes', '20000', '--max-elements', '100', '--max-depth', '12']
  const { url, end } = await receiving(t, 'receive', 'otlp', '--ledger', ...bounds)
  const at = new URL('traces', url)
  const good = encoded('traces', tracesOf(spanOf(TRACE)))
  let value: object = { stringValue: '' }
  for (let i = 0; i < 10; i++) value = { arrayValue: { values: [value] } }
  const deep = encoded('traces', tracesOf({ ...spanOf(TRACE), attributes: [{ key: 'a', value }] }))
  const zstd = zstdOf(Buffer.alloc(100_000))
  const cases: readonly (readonly [Buffer | string, Headers, number, RegExp])[] = [
    [good.subarray(0, -1), PROTOBUF, 400, /^no export of traces: /],
    [Buffer.from('no message'), PROTOBUF, 400, /^no export of traces: /],
    [gzipSync(Buffer.alloc(1_000_000)), { ...PROTOBUF, 'content-encoding': 'gzip' }, 413, /20000 bytes \(--max-request-bytes\)$/],
    [good, { ...PROTOBUF, 'content-encoding': 'gzip' }, 400, /body is not gzip/],
    [zstd, { ...PROTOBUF, 'content-encoding': 'zstd' }, 413, /20000 bytes \(--max-request-bytes\)$/],
    [zstd.subarray(0, -1), { ...PROTOBUF, 'content-encoding': 'zstd' }, 400, /body is not zstd/],
    [good, { ...PROTOBUF, 'content-encoding': 'lzma' }, 415, /unknown content encoding 'lzma'/],
    [encoded('traces', tracesOf(...Array.from({ length: 200 }, () => spanOf(TRACE)))), PROTOBUF, 413, /100 elements \(--max-elements\)$/],
    [deep, PROTOBUF, 400, /deeper than 12 levels \(--max-depth\)$/],
    ['{"resourceSpans":', JSON_TYPE, 400, /^no export of traces: /],
    ['{"resourceSpans":[{"scopeSpans":[{"spans":[{"startTimeUnixNano":-5}]}]}]}', JSON_TYPE, 400, /startTimeUnixNano: expected a number/],
  ]
  for (const [body, headers, status, message] of cases) {
    const answer = await post(at, body, headers)
    t.equal(answer.status, status, message.source)
    t.equal(answer.headers.get('content-type'), headers['content-type'])
    const isJson = headers === JSON_TYPE
    const told = isJson ? (JSON.parse(answer.body.toString()) as object) : decodeMessage<object>(answer.body, STATUS, BOUNDS)
    t.match(told, { code: status === 413 ? 8 : 3, message })
  }
  t.equal((await post(at, good, { 'content-type': 'text/plain' })).status, 415)
  t.equal((await post(new URL('/v1/none', url), good, PROTOBUF)).status, 404)
  t.equal((await fetch(at)).status, 405)
  t.equal((await post(at, good, PROTOBUF)).status, 200)
  const { lines, stderr } = await end()
  t.same(lines, [LINE])
  t.match(stderr, '"made":1,"out":1,"dropped":{}')
})

t.test('browsers: who may send, and what they are told before', async (t) => {
  const { url, end } = await receiving(t, 'receive', 'otlp', '--cors-origin', 'https://*.shop.example', '--cors-header', 'X-Shop', '--bearer', 'secret')
  const at = new URL('traces', url)
  const ask = (origin: string) => fetch(at, { method: 'OPTIONS', headers: { origin, 'access-control-request-method': 'POST' } })
  const yes = await ask('https://www.shop.example')
  t.equal(yes.status, 204)
  t.equal(yes.headers.get('access-control-allow-origin'), 'https://www.shop.example')
  t.equal(yes.headers.get('access-control-allow-headers'), 'authorization, content-encoding, content-type, x-shop')
  t.equal((await ask('https://shop.example.evil')).status, 403)
  const headers = { ...JSON_TYPE, origin: 'https://www.shop.example', authorization: 'Bearer secret' }
  const sent = await post(at, '{}', headers)
  t.equal(`${sent.status} ${sent.headers.get('access-control-allow-origin')}`, '200 https://www.shop.example')
  t.equal((await post(at, '{}', { ...headers, authorization: 'Bearer wrong' })).status, 401)
  t.equal((await end()).code, 0)
})

t.test('options that contradict each other', async (t) => {
  const { code, stderr } = await sh('solder receive otlp --cors-origin shop.example --ack durable </dev/null')
  t.equal(code, 2)
  t.match(stderr, '--ack durable needs --state')
  t.match(stderr, "--cors-origin: 'shop.example' is not valid")
})

/** A profile in protobuf as version 1.9 has it, or as 1.7 had it, and what surrounds it. */
function profilesOf(time: number, ...names: string[]): { request: Buffer; profiles: Buffer[]; dictionary: Buffer } {
  const field = (number: number, bytes: Buffer) => {
    const writer = new protobuf.Writer()
    return Buffer.from(writer.uint32((number << 3) | 2).bytes(bytes).finish())
  }
  const dictionary = Buffer.concat([field(1, Buffer.alloc(0)), ...['', ...names].map((name) => field(5, Buffer.from(name)))])
  const profiles = names.map((_, i) => {
    const sampleType = new protobuf.Writer().uint32(8).int32(i + 1).finish()
    const times = new protobuf.Writer().uint32((time << 3) | 1).fixed64(1000).uint32((time + 1) << 3).uint64(50).finish()
    return Buffer.concat([field(1, Buffer.from(sampleType)), Buffer.from(times), field(60, Buffer.from('what comes later'))])
  })
  const resource = field(1, encodeMessage({ attributes: [{ key: 'service.name', value: { stringValue: 'shop' } }] }, RESOURCE))
  const inScope = Buffer.concat([field(1, encodeMessage({ name: 'ebpf' }, SCOPE)), ...profiles.map((profile) => field(2, profile))])
  const inResource = Buffer.concat([resource, field(2, inScope), field(3, Buffer.from('https://schema'))])
  return { request: Buffer.concat([field(1, inResource), field(2, dictionary)]), profiles, dictionary }
}

t.test('profiles: as they came, with their dictionary', async (t) => {
  const { url, end } = await receiving(t, 'receive', 'otlp', '--max-request-bytes', '10000')
  const at = new URL('/v1development/profiles', url)
  const now = profilesOf(3, 'cpu', 'off_cpu')
  t.equal((await post(at, gzipSync(now.request), { ...PROTOBUF, 'content-encoding': 'gzip' })).status, 200)
  t.equal((await post(at, profilesOf(4, 'wall').request, PROTOBUF)).status, 200)
  const many = await post(at, profilesOf(3, ...Array.from({ length: 50 }, (_, i) => `${i} ${'x'.repeat(100)}`)).request, PROTOBUF)
  t.equal(many.status, 413)
  t.match(many.body.toString(), /profiles, each with the dictionary, of more than 10000 bytes \(--max-request-bytes\)/)
  t.equal((await post(at, now.request.subarray(0, -1), PROTOBUF)).status, 400)
  t.equal((await post(at, '{}', JSON_TYPE)).status, 415)
  const { lines } = await end()
  interface Line {
    data: string
  }
  const records = lines.map((line) => JSON.parse(line) as Line)
  const common = {
    type: 'profile', resource: { 'service.name': 'shop' }, resource_meta: { schema_url: 'https://schema' }, scope: { name: 'ebpf' },
    ts: '1000', end: '1050', format: 'otlp',
  }
  t.match(records, ['cpu', 'off_cpu', 'wall'].map((name) => ({ ...common, name })))
  t.equal(records.length, 3)
  for (const [i, profile] of now.profiles.entries()) {
    const data = Buffer.from(records[i].data, 'base64')
    t.ok(data.includes(profile) && data.includes(now.dictionary), 'every byte of it')
  }
})
