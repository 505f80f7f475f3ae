// `solder receive loki` as a process: what senders are answered, what comes out, how it ends.

import { readFileSync } from 'node:fs'
import { deflateRawSync, deflateSync, gzipSync } from 'node:zlib'
import { compressSync } from 'snappy'
import t from 'tap'
import { encodePush } from '../support/loki.js'
import { until } from '../support/peers.js'
import { receiving } from '../support/receiving.js'
import { start } from '../support/running.js'
import { sh } from '../support/solder.js'
import fc from '../support/property.js'

t.setTimeout(120_000)

const PROTOBUF = { 'content-type': 'application/x-protobuf' }
const JSON_TYPE = { 'content-type': 'application/json' }

type Headers = { [name: string]: string }

/** `status words` of an answer. */
async function post(url: string | URL, body: Buffer | string, headers: Headers): Promise<string> {
  const response = await fetch(url, { method: 'POST', body, headers })
  return `${response.status} ${(await response.text()).trim()}`
}

const pushOf = (labels: string, ...entries: object[]) => ({ streams: [{ labels, entries }] })
const at = (seconds: number, line: string) => ({ timestamp: { seconds, nanos: 5 }, line })
const packed = (push: object) => compressSync(encodePush(push)) as Buffer
const VALUES = '{"streams":[{"stream":{"app":"shop"},"values":[["1763804400123456789","paid",{"order":"42"}]]}]}'
const SHOP = '{"type":"log","labels":{"app":"shop"},"ts":"1763804400123456789","body":"paid","attributes":{"order":"42"}}'

t.test('protobuf and JSON, in every encoding, at every path; tenants and own labels', async (t) => {
  const { url, end } = await receiving(t, 'receive', 'loki', '--ledger')
  const metadata = [{ name: 'order', value: '42' }]
  const entry = { timestamp: { seconds: 1763804400, nanos: 123456789 }, line: 'paid', structuredMetadata: metadata }
  const protobuf = packed(pushOf('{app="shop"}', entry))
  const legacy = '{"streams":[{"labels":"{app=\\"shop\\"}","entries":[{"ts":"2025-11-22T09:40:00.123456789Z","line":"paid"}]}]}'
  const alloy = new URL('/api/v1/push', url)
  const prom = new URL('/api/prom/push', url)
  const encoded = (name: string, type = JSON_TYPE): Headers => ({ ...type, 'content-encoding': name })
  t.equal(await post(url, protobuf, PROTOBUF), '204 ')
  t.equal(await post(url, protobuf, encoded('snappy', PROTOBUF)), '204 ')
  t.equal(await post(url, gzipSync(protobuf), encoded('gzip', PROTOBUF)), '204 ')
  t.equal(await post(alloy, VALUES, { 'content-type': 'application/json; charset=utf-8' }), '204 ')
  t.equal(await post(url, gzipSync(VALUES), encoded('gzip')), '204 ')
  t.equal(await post(url, deflateSync(VALUES), encoded('deflate')), '204 ')
  t.equal(await post(url, deflateRawSync(VALUES), encoded('deflate')), '204 ')
  t.equal(await post(prom, protobuf, PROTOBUF), '204 ')
  t.equal(await post(prom, legacy, JSON_TYPE), '204 ')
  t.equal(await post(url, VALUES, { ...JSON_TYPE, 'x-scope-orgid': 'team-a' }), '204 ')
  t.equal(await post(url, packed(pushOf('{app="shop",__tenant_id__="forged"}', entry)), PROTOBUF), '204 ')
  t.equal(await post(url, '{"streams":[]}', JSON_TYPE), '204 ', 'nothing is fine')
  const ready = await fetch(new URL('/ready', url))
  t.equal(`${ready.status} ${(await ready.text()).trim()}`, '200 ready')
  const { code, lines, stderr } = await end()
  t.equal(code, 0, stderr)
  const bare = '{"type":"log","labels":{"app":"shop"},"ts":"1763804400123456789","body":"paid"}'
  const team = SHOP.replace('{"app"', '{"__tenant_id__":"team-a","app"')
  t.same(lines, [SHOP, SHOP, SHOP, SHOP, SHOP, SHOP, SHOP, SHOP, bare, team, SHOP])
  t.match(stderr, '"in":0,"made":11,"out":11,"dropped":{},"pending":0')
})

