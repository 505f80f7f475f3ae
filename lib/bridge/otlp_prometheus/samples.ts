// Data points of OTLP as samples of Prometheus: values, classic and native histograms, summaries, exemplars.

import { fieldOf, type Json } from '../../record/json.js'
import { labelPairs } from '../../record/labels.js'
import type { Exemplar, NativeHistogram, Payload } from '../../record/record.js'
import type { AnyPoint, OtlpExemplar } from '../../wire/otlp/message.js'
import { type Form, labelled, NO_RECORDED_VALUE } from '../../wire/otlp/points.js'
import type { Original } from '../original.js'
import { type Native, nativeOfExplicit, nativeOfExponential } from './histograms.js'

/** A sample of a series of a family. */
export interface Sample {
  /** Behind the name of the family: `_sum`, `_bucket` …; `''` for none. */
  suffix: string
  /** A label besides: `le`, `quantile`. */
  label: readonly [string, string] | null
  payload: Payload
}

/** Characters that the labels of an exemplar may have (OpenMetrics 1.0, "Exemplars"). */
const EXEMPLAR_CHARACTERS = 128

export interface SampleOptions {
  /** Whether explicit histograms become native ones with custom buckets. */
  nhcb: boolean
  delta: boolean
  original: Original
}

/** The samples of a point, in the order in which Prometheus appends them. Throws an Error where it has none. */
export function samplesOf(point: AnyPoint, form: Form, options: SampleOptions, warn: (text: string) => void): Sample[] {
  const { native: own = false, numbers = [] } = options.original
  switch (form) {
    case 'gauge':
      return [sample(point, numberOf(point))]
    case 'sum':
      return [sample(point, numberOf(point), point.exemplars?.map(exemplarOf))]
    case 'summary':
      return summarySamples(point, numbers)
    case 'histogram':
      return options.nhcb || own
        ? [native(point, nativeOfExplicit(point, options.delta), warn)]
        : classicSamples(point, numbers)
    case 'exponentialHistogram':
      return [native(point, nativeOfExponential(point, options.delta, own), warn)]
  }
}

function isStale({ flags = 0 }: AnyPoint): boolean {
  return (flags & NO_RECORDED_VALUE) !== 0
}

/** A point without a value counts as 0. */
function numberOf({ asInt, asDouble = 0 }: { asInt?: string; asDouble?: number }): number {
  return asInt === undefined ? asDouble : Number(asInt)
}

function sample(
  point: AnyPoint,
  measured: number | NativeHistogram,
  exemplars: readonly Exemplar[] = [],
  suffix = '',
  label: Sample['label'] = null,
): Sample {
  const payload: Payload = { ts: point.timeUnixNano ?? '0' }
  if (point.startTimeUnixNano !== undefined) payload.start = point.startTimeUnixNano
  if (isStale(point)) payload.stale = true
  else if (typeof measured === 'number') payload.value = fieldOf(measured)
  else payload.histogram = measured as unknown as Json
  if (exemplars.length > 0) payload.exemplars = exemplars as unknown as Json
  return { suffix, label, payload }
}

function native(point: AnyPoint, { histogram, warning }: Native, warn: (text: string) => void): Sample {
  if (warning !== null && !isStale(point)) warn(warning)
  return sample(point, histogram, point.exemplars?.map(exemplarOf))
}

/** Sum, where there is one, count, and a bucket for each bound and for all. */
function classicSamples(point: AnyPoint, numbers: readonly string[]): Sample[] {
  const { sum, count = '0', explicitBounds = [], bucketCounts = [] } = point
  const exemplars = (point.exemplars ?? []).map(exemplarOf).sort((a, b) => Number(a.value) - Number(b.value))
  const samples = sum === undefined ? [] : [sample(point, sum, [], '_sum')]
  samples.push(sample(point, Number(count), [], '_count'))
  let cumulative = 0n
  let told = 0
  for (let i = 0; i < explicitBounds.length && i < bucketCounts.length; i++) {
    const bound = explicitBounds[i]
    const from = told
    cumulative += BigInt(bucketCounts[i])
    while (told < exemplars.length && Number(exemplars[told].value) <= bound) told++
    samples.push(sample(point, Number(cumulative), exemplars.slice(from, told), '_bucket', ['le', numberText(bound, numbers[i])]))
  }
  samples.push(sample(point, Number(count), exemplars.slice(told), '_bucket', ['le', '+Inf']))
  return samples
}

function summarySamples(point: AnyPoint, numbers: readonly string[]): Sample[] {
  const { sum = 0, count = '0', quantileValues = [] } = point
  return [
    sample(point, sum, [], '_sum'),
    sample(point, Number(count), [], '_count'),
    ...quantileValues.map(({ quantile = 0, value = 0 }, i) =>
      sample(point, value, [], '', ['quantile', numberText(quantile, numbers[i])]),
    ),
  ]
}

/** Trace and span always, attributes where there is room for them. Throws an Error where there is no value. */
export function exemplarOf(exemplar: OtlpExemplar): Exemplar {
  const { traceId = '', spanId = '', timeUnixNano, asInt, asDouble } = exemplar
  if (asInt === undefined && asDouble === undefined) throw new Error('unsupported exemplar value type: Empty')
  const ids: [string, string][] = []
  if (/[^0]/.test(traceId)) ids.push(['trace_id', traceId])
  if (/[^0]/.test(spanId)) ids.push(['span_id', spanId])
  const more = [...labelPairs(labelled(exemplar.filteredAttributes).labels)]
  const length = [...ids, ...more].flat().reduce((sum, text) => sum + [...text].length, 0)
  const labels = Object.fromEntries(length <= EXEMPLAR_CHARACTERS ? [...more, ...ids] : ids)
  return {
    ...(Object.keys(labels).length > 0 && { labels }),
    value: fieldOf(numberOf(exemplar)),
    ...(timeUnixNano !== undefined && { ts: timeUnixNano }),
  }
}

/** A number as it was written in Prometheus, where that is known and says the same. */
function numberText(value: number, written: string | undefined): string {
  return written !== undefined && Number(written) === value ? written : decimalText(value)
}

/** The shortest decimal that reads back as the same double, without an exponent. */
export function decimalText(value: number): string {
  if (!Number.isFinite(value)) return String(fieldOf(value))
  const text = Object.is(value, -0) ? '-0' : String(value)
  const parts = /^(-?)(\d+)(?:\.(\d+))?e([+-]\d+)$/.exec(text)
  if (parts === null) return text
  const [, sign, whole, fraction = '', exponent] = parts
  const digits = whole + fraction
  const point = whole.length + Number(exponent)
  if (point <= 0) return `${sign}0.${'0'.repeat(-point)}${digits}`
  return sign + digits.padEnd(point, '0')
}
