// Requests of OTLP to records, and records to requests: what is the same for many (resource, scope, metric) is the identity.

import type { IdentityRest } from '../../record/identity.js'
import { Identity } from '../../record/identity.js'
import { canonical, type Json } from '../../record/json.js'
import { NO_LABELS } from '../../record/labels.js'
import type { Payload, Record } from '../../record/record.js'
import type { RecordType } from '../../record/type.js'
import { numberOfWord, wordOf } from './fields.js'
import type { AnyPoint, LogsRequest, Metric, MetricsRequest, Requests, TracesRequest } from './message.js'
import { originOf, resourceOf, scopeOf } from './origin.js'
import { type Form, FORMS, labelled, pointOf, pointPayload } from './points.js'
import type { Signal } from './schema.js'
import { logOf, logPayload, spanOf, spanPayload } from './spans.js'
import { attributesOf, mapField, mapOf, Unfit } from './value.js'

/** The type of record that a signal consists of. */
export const RECORD_OF: Readonly<{ [S in Signal]: RecordType }> = { traces: 'span', logs: 'log', metrics: 'metric' }

/** What the points of a metric have in common, beside its name. */
const METRIC_KEYS = ['kind', 'unit', 'help', 'metadata', 'temporality', 'monotonic']
const TEMPORALITIES = ['', 'delta', 'cumulative']

/** The records of a request, in its order. Scopes and metrics in which nothing was measured leave none. */
export function recordsOf<S extends Signal>(signal: S, request: Requests[S]): Record[] {
  switch (signal) {
    case 'traces':
      return traceRecords(request as TracesRequest)
    case 'logs':
      return logRecords(request as LogsRequest)
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

/** A request under construction: records of the same resource, scope and metric are put together. */
export class RequestBuilder<S extends Signal> {
  /** Lists by what their elements have in common: points of a metric, items of a scope, scopes of a resource. */
  readonly #points = new Map<string, AnyPoint[]>()
  readonly #scopes = new Map<string, unknown[]>()
  readonly #resources = new Map<string, unknown[]>()
  /** Items of the scope of an identity that was seen. */
  readonly #known = new Map<Identity, unknown[]>()
  readonly #request: unknown[] = []

  constructor(private readonly signal: S) {}

  /** Throws Unfit, and takes nothing, where the record cannot be told in OTLP. */
  add(identity: Identity, payload: Payload): void {
    if (identity.type !== RECORD_OF[this.signal]) throw new Unfit(`expected a ${RECORD_OF[this.signal]} record`)
    if (this.signal === 'metrics') this.#addPoint(identity, payload)
    else {
      const item = this.signal === 'traces' ? spanOf(payload) : logOf(identity, payload)
      this.#listOf(identity).push(item)
    }
  }

  get request(): Requests[S] {
    const name = { traces: 'resourceSpans', logs: 'resourceLogs', metrics: 'resourceMetrics' }[this.signal]
    return { [name]: this.#request }
  }

  #addPoint(identity: Identity, payload: Payload): void {
    const form = formOf(identity, payload)
    const point = pointOf(identity.labels, mapField(identity.rest.attributes), payload, form)
    const head = [identity.name, ...METRIC_KEYS.map((key) => identity.rest[key] ?? null)]
    const key = `${this.#scopeKey(identity)} ${form} ${canonical(head)}`
    let points = this.#points.get(key)
    if (points === undefined) {
      points = []
      const metric = metricOf(identity, form, points)
      this.#listOf(identity).push(metric)
      this.#points.set(key, points)
    }
    points.push(point)
  }

  /** Items of the resource and scope of an identity. */
  #listOf(identity: Identity): unknown[] {
    const known = this.#known.get(identity)
    if (known !== undefined) return known
    const key = this.#scopeKey(identity)
    let items = this.#scopes.get(key)
    if (items === undefined) {
      items = []
      const name = { traces: 'spans', logs: 'logRecords', metrics: 'metrics' }[this.signal]
      const inScope = { ...scopeOf(identity.rest), [name]: items }
      this.#scopesOf(identity).push(inScope)
      this.#scopes.set(key, items)
    }
    this.#known.set(identity, items)
    return items
  }

  #scopesOf({ rest }: Identity): unknown[] {
    const key = resourceKey(rest)
    let scopes = this.#resources.get(key)
    if (scopes === undefined) {
      scopes = []
      const name = { traces: 'scopeSpans', logs: 'scopeLogs', metrics: 'scopeMetrics' }[this.signal]
      this.#request.push({ ...resourceOf(rest), [name]: scopes })
      this.#resources.set(key, scopes)
    }
    return scopes
  }

  #scopeKey({ rest }: Identity): string {
    return `${resourceKey(rest)} ${canonical(rest.scope ?? {})}`
  }
}

function resourceKey(rest: IdentityRest): string {
  return `${canonical(rest.resource ?? {})} ${canonical(rest.resource_meta ?? {})}`
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

function metricOf({ name, rest }: Identity, form: Form, dataPoints: AnyPoint[]): Metric {
  // A counter that says nothing of it is one of Prometheus, which knows no other.
  const told = rest.temporality ?? (form === 'sum' && rest.monotonic === undefined ? 'cumulative' : undefined)
  const temporality = numberOfWord(TEMPORALITIES, told, 'temporality')
  const metadata = attributesOf(mapField(rest.metadata))
  const points = {
    dataPoints,
    ...(temporality !== undefined && { aggregationTemporality: temporality }),
    ...(form === 'sum' && rest.monotonic !== false && { isMonotonic: true }),
  }
  return {
    ...(name !== '' && { name }),
    ...(typeof rest.unit === 'string' && rest.unit !== '' && { unit: rest.unit }),
    ...(typeof rest.help === 'string' && rest.help !== '' && { description: rest.help }),
    ...(metadata.length > 0 && { metadata }),
    [form]: points,
  }
}
