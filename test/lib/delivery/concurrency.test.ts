// How many requests are under way at once: with simulated destinations on a clock of their own, and over real sockets.

import { uncompressSync } from 'snappy'
import t, { type Test } from 'tap'
import { Concurrency } from '../../../lib/delivery/concurrency.js'
import { Delivery } from '../../../lib/delivery/delivery.js'
import type { DeliveryOptions } from '../../../lib/delivery/outbox.js'
import type { Outcome } from '../../../lib/delivery/outcome.js'
import { serving } from '../../support/client.js'
import { TestClock } from '../../support/clock.js'
import { decodeMessage, type Received, samplesOf } from '../../support/remote_write.js'
import { sh } from '../../support/solder.js'
import fc from '../../support/property.js'

const RETRY: Outcome = { kind: 'retry', words: '429 too many requests', after: 0 }
const LANES = 40

/** A destination that answers `at once` requests in `ms` each, and is told about by what it saw. */
interface Backend {
  /** Requests at once beyond which it refuses. */
  takes: number
  /** Milliseconds of an answer, with that many under way. */
  takesTime(atOnce: number): number
}

interface Seen {
  stored: string[]
  /** At every arrival: how many were under way then, and whether it was refused. */
  arrivals: { atOnce: number; refused: boolean }[]
  limits: number[]
}

/** Sends `count` requests over all lanes to a simulated destination, which may change meanwhile. */
async function simulate(count: number, backend: (arrivals: number) => Backend, min = 1, max = LANES): Promise<Seen> {
  const clock = new TestClock()
  const seen: Seen = { stored: [], arrivals: [], limits: [] }
  let atOnce = 0
  const options: DeliveryOptions = {
    destination: 'http://h:1',
    lanes: LANES,
    concurrency: { min, max },
    bufferBytes: Infinity,
    whenFull: 'block',
    minBackoff: 30,
    maxBackoff: 5000,
    maxRetryAfter: 60_000,
    drainTimeout: 1e9,
    send: async () => {
      atOnce++
      const { takes, takesTime } = backend(seen.arrivals.length)
      const refused = atOnce > takes
      seen.arrivals.push({ atOnce, refused })
      await clock.sleep(refused ? 1 : takesTime(atOnce))
      atOnce--
      return refused ? RETRY : { kind: 'stored' }
    },
    stored: ({ body }) => void seen.stored.push(body.toString()),
    refused: () => void t.fail('nothing is refused for good'),
    dropped: () => void t.fail('nothing is dropped'),
  }
  const quiet = () => {}
  const debug = (message: string) => void seen.limits.push(Number(/once: (\d+)/.exec(message)![1]))
  const log = { debug, info: quiet, warn: quiet, error: quiet }
  const delivery = new Delivery(options, { clock, log, signal: new AbortController().signal })
  for (let i = 0; i < count; i++) delivery.push(i % LANES, { body: Buffer.from(String(i)), records: 1 })
  await clock.run(delivery.drain())
  return seen
}

function checkOrder(t: Test, { stored }: Seen, count: number): void {
  t.equal(stored.length, count, 'nothing is lost')
  for (let lane = 0; lane < LANES; lane++) {
    const own = stored.map(Number).filter((i) => i % LANES === lane)
    t.same(own, [...own].sort((a, b) => a - b), 'in order')
  }
}

const largest = (arrivals: Seen['arrivals']) => Math.max(...arrivals.map(({ atOnce }) => atOnce))

t.test('a destination that takes N at once gets about N, between the bounds', async (t) => {
  const bounds = fc.tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 6, max: LANES }))
  const answer = fc.integer({ min: 5, max: 80 })
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 30 }), answer, bounds, async (takes, ms, [min, max]) => {
      const count = 600
      const seen = await simulate(count, () => ({ takes, takesTime: () => ms }), min, max)
      checkOrder(t, seen, count)
      const late = seen.arrivals.slice(-seen.arrivals.length / 2)
      t.ok(largest(late) <= Math.max(min, Math.min(max, takes + 1)), 'never further than one beyond')
      t.ok(largest(late) >= Math.min(max, takes) * 0.7 - 1, 'near what it takes')
      const refused = late.filter(({ refused }) => refused).length / late.length
      t.ok(min > takes || refused < 0.35, `${refused} refused`)
    }),
    { numRuns: 15 },
  )
})

t.test('a destination that recovers gets more again', async (t) => {
  const seen = await simulate(3000, (arrivals) => ({ takes: arrivals < 600 ? 3 : 25, takesTime: () => 10 }))
  checkOrder(t, seen, 3000)
  t.ok(largest(seen.arrivals.slice(300, 600)) <= 4)
  t.ok(largest(seen.arrivals.slice(-1000)) >= 20)
})

