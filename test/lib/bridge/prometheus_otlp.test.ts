// Samples of Prometheus as data points of OTLP, and back: the same series.

import t from 'tap'
import type { Context } from '../../../lib/component.js'
import { settingsOf, TO_PROMETHEUS_OPTIONS } from '../../../lib/bridge/otlp_prometheus/options.js'
import { PrometheusTransform } from '../../../lib/bridge/otlp_prometheus/transform.js'
import { type OtlpSettings, OtlpTransform } from '../../../lib/bridge/prometheus_otlp/transform.js'
import type { OptionValues } from '../../../lib/option/table.js'
import { ExportRequest } from '../../../lib/wire/otlp/export_request.js'
import type { MetricsRequest } from '../../../lib/wire/otlp/message.js'
import { decodeMessage } from '../../../lib/wire/otlp/protobuf.js'
import { recordsOf } from '../../../lib/wire/otlp/records.js'
import { REQUESTS } from '../../../lib/wire/otlp/schema.js'
import fc from '../../support/property.js'
import { type Line, lineOf, recordOf, StageAtWork } from '../../support/stage.js'

const SETTINGS: OtlpSettings = {
  trim_suffixes: false, join_wait: 1000, max_held: 1000, max_series: 100, max_buckets: 100,
}
const bridge = (settings: Partial<OtlpSettings> = {}) =>
  new StageAtWork((context) => new OtlpTransform({ ...SETTINGS, ...settings }, context))

type ToPrometheus = OptionValues<typeof TO_PROMETHEUS_OPTIONS>
const DEFAULTS = Object.fromEntries(
  Object.entries(TO_PROMETHEUS_OPTIONS).map(([name, option]) => [name, 'default' in option ? option.default : option.type === 'list' ? [] : false]),
) as unknown as ToPrometheus
const back = (options: Partial<ToPrometheus> = {}) =>
  new StageAtWork((context: Context) => new PrometheusTransform(settingsOf({ ...DEFAULTS, target_info_every: 1000, ...options }), context))

const sample = (name: string, kind: string, labels: object, payload: object, second = 1) => {
  return { type: 'metric', name, labels: { instance: 'a:1', job: 'shop', ...labels }, kind, ts: `${second}000000000`, ...payload }
}
const metadata = (name: string, kind: string, more = {}) => ({ type: 'metadata', name, kind, ...more })

/** Through the messages of OTLP, as between two commands. */
function throughOtlp(points: readonly Line[]): Line[] {
  const request = new ExportRequest('metrics')
  for (const point of points) {
    const { identity, payload } = recordOf(point)
    request.add(identity, payload)
  }
  const bounds = { max_elements: 1_000_000, max_depth: 64 }
  return recordsOf('metrics', decodeMessage<MetricsRequest>(request.finish(), REQUESTS.metrics, bounds)).map(lineOf)
}

/** What comes back of samples, without metadata. */
function roundTrip(
  records: readonly unknown[], options: Partial<ToPrometheus> = {}, settings: Partial<OtlpSettings> = {},
): Line[] {
  const there = bridge(settings)
  const points = [...there.take(...records), ...there.end()]
  const again = back(options)
  const series = again.take(...throughOtlp(points))
  if (there.rejected.length + again.rejected.length > 0) throw new Error([...there.rejected, ...again.rejected].join('\n'))
  return series.filter(({ type }) => type === 'metric')
}

const sorted = (lines: readonly unknown[]) =>
  lines.map((line) => lineOf(recordOf(line))).map((line) => JSON.stringify(line)).sort()

