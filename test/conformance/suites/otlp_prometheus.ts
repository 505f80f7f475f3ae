// The suites `otlp_naming` and `otlp_translation`: metrics of OTLP as Prometheus 3 takes them.

import { deepEqual, equal, ok, throws } from 'node:assert/strict'
import { bucketsLayout, nativeOfExplicit, nativeOfExponential } from '../../../lib/bridge/otlp_prometheus/histograms.js'
import { seriesLabels } from '../../../lib/bridge/otlp_prometheus/labels.js'
import { labelName, metricName, type NamedMetric, type Strategy, unitName } from '../../../lib/bridge/otlp_prometheus/names.js'
import { exemplarOf } from '../../../lib/bridge/otlp_prometheus/samples.js'
import {
  labelSettings, metricType, PrometheusTranslator, type Settings, type Translated,
} from '../../../lib/bridge/otlp_prometheus/translator.js'
import { labelPairs } from '../../../lib/record/labels.js'
import type { Exemplar, NativeHistogram } from '../../../lib/record/record.js'
import { millisOf } from '../../../lib/record/time.js'
import { parseMessage } from '../../../lib/wire/otlp/json.js'
import type { AnyPoint, Metric, MetricsRequest, OtlpExemplar } from '../../../lib/wire/otlp/message.js'
import { type Form, FORMS } from '../../../lib/wire/otlp/points.js'
import { emptyMetrics, recordsOf } from '../../../lib/wire/otlp/records.js'
import { REQUESTS } from '../../../lib/wire/otlp/schema.js'
import type { JsonMap } from '../../../lib/wire/otlp/value.js'
import type { Case } from '../suite.js'
import { numberIn } from '../suite.js'
import { BOUNDS } from './otlp.js'

interface Expected {
  name?: string
  unit?: string
  type?: string
  error?: boolean
  error_equals?: string
  error_contains?: string
  labels?: object
  labels_include?: { [name: string]: string }
  warnings?: string[]
  warning_categories?: { empty_data_points?: number }
  samples?: ExpectedSample[]
  sample_count?: number
  last_samples?: ExpectedSample[]
  family_samples?: { [family: string]: ExpectedSample[] }
  family_labels?: { [family: string]: { equal?: { [name: string]: string }; absent?: string[] } }
  spans?: object[]
  deltas?: number[]
  histogram?: ExpectedHistogram
  value?: number
}

interface ExpectedHistogram {
  counter_reset_hint?: string
  positive_buckets?: number[]
  negative_buckets?: number[]
  [field: string]: unknown
}

interface ExpectedSample {
  family: string
  labels: object
  value?: unknown
  histogram?: ExpectedHistogram
  timestamp_ms: number
  start_timestamp_ms?: number
  exemplars?: { labels: object; value: number; timestamp_ms: number; has_timestamp: boolean }[]
  metadata?: object
}

export async function otlpNaming(test: Case): Promise<void> {
  const expected = test.expected as Expected
  const options = test.options as { [option: string]: boolean | string }
  const escape = options.utf8_allowed !== true
  const name = () => {
    switch (test.kind) {
      case 'label_name':
        return labelName(test.label as string, {
          escape,
          underscore_sanitization: options.underscore_label_sanitization === true,
          preserve_multiple_underscores: options.preserve_multiple_underscores === true,
        })
      case 'metric_name': {
        const naming = { escape, suffixes: options.with_metric_suffixes === true, namespace: (options.namespace as string) ?? '' }
        return metricName(test.metric as NamedMetric, naming)
      }
      case 'unit_name':
        return unitName(test.unit as string, escape)
      default:
        throw new Error(`unknown kind ${test.kind}`)
    }
  }
  if (expected.error_equals === undefined) equal(name(), expected.name)
  else throws(name, { message: expected.error_equals })
}

export async function otlpTranslation(test: Case): Promise<void> {
  const expected = test.expected as Expected
  switch (test.kind) {
    case 'attributes':
      return checkAttributes(test, expected)
    case 'request':
    case 'data_points':
      return checkRequest(test, expected)
    case 'exponential_buckets_layout':
    case 'nhcb_layout':
      return checkLayout(test, expected)
    case 'exponential_to_native':
    case 'explicit_to_nhcb':
      return checkNative(test, expected)
    case 'metric_type': {
      const metric = messageOf({ metrics: [test.metric] }).metrics![0]
      const type = metricType(formIn(metric), metric.sum?.isMonotonic === true)
      return deepEqual({ name: metric.name ?? '', unit: metric.unit ?? '', type }, expected)
    }
    case 'exemplar': {
      const metric = { name: 'm', sum: { dataPoints: [{ exemplars: [test.exemplar] }] } }
      const exemplar = (messageOf({ metrics: [metric] }).metrics![0].sum!.dataPoints![0].exemplars ?? [{}])[0] as OtlpExemplar
      if (expected.error === true) throws(() => exemplarOf(exemplar))
      else equal(exemplarOf(exemplar).value, expected.value)
      return
    }
    default:
      throw new Error(`unknown kind ${test.kind}`)
  }
}

