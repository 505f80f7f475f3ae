// `solder receive prometheus` as a process: what senders are answered, what comes out, how it ends.

import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { compressSync } from 'snappy'
import t, { type Test } from 'tap'
import { receiving as started } from '../support/receiving.js'
import { encodeMessage } from '../support/remote_write.js'
import { encodeRequestMessage } from '../support/remote_write_v2.js'
import { sh } from '../support/solder.js'
import fc from '../support/property.js'

const TYPES = { 1: 'application/x-protobuf', 2: 'application/x-protobuf;proto=io.prometheus.write.v2.Request' }

async function receiving(t: Test, ...words: string[]) {
  const source = await started(t, 'receive', 'prometheus', ...words)
  const post = (body: Buffer, version: 1 | 2 = 1, headers: { [name: string]: string } = {}): Promise<Response> =>
    fetch(source.url, { method: 'POST', body, headers: { 'content-type': TYPES[version], 'content-encoding': 'snappy', ...headers } })
  return { ...source, post }
}

const pairs = (labels: { [name: string]: string }) => Object.entries(labels).map(([name, value]) => ({ name, value }))
const one = (object: object) => compressSync(encodeMessage(object)) as Buffer
const two = (object: object) => compressSync(encodeRequestMessage(object)) as Buffer
const text = async (response: Response) => `${response.status} ${(await response.text()).trim()}`

t.test('1.0: samples, staleness, histograms, exemplars that stand apart, metadata', async (t) => {
  const { post, end } = await receiving(t, '--ledger')
  const labels = pairs({ __name__: 'm', z: '1', a: '', job: 'node' })
  const stale = { value: '9218868437227405314', timestamp: 2 }
  const body = one({
    timeseries: [
      { labels, samples: [{ value: '4607182418800017408', timestamp: 1 }, stale] },
      { labels, exemplars: [{ labels: pairs({ trace_id: 'x' }), value: 7, timestamp: 2 }] },
      { labels: pairs({ __name__: 'h' }), histograms: [{ count_int: 1, sum: 2, schema: 3, zero_count_int: 1, timestamp: 3 }] },
      { labels: pairs({ __name__: 'lonely' }), exemplars: [{ value: 1, timestamp: 1 }] },
    ],
    metadata: [{ type: 1, metric_family_name: 'm', help: 'Help.' }],
  })
  t.equal(await text(await post(body)), '204 ')
  t.equal((await post(body, 1, { 'content-type': 'application/x-protobuf;proto=prometheus.WriteRequest' })).status, 204)
  const { code, lines, stderr } = await end()
  t.equal(code, 0, stderr)
  const expected = [
    '{"type":"metric","name":"m","labels":{"job":"node","z":"1"},"ts":"1000000","value":1}',
    '{"type":"metric","name":"m","labels":{"job":"node","z":"1"},"ts":"2000000","stale":true,"exemplars":[{"labels":{"trace_id":"x"},"ts":"2000000","value":7}]}',
    '{"type":"metric","name":"h","ts":"3000000","histogram":{"count":"1","schema":3,"sum":2,"zero_count":"1"}}',
    '{"type":"metadata","name":"m","kind":"counter","help":"Help."}',
  ]
  t.same(lines, [...expected, ...expected])
  t.match(stderr, '"in":2,"made":8,"out":8,"dropped":{"exemplar_without_sample":2},"pending":0')
})

t.test('2.0: kind, start, metadata once, counts of what was written', async (t) => {
  const { post, end } = await receiving(t)
  const symbols = ['', '__name__', 'h_bucket', 'le', '1.0', 'Help.', 's', 'g']
  const body = two({
    symbols,
    timeseries: [
      {
        labels_refs: [1, 2, 3, 4],
        samples: [{ value: 1, timestamp: 5, start_timestamp: 4 }],
        exemplars: [{ labels_refs: [], value: 2, timestamp: 5 }],
        metadata: { type: 3, help_ref: 5, unit_ref: 6 },
      },
      { labels_refs: [1, 7], samples: [{ value: 2, timestamp: 5 }], created_timestamp: 3 },
    ],
  })
  for (let i = 0; i < 2; i++) {
    const response = await post(body, 2)
    t.equal(response.status, 204)
    const counts = ['samples', 'histograms', 'exemplars'].map((kind) => response.headers.get(`x-prometheus-remote-write-${kind}-written`))
    t.same(counts, ['2', '0', '1'])
  }
  const { lines } = await end()
  const samples = [
    '{"type":"metric","name":"h_bucket","labels":{"le":"1.0"},"kind":"histogram","ts":"5000000","start":"4000000","value":1,"exemplars":[{"ts":"5000000","value":2}]}',
    '{"type":"metric","name":"g","ts":"5000000","start":"3000000","value":2}',
  ]
  t.same(lines, ['{"type":"metadata","name":"h","kind":"histogram","unit":"s","help":"Help."}', ...samples, ...samples])
})

