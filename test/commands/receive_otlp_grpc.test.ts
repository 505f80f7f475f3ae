// `solder receive otlp` over gRPC: grpc-js as the caller, and what no library would send over plain HTTP/2.

import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { type ClientHttp2Session, connect, type IncomingHttpHeaders, type OutgoingHttpHeaders } from 'node:http2'
import { connect as connectTcp } from 'node:net'
import { gzipSync } from 'node:zlib'
import { Client, credentials, Metadata, type ServiceError } from '@grpc/grpc-js'
import t, { type Test } from 'tap'
import { frameOf } from '../../lib/net/grpc/frame.js'
import { STATUS, statusOf } from '../../lib/net/grpc/status.js'
import { decodeMessage, encodeMessage } from '../../lib/wire/otlp/protobuf.js'
import { ANSWERS, REQUESTS } from '../../lib/wire/otlp/schema.js'
import { Certificates, noOpenssl } from '../support/certificate.js'
import { profilesExport } from '../support/profiles.js'
import { receiving } from '../support/receiving.js'
import { start } from '../support/running.js'
import { sh } from '../support/solder.js'
import { Receiving } from '../support/source_process.js'
import { Supervised, until } from '../support/supervised.js'

t.setTimeout(120_000)

const PATH = '/opentelemetry.proto.collector.trace.v1.TraceService/Export'
const TRACE = '5b8efff798038103d269b633813fc60c'
const spanOf = (traceId: string, name = 'work') => ({ traceId, spanId: 'eee19b7ec3c1b174', name, startTimeUnixNano: '5', endTimeUnixNano: '3' })
const tracesOf = (...spans: object[]) =>
  encodeMessage({ resourceSpans: [{ scopeSpans: [{ spans }] }] }, REQUESTS.traces)
const GOOD = tracesOf(spanOf(TRACE))
const LINE = `{"type":"span","ts":"5","end":"3","trace_id":"${TRACE}","span_id":"eee19b7ec3c1b174","name":"work"}`

interface Answer {
  headers: IncomingHttpHeaders
  trailers: IncomingHttpHeaders
  body: Buffer
}

/** Opens a connection of HTTP/2. */
function session(t: Test, url: string): ClientHttp2Session {
  const client = connect(new URL(url).origin)
  client.on('error', () => {})
  t.teardown(() => client.destroy())
  return client
}

/** A call, as bytes. */
function call(client: ClientHttp2Session, data: Buffer, headers: OutgoingHttpHeaders = {}): Promise<Answer> {
  const stream = client.request({ ':method': 'POST', ':path': PATH, 'content-type': 'application/grpc', te: 'trailers', ...headers })
  stream.end(data)
  const answer: Answer = { headers: {}, trailers: {}, body: Buffer.alloc(0) }
  stream.on('response', (got) => (answer.headers = got))
  stream.on('trailers', (got) => (answer.trailers = got))
  stream.on('data', (chunk: Buffer) => (answer.body = Buffer.concat([answer.body, chunk])))
  return new Promise((resolve, reject) => stream.on('error', reject).on('close', () => resolve(answer)))
}

const statusIn = ({ headers, trailers }: Answer) => statusOf(trailers) ?? statusOf(headers)

