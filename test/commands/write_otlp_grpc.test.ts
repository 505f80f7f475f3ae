// `solder write otlp grpc://…` against servers of grpc-js: what arrives, statuses, RetryInfo, TLS, connections that are
// lost.

import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer as createHttpServer } from 'node:http'
import { type AddressInfo, createServer } from 'node:net'
import { ServerCredentials, status } from '@grpc/grpc-js'
import t, { type Test } from 'tap'
import { Certificates, noOpenssl } from '../support/certificate.js'
import type { Exported } from '../support/otlp.js'
import { type GrpcAnswerOf, GrpcOtlp, type GrpcOtlpOptions } from '../support/otlp_grpc.js'
import { start } from '../support/running.js'
import { sh } from '../support/solder.js'

t.setTimeout(120_000)

const FAST = '--min-backoff 1ms --max-backoff 5ms --batch-wait 5ms --ledger'

async function serverFor(
  t: Test, answer?: (index: number, items: Exported[]) => GrpcAnswerOf, options?: GrpcOtlpOptions,
): Promise<GrpcOtlp> {
  const server = await GrpcOtlp.start(answer, options)
  t.teardown(() => server.stop())
  return server
}

const range = (to: number) => Array.from({ length: to }, (_, i) => i)
const id = (number: number) => number.toString(16).padStart(16, '0')
const text = (record: object) => `${JSON.stringify(record)}\n`
const span = (number: number, more: object = {}) => text({ type: 'span', ts: '5', end: '6', trace_id: 'ab'.repeat(16), span_id: id(number), ...more })
const spans = (to: number) => range(to).map((i) => span(i + 1)).join('')
const idsOf = (items: readonly Exported[]) => items.map(({ item }) => item.spanId as string).sort()
const idsTo = (to: number) => range(to).map((i) => id(i + 1))

/** What is told of a server to which nothing can be sent. */
async function complaintOf(words: string): Promise<string> {
  const running = start(`printf '%s' '${span(1)}' | solder write otlp ${words} ${FAST}`)
  const complaint = await running.said(/: 14 unavailable: (.*), retrying in/)
  await running.stop('SIGKILL')
  return complaint
}