t.test('types, units and help come from metadata; target and scope from labels', async (t) => {
  const stage = bridge()
  const lines = stage.take(
    metadata('jobs_seconds', 'counter', { unit: 'seconds', help: 'Time.' }),
    sample('jobs_seconds_total', 'counter', { otel_scope_name: 's', otel_scope_version: '1', otel_scope_x: 'y' }, { value: 7, start: '5' }),
    sample('up', '', {}, { value: 1 }),
    sample('state', 'stateset', { state: 'on' }, { value: 1 }),
    sample('up', 'gauge', {}, { stale: true }, 2),
    sample('jobs_created', 'counter', {}, { value: 1.5 }),
  )
  const resource = { 'service.instance.id': 'a:1', 'service.name': 'shop' }
  const scope = { name: 'solder.prometheus' }
  const type = (word: string) => ({ metadata: { 'prometheus.type': word } })
  t.same(lines, [
    {
      type: 'metric', name: 'jobs_seconds_total', resource, scope: { name: 's', version: '1', attributes: { x: 'y' } }, kind: 'counter', unit: 's',
      help: 'Time.', ...type('counter'), temporality: 'cumulative', monotonic: true, ts: '1000000000', start: '5', value: 7,
    },
    { type: 'metric', name: 'up', resource, scope, kind: 'gauge', ts: '1000000000', value: 1 },
    { type: 'metric', name: 'state', labels: { state: 'on' }, resource, scope, kind: 'gauge', ...type('stateset'), temporality: 'cumulative', monotonic: false, ts: '1000000000', value: 1 },
    { type: 'metric', name: 'up', resource, scope, kind: 'gauge', ...type('gauge'), ts: '2000000000', stale: true },
    { type: 'metric', name: 'jobs_created', resource, scope, kind: 'gauge', ...type('gauge'), ts: '1000000000', value: 1.5 },
  ])
  t.equal(stage.account.dropped.get('joined'), 1)
})

const histogram = (second: number, stale = false) => {
  const value = (n: number) => (stale ? { stale: true } : { value: n })
  return [
    sample('h_bucket', 'histogram', { le: '0.1' }, { ...value(2), ...(!stale && { exemplars: [{ labels: { trace_id: '4bf92f3577b34da6a3ce929d0e0e4736', a: 'b' }, value: 0.05 }] }) }, second),
    sample('h_bucket', 'histogram', { le: '1.0' }, value(5), second),
    sample('h_bucket', 'histogram', { le: '+Inf' }, value(7), second),
    sample('h_sum', 'histogram', {}, value(4.5), second),
    sample('h_count', 'histogram', {}, value(7), second),
  ]
}

t.test('the series of a histogram wait for one another: the first time until time is up, then until all are there', async (t) => {
  const stage = bridge()
  t.same(stage.take(...histogram(1)), [])
  t.same(stage.until(999), [])
  const [first] = stage.until(1000)
  t.same(first.explicit_histogram, { bounds: [0.1, 1], count: '7', counts: [2, 3, 2], sum: 4.5 })
  t.same(first.exemplars, [{ labels: { a: 'b' }, trace_id: '4bf92f3577b34da6a3ce929d0e0e4736', value: 0.05 }])
  const [a, b, ...others] = histogram(2)
  t.same(stage.take(...others, b), [])
  t.same(stage.take(a).map(({ explicit_histogram }) => explicit_histogram), [first.explicit_histogram])
  const [ended] = stage.take(...histogram(3, true))
  t.same([ended.flags, ended.explicit_histogram], [1, { bounds: [0.1, 1], count: '0', counts: [0, 0, 0], sum: 0 }])
  stage.take(sample('h_bucket', 'histogram', { le: '2' }, { value: 7 }, 3))
  t.match(stage.rejected, [/came after the rest had gone on/])
  t.equal(stage.account.dropped.get('joined'), 12)
  t.same(stage.take(...histogram(4)), [], 'from then on it is waited for')
  t.equal(stage.end().length, 1)
})

t.test('not more is held than allowed', async (t) => {
  const stage = bridge({ max_held: 6 })
  t.equal(stage.take(...histogram(1), ...histogram(2).slice(0, 2)).length, 1)
})

