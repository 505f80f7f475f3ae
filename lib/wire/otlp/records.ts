// Requests of OTLP to records: what is the same for many (resource, scope, metric) is the identity.

import type { IdentityRest } from '../../record/identity.js'
import { Identity } from '../../record/identity.js'
import type { Json } from '../../record/json.js'
import { NO_LABELS } from '../../record/labels.js'
import type { Payload, Record } from '../../record/record.js'
import type { RecordType } from '../../record/type.js'
import { wordOf } from './fields.js'
import type { AnyPoint, LogsRequest, Metric, MetricsRequest, ProfilesRequest, Requests, TracesRequest } from './message.js'
import { originOf } from './origin.js'
import { type Form, FORMS, labelled, pointPayload } from './points.js'
import { profileRecords } from './profiles.js'
import type { Signal } from './schema.js'
import { logPayload, spanPayload } from './spans.js'
import { mapOf, Unfit } from './value.js'

/** The type of record that a signal consists of. */
export const RECORD_OF: Readonly<{ [S in Signal]: RecordType }> = {
  traces: 'span', logs: 'log', metrics: 'metric', profiles: 'profile',
}

/** By their numbers. */
export const TEMPORALITIES = ['', 'delta', 'cumulative']

/**
 * The records of a request, in its order. Scopes and metrics in which nothing was measured leave none, and neither do wrong
 * profiles, of which `profileRecords` tells. Throws where texts of a resource or scope of profiles are missing.
 */
export function recordsOf<S extends Signal>(signal: S, request: Requests[S]): Record[] {
  switch (signal) {
    case 'traces':
      return traceRecords(request as TracesRequest)
    case 'logs':
      return logRecords(request as LogsRequest)
    case 'profiles':
      return profileRecords(request as ProfilesRequest, Infinity)!.records
    default:
      return metricRecords(request as MetricsRequest)
  }
}

function traceRecords({ resourceSpans = [] }: TracesRequest): Record[] {
  const records: Record[] = []
  for (const inResource of resourceSpans) {
    for (const inScope of inResource.scopeSpans ?? []) {
      const identity = Identity.of('span', '', NO_LABELS, originOf(inResource, inScope))
      for (const span of inScope.spans ?? []) records.push({ identity, payload: spanPayload(span) })
    }
  }
  return records
}

function logRecords({ resourceLogs = [] }: LogsRequest): Record[] {
  const records: Record[] = []
  for (const inResource of resourceLogs) {
    for (const inScope of inResource.scopeLogs ?? []) {
      const identity = Identity.of('log', '', NO_LABELS, originOf(inResource, inScope))
      for (const log of inScope.logRecords ?? []) records.push({ identity, payload: logPayload(log) })
    }
  }
  return records
}

function metricRecords({ resourceMetrics = [] }: MetricsRequest): Record[] {
  const records: Record[] = []
  for (const inResource of resourceMetrics) {
    for (const inScope of inResource.scopeMetrics ?? []) {
      const origin = originOf(inResource, inScope)
      for (const metric of inScope.metrics ?? []) pointRecords(metric, origin, records)
    }
  }
  return records
}

function pointRecords(metric: Metric, origin: IdentityRest, records: Record[]): void {
  const form = FORMS.find((name) => metric[name] !== undefined)
  if (form === undefined) return
  const { dataPoints = [] } = metric[form]! as { dataPoints?: AnyPoint[] }
  const rest = { ...origin, ...metricFields(metric, form) }
  for (const point of dataPoints) {
    const { labels, typed } = labelled(point.attributes)
    const identity = Identity.of('metric', metric.name ?? '', labels, typed === null ? rest : { ...rest, attributes: typed })
    records.push({ identity, payload: pointPayload(point, form) })
  }
}

/** Metrics of which a request says nothing: no record tells of them. `data`: whether it says of what form they are. */
export function emptyMetrics({ resourceMetrics = [] }: MetricsRequest): { name: string; data: boolean }[] {
  return resourceMetrics
    .flatMap(({ scopeMetrics = [] }) => scopeMetrics.flatMap(({ metrics = [] }) => metrics))
    .map((metric) => ({ name: metric.name ?? '', form: FORMS.find((name) => metric[name] !== undefined), metric }))
    .filter(({ form, metric }) => form === undefined || (metric[form]!.dataPoints ?? []).length === 0)
    .map(({ name, form }) => ({ name, data: form !== undefined }))
}

/** What the identities of a metric's points have in common. A sum says whether it is monotonic, a gauge does not. */
function metricFields(metric: Metric, form: Form): IdentityRest {
  const { aggregationTemporality, isMonotonic = false } = metric[form]!
  const temporality = wordOf(TEMPORALITIES, aggregationTemporality)
  const rest: { [key: string]: Json } = { kind: kindOf(form, isMonotonic) }
  if (metric.unit !== undefined) rest.unit = metric.unit
  if (metric.description !== undefined) rest.help = metric.description
  if (metric.metadata !== undefined) rest.metadata = mapOf(metric.metadata)
  if (temporality !== undefined) rest.temporality = temporality
  if (form === 'sum') rest.monotonic = isMonotonic
  return rest
}

function kindOf(form: Form, monotonic: boolean): string {
  if (form === 'sum') return monotonic ? 'counter' : 'gauge'
  return form === 'exponentialHistogram' ? 'histogram' : form
}

/** The form of the metric that a record belongs to. */
export function formOf({ rest, kind }: Identity, payload: Payload): Form {
  if (payload.explicit_histogram !== undefined) return 'histogram'
  if (payload.exponential_histogram !== undefined) return 'exponentialHistogram'
  if (payload.summary !== undefined) return 'summary'
  if (payload.histogram !== undefined) throw new Unfit('a native histogram of Prometheus is none of OTLP')
  if (kind === 'counter' || (kind === 'gauge' && typeof rest.monotonic === 'boolean')) return 'sum'
  if (kind === 'gauge' || kind === 'unknown' || kind === '') return 'gauge'
  throw new Unfit(`a ${kind} of Prometheus that is told by single samples is none of OTLP`)
}