t.test('what no library sends: each has its status, and harms nothing else', async (t) => {
  const bounds = ['--max-body-bytes', '30000', '--max-request-bytes', '20000', '--max-elements', '100', '--max-depth', '12']
  const { url, end } = await receiving(t, 'receive', 'otlp', '--ledger', ...bounds)
  const client = session(t, url)
  const frame = frameOf(GOOD)
  let value: object = { stringValue: '' }
  for (let i = 0; i < 10; i++) value = { arrayValue: { values: [value] } }
  const deep = tracesOf({ ...spanOf(TRACE), attributes: [{ key: 'a', value }] })
  const packed = (bytes: Buffer) => frameOf(gzipSync(bytes), true)
  const gzip = { 'grpc-encoding': 'gzip' }
  const cases: readonly (readonly [Buffer, OutgoingHttpHeaders, number, RegExp])[] = [
    [frame.subarray(0, -1), {}, STATUS.invalid_argument, /^the message is cut off$/],
    [frame.subarray(0, 3), {}, STATUS.invalid_argument, /^the message is cut off$/],
    [Buffer.alloc(0), {}, STATUS.invalid_argument, /^no message$/],
    [Buffer.concat([frame, frame]), {}, STATUS.unimplemented, /^more than one message/],
    [frameOf(GOOD.subarray(0, -1)), {}, STATUS.invalid_argument, /^no export of traces: /],
    [frameOf(Buffer.from('no message')), {}, STATUS.invalid_argument, /^no export of traces: /],
    [frameOf(deep), {}, STATUS.invalid_argument, /\(--max-depth\)$/],
    [frameOf(tracesOf(...Array.from({ length: 200 }, () => spanOf(TRACE)))), {}, STATUS.resource_exhausted, /\(--max-elements\)$/],
    [frameOf(Buffer.alloc(30_001)), {}, STATUS.resource_exhausted, /more than 30000 \(--max-body-bytes\)$/],
    [frameOf(Buffer.alloc(4_000_000)), {}, STATUS.resource_exhausted, /more than 30000 \(--max-body-bytes\)$/],
    [packed(Buffer.alloc(1_000_000)), gzip, STATUS.resource_exhausted, /20000 bytes \(--max-request-bytes\)$/],
    [frameOf(GOOD, true), gzip, STATUS.invalid_argument, /body is not gzip/],
    [packed(GOOD), {}, STATUS.internal, /without grpc-encoding$/],
    [frame, { 'grpc-encoding': 'lzma' }, STATUS.unimplemented, /^unknown grpc-encoding 'lzma'/],
    [frame, { ':path': '/opentelemetry.proto.collector.trace.v1.TraceService/Import' }, STATUS.unimplemented, /^unknown method .*; served are /],
    [frame, { 'grpc-timeout': 'soon' }, STATUS.invalid_argument, /^grpc-timeout 'soon'/],
    [frame, { 'grpc-timeout': '0n' }, STATUS.deadline_exceeded, /^not done within the grpc-timeout of 0n$/],
  ]
  for (const [data, headers, code, message] of cases) {
    const answer = await call(client, data, headers)
    t.equal(answer.headers[':status'], 200)
    t.match(statusIn(answer), { code, message }, message.source)
    t.equal(statusIn(answer)!.retryAfter, undefined, 'not to be repeated')
  }
  const good = await call(client, packed(GOOD), gzip)
  t.equal(statusIn(good)?.code, STATUS.ok)
  t.same(good.body, frameOf(Buffer.alloc(0)))
  t.match(good.headers['grpc-accept-encoding'], /gzip/)
  const { lines, stderr } = await end()
  t.equal(lines.at(-1), LINE)
  t.match(stderr, '"dropped":{}')
})

t.test('HTTP/2 serves HTTP as well; one connection, many calls', async (t) => {
  const { url, end } = await receiving(t, 'receive', 'otlp', '--max-streams', '5')
  const client = session(t, url)
  // The bound on streams is not known before.
  await once(client, 'remoteSettings')
  const answers = await Promise.all(Array.from({ length: 40 }, () => call(client, frameOf(GOOD))))
  t.ok(answers.every((answer) => statusIn(answer)!.code === STATUS.ok))
  const http = { ':path': '/v1/traces', 'content-type': 'application/x-protobuf' }
  t.equal((await call(client, GOOD, http)).headers[':status'], 200)
  t.equal((await call(client, GOOD.subarray(1), http)).headers[':status'], 400)
  t.equal((await call(client, GOOD, { ...http, ':path': '/v1/none' })).headers[':status'], 404)
  t.equal((await call(client, GOOD, { 'content-type': 'application/grpc+json' })).headers[':status'], 404)
  const profiles = '/opentelemetry.proto.collector.profiles.v1development.ProfilesService/Export'
  t.equal(statusIn(await call(client, frameOf(Buffer.alloc(0)), { ':path': profiles }))?.code, STATUS.ok)
  t.equal(statusIn(await call(client, frameOf(GOOD.subarray(1)), { ':path': profiles }))?.code, STATUS.invalid_argument)
  const sent = profilesExport()
  sent.resourceProfiles[0].scopeProfiles[0].profiles[1].samples[0].stackIndex = 9
  const partly = await call(client, frameOf(encodeMessage(sent, REQUESTS.profiles)), { ':path': profiles })
  t.equal(statusIn(partly)?.code, STATUS.ok)
  t.same(decodeMessage(partly.body.subarray(5), ANSWERS.profiles, { max_elements: 9, max_depth: 9 }), {
    partialSuccess: { rejectedProfiles: '1', errorMessage: 'index 9 of 4 into the stackTable' },
  })
  const { code, lines } = await end()
  t.equal(code, 1)
  t.equal(lines.length, 43)
})

