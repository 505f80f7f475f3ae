// Deltas to cumulative points and back, and one point per interval.

import t from 'tap'
import { CumulativeTransform } from '../../../lib/bridge/temporality/cumulative.js'
import { DeltaTransform } from '../../../lib/bridge/temporality/delta.js'
import { addExponential, type Buckets, type Exponential, subtractExponential } from '../../../lib/bridge/temporality/exponential.js'
import { IntervalTransform } from '../../../lib/bridge/temporality/interval.js'
import fc from '../../support/property.js'
import { type Line, StageAtWork } from '../../support/stage.js'

const BOUNDS = { max_series: 2, max_stale: 1000, max_buckets: 8 }
const cumulative = (more: Partial<typeof BOUNDS> = {}) =>
  new StageAtWork((context) => new CumulativeTransform({ ...BOUNDS, ...more }, context, null))
const delta = (initial_value: 'auto' | 'keep' | 'drop', now = 0) =>
  new StageAtWork((context) => {
    const clock = { ...context.clock, now: () => String(now), monotonic: context.clock.monotonic }
    return new DeltaTransform({ ...BOUNDS, initial_value }, { ...context, clock }, null)
  })

const point = (temporality: string, ts: number, payload: object, more: object = {}) => {
  return { type: 'metric', name: 'm', kind: 'counter', temporality, monotonic: true, ts: String(ts), ...payload, ...more }
}
const sum = (temporality: string, ts: number, value: unknown, more: object = {}) =>
  point(temporality, ts, { value, int: true }, more)
const explicit = (temporality: string, ts: number, counts: number[], more: object = {}) => {
  const count = String(counts.reduce((a, b) => a + b, 0))
  return point(temporality, ts, { explicit_histogram: { count, counts, bounds: [1, 2], sum: ts, min: ts, max: ts } }, { kind: 'histogram', monotonic: undefined, ...more })
}
const valuesOf = (lines: readonly Line[]) => lines.map(({ start, ts, value }) => [start, ts, value])
const histograms = (lines: readonly Line[]) => lines.map((line) => line.explicit_histogram)

t.test('deltas are added up from where their series began', async (t) => {
  const stage = cumulative()
  const lines = stage.take(
    sum('delta', 10, 3, { start: '5' }), sum('delta', 20, 4, { start: '10' }), sum('delta', 15, 1), sum('delta', 30, 5, { start: '1' }),
    sum('delta', 30, -2, { start: '20', monotonic: false }), point('delta', 40, { value: 'NaN' }), sum('cumulative', 1, 1), sum('delta', 50, 1, { kind: 'gauge', temporality: undefined }),
  )
  t.same(valuesOf(lines), [['5', '10', 3], ['5', '20', 7], ['20', '30', -2], [undefined, '1', 1], [undefined, '50', 1]])
  t.same(lines.map(({ temporality }) => temporality), ['cumulative', 'cumulative', 'cumulative', 'cumulative', undefined])
  t.same(stage.rejected, ['m: it is not newer than the point before it', 'm: it began before the series did', 'm: it is no number'])
  t.same(valuesOf(stage.take(sum('delta', 60, undefined, { stale: true, int: undefined }), sum('delta', 70, 2))), [[undefined, '60', undefined], ['70', '70', 2]])
})

t.test('whole numbers beyond 2^53 keep their digits', async (t) => {
  const big = { value: 9007199254740992, int: '9007199254740993' }
  const lines = cumulative().take(point('delta', 1, big), point('delta', 2, big))
  t.same(lines.map(({ int }) => int), ['9007199254740993', '18014398509481986'])
})

t.test('histograms are added up; with other bounds they begin anew', async (t) => {
  const lines = cumulative().take(explicit('delta', 1, [1, 0, 2]), explicit('delta', 2, [1, 1, 1], { start: '1' }))
  t.same(histograms(lines)[1], { bounds: [1, 2], count: '6', counts: [2, 1, 3], max: 2, min: 1, sum: 3 })
  const other = point('delta', 3, { explicit_histogram: { count: '1', counts: [1, 0], bounds: [7] } }, { kind: 'histogram', monotonic: undefined, start: '2' })
  const stage = cumulative()
  t.same(stage.take(explicit('delta', 1, [1, 0, 2]), other).map(({ start }) => start), ['1', '2'])
})