t.test('what OTLP has no form for is rejected, all parts of it', async (t) => {
  const stage = bridge()
  const native = { schema: 0, count: '1', sum: 1, zero_count: '0' }
  const wide = {
    ...native,
    positive_spans: [{ offset: 0, length: 1 }, { offset: 2_000_000_000, length: 1 }],
    positive_deltas: [1, 0],
  }
  stage.take(
    sample('g_bucket', 'gaugehistogram', { le: '1' }, { value: 1 }),
    sample('g_gcount', 'gaugehistogram', {}, { value: 1 }),
    sample('f', 'histogram', {}, { histogram: { ...native, count: 1.5 } }),
    sample('r', 'histogram', {}, { histogram: { ...native, reset: 'gauge' } }),
    sample('s', 'histogram', {}, { histogram: { ...native, schema: 9 } }),
    sample('w', 'histogram', {}, { histogram: wide }),
    sample('x_bucket', 'histogram', { le: 'much' }, { value: 1 }),
    sample('y_bucket', 'histogram', { le: '1' }, { value: 1 }),
    sample('z_bucket', 'histogram', { le: '1' }, { value: 3 }),
    sample('z_bucket', 'histogram', { le: '2' }, { value: 2 }),
    sample('z_count', 'histogram', {}, { value: 2.5 }),
  )
  stage.end()
  t.same(stage.rejected, [
    'g_bucket: OTLP has no gauge histograms',
    'g_gcount: OTLP has no gauge histograms',
    'f: OTLP has no histograms that count parts of observations',
    'r: OTLP has no histograms that go down (gauge histograms)',
    's: schema 9: expected -4 to 8',
    'w: more than 100 buckets (--max-buckets)',
    "x_bucket: x_bucket without a number in the label 'le'",
    'y_bucket: a histogram without the series _count',
    ...Array<string>(3).fill('_count is 2.5: OTLP has whole numbers of observations').map((text, i) => `z_${i < 2 ? 'bucket' : 'count'}: ${text}`),
  ])
})

t.test('target_info is the resource of what follows; names can be without suffixes', async (t) => {
  const info = sample('target_info', 'info', { version: '1' }, { value: 1 })
  const [before, after] = bridge().take(sample('up', 'gauge', {}, { value: 1 }), info, sample('up', 'gauge', {}, { value: 1 }, 2))
  t.same([before.resource, after.resource].map((resource) => (resource as { version?: string }).version), [undefined, '1'])
  const records = [metadata('t_seconds', 'counter', { unit: 'seconds' }), info, sample('t_seconds_total', 'counter', {}, { value: 1 })]
  t.equal(bridge({ trim_suffixes: true }).take(...records)[0].name, 't')
  t.same(sorted(roundTrip(records, {}, { trim_suffixes: true })), sorted([records[2], { ...info, kind: 'gauge' }]))
})

t.test('names that others would change stay as they were', async (t) => {
  const series = [
    sample('hits', 'counter', { _a: '1', a__b: '2' }, { value: 1 }),
    sample('a__b_', 'gauge', {}, { value: 'NaN' }),
    sample('share', 'gauge', {}, { value: 0.5 }),
    sample('info_info', 'info', { v: '1' }, { value: 1 }),
  ]
  const records = [metadata('share', 'gauge', { unit: 'ratio' }), ...series]
  t.same(sorted(roundTrip(records)), sorted(series))
  t.same(sorted(roundTrip(records, { translation_strategy: 'NoTranslation' })), sorted(series))
  const utf8 = [sample('a.b', 'counter', { 'c.d': 'e' }, { value: 1 })]
  t.same(sorted(roundTrip(utf8, { translation_strategy: 'NoUTF8EscapingWithSuffixes' })), sorted(utf8))
  t.equal(roundTrip(utf8)[0].name, 'a_b_total', 'whether others are changed is for the receiver to say')
})