/**
 * What is answered to pieces of text, each written when the one before has gone out; then its half of the connection is
 * closed.
 */
async function said(t: Test, url: string, ...pieces: string[]): Promise<string> {
  const socket = connectTcp(Number(new URL(url).port), '127.0.0.1')
  t.teardown(() => socket.destroy())
  await once(socket, 'connect')
  socket.setNoDelay(true)
  let text = ''
  socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1'))).on('error', () => {})
  for (const piece of pieces) await new Promise((resolve) => socket.write(piece, () => setImmediate(resolve)))
  socket.end()
  if (!socket.closed) await new Promise((resolve) => socket.once('close', resolve))
  return text
}

t.test('protocols are told apart by how a connection begins', async (t) => {
  const { url, end } = await receiving(t, 'receive', 'otlp', '--header-timeout', '4s')
  const request = 'POST /v1/traces HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}'
  t.match(await said(t, url, request), /^HTTP\/1\.1 200/, 'answered though nothing more can come')
  t.match(await said(t, url, 'P', request.slice(1)), /^HTTP\/1\.1 200/)
  t.match(await said(t, url, 'PR', 'X'), /^HTTP\/1\.1 400/)
  t.match(await said(t, url, 'P', 'R', 'I * HTTP/2.0\r\n\r\nSM\r\n\r\n', '\0\0\0\u0004\0\0\0\0\0'), /^\0\0.\u0004\0/s, 'settings')
  t.equal(await said(t, url, 'PR'), '', 'not enough')
  t.equal(await said(t, url), '')
  const silent = connectTcp(Number(new URL(url).port), '127.0.0.1')
  await new Promise((resolve) => silent.on('error', () => {}).once('close', resolve))
  const client = session(t, url)
  t.equal(statusIn(await call(client, frameOf(GOOD)))?.code, STATUS.ok, 'others are served')
  t.equal((await end()).code, 0)
})

/** A call of grpc-js. */
function ask(
  client: Client, bytes: Buffer, metadata = new Metadata(),
): Promise<{ answer: object } | { error: ServiceError }> {
  const encode = (message: Buffer) => message
  const decode = (message: Buffer) =>
    decodeMessage<object>(message, ANSWERS.traces, { max_elements: 100, max_depth: 10 })
  return new Promise((resolve) => {
    client.makeUnaryRequest(PATH, encode, decode, bytes, metadata, (error, answer) => resolve(error === null ? { answer: answer! } : { error }))
  })
}

t.test('grpc-js: partial success, credentials, metadata kept', async (t) => {
  const words = ['--bearer', 'let-me-in', '--include-metadata', 'X-Tenant', '--include-metadata', 'x-none']
  const { url, end } = await receiving(t, 'receive', 'otlp', ...words)
  const client = new Client(new URL(url).host, credentials.createInsecure())
  t.teardown(() => client.close())
  const wrong = await ask(client, GOOD)
  t.match(wrong, { error: { code: STATUS.unauthenticated, details: 'wrong or missing credentials' } })
  const metadata = new Metadata()
  metadata.set('authorization', 'Bearer let-me-in')
  metadata.set('x-tenant', 'red')
  const answer = await ask(client, tracesOf(spanOf(TRACE), spanOf('00'.repeat(16), 'zeros')), metadata)
  t.match(answer, { answer: { partialSuccess: { rejectedSpans: '1', errorMessage: /^span 'zeros': trace id/ } } })
  const headers = { 'content-type': 'application/x-protobuf', authorization: 'Bearer let-me-in', 'x-tenant': 'blue' }
  t.equal((await fetch(new URL('traces', url), { method: 'POST', body: GOOD, headers })).status, 200)
  const { lines } = await end()
  t.same(lines.map((line) => (JSON.parse(line) as object)), ['red', 'blue'].map((tenant) => {
    return { ...(JSON.parse(LINE) as object), resource_meta: { metadata: { 'x-tenant': tenant } } }
  }))
})

