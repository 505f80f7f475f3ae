// Metrics that are made here: histograms, series, their bounds and their turns.

import t from 'tap'
import { ExplicitHistogram } from '../../../lib/aggregate/explicit.js'
import { ExponentialHistogram } from '../../../lib/aggregate/exponential.js'
import { bucketBounds } from '../../../lib/aggregate/options.js'
import type { Instrument } from '../../../lib/aggregate/series.js'
import type { TableContext, TableSettings } from '../../../lib/aggregate/table.js'
import { MeasuringStage } from '../../../lib/aggregate/stage.js'
import type { Saved } from '../../../lib/component.js'
import type { Record } from '../../../lib/record/record.js'
import fc from '../../support/property.js'
import { lineOf, recordOf, StageAtWork } from '../../support/stage.js'

interface Exponential {
  count: string
  sum: number
  min: number
  max: number
  scale?: number
  zero_count?: string
  positive: { offset?: number; counts?: number[] }
}

t.test('an exponential histogram has every value in the bucket that it belongs to', async () => {
  const value = fc.oneof(fc.double({ min: 1e-9, max: 1e9, noNaN: true }), fc.constantFrom(0, 1, 2, 0.5, 1024, 3, 1e-300, 1e300))
  fc.assert(
    fc.property(fc.array(value, { minLength: 1, maxLength: 40 }), fc.integer({ min: 2, max: 160 }), (values, maxSize) => {
      const histogram = new ExponentialHistogram(maxSize)
      for (const one of values) histogram.observe(one)
      const { scale = 0, zero_count = '0', positive, count } = histogram.field().exponential_histogram as unknown as Exponential
      const { offset = 0, counts = [] } = positive
      if (counts.length > maxSize || Number(count) !== values.length) return false
      if (counts.reduce((sum, n) => sum + n, 0) + Number(zero_count) !== values.length) return false
      const base = (index: number) => 2 ** (index * 2 ** -scale)
      return counts.every((n, i) => {
        const low = base(offset + i)
        const high = base(offset + i + 1)
        // A value within the last digits of a bound may stand on either side of it.
        const within = values.filter((one) => one > low * (1 + 1e-9) && one <= high * (1 - 1e-9)).length
        const near = values.filter((one) => one > low * (1 - 1e-9) && one <= high * (1 + 1e-9)).length
        return within <= n && n <= near
      })
    }),
  )
})

t.test('an exponential histogram is as fine as its size allows', async (t) => {
  const one = new ExponentialHistogram(160)
  one.observe(4)
  t.match(one.field().exponential_histogram, { scale: 20, positive: { offset: 2 * 2 ** 20 - 1, counts: [1] } }, 'a bound is in the bucket below')
  const two = new ExponentialHistogram(2)
  for (const value of [1.5, 3]) two.observe(value)
  t.match(two.field().exponential_histogram, { scale: undefined, positive: { offset: undefined, counts: [1, 1] }, sum: 4.5, min: 1.5, max: 3 })
  two.observe(6)
  t.match(two.field().exponential_histogram, { scale: -1, positive: { counts: [2, 1] } })
})

t.test('an explicit histogram: bounds belong to the bucket below', async (t) => {
  const histogram = new ExplicitHistogram([1, 2, 5])
  for (const value of [0, 1, 1.5, 2, 5, 6]) histogram.observe(value)
  t.same(histogram.field(), { explicit_histogram: { count: '6', sum: 15.5, bounds: [1, 2, 5], counts: [2, 2, 1, 1] } })
})

t.test('bounds of buckets', async (t) => {
  t.same(bucketBounds(['2ms,1s', '1m']), [2, 1000, 60_000])
  t.equal(bucketBounds([]).length, 16)
  t.throws(() => bucketBounds(['2']), { message: /'2' is not valid/ })
  t.throws(() => bucketBounds(['2ms', '1ms']), { message: '--bucket: 2ms, 1ms' })
})

const CALLS: Instrument = { name: 'calls', kind: 'counter', unit: '', help: '' }
const TOOK: Instrument = { name: 'took', kind: 'histogram', unit: 's', help: '', histogram: () => new ExplicitHistogram([1]) }
const SETTINGS: TableSettings = {
  scope: 'test', temporality: 'cumulative', every: 1000, maxIdle: 5000, maxSeries: 100, perResource: 0, resourceAttributes: new Set(),
}