t.test('what is wrong is answered with the reason; what stands beside it is taken', async (t) => {
  const dead = t.testdir() + '/dead.ndjson'
  const { url, post, end } = await receiving(
    t, '--ledger', '--dead-letter', dead, '--max-body-bytes', '10000', '--max-request-bytes', '20000', '--max-elements', '100',
  )
  const sample = { value: '4607182418800017408', timestamp: 1 }
  const bad = [pairs({ a: 'b' }), pairs({ __name__: 'm', '': 'x' }), [...pairs({ __name__: 'm' }), ...pairs({ a: '1' }), ...pairs({ a: '2' })]]
  const partly = await post(one({ timeseries: [...bad, pairs({ __name__: 'good' })].map((labels) => ({ labels, samples: [sample] })) }))
  t.equal(await text(partly), '400 no metric name in {"a":"b"}; invalid label name: ; duplicate label with name: a')
  const symbols = ['', '__name__', 'good', 'x', 'y']
  const histogram = { count_int: 5, sum: 1, timestamp: 1 }
  const response = await post(two({
    symbols,
    timeseries: [
      { labels_refs: [3, 4], samples: [{ value: 1, timestamp: 2 }, { value: 1, timestamp: 3 }] },
      { labels_refs: [1, 2], samples: [{ value: 1, timestamp: 2 }] },
      { labels_refs: [1, 2], histograms: [histogram] },
    ],
  }), 2)
  t.equal(response.headers.get('x-prometheus-remote-write-samples-written'), '1')
  t.equal(response.headers.get('x-prometheus-remote-write-histograms-written'), '0')
  t.equal(await text(response), '400 no metric name in {"x":"y"}; good: histogram: buckets hold 0 observations, but count is 5')
  t.match(await text(await post(Buffer.from('garbage'))), /^400 not snappy \(block format\): /)
  t.match(await text(await post(Buffer.alloc(0))), /^400 not snappy .*no length/)
  t.match(await text(await post(compressSync('\x0a\xff') as Buffer)), /^400 not a prometheus.WriteRequest: /)
  t.match(await text(await post(two({ symbols: [''], timeseries: [{ labels_refs: [5, 6] }] }), 2)), /^400 not a io.prometheus.write.v2.Request: symbol 5 of 1/)
  t.match(await text(await post(compressSync(Buffer.alloc(20001)) as Buffer)), '413 20001 bytes uncompressed, more than 20000 (--max-request-bytes)')
  t.match(await text(await post(Buffer.alloc(10001))), '413 larger than 10000 bytes (--max-body-bytes)')
  t.match(await text(await post(one({ timeseries: Array.from({ length: 101 }, () => ({})) }))), '413 more than 100 elements (--max-elements)')
  t.match(await text(await post(Buffer.alloc(1), 1, { 'content-type': 'application/json' })), /^415 content-type application\/json: expected/)
  t.match(await text(await post(Buffer.alloc(1), 1, { 'content-type': 'application/x-protobuf;proto=a.B' })), /^415 proto a.B: expected/)
  t.match(await text(await post(Buffer.alloc(1), 1, { 'content-encoding': 'gzip' })), '415 content-encoding gzip: expected snappy')
  t.equal((await fetch(url)).status, 405)
  t.equal((await fetch(new URL('/', url), { method: 'POST' })).status, 404)
  const { code, lines, stderr } = await end()
  t.equal(code, 1, 'some were rejected')
  t.same(lines.map((line) => line.replace(/.*"ts":/, '')), ['"1000000","value":1}', '"2000000","value":1}'])
  t.match(stderr, '"in":6,"made":2,"out":2,"dropped":{"invalid_series":5,"invalid_sample":1},"pending":0')
  t.equal((await sh(`wc -l < ${dead}`)).stdout.trim(), '6')
})

t.test('--on-bad fail ends it, with the reason', async (t) => {
  const { post, end } = await receiving(t, '--on-bad', 'fail')
  const response = await post(one({ timeseries: [{ labels: [], samples: [{ timestamp: 1 }] }] }))
  t.equal(response.status, 503)
  const { code, stderr } = await end()
  t.equal(code, 1)
  t.match(stderr, 'no metric name in {}')
})

t.test('a reader that goes away ends it silently', async (t) => {
  const script = `
    { solder receive prometheus --listen 127.0.0.1:0 2>told; echo $? >code; } | true &
    until grep -q listening told 2>/dev/null; do sleep 0.05; done
    url=$(sed -n 's/.*listening on //p' told)
    printf '%s\\n' '{"type":"metric","name":"a","ts":"1000000","value":1}' | solder write prometheus $url --drain-timeout 1s 2>/dev/null
    wait; cat code told`
  const { stdout } = await sh(script, { cwd: t.testdir() })
  t.match(stdout, /^141\nsolder receive prometheus: listening on \S+\n$/)
})