t.test('labels of our own; times of arrival; plain lines', async (t) => {
  const { url, end } = await receiving(t, 'receive', 'loki', '--label', 'site=eu', '--label', 'app=all', '--no-keep-timestamps')
  const before = BigInt(Date.now()) * 1_000_000n
  t.equal(await post(url, packed(pushOf('{app="shop", level="info"}', at(1, 'a'), at(0, 'b'))), PROTOBUF), '204 ')
  t.equal(await post(new URL('/loki/api/v1/raw', url), 'one\r\n\ntwo', { 'x-scope-orgid': 't1' }), '204 ')
  const { lines } = await end()
  const records = lines.map((line) => JSON.parse(line) as { labels: object; ts: string; body: string })
  t.same(records.map(({ body }) => body), ['a', 'b', 'one', 'two'])
  t.same(records[0].labels, { app: 'all', level: 'info', site: 'eu' })
  t.same(records[3].labels, { __tenant_id__: 't1', app: 'all', site: 'eu' })
  const times = records.map(({ ts }) => BigInt(ts))
  t.ok(times.every((time, i) => time >= before && (i === 0 || time > times[i - 1])), 'later and later')
})

t.test('what is wrong is answered with the reason; what stands beside it is taken', async (t) => {
  const dead = `${t.testdir()}/dead.ndjson`
  const bounds = ['--max-body-bytes', '10000', '--max-request-bytes', '20000', '--max-elements', '100']
  const { url, end } = await receiving(t, 'receive', 'loki', '--ledger', '--dead-letter', dead, ...bounds)
  const partly = {
    streams: [
      { labels: '{a="b", c}', entries: [at(1, 'x'), at(2, 'y')] },
      { labels: '{a="b"}', entries: [at(1, 'good'), at(1_199_145_600_000, 'in the year 40000'), at(2, 'good too')] },
      { labels: '{a="1", a="2"}', entries: [at(1, 'x')] },
    ],
  }
  const words = await post(url, packed(partly), PROTOBUF)
  t.match(words, /^400 labels \{a="b", c\}: expected '=' at character 10; \{a="b"\}: time 1199145600000000000005 is not in the years 1677 to 2262; duplicate label name "a"$/)
  t.match(await post(url, 'garbage', PROTOBUF), /^400 not snappy \(block format\): /)
  t.match(await post(url, VALUES, {}), /^400 not snappy .*; JSON needs content-type: application\/json$/)
  t.match(await post(url, '', PROTOBUF), /^400 not snappy .*no length in front/)
  t.match(await post(url, compressSync('\x0a\xff') as Buffer, PROTOBUF), /^400 not a push: the message ends too early/)
  t.equal(await post(url, '{', JSON_TYPE), '400 not JSON')
  t.equal(await post(url, '{"streams":[{"stream":{"a":"b"},"values":[["1",{"fizz":"buzz"}]]}]}', JSON_TYPE), '400 not a push: the line of an entry: expected a string')
  t.match(await post(url, VALUES, { ...JSON_TYPE, 'content-encoding': 'gzip' }), /^400 body: body is not gzip: /)
  t.match(await post(url, VALUES, { ...JSON_TYPE, 'content-encoding': 'lzma' }), /^415 .*unknown content encoding 'lzma'/)
  t.match(await post(url, VALUES, { ...JSON_TYPE, 'x-scope-orgid': 'a b' }), /^400 tenant "a b": Loki takes/)
  t.equal(await post(url, compressSync(Buffer.alloc(20_001)) as Buffer, PROTOBUF), '413 20001 bytes uncompressed, more than 20000 bytes (--max-request-bytes)')
  t.equal(await post(url, gzipSync(Buffer.alloc(1_000_000)), { ...JSON_TYPE, 'content-encoding': 'gzip' }), '413 more than 20000 bytes (--max-request-bytes)')
  t.equal(await post(url, Buffer.alloc(10_001), PROTOBUF), '413 larger than 10000 bytes (--max-body-bytes)')
  t.equal(await post(url, packed({ streams: Array.from({ length: 101 }, () => ({ labels: '{}' })) }), PROTOBUF), '413 more than 100 elements (--max-elements)')
  const { code, lines, stderr } = await end()
  t.equal(code, 1, 'some were rejected')
  t.same(lines.map((line) => line.replace(/.*"body":/, '')), ['"good"}', '"good too"}'])
  t.match(stderr, '"in":4,"made":2,"out":2,"dropped":{"invalid_labels":3,"invalid_timestamp":1},"pending":0')
  const letters = readFileSync(dead, 'utf8').trim().split('\n').map((line) => JSON.parse(line) as { reason: string; original: string })
  t.same(letters.map(({ reason }) => reason), ['invalid_labels', 'invalid_labels', 'invalid_timestamp', 'invalid_labels'])
  t.match(letters[2].original, 'in the year 40000')
})