t.test('one that is down is asked by the fewest, and then by many', async (t) => {
  const seen = await simulate(1000, (arrivals) => ({ takes: arrivals < 200 ? Infinity : arrivals < 400 ? 0 : Infinity, takesTime: () => 10 }))
  checkOrder(t, seen, 1000)
  t.equal(largest(seen.arrivals.slice(300, 400)), 1)
  t.ok(largest(seen.arrivals.slice(-200)) >= 15)
})

t.test('slow is not too much: many wait at once where answers take long however few there are', async (t) => {
  const seen = await simulate(1500, () => ({ takes: Infinity, takesTime: () => 2000 }))
  checkOrder(t, seen, 1500)
  t.equal(Math.max(...seen.limits), LANES)
  t.same(seen.limits, [...seen.limits].sort((a, b) => a - b), 'it only grows')
})

t.test('answers that take far longer with more at once make it fewer', async (t) => {
  const collapse = (atOnce: number) => (atOnce > 12 ? 3000 : 100)
  const seen = await simulate(1500, () => ({ takes: Infinity, takesTime: collapse }))
  checkOrder(t, seen, 1500)
  t.ok(largest(seen.arrivals) <= 14, `${largest(seen.arrivals)} at once`)
})

t.test('trouble counts once a round, and no more for what began before', async (t) => {
  const concurrency = new Concurrency({ min: 1, max: 100 }, () => 0)
  const begin = (count: number) => Promise.all(Array.from({ length: count }, () => concurrency.begin()))
  while (concurrency.limit < 20) {
    const [first, ...rest] = await begin(concurrency.limit)
    const waits = concurrency.begin()
    concurrency.end(first, true)
    for (const attempt of rest) concurrency.end(attempt, true)
    concurrency.end(await waits, true)
  }
  const many = await begin(20)
  for (const attempt of many) concurrency.end(attempt, false)
  t.equal(concurrency.limit, 14)
  const next = await begin(14)
  concurrency.end(next[0], true)
  concurrency.end(next[1], false)
  t.equal(concurrency.limit, 9)
  for (const attempt of next.slice(2)) concurrency.end(attempt, false)
  t.equal(concurrency.limit, 9)
})

t.test('without a backlog it does not grow', async (t) => {
  const concurrency = new Concurrency({ min: 2, max: 100 }, () => 0)
  for (let i = 0; i < 100; i++) {
    const both = [await concurrency.begin(), await concurrency.begin()]
    for (const attempt of both) concurrency.end(attempt, true)
  }
  t.equal(concurrency.limit, 2)
})

t.test('over sockets: 429 above four at once; nothing is lost, every series in order', async (t) => {
  let atOnce = 0
  const arrivals: { atOnce: number; refused: boolean }[] = []
  const stored: Received[] = []
  const url = await serving(t, async (request, response) => {
    const refused = ++atOnce > 4
    arrivals.push({ atOnce, refused })
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    setTimeout(() => {
      atOnce--
      if (!refused) stored.push(...samplesOf([decodeMessage(uncompressSync(Buffer.concat(chunks)) as Buffer)]))
      response.writeHead(refused ? 429 : 204).end()
    }, 10)
  })
  const steps = Array.from({ length: 15 }, (_, i) => i)
  const series = Array.from({ length: 100 }, (_, i) => `m${i}`)
  const line = (name: string, i: number) => `{"type":"metric","name":"${name}","ts":"${i + 1}000000","value":${i}}\n`
  const stdin = steps.flatMap((i) => series.map((name) => line(name, i))).join('')
  const words = '--concurrency 20 --batch-samples 5 --max-backoff 50ms --no-metadata'
  for (const state of ['', `--state ${t.testdir()}`]) {
    arrivals.length = stored.length = 0
    const ran = await sh(`solder write prometheus ${url} ${words} ${state}`, { stdin })
    t.equal(ran.code, 0, ran.stderr)
    for (const name of series) {
      t.same(stored.filter(({ labels }) => labels.__name__ === name).map(({ value }) => value), steps)
    }
    const late = arrivals.slice(-arrivals.length / 2)
    t.ok(largest(late) <= 5, `${largest(late)} at once`)
    t.ok(largest(late) >= 3)
  }
})

t.test('bounds that contradict each other are an error', async (t) => {
  const { code, stderr } = await sh('solder write prometheus http://h/ --concurrency 2 --min-concurrency 3', { stdin: '' })
  t.equal(code, 2)
  t.match(stderr, '--min-concurrency is more than --concurrency')
})
