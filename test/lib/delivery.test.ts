// Delivery: backoff, what an answer means, order, the bounded buffer, draining; and the command against a real socket.

import { readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import { Backoff, retryAfter } from '../../lib/delivery/backoff.js'
import { Batches } from '../../lib/delivery/batches.js'
import { Delivery } from '../../lib/delivery/delivery.js'
import { KnownMetadata, MetadataSender } from '../../lib/delivery/metadata.js'
import type { DeliveryOptions, Outgoing } from '../../lib/delivery/outbox.js'
import { type Outcome, outcomeOf, shownUrl } from '../../lib/delivery/outcome.js'
import { Identity } from '../../lib/record/identity.js'
import { TestClock } from '../support/clock.js'
import { Receiver, samplesOf } from '../support/remote_write.js'
import { sh } from '../support/solder.js'
import { temporary } from '../support/temporary.js'

interface World {
  clock: TestClock
  delivery: Delivery
  stop: AbortController
  log: string[]
  stored: string[]
  refused: string[]
  dropped: string[]
  attempts: string[]
}

function world(
  answer: (body: string, attempt: number) => Outcome | Promise<Outcome>,
  change: Partial<DeliveryOptions> = {},
): World {
  const clock = new TestClock()
  const stop = new AbortController()
  const log: string[] = []
  const [stored, refused, dropped, attempts] = [[], [], [], []] as string[][]
  const write = (message: string) => void log.push(message)
  const options: DeliveryOptions = {
    destination: 'http://h:1',
    lanes: 2,
    bufferBytes: 10,
    whenFull: 'block',
    minBackoff: 30,
    maxBackoff: 5000,
    maxRetryAfter: 60_000,
    drainTimeout: 60_000,
    send: async (body) => {
      attempts.push(body.toString())
      return answer(body.toString(), attempts.filter((other) => other === body.toString()).length)
    },
    stored: ({ body }) => void stored.push(body.toString()),
    refused: ({ body }, words) => void refused.push(`${body}: ${words}`),
    dropped: ({ body }) => void dropped.push(body.toString()),
    ...change,
  }
  const context = { clock, signal: stop.signal, log: { debug: write, info: write, warn: write, error: write } }
  return { clock, delivery: new Delivery(options, context), stop, log, stored, refused, dropped, attempts }
}

const request = (body: string, records = 1): Outgoing => ({ body: Buffer.from(body), records })
const RETRY: Outcome = { kind: 'retry', words: '503 service unavailable', after: 0 }

t.test('backoff doubles between its bounds, with jitter', async (t) => {
  const steps = (random: number) => {
    const backoff = new Backoff(30, 5000, () => random)
    return Array.from({ length: 10 }, () => backoff.next())
  }
  t.same(steps(1), [30, 60, 120, 240, 480, 960, 1920, 3840, 5000, 5000])
  t.same(steps(0), [30, 30, 60, 120, 240, 480, 960, 1920, 2500, 2500])
  const backoff = new Backoff(30, 5000, () => 1)
  backoff.waited(1000)
  t.equal(backoff.next(), 2000)
})

t.test('Retry-After', async (t) => {
  const now = Date.parse('Sun, 22 Nov 2026 10:00:00 GMT')
  t.equal(retryAfter('120', now), 120_000)
  t.equal(retryAfter('0', now), 0)
  t.equal(retryAfter('Sun, 22 Nov 2026 10:00:07 GMT', now), 7000)
  t.equal(retryAfter('Sun, 22 Nov 2026 09:00:00 GMT', now), 0)
  for (const text of ['', 'soon', '-1', '1.5', '2026-11-22', 'Mon, 02 Jan 2006 15:04:05 MST'])
    t.equal(retryAfter(text, now), 5000, text)
})

t.test('what an answer means', async (t) => {
  const of = (status: number, body = '', retry429 = true) =>
    outcomeOf(status, Buffer.from(body), undefined, retry429, 0)
  for (const status of [200, 202, 204]) t.equal(of(status).kind, 'stored')
  for (const status of [500, 502, 503, 504, 599, 429]) t.equal(of(status).kind, 'retry', String(status))
  for (const status of [300, 304, 400, 401, 404, 409, 413, 422]) t.equal(of(status).kind, 'refused', String(status))
  t.equal(of(429, '', false).kind, 'refused')
  t.match(of(429), { words: '429 too many requests' })
  t.match(of(400, 'out of order sample\nmore'), { words: '400 bad request: out of order sample' })
  t.match(of(404, 'Not Found'), { words: '404 not found' })
  t.match(of(400, `\u001b[31mred\u0000 ${'x'.repeat(5000)}`), { words: /^400 bad request: \[31mred +x{290,}…$/ })
  t.equal(shownUrl('http://user:secret@h:9/path?token=secret'), 'http://h:9')
})

t.test('a lane keeps its order through retries, lanes do not wait for each other', async (t) => {
  const { clock, delivery, stored } = world((body, attempt) =>
    body === 'a1' && attempt < 4 ? RETRY : { kind: 'stored' },
  )
  for (const body of ['a1', 'a2', 'a3']) delivery.push(0, request(body))
  for (const body of ['b1', 'b2']) delivery.push(1, request(body))
  await clock.run(delivery.drain())
  t.same(stored, ['b1', 'b2', 'a1', 'a2', 'a3'])
})

t.test('a refused request is told and the next goes on', async (t) => {
  const { clock, delivery, stored, refused } = world((body) =>
    body === 'bad' ? { kind: 'refused', words: '400 no' } : { kind: 'stored' },
  )
  delivery.push(0, request('bad'))
  delivery.push(0, request('good'))
  await clock.run(delivery.drain())
  t.same([refused, stored], [['bad: 400 no'], ['good']])
})

t.test('a full buffer makes the writer wait, and drops nothing', async (t) => {
  let open = false
  const { clock, delivery, stored, attempts } = world(() => (open ? { kind: 'stored' } : RETRY))
  t.equal(delivery.room(), undefined)
  delivery.push(0, request('0123456789'))
  t.equal(delivery.room(), undefined, 'exactly full is not too full')
  delivery.push(0, request('x'))
  const room = delivery.room()
  t.type(room, Promise)
  clock.time = 0
  const opened = clock.run(room as Promise<void>)
  while (attempts.length < 5) await new Promise(setImmediate)
  open = true
  await opened
  await clock.run(delivery.drain())
  t.same(stored, ['0123456789', 'x'])
  t.equal(delivery.held, 0)
})

t.test('waits: Retry-After where given, else the backoff; told once in a while, with what is held', async (t) => {
  const outcomes: Outcome[] = [
    { kind: 'retry', words: '429 too many requests', after: 4000 },
    { kind: 'retry', words: '429 too many requests', after: 999_999_999 },
    RETRY,
    RETRY,
    { kind: 'stored' },
  ]
  const { clock, delivery, log } = world(() => outcomes.shift()!)
  delivery.push(0, request('a', 300))
  delivery.push(1, request('b', 0))
  await clock.run(delivery.drain())
  t.same(log[0], 'http://h:1: 429 too many requests, retrying in 4s (300 records held)')
  t.ok(clock.slept.includes(60_000), 'no longer than max_retry_after')
  t.match(log.at(-1), /^http:\/\/h:1: answers again after /)
  t.ok(log.length <= 4)
})

t.test('what is not delivered in time is dropped, counted and told; the exit code asks for another try', async (t) => {
  const { clock, delivery, dropped, stored } = world((body) => (body === 'a' ? RETRY : { kind: 'stored' }), {
    drainTimeout: 1000,
  })
  delivery.push(0, request('a', 5))
  delivery.push(0, request('behind', 7))
  delivery.push(1, request('other', 1))
  await t.rejects(clock.run(delivery.drain()), {
    message: 'http://h:1: 12 records dropped: not delivered within 1s (--drain-timeout)',
    exit: 75,
  })
  t.same([dropped, stored], [['a', 'behind'], ['other']])
  delivery.push(0, request('late'))
  t.same(dropped, ['a', 'behind', 'late'])
})

t.test('the request to stop bounds a writer that waits for room', async (t) => {
  const { clock, delivery, stop, dropped } = world(() => RETRY, { drainTimeout: 1000 })
  delivery.push(0, request('0123456789ab', 2))
  const room = delivery.room() as Promise<void>
  stop.abort()
  await clock.run(room)
  t.same(dropped, ['0123456789ab'])
  await t.rejects(delivery.drain(), { message: /^http:\/\/h:1: 2 records dropped/, exit: 75 })
})

t.test('an attempt that hangs is given up', async (t) => {
  const { clock, delivery } = world(() => RETRY, {
    drainTimeout: 1000,
    send: (_, signal) => new Promise((resolve) => signal.addEventListener('abort', () => resolve(RETRY))),
  })
  delivery.push(0, request('a'))
  await t.rejects(clock.run(delivery.drain()), { message: /1 record dropped/, exit: 75 })
})

t.test('an error in the handlers ends the delivery', async (t) => {
  const { clock, delivery } = world(() => ({ kind: 'refused', words: 'no' }), {
    refused: () => {
      throw new Error('--on-bad fail')
    },
  })
  delivery.push(0, request('a'))
  await t.rejects(clock.run(delivery.drain()), /on-bad/)
  t.throws(() => delivery.room(), /on-bad/)
})

t.test('batches close when full, when old, and at the end', async (t) => {
  const { clock, delivery, attempts } = world(() => ({ kind: 'stored' }))
  const open = () => ({ records: 0, bytes: 0, text: '' })
  type Growing = ReturnType<typeof open>
  const close = (growing: Growing) => {
    const { text, records } = growing
    Object.assign(growing, open())
    return request(text, records)
  }
  const batches = new Batches(2, open, close, { records: 3, bytes: 100, wait: 500 }, delivery, clock)
  const add = (lane: number, text: string) => {
    const growing = batches.at(lane)
    growing.text += text
    growing.records++
    growing.bytes += text.length
    batches.added(lane)
  }
  for (const text of ['a', 'b', 'c', 'd']) add(0, text)
  add(1, 'x'.repeat(100))
  await new Promise(setImmediate)
  t.same(attempts, ['abc', 'x'.repeat(100)])
  await clock.run(clock.sleep(499))
  t.equal(attempts.length, 2)
  await clock.run(clock.sleep(2))
  t.same(attempts.slice(2), ['d'])
  add(1, 'end')
  batches.flush()
  batches.flush()
  await new Promise(setImmediate)
  t.same(attempts.slice(3), ['end'])
})

t.test('metadata: new, known, replaced, repeated, bounded', async (t) => {
  const known = new KnownMetadata(2)
  const of = (name: string, help: string) => Identity.of('metadata', name, [], { kind: 'gauge', help })
  t.same([known.add(of('a', '1')), known.add(of('a', '1')), known.add(of('a', '2'))], ['fresh', 'known', 'replaced'])
  t.equal(known.takeFresh().length, 1)
  t.same(known.takeFresh(), [])
  t.equal(known.repeat().length, 1)
  known.add(of('b', '1'))
  t.equal(known.repeat().length, 1, 'what is fresh is not repeated')
  known.add(of('c', '1'))
  t.same(known.repeat(), [], 'the oldest was forgotten')
  t.equal(known.takeFresh().length, 2)
})

t.test('metadata is sent soon, at once when there is much, and again while the receiver keeps up', async (t) => {
  const clock = new TestClock()
  const sent: [number, number, number][] = []
  let idle = true
  const send = (messages: readonly Buffer[], records: number) => void sent.push([clock.time, messages.length, records])
  const sender = new MetadataSender({ max: 1000, wait: 500, interval: 60_000, clock, send, idle: () => idle })
  const of = (name: string) => Identity.of('metadata', name, [], { kind: 'gauge' })
  t.same([sender.add(of('a')), sender.add(of('a')), sender.add(of('b'))], [true, false, true])
  await clock.run(clock.sleep(60_001))
  t.same(sent.splice(0), [
    [500, 2, 2],
    [60_000, 2, 0],
  ])
  idle = false
  await clock.run(clock.sleep(60_000))
  t.same(sent.splice(0), [])
  idle = true
  for (let i = 0; i < 600; i++) sender.add(of(`m${i}`))
  t.same(sent.splice(0), [[120_001, 500, 500]])
  sender.end()
  t.same(sent.splice(0), [[120_001, 100, 100]])
})

const line = (name: string, ms: number, value: unknown = 1, more = '') =>
  `{"type":"metric","name":"${name}","ts":"${ms}000000","value":${JSON.stringify(value)}${more}}\n`
const NOW = 1763804400000
const ledgerOf = (stderr: string) =>
  JSON.parse(stderr.split('\n').find((text) => text.startsWith('{'))!) as { [key: string]: unknown }

t.test('the command sends what it reads, in order, with the headers of the protocol', async (t) => {
  const receiver = await Receiver.start(() => ({ status: 204 }))
  t.teardown(() => receiver.stop())
  let stdin = '{"type":"metadata","name":"m","kind":"counter","help":"h"}\n'.repeat(2)
  for (let i = 0; i < 50; i++) for (let series = 0; series < 20; series++) stdin += line(`m${series}`, NOW + i, i)
  stdin += line('stale', NOW, 0).replace('"value":0', '"stale":true')
  const ran = await sh(
    `solder write prometheus ${receiver.url} --batch-samples 30 --ledger` +
      ' --tenant team --external-label cluster=eu --header x-a=b',
    { stdin },
  )
  t.equal(ran.code, 0, ran.stderr)
  t.same(ledgerOf(ran.stderr), {
    stage: 'write prometheus',
    in: 1003,
    made: 0,
    out: 1002,
    dropped: { metadata_known: 1 },
    pending: 0,
    in_bytes: stdin.length,
    out_bytes: receiver.arrivals.reduce((sum, { headers }) => sum + Number(headers['content-length']), 0),
  })
  t.match(receiver.arrivals[0].headers, {
    'content-type': 'application/x-protobuf',
    'content-encoding': 'snappy',
    'x-prometheus-remote-write-version': '0.1.0',
    'x-scope-orgid': 'team',
    'x-a': 'b',
    'user-agent': /^solder\/\d/,
  })
  const samples = samplesOf(receiver.stored)
  t.equal(samples.length, 1001)
  for (let series = 0; series < 20; series++) {
    const own = samples.filter(({ labels }) => labels.__name__ === `m${series}`)
    t.same(
      own.map(({ ms }) => ms - NOW),
      Array.from({ length: 50 }, (_, i) => i),
    )
  }
  t.same(
    samples.filter(({ stale }) => stale).map(({ labels }) => labels.__name__),
    ['stale'],
  )
  t.ok(samples.every(({ labels }) => labels.cluster === 'eu'))
  t.equal(receiver.stored.flatMap(({ metadata }) => metadata).length, 1)
  t.ok(receiver.arrivals.every(({ message }) => message.timeseries.length <= 30))
})

t.test('a receiver that fails for a while loses nothing', async (t) => {
  const receiver = await Receiver.start((index) => ({ status: index < 6 ? [500, 503, 429][index % 3] : 200 }))
  t.teardown(() => receiver.stop())
  let stdin = ''
  for (let i = 0; i < 200; i++) stdin += line('m', NOW + i, i)
  const ran = await sh(
    `solder write prometheus ${receiver.url} --batch-samples 50 --min-backoff 1ms --max-backoff 5ms --buffer-bytes 10`,
    { stdin },
  )
  t.equal(ran.code, 0, ran.stderr)
  t.same(
    samplesOf(receiver.stored).map(({ value }) => value),
    Array.from({ length: 200 }, (_, i) => i),
  )
})

t.test('what is refused is rejected with the words of the receiver, and can be fed back', async (t) => {
  const folder = temporary(t)
  const receiver = await Receiver.start(() => ({ status: 400, body: 'out of order sample\n' }))
  t.teardown(() => receiver.stop())
  const letter = `${folder}/dead.ndjson`
  const ran = await sh(`solder write prometheus ${receiver.url} --dead-letter ${letter} --ledger`, {
    stdin: line('m', NOW, 'NaN') + line('m', NOW + 1, 2),
  })
  t.equal(ran.code, 1)
  t.equal(receiver.arrivals.length, 1, 'sent once')
  t.match(ran.stderr, /solder write prometheus: m: http:\/\/127\.0\.0\.1:\d+: 400 bad request: out of order sample/)
  t.match(ledgerOf(ran.stderr), { in: 2, out: 0, dropped: { refused: 2 }, pending: 0 })
  const originals = readFileSync(letter, 'utf8')
    .trim()
    .split('\n')
    .map((text) => JSON.parse(text).original)
  t.same(originals, [
    { type: 'metric', name: 'm', ts: `${NOW}000000`, value: 'NaN' },
    { type: 'metric', name: 'm', ts: `${NOW + 1}000000`, value: 2 },
  ])
})

t.test('odd records are rejected one by one, the rest is sent', async (t) => {
  const folder = temporary(t)
  writeFileSync(
    `${folder}/rules.yaml`,
    '- {source_labels: [__name__, cluster], regex: secret;eu, action: drop}\n- {regex: tmp, action: labeldrop}\n',
  )
  const receiver = await Receiver.start(() => ({ status: 200 }))
  t.teardown(() => receiver.stop())
  const stdin = [
    '{"type":"metric","labels":{"a":"b"},"ts":"1","value":1}',
    '{"type":"metric","name":"a","labels":{"b":"\\ud800"},"ts":"1","value":1}',
    '{"type":"metric","name":"d","temporality":"delta","ts":"1","value":1}',
    '{"type":"metric","name":"h","ts":"1","histogram":{"schema":0,"count":"4","sum":1}}',
    '{"type":"metric","name":"s","ts":"1","summary":{"count":"1"}}',
    '{"type":"metric","name":"e","ts":"1","value":1,"exemplars":[{"labels":{"a":1},"value":2}]}',
    '{"type":"log","ts":"1","body":"x"}',
    '{"type":"metadata","kind":"counter"}',
    '{"type":"metric","name":"secret","ts":"1","value":1}',
    '{"type":"metric","name":"good","labels":{"tmp":"x"},"ts":"1000000","value":"-Inf","exemplars":[{"value":2}]}',
    'no record',
  ].join('\n')
  const ran = await sh(
    `solder write prometheus ${receiver.url} --external-label cluster=eu --write-relabel ${folder}/rules.yaml --ledger`,
    { stdin },
  )
  t.equal(ran.code, 1)
  t.match(ledgerOf(ran.stderr), {
    in: 11,
    // A summary of OpenTelemetry is two samples and the metadata of its family.
    out: 4,
    pending: 0,
    dropped: {
      invalid_series: 2,
      invalid_sample: 2,
      untranslatable: 1,
      unsupported_type: 1,
      invalid_metadata: 1,
      write_relabel: 1,
      not_json: 1,
    },
  })
  t.same(samplesOf(receiver.stored).sort((a, b) => b.ms - a.ms || b.value - a.value), [
    { labels: { __name__: 'good', cluster: 'eu' }, value: -Infinity, stale: false, ms: 1 },
    { labels: { __name__: 's_count', cluster: 'eu' }, value: 1, stale: false, ms: 0 },
    { labels: { __name__: 's_sum', cluster: 'eu' }, value: 0, stale: false, ms: 0 },
  ])
  const good = receiver.stored.flatMap(({ timeseries }) => timeseries).find(({ exemplars }) => exemplars.length > 0)
  t.match(good?.exemplars, [{ value: 2, timestamp: '1' }])
})

t.test('what is switched off is not sent', async (t) => {
  const receiver = await Receiver.start(() => ({ status: 200 }))
  t.teardown(() => receiver.stop())
  const stdin = [
    '{"type":"metadata","name":"a","kind":"counter"}',
    '{"type":"metric","name":"h","ts":"1","histogram":{"schema":0,"count":"0","sum":0}}',
    '{"type":"metric","name":"a.b","ts":"1","value":1}',
    '{"type":"metric","name":"a","ts":"1","value":1,"exemplars":[{"value":2}]}',
  ].join('\n')
  const flags = '--no-metadata --no-send-exemplars --no-send-native-histograms --name-validation-scheme legacy --ledger'
  const ran = await sh(`solder write prometheus ${receiver.url} ${flags}`, { stdin })
  t.match(ledgerOf(ran.stderr), { in: 4, out: 1, dropped: { metadata: 1, native_histogram: 1, invalid_series: 1 } })
  t.equal(receiver.stored.length, 1)
  t.same(receiver.stored[0].timeseries[0].exemplars, [])
})

t.test('redirects: followed where the body goes along, else refused', async (t) => {
  const receiver = await Receiver.start(() => ({ status: 200 }))
  t.teardown(() => receiver.stop())
  for (const [status, code] of [
    [307, 0],
    [308, 0],
    [301, 1],
    [302, 1],
  ] as const) {
    const before = await Receiver.start(() => ({ status, headers: { location: receiver.url } }))
    t.teardown(() => before.stop())
    const arrived = receiver.arrivals.length
    const ran = await sh(`solder write prometheus ${before.url}`, { stdin: line('m', NOW) })
    t.equal(ran.code, code, String(status))
    t.equal(receiver.arrivals.length - arrived, 1 - code)
    if (code === 1) t.match(ran.stderr, new RegExp(`: ${status} (moved permanently|found)`))
  }
})

t.test('the status counts, whatever comes behind it', async (t) => {
  const statuses = [200, 400]
  let attempts = 0
  const server = createServer((request, response) => {
    attempts++
    request.resume().on('end', () => {
      response.writeHead(statuses.shift()!)
      const more = () => response.write('x'.repeat(10_000), more)
      more()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  t.equal((await sh(`solder write prometheus ${url}`, { stdin: line('m', NOW) })).code, 0)
  const refused = await sh(`solder write prometheus ${url}`, { stdin: line('m', NOW) })
  t.equal(refused.code, 1)
  t.match(refused.stderr, /m: http:\/\/127\.0\.0\.1:\d+: 400 bad request\n/)
  t.equal(attempts, 2)
})

t.test('nobody there: exit code 75 after the drain, and everything counted', async (t) => {
  const receiver = await Receiver.start(() => ({ status: 200 }))
  await receiver.stop()
  const ran = await sh(`solder write prometheus ${receiver.url} --drain-timeout 1s --ledger`, {
    stdin: line('m', NOW),
  })
  t.equal(ran.code, 75)
  t.match(ran.stderr, /ECONNREFUSED.*retrying in \d+ms \(1 record held\)/)
  t.match(ran.stderr, /1 record dropped: not delivered within 1s \(--drain-timeout\)/)
  t.match(ledgerOf(ran.stderr), { in: 1, out: 0, dropped: { shutdown: 1 }, pending: 0 })
})