const name = fc.stringMatching(/^[a-z_]{1,8}$/)
const sample = fc.record({
  name,
  labels: fc.dictionary(name, fc.string({ unit: 'grapheme', minLength: 1, maxLength: 8 }), { maxKeys: 4 }),
  kind: fc.constantFrom(undefined, 'counter', 'gauge'),
  ts: fc.integer({ min: 1, max: 2e12 }).map((ms) => `${ms}000000`),
  point: fc.oneof(
    fc.double().map((value) => ({ value: Number.isFinite(value) ? value : Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf' })),
    fc.constantFrom({ stale: true }, { start: '5000000', value: 1 }),
    fc.constant({ histogram: { count: '7', positive_deltas: [2, 1, -1], positive_spans: [{ length: 2, offset: 0 }, { length: 1, offset: 3 }], schema: 3, sum: 18.4, zero_count: '0', zero_threshold: 1e-128 } }),
    fc.constant({ histogram: { count: 5.5, custom_values: [0.1, 1], positive_counts: [3, 2, 0.5], positive_spans: [{ length: 3, offset: 0 }], schema: -53, sum: 4.25, zero_count: 0 } }),
  ),
})

t.test('records in are records out: write prometheus --protocol 2 | receive prometheus', async (t) => {
  const { url, end } = await receiving(t)
  const records = fc.sample(fc.array(sample, { minLength: 300, maxLength: 300 }), { numRuns: 1, seed: 7 })[0]
  const written = records.map(({ point, ...rest }) => JSON.stringify({ type: 'metric', ...rest, ...point })).join('\n')
  const canonical = (await sh('solder relabel', { stdin: written })).stdout.split('\n').slice(0, -1)
  t.equal(canonical.length, records.length)
  const ran = await sh(`solder write prometheus ${url} --protocol 2 --concurrency 1 --batch-samples 70`, { stdin: written })
  t.equal(ran.code, 0, ran.stderr)
  const { code, lines, stderr } = await end()
  t.equal(code, 0, stderr)
  // The kind of a series makes a metadata record as well.
  t.same(lines.filter((line) => line.startsWith('{"type":"metric"')), canonical)
})

t.test('auto: a receiver that does not know 2.0 gets 1.0 from then on, and nothing is lost', async (t) => {
  const stdin = [1, 2, 3].map((i) => `{"type":"metric","name":"a","ts":"${i}000000","value":1}\n`).join('')
  const tryOne = async (answer: number) => {
    const versions: string[] = []
    const server = createServer((request, response) => {
      const version = String(request.headers['x-prometheus-remote-write-version'])
      versions.push(version)
      request.resume().on('end', () => response.writeHead(version === '0.1.0' ? 204 : answer).end())
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const write = `solder write prometheus http://127.0.0.1:${port}/ --batch-samples 1 --concurrency 1 --ledger --protocol`
    const auto = await sh(`${write} auto`, { stdin })
    t.match(auto.stderr, `does not know remote write 2.0 (${answer}), going on with 1.0`)
    t.match(auto.stderr, '"in":3,"made":0,"out":3,"dropped":{},"pending":0')
    t.same(versions, ['2.0.0', '0.1.0', '0.1.0', '0.1.0'])
    const only = await sh(`${write} 2`, { stdin })
    t.match(only.stderr, '"in":3,"made":0,"out":0,"dropped":{"refused":3},"pending":0', `${answer}: told and counted`)
    t.equal(only.code, 1)
    server.close()
  }
  await Promise.all([415, 400, 204].map(tryOne))
})

t.test('counts that differ from what was sent are told and counted', async (t) => {
  const server = createServer((request, response) => {
    const headers = { 'x-prometheus-remote-write-samples-written': '1', 'x-prometheus-remote-write-exemplars-written': '0' }
    const status = request.url === '/some' ? 200 : 400
    request.resume().on('end', () => response.writeHead(status, headers).end('two are old'))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  const { port } = server.address() as AddressInfo
  const stdin = [1, 2, 3].map((i) => `{"type":"metric","name":"a","ts":"${i}000000","value":1}\n`).join('')
  const dead = t.testdir() + '/dead.ndjson'
  const words = `--protocol 2 --ledger --dead-letter ${dead}`
  const write = (path: string) => sh(`solder write prometheus http://127.0.0.1:${port}${path} ${words}`, { stdin })
  const [some, refused] = await Promise.all([write('/some'), write('/refused')])
  t.match(some.stderr, ': 200: 1 of 3 samples written')
  t.match(some.stderr, '"out":1,"dropped":{"not_written":2},"pending":0')
  t.match(refused.stderr, ': 400 bad request: two are old: 1 of 3 samples written')
  t.match(refused.stderr, '"out":1,"dropped":{"partly_refused":2},"pending":0')
  t.same([some.code, refused.code], [0, 1])
  const letters = readFileSync(dead, 'utf8').trim().split('\n').map((text) => JSON.parse(text) as { [key: string]: unknown })
  t.same(letters.map(({ reason }) => reason), Array(3).fill('partly_refused'), 'all of it: nobody said which two')
})
