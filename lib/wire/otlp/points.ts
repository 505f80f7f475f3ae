// Data points of OTLP and the payloads of records, both ways.

import { fieldOf, type Json, numberOf } from '../../record/json.js'
import { labelPairs, type Labels, labelsOfMap, labelsOfObject } from '../../record/labels.js'
import type { Payload } from '../../record/record.js'
import { type FieldMap, messageFields, recordFields } from './fields.js'
import type {
  AnyPoint, Buckets, ExponentialPoint, HistogramPoint, KeyValue, NumberValue, OtlpExemplar, SummaryPoint,
} from './message.js'
import { jsonOf, type JsonMap, listField, mapField, textOf, Unfit, valueOf } from './value.js'

/** The forms that a metric's points have, by their names in OTLP. */
export const FORMS = ['gauge', 'sum', 'histogram', 'exponentialHistogram', 'summary'] as const
export type Form = (typeof FORMS)[number]

/** DataPointFlags: the series has no value at this time. */
export const NO_RECORDED_VALUE = 1

const POINT: FieldMap = [
  ['ts', 'timeUnixNano', 'time'],
  ['start', 'startTimeUnixNano', 'time'],
  ['flags', 'flags', 'uint32'],
]
const EXEMPLAR: FieldMap = [
  ['ts', 'timeUnixNano', 'time'],
  ['trace_id', 'traceId', 'id'],
  ['span_id', 'spanId', 'id'],
]
const DISTRIBUTION: FieldMap = [
  ['count', 'count', 'count'],
  ['sum', 'sum', 'double'],
  ['min', 'min', 'double'],
  ['max', 'max', 'double'],
  ['zero_count', 'zeroCount', 'count'],
  ['zero_threshold', 'zeroThreshold', 'double'],
  ['scale', 'scale', 'int32'],
]
const SUMMARY: FieldMap = [
  ['count', 'count', 'count'],
  ['sum', 'sum', 'double'],
]
const QUANTILE: FieldMap = [
  ['quantile', 'quantile', 'double'],
  ['value', 'value', 'double'],
]
const OFFSET: FieldMap = [['offset', 'offset', 'int32']]

/** Attributes as labels: all of them as text, and beside that those that are no strings as they are. */
export function labelled(attributes: readonly KeyValue[] = []): { labels: Labels; typed: { [name: string]: Json } | null } {
  const labels = new Map<string, string>()
  let typed: { [name: string]: Json } | null = null
  for (const { key = '', value = {} } of attributes) {
    if (value.stringValue !== undefined) {
      labels.set(key, value.stringValue)
      if (typed !== null) delete typed[key]
      continue
    }
    const json = jsonOf(value)
    labels.set(key, textOf(json))
    typed ??= {}
    Object.defineProperty(typed, key, { value: json, enumerable: true, configurable: true, writable: true })
  }
  return { labels: labelsOfMap(labels), typed: typed !== null && Object.keys(typed).length > 0 ? typed : null }
}

/** The attributes again: a label says what there is, and has its type back as long as it says the same. */
export function unlabelled(labels: Labels, typed: JsonMap): KeyValue[] {
  const attributes: KeyValue[] = []
  for (const [key, stringValue] of labelPairs(labels)) {
    const same = Object.hasOwn(typed, key) && textOf(typed[key]) === stringValue
    attributes.push({ key, value: same ? valueOf(typed[key]) : { stringValue } })
  }
  return attributes
}

export function pointPayload(point: AnyPoint, form: Form): Payload {
  const payload: Payload = { ts: '0', ...recordFields(point, POINT), ...measured(point, form) }
  if (point.exemplars !== undefined) payload.exemplars = point.exemplars.map(exemplarField)
  return payload
}

function measured(point: AnyPoint, form: Form): Payload {
  switch (form) {
    case 'histogram':
      return { explicit_histogram: explicitField(point) }
    case 'exponentialHistogram':
      return { exponential_histogram: exponentialField(point) }
    case 'summary':
      return { summary: { count: '0', ...recordFields(point, SUMMARY), ...quantilesField(point) } }
    default: {
      if (point.asInt !== undefined || point.asDouble !== undefined) return numberFields(point)
      const { flags = 0 } = point
      // The flag is what the marker says; another value of it is kept.
      return { stale: true, flags: flags === NO_RECORDED_VALUE ? undefined : flags }
    }
  }
}

/** `value`, and `int` where it is a whole number: true, or its digits where a double does not hold them. */
function numberFields({ asInt, asDouble }: NumberValue): { value: Json; int?: Json } {
  if (asInt === undefined) return { value: fieldOf(asDouble!) }
  const value = Number(asInt)
  return { value, int: Number.isSafeInteger(value) ? true : asInt }
}

function exemplarField(exemplar: OtlpExemplar): Json {
  const { labels, typed } = labelled(exemplar.filteredAttributes)
  return {
    ...(labels.length > 0 && { labels: Object.fromEntries(labelPairs(labels)) }),
    ...(typed !== null && { attributes: typed }),
    ...(exemplar.asInt !== undefined || exemplar.asDouble !== undefined ? numberFields(exemplar) : {}),
    ...recordFields(exemplar, EXEMPLAR),
  }
}