/** Series of Prometheus as scrapes make them: whole families, samples of the same seconds. */
const word = fc.stringMatching(/^[a-z_]{1,6}$/)
const labels = fc.dictionary(word, fc.stringMatching(/^[a-z .]{1,4}$/), { maxKeys: 3 }).map((map) => {
  for (const name of ['le', 'quantile', 'job', 'instance']) delete map[name]
  return map
})
const double = fc.double().map((value) => (Number.isFinite(value) ? value : Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf'))
const count = fc.nat({ max: 50 })
const exemplar = fc.record({
  labels: fc.constantFrom({ trace_id: '4bf92f3577b34da6a3ce929d0e0e4736', span_id: '00f067aa0ba902b7' }, { trace_id: 'ABC', x: 'y' }),
  value: fc.double({ min: 0, max: 1, noNaN: true }),
  ts: fc.constantFrom('1000000000', '2000000000'),
})
const measured = fc.oneof({ weight: 4, arbitrary: double.map((value) => ({ value })) }, { weight: 1, arbitrary: fc.constant({ stale: true }) })
const started = fc.constantFrom({}, { start: '500000000' })

const numbers = fc.tuple(fc.constantFrom('counter', 'gauge', 'info', 'stateset', 'unknown'), labels, measured, started, fc.array(exemplar, { maxLength: 1 }))
  .map(([kind, own, value, start, exemplars]) => (name: string) => {
    const kept = kind === 'counter' && exemplars.length > 0 && !('stale' in value) ? { exemplars } : {}
    return [sample(name, kind, own, { ...value, ...start, ...kept })]
  })
const le = fc.uniqueArray(fc.constantFrom('0.1', '1', '1.0', '2.50', '1e3', '5'), { selector: Number, maxLength: 4 })
const classic = fc.tuple(labels, le, fc.array(count, { minLength: 5, maxLength: 5 }), fc.boolean(), started, fc.array(exemplar, { maxLength: 2 }))
  .map(([own, bounds, counts, stale, start, exemplars]) => (name: string) => {
    const sortedBounds = [...bounds].sort((a, b) => Number(a) - Number(b))
    let sum = 0
    let under = -Infinity
    const buckets = [...sortedBounds, '+Inf'].map((text, i) => {
      sum += counts[i]
      const bound = text === '+Inf' ? Infinity : Number(text)
      const mine = exemplars.filter(({ value }) => value <= bound && value > under).sort((a, b) => a.value - b.value)
      under = bound
      const value = stale ? { stale: true } : { value: sum, ...(mine.length > 0 && { exemplars: mine }) }
      return sample(`${name}_bucket`, 'histogram', { ...own, le: text }, { ...value, ...start })
    })
    const rest = [['_sum', 4.5], ['_count', sum]] as const
    return [...buckets, ...rest.map(([end, n]) => sample(name + end, 'histogram', own, { ...(stale ? { stale: true } : { value: n }), ...start }))]
  })
const summary = fc.tuple(labels, fc.uniqueArray(fc.constantFrom('0.5', '0.99', '1', '0.0'), { selector: Number }), double, count)
  .map(([own, quantiles, value, n]) => (name: string) => [
    ...quantiles.map((quantile) => sample(name, 'summary', { ...own, quantile }, { value })),
    sample(`${name}_sum`, 'summary', own, { value }),
    sample(`${name}_count`, 'summary', own, { value: n }),
  ])
const native = fc.tuple(labels, fc.integer({ min: -4, max: 8 }), fc.integer({ min: -9, max: 9 }), count, count, fc.constantFrom(0, 1e-128, 0.001), fc.boolean())
  .map(([own, schema, offset, a, b, zero_threshold, custom]) => (name: string) => {
    // None of the buckets at the ends is empty: those may be left out.
    const buckets = {
      positive_spans: [{ offset: custom ? 0 : offset, length: 3 }], positive_deltas: [a + 1, b, -a - b],
    }
    const histogram = custom
      ? { schema: -53, count: String(2 * a + b + 3), sum: 1, zero_count: '0', custom_values: [0.5, 2], ...buckets }
      : { schema, count: String(2 * a + b + 4), sum: 1, zero_count: '1', zero_threshold, ...buckets }
    return [sample(name, 'histogram', own, { histogram })]
  })
/** Names that are no part of one another. */
const scrape = fc.array(fc.oneof(numbers, classic, summary, native), { maxLength: 6 })
  .map((families) => families.flatMap((family, i) => family(`m${i}_${'x'.repeat(i)}`)))

t.test('the same series come back, by way of OTLP messages', async (t) => {
  fc.assert(
    fc.property(scrape, fc.boolean(), (series, trim_suffixes) => {
      const got = sorted(roundTrip(series, { promote_scope_metadata: true }, { trim_suffixes }))
      const expected = sorted(series)
      return JSON.stringify(got) === JSON.stringify(expected)
    }),
  )
  t.pass()
})