t.test('a push of 100 MB is refused, and not held', async (t) => {
  const { url, end } = await receiving(t, 'receive', 'loki')
  // The server may close the connection before it has read all of that.
  const answer = await post(url, Buffer.alloc(100 << 20), PROTOBUF).catch(() => 'closed')
  t.match(answer, /^(413 larger than 33554432 bytes \(--max-body-bytes\)|closed)$/)
  t.equal(await post(url, VALUES, JSON_TYPE), '204 ', 'it goes on')
  t.same((await end()).lines, [SHOP])
})

const word = fc.stringMatching(/^[a-z]{1,6}$/)
const record = fc.record({
  type: fc.constant('log'),
  labels: fc.record({ app: fc.constantFrom('a', 'b', 'c "quoted" \\ é'), __tenant_id__: fc.constantFrom('t1', 't2') }, { requiredKeys: ['app'] }),
  ts: fc.bigInt({ min: -(2n ** 62n), max: 2n ** 62n }).map(String),
  body: fc.oneof(fc.string({ unit: 'grapheme', maxLength: 200 }), fc.constantFrom('', '{"a":1}', 'x'.repeat(300))),
  attributes: fc.dictionary(word, fc.string({ unit: 'grapheme', maxLength: 9 }), { maxKeys: 3 }),
})

t.test('records in are records out: write loki | receive loki, in every form', async (t) => {
  const records = fc.sample(fc.array(record, { minLength: 400, maxLength: 400 }), { numRuns: 1, seed: 7 })[0]
  const written = records.map((one) => JSON.stringify(one)).join('\n')
  const canonical = (await sh('solder relabel', { stdin: written })).stdout.split('\n').slice(0, -1)
  t.equal(canonical.length, records.length)
  const forms = ['', '--format json', '--format json --gzip']
  await Promise.all(
    forms.map(async (form) => {
      const { url, end } = await receiving(t, 'receive', 'loki')
      const ran = await sh(`solder write loki ${url} --batch-bytes 5000 ${form}`, { stdin: written })
      t.equal(ran.code, 0, ran.stderr)
      const { code, lines, stderr } = await end()
      t.equal(code, 0, stderr)
      t.same([...lines].sort(), [...canonical].sort(), form)
      // Each stream in its own order.
      const stream = (some: string[]) => some.filter((line) => line.includes('"app":"b"') && line.includes('t1'))
      t.same(stream(lines), stream(canonical), form)
    }),
  )
})

t.test('--ack durable: 204 says that it is in the file', async (t) => {
  const state = `${t.testdir()}/state`
  const running = start(
    `solder receive loki --listen 127.0.0.1:0 --ack durable --state ${state} | solder write file ${state}/out --state ${state}`,
  )
  t.teardown(() => running.stop('SIGKILL'))
  const listening = () => /listening on (\S+)/.exec(running.stderr())?.[1]
  const url = await until(async () => listening(), 'it listens')
  t.equal(await post(url, VALUES, JSON_TYPE), '204 ')
  t.equal(readFileSync(`${state}/out`, 'utf8'), `${SHOP}\n`)
  const { code, stderr } = await running.stop()
  t.equal(code, 0, stderr)
})