/** A scope's metrics, read as a sender's would be. */
function messageOf(scopeMetrics: object): { metrics?: Metric[] } {
  const text = JSON.stringify({ resourceMetrics: [{ scopeMetrics: [scopeMetrics] }] })
  return parseMessage<MetricsRequest>(text, REQUESTS.metrics, BOUNDS).resourceMetrics![0].scopeMetrics![0]
}

function formIn(metric: Metric): Form | undefined {
  return FORMS.find((form) => metric[form] !== undefined)
}

function settingsOf(test: Case): Settings {
  const given = (test.settings ?? {}) as { [name: string]: unknown }
  const is = (name: string) => given[name] === true
  const set = (name: string) => new Set((given[name] as string[] | undefined) ?? [])
  return {
    translation_strategy: (given.translation_strategy as Strategy | undefined) ?? 'UnderscoreEscapingWithSuffixes',
    namespace: (given.namespace as string | undefined) ?? '',
    promote_resource_attributes: set('promote_resource_attributes'),
    promote_all_resource_attributes: is('promote_all_resource_attributes'),
    ignore_resource_attributes: set('ignore_resource_attributes'),
    keep_identifying_resource_attributes: is('keep_identifying_resource_attributes'),
    convert_histograms_to_nhcb: is('convert_histograms_to_nhcb'),
    promote_scope_metadata: is('promote_scope_metadata'),
    label_name_underscore_sanitization: is('label_name_underscore_sanitization'),
    label_name_preserve_multiple_underscores: is('label_name_preserve_multiple_underscores'),
    allow_delta_temporality: is('allow_delta_temporality'),
    convert_delta: is('convert_delta'),
    enable_type_and_unit_labels: is('enable_type_and_unit_labels'),
    disable_target_info: is('disable_target_info'),
    lookback_delta_ms: (given.lookback_delta_ms as number | undefined) ?? 0,
    max_series: 1000,
  }
}

function checkAttributes(test: Case, expected: Expected): void {
  const settings = settingsOf(test)
  const warnings: string[] = []
  const set = () =>
    seriesLabels(
      {
        resource: test.resource_attributes as JsonMap,
        scope: test.scope as JsonMap,
        attributes: test.attributes as JsonMap,
        ignored: new Set(test.ignore_attributes as string[]),
        what: 'data point',
        plain: false,
        told: settings.enable_type_and_unit_labels ? (test.metadata as { type: string; unit: string }) : null,
      },
      labelSettings(settings),
      (warning) => warnings.push(warning),
    )
  if (expected.error_equals !== undefined) throws(set, { message: expected.error_equals })
  if (expected.error === true || expected.error_equals !== undefined) return throws(set)
  const labels = Object.fromEntries(labelPairs(set().with(['__name__', test.metric_name as string])))
  if (expected.labels !== undefined) deepEqual(labels, expected.labels)
  for (const [name, value] of Object.entries(expected.labels_include ?? {})) equal(labels[name], value)
  if (expected.warnings !== undefined) deepEqual(warnings.sort(), expected.warnings.sort())
}

function checkLayout(test: Case, expected: Expected): void {
  const counts = (test.bucket_counts as number[]).map(BigInt)
  const first = counts.findIndex((count) => count !== 0n)
  const { spans, deltas } =
    test.kind === 'nhcb_layout'
      ? bucketsLayout(first < 0 ? [] : counts.slice(first), first, 0, 0)
      : bucketsLayout(counts, test.offset as number, test.scale_down as number, 1)
  deepEqual(spans, expected.spans)
  deepEqual(deltas.map(Number), expected.deltas)
}

function checkNative(test: Case, expected: Expected): void {
  const exponential = test.kind === 'exponential_to_native'
  const form = exponential ? 'exponentialHistogram' : 'histogram'
  const metric = messageOf({ metrics: [{ name: 'm', [form]: { dataPoints: [test.data_point] } }] }).metrics![0]
  const point = (metric[form]!.dataPoints as AnyPoint[])[0]
  const delta = test.aggregation_temporality === 'delta'
  const native = () => (exponential ? nativeOfExponential(point, delta) : nativeOfExplicit(point, delta))
  if (expected.error === true) {
    const contains = expected.error_contains ?? ''
    return throws(native, (error: Error) => error.message.includes(contains))
  }
  const { histogram, warning } = native()
  checkHistogram(histogram, expected.histogram!)
  if (expected.warnings !== undefined) deepEqual(warning === null ? [] : [warning], expected.warnings)
}