t.test('TLS: gRPC and HTTP/1.1 at the same address, certificates of clients', { skip: noOpenssl }, async (t) => {
  const made = new Certificates()
  t.teardown(() => made.remove())
  const authority = made.authority('authority')
  const [server, mine] = ['server', 'mine'].map((name) => made.signed(name, authority, 'IP:127.0.0.1'))
  const tls = ['--tls-cert', server.cert, '--tls-key', server.key, '--tls-client-ca', authority.cert]
  const { url, end } = await receiving(t, 'receive', 'otlp', ...tls)
  const [ca, key, cert] = [authority.cert, mine.key, mine.cert].map((path) => readFileSync(path))
  const client = new Client(new URL(url).host, credentials.createSsl(ca, key, cert))
  t.teardown(() => client.close())
  t.same(await ask(client, GOOD), { answer: {} })
  const stranger = new Client(new URL(url).host, credentials.createSsl(ca))
  t.teardown(() => stranger.close())
  t.match(await ask(stranger, GOOD), { error: { code: STATUS.unavailable } })
  const curl = await sh(`curl -sS --http1.1 --cacert ${authority.cert} --cert ${mine.cert} --key ${mine.key} -w '%{http_code} %{http_version}' -d '{}' -H 'content-type: application/json' ${url}traces`)
  t.equal(curl.stdout, '{}200 1.1', curl.stderr)
  const { code, lines } = await end()
  t.equal(code, 0)
  t.same(lines, [LINE])
})

t.test('no commit in time, and no room: come again, and when', async (t) => {
  const state = t.testdir()
  const words = ['otlp', '--listen', '127.0.0.1:0', '--ack', 'durable', '--state', state, '--ack-timeout', '500ms', '--max-waiting', '1']
  const source = await Receiving.start(t, words)
  const client = session(t, `http://127.0.0.1:${source.ports[0]}`)
  const [first, second] = [call(client, frameOf(GOOD)), call(client, frameOf(GOOD))]
  t.match(statusIn(await second), { code: STATUS.resource_exhausted, message: /--max-waiting/, retryAfter: 5000 })
  t.match(statusIn(await first), { code: STATUS.unavailable, message: /--ack-timeout/, retryAfter: 5000 })
  await source.stop()
})

t.test('--ack durable: answered when the sink has stored it', async (t) => {
  const folder = t.testdir()
  const running = start(
    `solder receive otlp --listen 127.0.0.1:0 --ack durable --state ${folder}/state | solder write file ${folder}/out --state ${folder}/state`,
  )
  t.teardown(() => running.stop('SIGKILL'))
  const found = () => /listening on (\S+)/.exec(running.stderr())?.[1]
  while (found() === undefined) await new Promise((resolve) => setTimeout(resolve, 20))
  const client = session(t, found()!)
  t.equal(statusIn(await call(client, frameOf(GOOD)))?.code, STATUS.ok)
  t.match(readFileSync(`${folder}/out`, 'utf8'), LINE)
  client.close()
  t.equal((await running.stop()).code, 0)
})

t.test('a reader that does not read: senders wait, further ones are told to come again', async (t) => {
  const running = start('solder receive otlp --listen 127.0.0.1:0 --max-waiting-bytes 1000 | (read line; exec sleep 1000)')
  t.teardown(() => running.stop('SIGKILL'))
  const found = () => /listening on (\S+)/.exec(running.stderr())?.[1]
  while (found() === undefined) await new Promise((resolve) => setTimeout(resolve, 20))
  const client = session(t, found()!)
  const big = frameOf(tracesOf({ ...spanOf(TRACE), attributes: [{ key: 'a', value: { stringValue: 'x'.repeat(1_000_000) } }] }))
  // Pipes and buffers take some of them.
  let full: Answer | null = null
  for (let i = 0; i < 50 && full === null; i++) {
    const answer = await call(client, big, { 'grpc-timeout': '200m' })
    if (statusIn(answer)!.code === STATUS.resource_exhausted) full = answer
    else t.ok([STATUS.ok, STATUS.deadline_exceeded].includes(statusIn(answer)!.code as 0 | 4))
  }
  t.match(statusIn(full!), { message: 'more than 1000 bytes wait for the reader (--max-waiting-bytes)', retryAfter: 5000 })
})