class Counting extends MeasuringStage {
  constructor(
    settings: Partial<TableSettings>, context: TableContext, private readonly instruments: readonly Instrument[], saved?: Saved,
  ) {
    super({ ...SETTINGS, ...settings }, context, saved)
    this.table.restore(instruments)
  }

  take({ identity, payload }: Record): void {
    for (const instrument of this.instruments) {
      const key = JSON.stringify(payload.body)
      const series = this.table.series(this.table.origin(identity), instrument, key, () => [['body', payload.body as string]])
      series.add(1)
      series.observe((payload.attributes as { took?: number } | undefined)?.took ?? 0.5)
    }
  }
}

/** Counts records by their body; every record is taken. */
function counting(settings: Partial<TableSettings>, instruments: readonly Instrument[] = [CALLS], saved?: Saved) {
  return new StageAtWork((context) => new Counting(settings, context, instruments, saved))
}
const log = (body: unknown, service = 'a') => ({ type: 'log', resource: { 'service.name': service, pod: 'x' }, ts: '1', body })

t.test('cumulative samples in turn, and a marker at the end of a series', async (t) => {
  const work = counting({})
  work.take(log('x'), log('x'), log(7))
  const first = work.until(1000)
  t.match(first, [
    { name: 'calls', labels: { body: 'x' }, resource: { 'service.name': 'a' }, scope: { name: 'test' }, kind: 'counter', monotonic: true, temporality: 'cumulative', ts: '1000000000', start: '0', value: 2, int: true },
    { labels: { body: '7' }, attributes: { body: 7 }, value: 1 },
  ])
  work.take(log('x'))
  t.match(work.until(2000), [{ value: 3, start: '0' }, { value: 1 }])
  for (let time = 3000; time < 5000; time += 1000) work.until(time)
  t.match(work.until(5000), [{ labels: { body: 'x' }, value: 3 }, { labels: { body: '7' }, stale: true, value: undefined }])
  work.until(20_000)
  work.take(log('x'))
  t.match(work.end(), [{ value: 1, start: '20000000000' }], 'begins anew')
  t.equal(work.account.made, 12)
})

t.test('a series that is idle before anything was told is told first', async (t) => {
  const work = counting({ maxIdle: 100 })
  work.take(log('x'))
  t.match(work.until(1000), [{ value: 1 }])
  t.match(work.until(2000), [{ stale: true }])
})

t.test('deltas begin where the last ones ended, and are told once', async (t) => {
  const work = counting({ temporality: 'delta' }, [CALLS, TOOK])
  work.take(log('x'), log('x'))
  t.match(work.until(1000), [
    { value: 2, start: '0', ts: '1000000000', temporality: 'delta' },
    { explicit_histogram: { count: '2', counts: [2] }, unit: 's' },
  ])
  t.same(work.until(3000), [], 'nothing new, nothing said')
  work.take(log('x'))
  t.match(work.end(), [{ value: 1, start: '1000000000', ts: '3000000000' }, { explicit_histogram: { count: '1' } }])
})

t.test('beyond a bound nothing is lost', async (t) => {
  const all = counting({ maxSeries: 2 })
  all.take(log('x'), log('y'), log('z'), log('q'), log('x'), log('z', 'b'))
  t.match(all.end(), [
    { labels: { body: 'x' }, value: 2 },
    { labels: { body: 'y' }, value: 1 },
    { labels: { 'otel.metric.overflow': 'true' }, attributes: { 'otel.metric.overflow': true }, resource: { 'service.name': 'a' }, value: 2 },
    { labels: { 'otel.metric.overflow': 'true' }, resource: undefined, value: 1 },
  ])
  t.match(all.warned, [/more than 2 series \(max_series\)/])
  const one = counting({ perResource: 1 })
  one.take(log('x'), log('y'), log('x', 'b'), log('y', 'b'))
  t.match(one.end(), [{ value: 1 }, { labels: { 'otel.metric.overflow': 'true' } }, { value: 1 }, { resource: { 'service.name': 'b' } }])
  t.match(one.warned, [/1 series of a metric of one resource \(cardinality_limit\)/])
})

t.test('some attributes of the resource', async (t) => {
  const work = counting({ resourceAttributes: new Set(['service.name']) })
  work.take(log('x'), { ...log('x'), resource: { 'service.name': 'a', pod: 'y' } })
  t.match(work.end(), [{ resource: { 'service.name': 'a', pod: undefined }, value: 2 }])
})