t.test('all signals, packed and not, with headers', async (t) => {
  const stdin = span(1) + text({ type: 'log', ts: '7', body: 'paid' }) + text({ type: 'metric', name: 'm', unit: '1', ts: '9', value: 2.5 })
  for (const compression of ['gzip', 'none']) {
    const server = await serverFor(t)
    const { code, stderr } = await sh(`solder write otlp ${server.url} --compression ${compression} --tenant red --header x-a=b --bearer secret ${FAST}`, { stdin })
    t.equal(code, 0, stderr)
    t.match(stderr, '"out":3,"dropped":{}')
    t.same(server.stored.map(({ signal }) => signal).sort(), ['logs', 'metrics', 'traces'])
    for (const { metadata } of server.arrivals) t.match(metadata, { 'x-scope-orgid': 'red', 'x-a': 'b', authorization: 'Bearer secret', 'user-agent': /^solder\// })
  }
})

t.test('statuses that may pass, and those that do not', async (t) => {
  const again: GrpcAnswerOf[] = [
    ...[status.CANCELLED, status.DEADLINE_EXCEEDED, status.ABORTED, status.OUT_OF_RANGE, status.UNAVAILABLE, status.DATA_LOSS].map((code) => ({ code, message: 'nicht jetzt: ä' })),
    { code: status.RESOURCE_EXHAUSTED, retryAfter: 2 },
    { code: status.UNAVAILABLE, retryAfter: 1 },
  ]
  const server = await serverFor(t, (index) => again[index] ?? {})
  const { code, stderr } = await sh(`solder write otlp ${server.url} ${FAST}`, { stdin: spans(3) })
  t.equal(code, 0, stderr)
  t.equal(server.arrivals.length, again.length + 1)
  t.match(stderr, ': 1 cancelled: nicht jetzt: ä, retrying in')
  t.match(stderr, '"out":3,"dropped":{}')
  const final = [
    status.INVALID_ARGUMENT,
    status.UNAUTHENTICATED,
    status.RESOURCE_EXHAUSTED,
    status.INTERNAL,
    status.UNKNOWN,
    status.UNIMPLEMENTED,
    99,
  ]
  const refusing = await Promise.all(final.map((code) => serverFor(t, () => ({ code, message: 'no, thanks' }))))
  const dead = `${t.testdir()}/dead`
  const refused = await sh(`solder write otlp ${refusing.map(({ url }) => url).join(' ')} --dead-letter ${dead} ${FAST}`, { stdin: span(1) })
  t.equal(refused.code, 1, refused.stderr)
  t.ok(refusing.every(({ arrivals }) => arrivals.length === 1))
  const letters = readFileSync(dead, 'utf8').split('\n').slice(0, -1).map((line) => JSON.parse(line) as { detail: string; original: object })
  for (const { original } of letters) t.same(original, JSON.parse(span(1)))
  const codes = letters.map(({ detail }) => Number(/ (\d+) [^:]*: no, thanks$/.exec(detail)?.[1]))
  t.same(codes.sort((a, b) => a - b), [...final].sort((a, b) => a - b))
})

t.test('what is taken in part', async (t) => {
  const server = await serverFor(t, () => ({ partial: { rejected: 2, errorMessage: 'too old' } }))
  const { code, stderr } = await sh(`solder write otlp ${server.url} ${FAST} --batch-wait 1h`, { stdin: spans(5) })
  t.equal(code, 1)
  t.match(stderr, /2 of 5 rejected, not told which: too old/)
  t.match(stderr, '"out":3,"dropped":{"partly_refused":2},"pending":0')
})

t.test('a message that is too large for the server goes in halves', async (t) => {
  const server = await serverFor(t, undefined, { 'grpc.max_receive_message_length': 400 })
  const { code, stderr } = await sh(`solder write otlp ${server.url} --compression none ${FAST} --batch-wait 1h`, { stdin: spans(30) })
  t.equal(code, 0, stderr)
  t.match(stderr, 'sending it in halves')
  t.same(idsOf(server.stored), idsTo(30))
})

t.test('connections that are lost, servers that come late, and what is no gRPC', async (t) => {
  // What listens there first hangs up on everybody, and makes way for a server after three times.
  let hangups = 0
  const rude = createServer((socket) => {
    socket.once('data', () => {
      socket.destroy()
      if (++hangups === 3) rude.close()
    })
  })
  rude.listen(0, '127.0.0.1')
  await once(rude, 'listening')
  const { port } = rude.address() as AddressInfo
  const late = once(rude, 'close').then(() => serverFor(t, undefined, { port }))
  const { code, stderr } = await sh(`solder write otlp grpc://127.0.0.1:${port} ${FAST}`, { stdin: spans(3) })
  t.equal(code, 0, stderr)
  t.same(idsOf((await late).stored), idsTo(3))
  t.match(stderr, /14 unavailable: .*, retrying in/)
  const web = createHttpServer((_, response) => response.writeHead(404).end('nothing here'))
  web.listen(0, '127.0.0.1')
  await once(web, 'listening')
  t.teardown(() => web.close())
  t.match(await complaintOf(`grpc://127.0.0.1:${(web.address() as AddressInfo).port}`), /127\.0\.0\.1/, 'it speaks another HTTP')
})

t.test('TLS with certificates on both sides', { skip: noOpenssl }, async (t) => {
  const certificates = new Certificates()
  t.teardown(() => certificates.remove())
  const authority = certificates.authority('ca')
  const server = certificates.signed('server', authority, 'DNS:collector.example')
  const client = certificates.signed('client', authority, 'DNS:client')
  const read = (path: string) => readFileSync(path)
  const credentials = ServerCredentials.createSsl(read(authority.cert), [{ private_key: read(server.key), cert_chain: read(server.cert) }], true)
  const secure = await serverFor(t, undefined, { credentials })
  const url = secure.url.replace('grpc:', 'grpcs:')
  const tls = `--tls-ca ${authority.cert} --tls-cert ${client.cert} --tls-key ${client.key}`
  const good = await sh(`solder write otlp ${url} ${tls} --tls-server-name collector.example ${FAST}`, { stdin: spans(3) })
  t.equal(good.code, 0, good.stderr)
  t.same(idsOf(secure.stored), idsTo(3))
  t.match(await complaintOf(`${url} ${tls}`), /127\.0\.0\.1/, 'the name of the server is another one')
})

t.test('--connect', async (t) => {
  const server = await serverFor(t, (index) => (index === 0 ? {} : { code: status.UNAUTHENTICATED, message: 'who are you' }))
  const file = `${t.testdir()}/solder.yaml`
  writeFileSync(file, `version: 1\npipes:\n  traces: receive otlp | write otlp ${server.url}\n`)
  const good = await sh(`solder check --connect ${file}`)
  t.equal(good.code, 0, good.stderr)
  const bad = await sh(`solder check --connect ${file}`)
  t.equal(bad.code, 2, bad.stderr)
  t.match(bad.stderr, 'answers 16 unauthenticated: who are you')
})