function explicitField(point: HistogramPoint): Json {
  return {
    count: '0',
    ...recordFields(point, DISTRIBUTION),
    ...(point.bucketCounts !== undefined && { counts: point.bucketCounts.map(countField) }),
    ...(point.explicitBounds !== undefined && { bounds: point.explicitBounds.map(fieldOf) }),
  }
}

function exponentialField(point: ExponentialPoint): Json {
  return {
    count: '0',
    ...recordFields(point, DISTRIBUTION),
    ...(point.positive !== undefined && { positive: bucketsField(point.positive) }),
    ...(point.negative !== undefined && { negative: bucketsField(point.negative) }),
  }
}

function bucketsField(buckets: Buckets): Json {
  const { bucketCounts } = buckets
  return { ...recordFields(buckets, OFFSET), ...(bucketCounts !== undefined && { counts: bucketCounts.map(countField) }) }
}

/** The count of a bucket: a number as long as a double holds it. */
function countField(count: string): Json {
  const number = Number(count)
  return Number.isSafeInteger(number) ? number : count
}

function quantilesField({ quantileValues }: SummaryPoint): { quantiles?: Json } {
  if (quantileValues === undefined) return {}
  return { quantiles: quantileValues.map((one) => ({ quantile: 0, value: 0, ...recordFields(one, QUANTILE) })) }
}

/** The point of a record of a form. Throws Unfit where a field is of the wrong shape. */
export function pointOf(labels: Labels, typed: JsonMap, payload: Payload, form: Form): AnyPoint {
  const attributes = unlabelled(labels, typed)
  const exemplars = listField(payload.exemplars).map((exemplar) => exemplarOf(mapField(exemplar)))
  return {
    ...(attributes.length > 0 && { attributes }),
    ...messageFields(payload, POINT),
    ...measuredPoint(payload, form),
    ...(exemplars.length > 0 && { exemplars }),
  }
}

function measuredPoint(payload: Payload, form: Form): AnyPoint {
  switch (form) {
    case 'histogram':
      return explicitPoint(mapField(payload.explicit_histogram))
    case 'exponentialHistogram':
      return exponentialPoint(mapField(payload.exponential_histogram))
    case 'summary': {
      const map = mapField(payload.summary)
      const quantileValues = listField(map.quantiles).map((one) => zeroless(messageFields(mapField(one), QUANTILE)))
      return { ...zeroless(messageFields(map, SUMMARY)), ...(quantileValues.length > 0 && { quantileValues }) }
    }
    default:
      if (payload.stale === true) return payload.flags === undefined ? { flags: NO_RECORDED_VALUE } : {}
      return numberValue(payload.value, payload.int)
  }
}

/** Doubles that are no optional fields are left out where they are zero. */
function zeroless<M extends { [name: string]: unknown }>(message: M): M {
  for (const name of Object.keys(message)) if (Object.is(message[name], 0)) delete message[name]
  return message
}

/** `int` counts as long as it says the same as the value, which a stage may have changed. */
function numberValue(value: Json | undefined, int: Json | undefined): NumberValue {
  const number = numberOf(value)
  if (number === undefined) throw new Unfit("'value': expected a number")
  if (int === true && Number.isSafeInteger(number)) return { asInt: String(number) }
  if (typeof int === 'string' && Number(int) === number && /^-?\d{1,19}$/.test(int)) return { asInt: int }
  return { asDouble: number }
}

function exemplarOf(exemplar: JsonMap): OtlpExemplar {
  const labels = mapField(exemplar.labels)
  const texts = Object.entries(labels).map(([name, value]) => [name, textOf(value)])
  const filteredAttributes = unlabelled(labelsOfObject(Object.fromEntries(texts)), mapField(exemplar.attributes))
  return {
    ...(filteredAttributes.length > 0 && { filteredAttributes }),
    ...messageFields(exemplar, EXEMPLAR),
    ...(exemplar.value === undefined ? {} : numberValue(exemplar.value, exemplar.int)),
  }
}

function explicitPoint(map: JsonMap): HistogramPoint {
  const bucketCounts = listField(map.counts).map(countOf)
  const explicitBounds = listField(map.bounds).map(doubleOf)
  return {
    ...messageFields(map, DISTRIBUTION),
    ...(bucketCounts.length > 0 && { bucketCounts }),
    ...(explicitBounds.length > 0 && { explicitBounds }),
  }
}

function exponentialPoint(map: JsonMap): ExponentialPoint {
  const { zero_threshold, ...others } = map
  return {
    ...messageFields(others, DISTRIBUTION),
    ...zeroless(messageFields({ zero_threshold }, DISTRIBUTION)),
    ...(map.positive !== undefined && { positive: bucketsOf(mapField(map.positive)) }),
    ...(map.negative !== undefined && { negative: bucketsOf(mapField(map.negative)) }),
  }
}

function bucketsOf(map: JsonMap): Buckets {
  const bucketCounts = listField(map.counts).map(countOf)
  return { ...messageFields(map, OFFSET), ...(bucketCounts.length > 0 && { bucketCounts }) }
}

function countOf(json: Json): string {
  const text = typeof json === 'number' && Number.isSafeInteger(json) ? String(json) : json
  if (typeof text !== 'string' || !/^\d{1,20}$/.test(text)) throw new Unfit("'counts': expected whole numbers")
  return text
}

function doubleOf(json: Json): number {
  const number = numberOf(json)
  if (number === undefined) throw new Unfit("'bounds': expected numbers")
  return number
}