t.test('series are bounded in number and in age', async (t) => {
  const stage = cumulative()
  const of = (name: string, ts: number) => sum('delta', ts, 1, { name })
  stage.take(of('a', 1), of('b', 1), of('c', 1))
  t.same(stage.rejected, ['c: there are too many series (--max-series)'])
  stage.until(900)
  t.same(valuesOf(stage.take(of('b', 2))), [['1', '2', 2]])
  stage.until(1500)
  t.same(valuesOf(stage.take(of('c', 3), of('b', 3), of('a', 4))), [['3', '3', 1], ['1', '3', 3]])
  t.equal(stage.rejected.length, 2)
})

t.test('cumulative points are taken apart', async (t) => {
  const at = (ts: number, value: number, start = '1') => sum('cumulative', ts, value, { start })
  const points = [at(10, 5), at(20, 8), at(30, 2), at(25, 9), at(40, 3, '35')]
  const stage = delta('auto', 2)
  t.same(valuesOf(stage.take(...points)), [['10', '20', 3], ['20', '30', 2], ['35', '40', 3]])
  t.equal(stage.account.dropped.get('initial'), 1)
  t.same(stage.rejected, ['m: it is not newer than the point before it'])
  t.same(valuesOf(delta('auto', 1).take(at(10, 5))), [['1', '10', 5]], 'the series began after the command')
  t.same(valuesOf(delta('keep', 2).take(at(10, 5))), [['1', '10', 5]])
  t.same(valuesOf(delta('drop', 0).take(at(10, 5))), [])
  const upAndDown = sum('cumulative', 10, 5, { monotonic: false })
  t.equal(stage.take(upAndDown)[0].temporality, 'cumulative')
})

t.test('histograms are taken apart; what cannot be compared is dropped', async (t) => {
  const stage = delta('keep')
  const lines = stage.take(explicit('cumulative', 1, [1, 0, 2]), explicit('cumulative', 3, [1, 2, 3]), explicit('cumulative', 4, [1, 0, 0]))
  t.same(histograms(lines).slice(1), [
    { bounds: [1, 2], count: '3', counts: [0, 2, 1], sum: 2 },
    { bounds: [1, 2], count: '1', counts: [1, 0, 0], max: 4, min: 4, sum: 4 },
  ])
  const other = point('cumulative', 5, { explicit_histogram: { count: '9', counts: [9, 0], bounds: [7] } }, { kind: 'histogram', monotonic: undefined })
  t.same(stage.take(other), [])
  t.equal(stage.account.dropped.get('bucket_mismatch'), 1)
  const bad = { kind: 'histogram', monotonic: undefined, explicit_histogram: { count: '1', counts: ['x'] } }
  stage.take(point('cumulative', 6, {}, bad))
  t.match(stage.rejected, [/expected a whole number/])
})

t.test('the newest point of each series goes on when the interval ends', async (t) => {
  const settings = { every: 1000, pass: new Set(['summary']), max_series: 2 }
  const stage = new StageAtWork((context) => new IntervalTransform(settings, context))
  const named = (name: string, ts: number, more: object = {}) => ({ type: 'metric', name, kind: 'gauge', ts: String(ts), value: ts, ...more })
  t.same(valuesOf(stage.take(named('a', 1), sum('delta', 1, 1), named('b', 5), named('s', 1, { kind: 'summary' }), named('a', 3), named('b', 4))), [
    [undefined, '1', 1], [undefined, '1', 1],
  ])
  t.same(stage.until(999), [])
  t.same(stage.until(1000).map(({ name, ts }) => [name, ts]), [['b', '5'], ['a', '3']])
  t.equal(stage.account.dropped.get('superseded'), 2)
  t.same(stage.until(5000), [])
  t.same(stage.take(named('a', 7), named('b', 7), named('c', 7)).map(({ name }) => name), ['a'], 'no more than allowed are held')
  t.same(stage.end().map(({ name }) => name), ['b', 'c'])
})

