// Metrics of OTLP as those of Prometheus: what the conformance cases leave open.

import t from 'tap'
import { bucketsLayout } from '../../../lib/bridge/otlp_prometheus/histograms.js'
import { PrometheusTranslator, type Settings } from '../../../lib/bridge/otlp_prometheus/translator.js'
import { Identity, type Payload, type Record } from '../../../lib/record/index.js'
import fc from '../../support/property.js'

const SETTINGS: Settings = {
  translation_strategy: 'UnderscoreEscapingWithSuffixes',
  namespace: '',
  promote_resource_attributes: new Set(),
  promote_all_resource_attributes: false,
  ignore_resource_attributes: new Set(),
  keep_identifying_resource_attributes: false,
  convert_histograms_to_nhcb: false,
  promote_scope_metadata: false,
  label_name_underscore_sanitization: true,
  label_name_preserve_multiple_underscores: true,
  allow_delta_temporality: false,
  convert_delta: false,
  enable_type_and_unit_labels: false,
  disable_target_info: false,
  lookback_delta_ms: 0,
  max_series: 2,
}
const translator = (settings: Partial<Settings> = {}) => new PrometheusTranslator({ ...SETTINGS, ...settings })

const resource = { 'service.name': 'shop', host: 'a' }
const gauge = (payload: Payload, more = {}): Record => ({
  identity: Identity.of('metric', 'g', [], { kind: 'gauge', resource: { ...resource, ...more } }),
  payload: { value: 1, ...payload },
})
const seconds = (n: number) => `${n}000000000`
const timesOf = (records: readonly Record[]) => records.map(({ identity, payload }) => `${identity.name} ${payload.ts}`)

t.test('a stream tells target_info again when queries would not find it any more', async (t) => {
  const bridge = translator()
  const told = [100, 150, 249, 250, 251].map((second) => timesOf(bridge.next(gauge({ ts: seconds(second) })).samples))
  const sample = (second: number) => `g ${seconds(second)}`
  const info = (second: number) => `target_info ${seconds(second)}`
  t.same(told, [[sample(100), info(100)], [sample(150)], [sample(249)], [sample(250), info(250)], [sample(251)]])
  for (const host of ['b', 'c']) bridge.next(gauge({ ts: seconds(252) }, { host }))
  t.same(timesOf(bridge.next(gauge({ ts: seconds(252) })).samples), [sample(252), info(252)], 'only so many are remembered')
})

t.test('a request tells it for the time of its samples, but not for all of history', async (t) => {
  const records = [gauge({ ts: '0' }), gauge({ ts: '18446744073709551615' })]
  const { samples, warnings } = translator().translate(records)
  t.equal(samples.length, 2 + 1001)
  t.same(warnings, ['target_info: only the last 1000 samples of a resource are told'])
  t.equal(translator().translate([gauge({ ts: seconds(0) }), gauge({ ts: seconds(400) })]).samples.length, 2 + 4)
})

const counter = (payload: Payload, temporality: string): Record => ({
  identity: Identity.of('metric', 'sold', [], { kind: 'counter', temporality, monotonic: true }),
  payload,
})

t.test('deltas are refused, kept or added up', async (t) => {
  const deltas = [1, 2].map((n) => counter({ ts: seconds(n), value: n, int: true }, 'delta'))
  t.same(translator().translate(deltas).errors, Array(2).fill('invalid temporality and type combination for metric "sold"'))
  const values = (settings: Partial<Settings>) =>
    translator(settings).translate(deltas).samples.map(({ identity, payload }) => `${identity.name} ${identity.kind} ${payload.value}`)
  t.same(values({ allow_delta_temporality: true }), ['sold_total unknown 1', 'sold_total unknown 2'])
  t.same(values({ convert_delta: true }), ['sold_total counter 1', 'sold_total counter 3'])
  const late = translator({ convert_delta: true }).translate([deltas[1], deltas[0]])
  t.same(late.errors, ['delta of metric "sold" is out of order'])
})

t.test('what holds no value ends its series', async (t) => {
  const histogram: Record = {
    identity: Identity.of('metric', 'h', [], { kind: 'histogram', temporality: 'cumulative' }),
    payload: { ts: '1', explicit_histogram: { count: '0', sum: 0 }, flags: 1 },
  }
  t.same(
    translator().translate([histogram]).samples.map(({ identity, payload }) => [identity.name, payload]),
    ['h_sum', 'h_count', 'h_bucket'].map((name) => [name, { ts: '1', stale: true }]),
  )
  const exponential = { ...histogram, payload: { ts: '1', exponential_histogram: { count: '0' }, flags: 1 } }
  t.same(translator().translate([exponential]).samples[0].payload, { ts: '1', stale: true })
})

t.test('an identity is the same object, sample after sample', async (t) => {
  const bridge = translator()
  const point = gauge({ ts: '1' })
  t.equal(bridge.next(point).samples[0].identity, bridge.next({ ...point, payload: { ts: '2', value: 2 } }).samples[0].identity)
})

t.test('a layout of buckets holds each count where it was', async (t) => {
  const counts = fc.array(fc.oneof(fc.constant(0), fc.nat({ max: 5 })), { minLength: 1, maxLength: 40 })
  fc.assert(
    fc.property(counts, fc.integer({ min: -50, max: 50 }), fc.nat({ max: 3 }), (list, offset, scaleDown) => {
      const expected = new Map<number, bigint>()
      for (const [i, count] of list.entries()) {
        const index = ((offset + i) >> scaleDown) + 1
        if (count > 0) expected.set(index, (expected.get(index) ?? 0n) + BigInt(count))
      }
      const { spans, deltas } = bucketsLayout(list.map(BigInt), offset, scaleDown, 1)
      const got = new Map<number, bigint>()
      let index = 0
      let at = 0
      let count = 0n
      for (const span of spans) {
        index += span.offset
        for (let i = 0; i < span.length; i++) {
          count += deltas[at++]
          if (count > 0n) got.set(index, count)
          index++
        }
      }
      return at === deltas.length && String([...got]) === String([...expected])
    }),
  )
  t.pass()
})
