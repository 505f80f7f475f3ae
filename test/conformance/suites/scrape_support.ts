// What the scrape suites share: their configurations as the scraper's settings, and batches as the samples they
// compare.

import type { Batch } from '../../../lib/record/batch.js'
import { type Labels, labelPairs, labelsOf } from '../../../lib/record/labels.js'
import type { Exemplar, NativeHistogram } from '../../../lib/record/record.js'
import { millisOf } from '../../../lib/record/time.js'
import type { RuleConfig } from '../../../lib/relabel/config.js'
import { compileRules, type RelabelRules } from '../../../lib/relabel/rules.js'
import type { AppendOptions } from '../../../lib/scrape/append.js'
import { schemaOfFactor } from '../../../lib/scrape/histogram.js'

export interface Config {
  target_labels?: unknown
  honor_labels?: boolean
  honor_timestamps?: boolean
  track_timestamps_staleness?: boolean
  metric_name_validation_scheme?: 'utf8' | 'legacy'
  metric_relabel_configs?: RuleConfig[]
  sample_limit?: number
  label_limit?: number
  label_name_length_limit?: number
  label_value_length_limit?: number
  native_histogram_bucket_limit?: number
  native_histogram_min_bucket_factor?: number
  scrape_native_histograms?: boolean
  always_scrape_classic_histograms?: boolean
  convert_classic_histograms_to_nhcb?: boolean
  fallback_content_type?: string
  fallback_scrape_protocol?: string
  sample_mutator?: string
  enable_type_and_unit_labels?: boolean
}

export interface Sample {
  labels: { [name: string]: string }
  value?: number | string
  histogram?: { [field: string]: unknown }
  timestamp_ms: number
  start_timestamp_ms?: number
  exemplars?: { labels: { [name: string]: string }; value: number; timestamp_ms: number; has_timestamp: boolean }[]
}

/** A string of a case; bytes that are no UTF-8 become lone surrogates, which no valid text holds. */
export function textOf(value: unknown): string {
  if (typeof value === 'string') return value
  const bytes = Buffer.from((value as { $base64: string }).$base64, 'base64')
  return [...bytes].map((byte) => (byte < 128 ? String.fromCharCode(byte) : String.fromCharCode(0xdc00 + byte))).join('')
}

export function labelsIn(value: unknown): Labels {
  if (value === undefined || value === null) return []
  const pairs = (value as { $pairs?: [unknown, unknown][] }).$pairs ?? Object.entries(value)
  return labelsOf(pairs.map(([name, text]) => [textOf(name), textOf(text)] as const))
}

/** Upstream changes labels by a function of its own; these rules do the same. */
const MUTATOR: readonly RuleConfig[] = [
  { source_labels: ['drop'], regex: '.+', target_label: 'no', replacement: 'name' },
  { source_labels: ['drop'], regex: '.+', target_label: '__name__', replacement: '' },
]

export function rulesIn(rules: RuleConfig[] | undefined, scheme: 'utf8' | 'legacy' = 'utf8'): RelabelRules | undefined {
  return rules === undefined || rules.length === 0 ? undefined : compileRules(rules, scheme)
}

export function appendOptions(config: Config): AppendOptions {
  const scheme = config.metric_name_validation_scheme ?? 'utf8'
  const rules = config.sample_mutator === undefined ? config.metric_relabel_configs : [...MUTATOR]
  return {
    targetLabels: labelsIn(config.target_labels),
    honorLabels: config.honor_labels ?? false,
    metricRelabel: rulesIn(rules, scheme),
    nameScheme: scheme,
    limits: {
      labels: config.label_limit ?? 0,
      nameLength: config.label_name_length_limit ?? 0,
      valueLength: config.label_value_length_limit ?? 0,
    },
    honorTimestamps: config.honor_timestamps ?? true,
    trackTimestampsStaleness: config.track_timestamps_staleness ?? false,
    sampleLimit: config.sample_limit ?? 0,
    bucketLimit: config.native_histogram_bucket_limit ?? 0,
    maxSchema: schemaOfFactor(config.native_histogram_min_bucket_factor ?? 0),
  }
}

/** The metric samples of batches, as cases spell them. */
export function samplesOf(batches: readonly (Batch | null)[]): Sample[] {
  const samples: Sample[] = []
  for (const batch of batches) {
    for (let row = 0; row < (batch?.length ?? 0); row++) {
      if (batch!.id(row)?.type === 'metric') samples.push(sampleOf(batch!, row))
    }
  }
  return samples
}

function sampleOf(batch: Batch, row: number): Sample {
  const { name, labels } = batch.id(row)!
  const payload = batch.payload(row)
  const millis = millisOf(payload.ts!)
  const sample: Sample = {
    labels: { __name__: name, ...Object.fromEntries(labelPairs(labels)) },
    timestamp_ms: millis,
    exemplars: ((payload.exemplars ?? []) as unknown as Exemplar[]).map(({ labels: own, value, ts }) => ({
      labels: { ...own },
      value: Number(value),
      timestamp_ms: ts === undefined ? millis : millisOf(ts),
      has_timestamp: ts !== undefined,
    })),
  }
  if (payload.start !== undefined) sample.start_timestamp_ms = millisOf(payload.start as string)
  if (payload.stale === true) sample.value = 'StaleNaN'
  else if (payload.histogram !== undefined) sample.histogram = histogramOf(payload.histogram as unknown as NativeHistogram)
  else sample.value = Object.is(payload.value, -0) ? '-0' : (payload.value as number | string)
  return sample
}

/** A histogram as cases spell it: what is zero or empty is left out. */
export function histogramOf(histogram: NativeHistogram): { [field: string]: unknown } {
  const { positive_deltas, positive_counts, negative_deltas, negative_counts, reset, ...rest } = histogram
  const all: { [field: string]: unknown } = {
    ...rest,
    count: Number(histogram.count),
    zero_count: Number(histogram.zero_count ?? 0),
    positive_buckets: positive_deltas ?? positive_counts,
    negative_buckets: negative_deltas ?? negative_counts,
    counter_reset_hint: reset,
  }
  return withoutZeros(all)
}

export function withoutZeros(histogram: { [field: string]: unknown }): { [field: string]: unknown } {
  const empty = (value: unknown) => value === undefined || value === 0 || value === '0' || (Array.isArray(value) && value.length === 0)
  return Object.fromEntries(Object.entries(histogram).filter(([, value]) => !empty(value)))
}
