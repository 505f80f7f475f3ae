// StatsD, added up: what intervals bring, what ends, what is bounded. Time passes as the test wants.

import t from 'tap'
import { StageAccount } from '../../../lib/io/account.js'
import { repeat } from '../../../lib/receive/repeat.js'
import { StatsdReader, type StatsdOptions } from '../../../lib/receive/statsd.js'
import type { Batch } from '../../../lib/record/batch.js'
import { TestClock } from '../../support/clock.js'
import fc from '../../support/property.js'

function reader(options: Partial<StatsdOptions> = {}) {
  const account = new StageAccount()
  const clock = new TestClock()
  let samples: string[] = []
  const logs: unknown[] = []
  const emit = (batch: Batch) => {
    for (let row = 0; row < batch.length; row++) {
      const { type, name, labels, kind } = batch.id(row)!
      const { ts, value, stale } = batch.payload(row)
      const pairs = labels.map((text, i) => (i % 2 === 0 ? `${text}=` : `${text},`)).join('')
      if (type === 'log') logs.push({ labels: pairs.slice(0, -1), ...batch.payload(row) })
      else samples.push(`${name}{${pairs.slice(0, -1)}} ${stale === true ? 'stale' : value} ${kind} ${ts}`)
    }
  }
  const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }
  const all: StatsdOptions = {
    buckets: [0.1, 1], container_label: undefined, ttl: 0, max_series: 100, max_set_values: 100, label: new Map(), names: 'underscores', events: false,
    ...options,
  }
  const statsd = new StatsdReader(all, { account, clock, emit, log })
  const take = (...lines: string[]) => {
    statsd.begin()
    const complaints = lines.map((line) => statsd.line(line)).filter((complaint) => complaint !== null)
    void statsd.pass()
    return complaints
  }
  const interval = async () => {
    await statsd.interval()
    const taken = samples
    samples = []
    return taken
  }
  return { take, interval, account, clock, logs }
}