/** What was saved last, as it stands in the file. */
class Keeping implements Saved {
  lines: readonly unknown[] = []

  read(): Record[] {
    return this.lines.map(recordOf)
  }

  save(records: readonly Record[]): boolean {
    this.lines = records.map(lineOf)
    return true
  }
}

t.test('a run goes on from what the one before has told: as if there were no end between them', async (t) => {
  const fine: Instrument = { ...TOOK, name: 'fine', histogram: () => new ExponentialHistogram(4) }
  const entry = fc.record({
    body: fc.constantFrom('x', 'y', 7, '7'), service: fc.constantFrom('a', 'b'),
    took: fc.oneof(fc.double({ min: 0, max: 1e6, noNaN: true }), fc.constantFrom(0, 1, 1e-9)),
  })
  const entries = fc.array(entry, { maxLength: 20 })
  fc.assert(fc.property(entries, entries, fc.constantFrom([], ['service.name'], ['none']), (before, after, kept) => {
    const logs = (all: typeof before) => all.map(({ body, service, took }) => ({ ...log(body, service), attributes: { took } }))
    const settings = { resourceAttributes: new Set(kept), maxIdle: 0 }
    const instruments = [CALLS, TOOK, fine]
    const whole = counting(settings, instruments)
    whole.take(...logs(before))
    whole.until(1000)
    whole.take(...logs(after))
    const keeping = new Keeping()
    const first = counting(settings, instruments, keeping)
    first.take(...logs(before))
    first.end()
    const second = counting(settings, instruments, keeping)
    second.clock.time = 1000
    second.take(...logs(after))
    const sorted = (lines: readonly unknown[]) => lines.map((line) => JSON.stringify(line)).sort()
    t.same(sorted(second.end()), sorted(whole.end()))
  }))
})

t.test('what an earlier run left is told in turn, and ends when nothing comes for it', async (t) => {
  const keeping = new Keeping()
  const first = counting({}, [CALLS, TOOK], keeping)
  first.take(log('x'), log('y'))
  first.until(1000)
  first.take(log('x'))
  t.equal(keeping.lines.length, 4, 'a kill now loses what was not told')

  const second = counting({}, [CALLS, TOOK], keeping)
  second.clock.time = 0
  t.match(second.until(1000).filter(({ name }) => name === 'calls'), [{ labels: { body: 'x' }, value: 1 }, { labels: { body: 'y' }, value: 1 }])
  for (let time = 2000; time < 5000; time += 1000) second.until(time)
  second.take(log('y'))
  t.match(second.until(5000), [{ stale: true }, { value: 2, start: '0' }, { stale: true }, { explicit_histogram: { count: '2' } }])
  t.equal(keeping.lines.length, 2, 'what has ended stays away')
})

t.test('what an earlier run left keeps to the bounds of this one, and to what it is', async (t) => {
  const keeping = new Keeping()
  const first = counting({ maxSeries: 3 }, [CALLS], keeping)
  first.take(log('x'), log('y'), log('z'), log('q'))
  first.end()
  const second = counting({ maxSeries: 3 }, [CALLS], keeping)
  second.take(log('new'), log('y'))
  t.match(second.end(), [
    { labels: { body: 'x' }, value: 1 }, { labels: { body: 'z' }, value: 1 },
    { labels: { 'otel.metric.overflow': 'true' }, value: 2 }, { labels: { body: 'y' }, value: 2 },
  ])
  const narrow = counting({ maxSeries: 1 }, [CALLS], keeping)
  t.match(narrow.end(), [{ labels: { body: 'x' } }, { labels: { 'otel.metric.overflow': 'true' } }])

  keeping.lines = [{ type: 'metric', name: 'took', kind: 'histogram', ts: '1', explicit_histogram: { count: '3', bounds: [2], counts: [1, 2] } }]
  t.same(counting({}, [CALLS, TOOK], keeping).end(), [], 'other bounds')
  keeping.lines = [{ type: 'metric', name: 'took', kind: 'histogram', ts: '1', explicit_histogram: { count: 'x' } }]
  const damaged = counting({}, [CALLS, TOOK], keeping)
  t.same(damaged.end(), [])
  t.match(damaged.warned, [/--state: took is damaged: /])
})