t.test('stopping: a call under way is answered, the connection is told to go', async (t) => {
  const source = await Receiving.start(t, ['otlp', '--listen', '127.0.0.1:0'])
  const client = session(t, `http://127.0.0.1:${source.ports[0]}`)
  const stream = client.request({ ':method': 'POST', ':path': PATH, 'content-type': 'application/grpc', te: 'trailers' })
  const frame = frameOf(GOOD)
  stream.write(frame.subarray(0, 10))
  t.equal(statusIn(await call(client, frame))?.code, STATUS.ok, 'the other one has begun')
  const gone = new Promise((resolve) => client.once('goaway', resolve))
  const stopped = source.stop()
  await gone
  const ended = new Promise<IncomingHttpHeaders>((resolve) => stream.once('trailers', resolve))
  stream.end(frame.subarray(10))
  stream.resume()
  t.equal((await ended)['grpc-status'], '0')
  t.equal(await stopped, 0)
  t.equal(source.stdout, `${LINE}\n${LINE}\n`)
})

t.test('reloads of a pipeline under load: no call fails, and every span arrives, once', async (t) => {
  const pipeline = (n: number) => `version: 1\npipes:\n  in: receive otlp --listen 127.0.0.1:0 | filter '${n} == ${n}' | write file out.ndjson\n`
  const run = await new Supervised(t as Test, pipeline(0)).running()
  const { host } = new URL((await run.said(/^listening on /)).message.replace('listening on ', ''))
  const wrong: unknown[] = []
  let sent = 0
  let stopped = false
  const senders = [1, 2, 3].map(async () => {
    const client = new Client(host, credentials.createInsecure(), { 'grpc.use_local_subchannel_pool': 1 })
    while (!stopped) {
      const answer = await ask(client, tracesOf(spanOf((++sent).toString(16).padStart(32, '0'))))
      if ('error' in answer) wrong.push(answer.error.message)
    }
    client.close()
  })
  for (let n = 1; n <= 4; n++) {
    const before = sent
    run.write(pipeline(n))
    t.match(await run.reload(), { status: 200 }, `reload ${n}`)
    await until(async () => sent >= before + 20 || wrong.length > 0 || undefined, 'calls')
  }
  stopped = true
  await Promise.all(senders)
  t.same(wrong, [])
  t.equal(await run.stop(), 0)
  const ids = run.text('out.ndjson').trim().split('\n').map((line) => (JSON.parse(line) as { trace_id: string }).trace_id)
  t.equal(ids.length, sent)
  t.equal(new Set(ids).size, sent, 'each once')
})

t.test('what comes too slowly is ended', async (t) => {
  const { url, end } = await receiving(t, 'receive', 'otlp', '--request-timeout', '200ms')
  const client = session(t, url)
  const stream = client.request({ ':method': 'POST', ':path': PATH, 'content-type': 'application/grpc' })
  stream.write(frameOf(GOOD).subarray(0, 10))
  const headers = await new Promise<IncomingHttpHeaders>((resolve) => stream.once('response', resolve))
  t.match(statusOf(headers), { code: STATUS.deadline_exceeded, message: /--request-timeout/ })
  const http = client.request({ ':method': 'POST', ':path': '/v1/traces', 'content-type': 'application/x-protobuf' })
  http.on('error', () => {}).write('x')
  await new Promise((resolve) => http.once('close', resolve))
  client.close()
  t.equal((await end()).code, 0)
})

t.test('options', async (t) => {
  const { code, stderr } = await sh('solder receive otlp --listen x --listen :y --include-metadata Authorization </dev/null')
  t.equal(code, 2)
  t.match(stderr, "--listen: 'x' is not valid")
  t.match(stderr, "--listen: ':y' is not valid")
  t.match(stderr, '--include-metadata authorization: credentials are not for records')
})