t.test('what an interval brings', async (t) => {
  const { take, interval, clock } = reader({ label: new Map([['site', 'x']]), container_label: 'container' })
  t.same(take('c:1|c', 'c:2.5|c|@0.5', 'g:7|g', 'g:+3|g', 'g:-1|g', 't:50:500:2000|ms', 'd:1|d|@0.1|#site:y,a:b|c:ci-1', 's:a|s', 's:b|s', 's:a|s'), [])
  clock.time = 1000
  t.same(await interval(), [
    'c{site=x} 6 counter 1000000000',
    'g{site=x} 9 gauge 1000000000',
    't_bucket{le=0.1,site=x} 1 histogram 1000000000',
    't_bucket{le=1.0,site=x} 2 histogram 1000000000',
    't_bucket{le=+Inf,site=x} 3 histogram 1000000000',
    't_count{site=x} 3 histogram 1000000000',
    't_sum{site=x} 2.55 histogram 1000000000',
    'd_bucket{a=b,container=ci-1,le=0.1,site=x} 0 histogram 1000000000',
    'd_bucket{a=b,container=ci-1,le=1.0,site=x} 10 histogram 1000000000',
    'd_bucket{a=b,container=ci-1,le=+Inf,site=x} 10 histogram 1000000000',
    'd_count{a=b,container=ci-1,site=x} 10 histogram 1000000000',
    'd_sum{a=b,container=ci-1,site=x} 10 histogram 1000000000',
    's{site=x} 2 gauge 1000000000',
  ])
  take('c:1|c', 's:c|s', 'new:1|c')
  const next = await interval()
  t.same(next.filter((sample) => /^(c|g|s|new)\{/.test(sample)).map((sample) => sample.split(' ')[1]), ['7', '9', '1', '1'], 'counters go on, gauges stay, sets begin anew')
})

t.test('a gauge with a time of its own passes at once, and leaves nothing', async (t) => {
  const { take, interval } = reader()
  t.same(take('g:5|g|T1700000000', 'c:5|c|T1700000000'), [])
  t.same(await interval(), ['g{} 5 gauge 1700000000000000000', 'c{} 5 counter 0'])
  t.same(await interval(), ['c{} 5 counter 0'])
})

t.test('lines that say the same in other words are of one series', async (t) => {
  const { take, interval } = reader()
  take('a.b:1|c|#x:1,y:2', 'a_b:1|c|#y:2,x:1', 'a-b:1|c|#x:1,y:2,z:')
  t.same(await interval(), ['a_b{x=1,y=2} 3 counter 0'])
})

t.test('what cannot be taken is told or counted, and changes nothing', async (t) => {
  const { take, interval, account } = reader({ max_series: 2, max_set_values: 1 })
  t.same(take('a:1|c', 'a:-1|c', 'a:1:x|c', 'a:|c', 'bad'), [
    "column 3: '-1': a counter only grows", "column 3: '1:x': expected numbers", "column 3: '': expected numbers", 'column 4: expected a colon behind the name',
  ])
  t.same(take('a:1|g', 's:x|s', 's:y|s', 'third:1|c', '_e{1,1}:a|b', '_sc|a|0'), [])
  t.same(Object.fromEntries(account.dropped), { type_conflict: 1, set_full: 1, series_full: 1, event: 1, service_check: 1 })
  t.equal(account.pending, 0)
  t.same(await interval(), ['a{} 1 counter 0', 's{} 1 gauge 0'])
})

t.test('events and service checks become log records where that is wanted', async (t) => {
  const { take, interval, logs, account, clock } = reader({ events: true, label: new Map([['site', 'x']]) })
  clock.time = 1000
  t.same(take('_e{1,4}:a|text|d:7|t:error', 'c:1|c', '_sc|up|0|#env:y', '_sc|up|x'), ['column 8: expected a status: 0, 1, 2 or 3'])
  t.same(logs, [
    {
      labels: 'site=x,source=dogstatsd,type=event', ts: '7000000000', observed: '1000000000', body: 'text', severity: 'error', severity_number: 17,
      attributes: { title: 'a', alert_type: 'error' },
    },
    {
      labels: 'site=x,source=dogstatsd,type=service_check', ts: '1000000001', body: 'up', severity: 'informational', severity_number: 9,
      attributes: { env: 'y', name: 'up', status: 'ok' },
    },
  ])
  t.same(await interval(), ['c{site=x} 1 counter 1000000000'])
  t.same(Object.fromEntries(account.dropped), {})
})

t.test('a series that nobody sends to ends, and its name is free', async (t) => {
  const { take, interval, clock } = reader({ ttl: 1000 })
  take('a:1|c', 'b:1|c')
  clock.time = 600
  take('b:1|c')
  await interval()
  clock.time = 1001
  t.same(await interval(), ['a{} stale counter 1001000000', 'b{} 2 counter 1001000000'])
  t.same(take('a:4|g'), [])
  t.same(await interval(), ['b{} 2 counter 1001000000', 'a{} 4 gauge 1001000000'])
})

t.test('intervals come in time, one after another, and once more at the end', async (t) => {
  const clock = new TestClock()
  const began: number[] = []
  const work = async () => {
    began.push(clock.time)
    await clock.sleep(began.length === 2 ? 25 : 1)
  }
  await clock.run(repeat(work, 10, clock.sleep(65), clock))
  t.same(began, [10, 20, 50, 60, 65], 'one that takes too long costs those that would have begun meanwhile')
  await t.rejects(clock.run(repeat(work, 10, clock.sleep(1).then(() => { throw new Error('beside') }), clock)), /beside/)
})

t.test('sums are those of what was sent', async () => {
  const sent = fc.array(fc.tuple(fc.constantFrom('a', 'b'), fc.constantFrom('', '|#x:1', '|#x:2'), fc.nat(1000), fc.constantFrom(1, 0.5, 0.25)))
  await fc.assert(fc.asyncProperty(sent, fc.nat(5), async (lines, every) => {
    const { take, interval, account } = reader()
    const sums = new Map<string, number>()
    let last: string[] = []
    for (const [i, [name, tags, value, rate]] of lines.entries()) {
      take(`${name}:${value}|c|@${rate}${tags}`)
      const key = `${name}{${tags.slice(2).replace(':', '=')}}`
      sums.set(key, (sums.get(key) ?? 0) + value / rate)
      if (i % (every + 1) === 0) last = await interval()
    }
    last = await interval()
    const wanted = [...sums].map(([key, sum]) => `${key} ${sum} counter 0`)
    return account.dropped.size === 0 && JSON.stringify(last) === JSON.stringify(wanted)
  }))
})