function checkHistogram(histogram: NativeHistogram, expected: ExpectedHistogram): void {
  const { positive_deltas = [], negative_deltas = [], reset, ...fields } = histogram
  const got: { [field: string]: unknown } = { ...fields, counter_reset_hint: reset ?? 'unknown', positive_buckets: positive_deltas.map(Number), negative_buckets: negative_deltas.map(Number) }
  const zeros: { [field: string]: unknown } = {
    count: 0, sum: 0, zero_threshold: 0, zero_count: 0, positive_spans: [], negative_spans: [], positive_buckets: [], negative_buckets: [],
    custom_values: [], counter_reset_hint: 'unknown', schema: 0,
  }
  for (const [field, zero] of Object.entries(zeros)) {
    const value = got[field] ?? zero
    deepEqual(typeof zero === 'number' ? Number(value) : value, expected[field] ?? zero, field)
  }
}

function checkRequest(test: Case, expected: Expected): void {
  const request = parseMessage<MetricsRequest>(JSON.stringify(test.request), REQUESTS.metrics, BOUNDS)
  const { samples, errors, warnings } = new PrometheusTranslator(settingsOf(test)).translate(recordsOf('metrics', request))
  for (const { name, data } of emptyMetrics(request)) {
    if (data) warnings.push(`empty data points. ${name} is dropped`)
    else errors.push(`could not get aggregation temporality for ${name} as it has unsupported metric type Empty`)
  }
  equal(errors.length > 0, expected.error === true, errors.join('; '))
  if (expected.error_equals !== undefined) equal(errors.join('; '), expected.error_equals)
  if (expected.warnings !== undefined) deepEqual(warnings.sort(), expected.warnings.sort())
  const withMetadata = test.kind === 'request'
  if (expected.samples !== undefined) checkSamples(samples, expected.samples, withMetadata)
  if (expected.sample_count !== undefined) equal(samples.length, expected.sample_count)
  const { last_samples: last } = expected
  if (last !== undefined) checkSamples(samples.slice(-last.length), last, withMetadata)
  for (const [family, list] of Object.entries(expected.family_samples ?? {}))
    checkSamples(samples.filter((sample) => sample.family.name === family), list, withMetadata)
  for (const [family, { equal: same = {}, absent = [] }] of Object.entries(expected.family_labels ?? {})) {
    const [sample] = samples.filter((one) => one.family.name === family)
    ok(sample !== undefined, `no ${family}`)
    const labels = labelsIn(sample)
    for (const [name, value] of Object.entries(same)) equal(labels[name], value, name)
    for (const name of absent) equal(labels[name], undefined, name)
  }
}

function labelsIn({ identity }: Translated): { [name: string]: string } {
  return { __name__: identity.name, ...Object.fromEntries(labelPairs(identity.labels)) }
}

function checkSamples(
  samples: readonly Translated[], expected: readonly ExpectedSample[], withMetadata: boolean,
): void {
  deepEqual(samples.map(labelsIn), expected.map(({ labels }) => labels))
  for (const [i, sample] of samples.entries()) {
    const wanted = expected[i]
    const { ts, start, value, histogram, exemplars = [], stale } = sample.payload
    equal(sample.family.name, wanted.family)
    if (wanted.value === 'StaleNaN') equal(stale, true)
    else if (wanted.value !== undefined) deepEqual(numberIn(value), numberIn(wanted.value))
    if (wanted.histogram !== undefined) checkHistogram(histogram as unknown as NativeHistogram, wanted.histogram)
    equal(millisOf(ts!), wanted.timestamp_ms)
    equal(start === undefined ? 0 : millisOf(start as string), wanted.start_timestamp_ms ?? 0)
    const told = (exemplars as unknown as Exemplar[]).map(({ labels = {}, value, ts }) => {
      return { labels, value, timestamp_ms: ts === undefined ? 0 : millisOf(ts), has_timestamp: ts !== undefined }
    })
    deepEqual(told, wanted.exemplars ?? [])
    const { kind, unit, help } = sample.family.rest
    if (withMetadata && wanted.metadata !== undefined) deepEqual({ type: kind, unit, help }, wanted.metadata)
  }
}