const counts = fc.array(fc.nat({ max: 9 }), { maxLength: 12 }).map((list) => list.map(BigInt))
const buckets: fc.Arbitrary<Buckets> = fc.record({ offset: fc.integer({ min: -20, max: 20 }), counts })
const exponential: fc.Arbitrary<Exponential> = fc.record({
  scale: fc.integer({ min: -3, max: 6 }), zeroCount: fc.nat({ max: 9 }).map(BigInt), zeroThreshold: fc.constantFrom(0, 0.001, 0.5), positive: buckets, negative: buckets,
})
const total = ({ zeroCount, positive, negative }: Exponential) =>
  [zeroCount, ...positive.counts, ...negative.counts].reduce((a, b) => a + b, 0n)
/** Observations by bucket, where there are any. */
const told = ({ zeroCount, positive, negative }: Exponential) => {
  const filled = ({ offset, counts }: Buckets) => counts.flatMap((count, i) => (count > 0n ? [`${offset + i}:${count}`] : [])).join(' ')
  return `${zeroCount} | ${filled(positive)} | ${filled(negative)}`
}

t.test('exponential histograms: nothing is lost by adding, and what was added can be taken away', async (t) => {
  fc.assert(
    fc.property(exponential, exponential, fc.integer({ min: 2, max: 40 }), (a, b, max) => {
      const both = addExponential(a, b, max)
      if (both.positive.counts.length > max || both.negative.counts.length > max || total(both) !== total(a) + total(b))
        return false
      const rest = subtractExponential(both, a)
      const nothing = { ...a, zeroCount: 0n, positive: { offset: 0, counts: [] }, negative: { offset: 0, counts: [] } }
      // The other one alone, as coarse as both together.
      const alone = addExponential({ ...b, scale: b.scale }, { ...nothing, zeroThreshold: both.zeroThreshold, scale: both.scale }, max)
      return rest !== null && told(rest) === told(alone)
    }),
  )
  t.equal(subtractExponential({ ...ONE, positive: { offset: -2147483648, counts: [1n] } }, { ...ONE, positive: { offset: 2147483647, counts: [1n] } }), null)
})
const ONE: Exponential = {
  scale: 0, zeroCount: 0n, zeroThreshold: 0, positive: { offset: 0, counts: [1n] }, negative: { offset: 0, counts: [] },
}

t.test('what is taken apart is the same when it is added up', async (t) => {
  const steps = fc.array(fc.tuple(fc.array(fc.nat({ max: 9 }), { minLength: 3, maxLength: 3 }), fc.nat({ max: 99 })), { minLength: 1, maxLength: 8 })
  fc.assert(
    fc.property(steps, (list) => {
      let value = 0
      const all = [0, 0, 0]
      const points = list.flatMap(([more, n], i) => {
        value += n
        for (const [at, count] of more.entries()) all[at] += count
        const buckets = point('cumulative', i + 2, { exponential_histogram: { count: String(all[0] + all[1] + all[2]), sum: 1, scale: 3, positive: { offset: -1, counts: [...all] } } }, { kind: 'histogram', monotonic: undefined, name: 'e' })
        return [sum('cumulative', i + 2, value, { start: '1' }), { ...buckets, start: '1' }]
      })
      const apart = delta('keep').take(...points)
      const again = cumulative().take(...apart)
      const readable = (line: Line) => {
        const { count, positive } =
          (line.exponential_histogram ?? {}) as { count?: string; positive?: { offset?: number; counts: number[] } }
        const filled = positive?.counts.flatMap((n, i) => (n > 0 ? [`${i + (positive.offset ?? 0)}:${n}`] : []))
        return JSON.stringify([line.name, line.start, line.ts, line.value, count, (filled ?? []).join()])
      }
      return JSON.stringify(again.map(readable)) === JSON.stringify(points.map((record) => readable(record as unknown as Line)))
    }),
  )
  t.pass()
})
