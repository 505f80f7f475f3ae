// A process on both sides of what passes OTLP on: it sends exports of spans when it is told to, and takes and counts what comes.
// GET /send?to=URL&exports=N sends and then answers; GET / tells what has come. Prints its port as JSON. What it costs to send and to
// count is no part of what is measured.

import { Agent, createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gunzipSync } from 'node:zlib'
import { encodeMessage } from '../lib/wire/otlp/protobuf.js'
import { REQUESTS } from '../lib/wire/otlp/schema.js'

const SPANS = 512
const SCOPES = 4
/** Different exports, sent in turn. */
const EXPORTS = 20
/** Under way at once. */
const SENDERS = 4

const text = (key: string, stringValue: string) => ({ key, value: { stringValue } })
const whole = (key: string, intValue: number) => ({ key, value: { intValue: String(intValue) } })
const hex = (number: number, digits: number) => ((number * 2_654_435_761) % 2 ** 32).toString(16).padStart(digits, '1')

/** The span of a request to a server, with the attributes that the semantic conventions ask for. */
function spanOf(number: number): object {
  const start = 1_763_804_400_000_000_000n + BigInt(number) * 1_000_003n
  return {
    traceId: hex(number >> 3, 32), spanId: hex(number + 1, 16), parentSpanId: number % 8 === 0 ? undefined : hex(number, 16),
    name: 'GET /api/v1/items/{id}', kind: 2, startTimeUnixNano: String(start), endTimeUnixNano: String(start + BigInt((number * 7919) % 1_000_000_000)),
    attributes: [
      text('http.request.method', 'GET'), text('url.scheme', 'https'), text('url.path', `/api/v1/items/${(number * 31) % 100_000}`),
      text('http.route', '/api/v1/items/{id}'), whole('http.response.status_code', number % 50 === 0 ? 500 : 200), text('server.address', 'shop.example'),
      whole('server.port', 443), text('client.address', `10.1.${(number >> 8) & 255}.${number & 255}`), text('network.protocol.version', '1.1'),
      text('user_agent.original', 'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0'),
    ],
    status: number % 50 === 0 ? { code: 2 } : {},
  }
}

function exportOf(number: number): Buffer {
  const attributes = [
    text('service.name', 'shop'), text('service.namespace', 'web'), text('service.version', '1.42.0'), text('service.instance.id', `shop-${number % 5}`),
    text('host.name', 'node-17'), text('telemetry.sdk.language', 'java'), text('telemetry.sdk.name', 'opentelemetry'), text('telemetry.sdk.version', '1.44.1'),
  ]
  const scopeSpans = Array.from({ length: SCOPES }, (_, scope) => ({
    scope: { name: `io.opentelemetry.scope-${scope}`, version: '2.10.0' },
    spans: Array.from({ length: SPANS / SCOPES }, (_, i) => spanOf((number * SCOPES + scope) * (SPANS / SCOPES) + i)),
  }))
  return encodeMessage({ resourceSpans: [{ resource: { attributes }, scopeSpans }] }, REQUESTS.traces)
}

const bodies = Array.from({ length: EXPORTS }, (_, number) => exportOf(number))
const agent = new Agent({ keepAlive: true, maxSockets: SENDERS })
const counts = { spans: 0, bytes: 0, refused: 0 }

function post(to: string, body: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/x-protobuf', 'content-length': body.length }
    const sent = request(to, { method: 'POST', agent, headers }, (response) => {
      if (response.statusCode !== 200) counts.refused++
      response.resume().on('end', resolve)
    })
    sent.on('error', reject).end(body)
  })
}

async function send(to: string, exports: number): Promise<void> {
  let next = 0
  const sender = async () => {
    while (next < exports) await post(to, bodies[next++ % EXPORTS])
  }
  await Promise.all(Array.from({ length: SENDERS }, sender))
}

/** Fields `spans` (2) in `scope_spans` (2) in `resource_spans` (1), looking at nothing else. */
function countIn(bytes: Buffer, at: number, end: number, level: number): number {
  if (level === 3) return 1
  let spans = 0
  while (at < end) {
    const tag = bytes[at++]
    let length = 0
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++]
      length |= (byte & 0x7f) << shift
      if (byte < 0x80) break
    }
    if (tag >> 3 === (level === 0 ? 1 : 2)) spans += countIn(bytes, at, at + length, level + 1)
    at += length
  }
  return spans
}

const server = createServer((asked, response) => {
  const url = new URL(asked.url!, 'http://h')
  if (url.pathname === '/send') {
    return void send(url.searchParams.get('to')!, Number(url.searchParams.get('exports'))).then(
      () => response.end(), (error: Error) => response.writeHead(500).end(error.message),
    )
  }
  if (asked.method === 'GET') return void response.end(JSON.stringify({ ...counts, size: bodies[0].length / SPANS }))
  const chunks: Buffer[] = []
  asked.on('data', (chunk: Buffer) => chunks.push(chunk))
  asked.on('end', () => {
    const body = Buffer.concat(chunks)
    const bytes = asked.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body
    counts.spans += countIn(bytes, 0, bytes.length, 0)
    counts.bytes += body.length
    response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end()
  })
})

server.listen(0, '127.0.0.1', () => process.stdout.write(`${JSON.stringify((server.address() as AddressInfo).port)}\n`))
