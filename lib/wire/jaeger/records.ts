// Jaeger's batches to span records, as the OpenTelemetry Collector translates them (its translator for Jaeger).

import { Identity, type IdentityRest } from '../../record/identity.js'
import type { Json } from '../../record/json.js'
import { NO_LABELS } from '../../record/labels.js'
import type { Payload, Record } from '../../record/record.js'
import { type JaegerBatch, type JaegerProcess, type JaegerSpan, NO_PARENT, type Tag } from './model.js'

type Attributes = Map<string, Json>

const KINDS: ReadonlySet<unknown> = new Set(['client', 'server', 'producer', 'consumer', 'internal'])
/** What exporters of OpenTelemetry say where there is no name of a service. */
const NO_SERVICE = 'OTLPResourceNoServiceName'
const REFERENCE = 'opentracing.ref_type'

/** The records of a batch, in its order. The process of a span counts more than that of its batch. */
export function recordsOfBatch({ process, spans }: JaegerBatch): Record[] {
  const resources = new Map<JaegerProcess | null, IdentityRest>()
  const identities = new Map<string, Identity>()
  return spans.map((span) => {
    const whose = span.process ?? process
    let rest = resources.get(whose)
    if (rest === undefined) resources.set(whose, (rest = resourceOf(whose)))
    const attributes: Attributes = new Map(span.tags)
    const identity = Identity.of('span', '', NO_LABELS, { ...rest, ...scopeOf(attributes) })
    const key = identity.prefix.latin1Slice()
    if (!identities.has(key)) identities.set(key, identity)
    return { identity: identities.get(key)!, payload: payloadOf(span, attributes) }
  })
}

function resourceOf(whose: JaegerProcess | null): IdentityRest {
  if (whose === null || whose.service === NO_SERVICE) return {}
  const attributes: Attributes = new Map()
  if (whose.service !== '') attributes.set('service.name', whose.service)
  for (const [key, value] of whose.tags) attributes.set(key, value)
  const host = attributes.get('hostname')
  if (host !== undefined && !attributes.has('host.name')) {
    attributes.set('host.name', host)
    attributes.delete('hostname')
  }
  const version = attributes.get('jaeger.version')
  if (version !== undefined && !attributes.has('opencensus.exporterversion')) {
    attributes.set('opencensus.exporterversion', `Jaeger-${textIn(version)}`)
    attributes.delete('jaeger.version')
  }
  return attributes.size === 0 ? {} : { resource: Object.fromEntries(attributes) }
}

function scopeOf(attributes: Attributes): IdentityRest {
  const name = taken(attributes, 'otel.scope.name')
  if (name === undefined) return {}
  const version = textIn(taken(attributes, 'otel.scope.version'))
  const scope = { ...(textIn(name) !== '' && { name: textIn(name) }), ...(version !== '' && { version }) }
  return { scope }
}

function payloadOf(span: JaegerSpan, attributes: Attributes): Payload {
  const parent = parentOf(span)
  const payload: Payload = { ts: span.start, end: span.end, trace_id: span.traceId, span_id: span.spanId }
  if (parent !== NO_PARENT) payload.parent_span_id = parent
  if (span.name !== '') payload.name = span.name
  const kind = taken(attributes, 'span.kind')
  if (KINDS.has(kind)) payload.kind = kind
  const status = statusOf(attributes, payload.kind)
  if (status !== null) payload.status = status
  const state = textIn(taken(attributes, 'w3c.tracestate'))
  if (state !== '') payload.trace_state = state
  if (attributes.size > 0) payload.attributes = Object.fromEntries(attributes)
  if (span.logs.length > 0) payload.events = span.logs.map(eventOf)
  const links = linksOf(span, parent)
  if (links.length > 0) payload.links = links
  return payload
}

/** A reference to the same trace makes a parent, one that says so before one that follows. */
function parentOf({ parentSpanId, references, traceId }: JaegerSpan): string {
  if (parentSpanId !== NO_PARENT) return parentSpanId
  const here = references.filter((reference) => reference.traceId === traceId)
  return (here.find(({ followsFrom }) => !followsFrom) ?? here[0])?.spanId ?? NO_PARENT
}

/** What is referred to, but for the parent as such. */
function linksOf({ references }: JaegerSpan, parent: string): Json[] {
  return references
    .filter(({ spanId, followsFrom }) => spanId !== parent || followsFrom)
    .map(({ traceId, spanId, followsFrom }) => {
      const attributes = { [REFERENCE]: followsFrom ? 'follows_from' : 'child_of' }
      return { trace_id: traceId, span_id: spanId, attributes }
    })
}

function eventOf({ ts, fields }: { ts: string; fields: readonly Tag[] }): Json {
  const attributes: Attributes = new Map(fields)
  const name = textIn(taken(attributes, 'event'))
  const rest = attributes.size > 0 && { attributes: Object.fromEntries(attributes) }
  return { ts, ...(name !== '' && { name }), ...rest }
}

/** The tag `error` counts most, then what the exporter of OpenTelemetry said, then the status of HTTP. */
function statusOf(attributes: Attributes, kind: Json | undefined): Json | null {
  const isError = attributes.get('error') === true
  if (isError) attributes.delete('error')
  const told = taken(attributes, 'otel.status_code')
  if (isError) {
    const message = taken(attributes, 'otel.status_description') ?? attributes.get('http.status_message')
    return status('error', textIn(message))
  }
  if (told !== undefined) {
    const message = textIn(taken(attributes, 'otel.status_description'))
    const word = textIn(told).toLowerCase()
    return status(word === 'ok' || word === 'error' ? word : '', message)
  }
  const code = httpStatusOf(attributes.get('http.status_code'))
  // What a server refuses is no failure of the server.
  if (Number.isNaN(code) || (code >= 100 && code < 400) || (code >= 400 && code < 500 && kind === 'server')) return null
  return status('error', textIn(attributes.get('http.status_message')))
}

function httpStatusOf(value: Json | undefined): number {
  if (typeof value === 'number') return Number.isInteger(value) ? value : NaN
  return typeof value === 'string' && /^[+-]?\d{1,15}$/.test(value) ? Number(value) : NaN
}

function status(code: string, message: string): Json | null {
  if (code === '' && message === '') return null
  return { ...(code !== '' && { code }), ...(message !== '' && { message }) }
}

function taken(attributes: Attributes, key: string): Json | undefined {
  const value = attributes.get(key)
  attributes.delete(key)
  return value
}

function textIn(value: Json | undefined): string {
  return typeof value === 'string' ? value : ''
}
