// `solder receive otlp` as a process: what senders are answered, what comes out, how it ends.

import { readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import t from 'tap'
import { decodeMessage, encodeMessage } from '../../lib/wire/otlp/protobuf.js'
import { ANSWERS, REQUESTS, type Signal, STATUS } from '../../lib/wire/otlp/schema.js'
import { profilesExport } from '../support/profiles.js'
import { receiving } from '../support/receiving.js'
import { sh } from '../support/solder.js'

t.setTimeout(120_000)

const PROTOBUF = { 'content-type': 'application/x-protobuf' }
const JSON_TYPE = { 'content-type': 'application/json' }
const BOUNDS = { max_elements: 100, max_depth: 10 }

type Headers = { [name: string]: string }

async function post(
  url: URL, body: Buffer | string, headers: Headers,
): Promise<{ status: number; body: Buffer; headers: globalThis.Headers }> {
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

t.test('profiles: in both forms, each with what it refers to', async (t) => {
  const dead = `${t.testdir()}/dead`
  const { url, end } = await receiving(t, 'receive', 'otlp', '--max-request-bytes', '3000', '--max-elements', '200', '--dead-letter', dead, '--ledger')
  const at = new URL('/v1development/profiles', url)
  const good = profilesExport()
  const plain = await post(at, gzipSync(encoded('profiles', good)), { ...PROTOBUF, 'content-encoding': 'gzip' })
  t.equal(`${plain.status} ${plain.headers.get('content-type')} ${plain.body}`, '200 application/x-protobuf ')
  const upper = JSON.stringify(good).replace(/(abab)+/g, (id) => id.toUpperCase())
  const json = await post(at, gzipSync(upper), { ...JSON_TYPE, 'content-encoding': 'gzip' })
  t.equal(`${json.status} ${json.headers.get('content-type')} ${json.body}`, '200 application/json {}')
  t.equal((await post(at, '', PROTOBUF)).status, 200, 'an empty export is fine')
  t.equal((await post(at, '{}', JSON_TYPE)).status, 200)
  t.equal((await post(at, '{}', { 'content-type': 'text/plain' })).status, 415)

  // One profile that refers to what is not there: the others are taken.
  const wrong = profilesExport()
  Object.assign(wrong.resourceProfiles[0].scopeProfiles[0].profiles[0].samples[0], { linkIndex: 2 })
  const complaint = 'index 2 of 2 into the linkTable'
  const some = await post(at, JSON.stringify(wrong), JSON_TYPE)
  t.same([some.status, JSON.parse(some.body.toString())], [200, { partialSuccess: { rejectedProfiles: '1', errorMessage: complaint } }])
  const partly = await post(at, encoded('profiles', wrong), PROTOBUF)
  t.same(decodeMessage(partly.body, ANSWERS.profiles, BOUNDS), { partialSuccess: { rejectedProfiles: '1', errorMessage: complaint } })

  // What is refused as a whole, with a Status in its form.
  const refusal = async (body: Buffer | string, headers: Headers): Promise<[number, object]> => {
    const answer = await post(at, body, headers)
    t.equal(answer.headers.get('content-type'), headers['content-type'])
    return [answer.status, headers === JSON_TYPE ? (JSON.parse(answer.body.toString()) as object) : decodeMessage(answer.body, STATUS, BOUNDS)]
  }
  t.match(await refusal(encoded('profiles', good).subarray(0, -1), PROTOBUF), [400, { code: 3, message: /^no export of profiles: / }])
  t.match(await refusal('{"resourceProfiles":[{}', JSON_TYPE), [400, { code: 3, message: /^no export of profiles: / }])
  const typed = { resourceProfiles: [{ scopeProfiles: [{ profiles: [{ profileId: 'x' }] }] }] }
  t.same(await refusal(JSON.stringify(typed), JSON_TYPE), [
    400, { code: 3, message: 'no export of profiles: profileId: expected hexadecimal digits, two for each byte' },
  ])
  const unnamed = profilesExport()
  unnamed.resourceProfiles[1].resource.attributes = [{ keyStrindex: 99, value: { stringValueStrindex: 1 } }]
  t.same(await refusal(encoded('profiles', unnamed), PROTOBUF), [400, { code: 3, message: 'no export of profiles: index 99 of 13 into the stringTable' }])
  t.match(await refusal(encoded('profiles', { dictionary: { stringTable: Array.from({ length: 300 }, () => '') } }), PROTOBUF), [413, { code: 8, message: /--max-elements/ }])
  // A dictionary that all share, which is in the record of each.
  const [profile] = profilesExport().resourceProfiles[0].scopeProfiles[0].profiles
  const many = {
    ...good, resourceProfiles: [{ scopeProfiles: [{ profiles: Array.from({ length: 12 }, () => profile) }] }],
  }
  t.same(await refusal(encoded('profiles', many), PROTOBUF), [
    413, { code: 8, message: 'profiles, each with its part of the dictionary, of more than 3000 bytes (--max-request-bytes)' },
  ])

  const { code, lines, stderr } = await end()
  t.equal(code, 1, stderr)
  t.match(stderr, '"in":2,"made":10,"out":10,"dropped":{"invalid_profile":2}')
  const letters = readFileSync(dead, 'utf8').split('\n').slice(0, -1).map((line) => JSON.parse(line) as { reason: string; detail: string; original: object })
  t.match(letters, Array.from({ length: 2 }, () => ({ reason: 'invalid_profile', detail: complaint, original: { type: 'profile', resource: { 'service.name': 'shop' } } })))
  t.same(lines.slice(3, 6), lines.slice(0, 3), 'the same from both forms')
  t.same(lines.slice(6), [...lines.slice(1, 3), ...lines.slice(1, 3)])
  t.match(JSON.parse(lines[0]), {
    type: 'profile', resource: { 'service.name': 'shop' }, resource_meta: { schema_url: /schemas/ }, scope: { name: 'ebpf', version: '1.2' },
    name: 'cpu', ts: '1763804400000000000', end: '1763804410000000000', format: 'otlp',
  })
})
