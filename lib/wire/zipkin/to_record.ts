// Spans of Zipkin to records, as the OpenTelemetry Collector translates them.

import { type IdentityRest, isEmpty } from '../../record/identity.js'
import { canonical, type Json } from '../../record/json.js'
import type { Payload } from '../../record/record.js'
import type { ZipkinAnnotation, ZipkinEndpoint, ZipkinSpan } from './span.js'
import {
  DEBUG, DROPPED_TAGS, ERROR, LINK, LOCAL, NAME_SOURCE, NO_SERVICE, NO_START, REMOTE, RESOURCE_TAGS, SCOPE_TAGS,
  SERVICE_NAME, SHARED, SPAN_KIND, STATUS_CODE, STATUS_DESCRIPTION, TRACE_STATE,
} from './words.js'

/** Tags that are left: what is told elsewhere is taken out. */
class Tags {
  readonly left: Map<string, string>

  constructor(tags: { readonly [name: string]: string }) {
    this.left = new Map(Object.entries(tags))
  }

  take(name: string): string | undefined {
    const value = this.left.get(name)
    if (value !== undefined) this.left.delete(name)
    return value
  }
}

type Fields = { [key: string]: Json }

/** What of a record is the same for many spans, and what is this one's. */
export function spanRecord(span: ZipkinSpan): { rest: IdentityRest; payload: Payload } {
  const tags = new Tags(span.tags ?? {})
  const rest: Fields = {}
  const resource = resourceOf(span, tags)
  const scope = scopeOf(tags)
  if (resource.size > 0) rest.resource = Object.fromEntries(resource)
  if (Object.keys(scope).length > 0) rest.scope = scope
  return { rest, payload: payloadOf(span, tags) }
}

function resourceOf({ localEndpoint }: ZipkinSpan, tags: Tags): Map<string, string> {
  const resource = new Map<string, string>()
  const source = tags.take(NAME_SOURCE)
  for (const name of tags.left.keys()) if (RESOURCE_TAGS.has(name)) resource.set(name, tags.take(name)!)
  const service = localEndpoint?.serviceName
  if (service !== undefined && service !== NO_SERVICE) resource.set(source === undefined || source === '' ? SERVICE_NAME : source, service)
  return resource
}

function scopeOf(tags: Tags): Fields {
  const scope: Fields = {}
  for (const [field, names] of SCOPE_TAGS) {
    for (const name of names) {
      const value = tags.take(name)
      if (value !== undefined && value !== '') scope[field] ??= value
    }
  }
  return scope
}

function payloadOf(span: ZipkinSpan, tags: Tags): Payload {
  const { id, traceId, parentId, name, timestamp = 0, duration = 0, annotations = [] } = span
  const payload: Payload = { ts: nanos(timestamp), end: nanos(timestamp + duration), trace_id: traceId.padStart(32, '0'), span_id: id }
  if (parentId !== undefined && parentId !== id && !/^0+$/.test(parentId)) payload.parent_span_id = parentId
  const state = tags.take(TRACE_STATE)
  if (state !== undefined) payload.trace_state = state
  if (name !== undefined) payload.name = name
  const kind = kindOf(span, tags)
  if (kind !== undefined) payload.kind = kind
  put(payload, 'status', statusOf(tags))
  for (const [tag, field] of DROPPED_TAGS) {
    const count = tags.left.get(tag)
    if (isCount(count)) payload[field] = Number(tags.take(tag))
  }
  put(payload, 'events', annotations.map(eventOf))
  put(payload, 'links', linksOf(tags))
  put(payload, 'attributes', Object.fromEntries(attributesOf(span, tags)))
  return payload
}

/** Nothing where it is empty, as in lines. */
function put(payload: Payload, key: string, value: Json): void {
  if (!isEmpty(value)) payload[key] = value
}

function nanos(micros: number): string {
  return micros === 0 ? '0' : `${micros}000`
}

function kindOf({ kind }: ZipkinSpan, tags: Tags): string | undefined {
  if (kind !== undefined) return kind.toLowerCase()
  return tags.left.get(SPAN_KIND) === 'internal' ? tags.take(SPAN_KIND) : undefined
}

/** As it is written by the specification, by the collector and by its old versions. */
const CODES: ReadonlyMap<string, 'ok' | 'error' | undefined> = new Map([
  ['OK', 'ok'], ['ERROR', 'error'], ['STATUS_CODE_OK', 'ok'], ['STATUS_CODE_ERROR', 'error'], ['UNSET', undefined],
  ['STATUS_CODE_UNSET', undefined],
])

/** A tag 'error' says that there was one, whatever it says else, but for false. */
function statusOf(tags: Tags): Fields {
  const status: Fields = {}
  const told = tags.left.get(STATUS_CODE)?.toUpperCase()
  if (told !== undefined && CODES.has(told)) {
    tags.take(STATUS_CODE)
    const code = CODES.get(told)
    if (code !== undefined) status.code = code
    const message = tags.take(STATUS_DESCRIPTION)
    if (message !== undefined && message !== '') status.message = message
  }
  const error = tags.left.get(ERROR)
  if (error === undefined || error === 'false') return status
  tags.take(ERROR)
  status.code = 'error'
  if (error !== '' && error !== 'true') status.message ??= error
  return status
}

/** `name`, or `name|attributes|count of dropped ones`. */
function eventOf({ timestamp, value }: ZipkinAnnotation): Fields {
  const ts = nanos(timestamp)
  const first = value.indexOf('|')
  const last = value.lastIndexOf('|')
  const details = first < 0 || first === last ? null : detailsOf(value.slice(first + 1, last), value.slice(last + 1))
  return details === null ? { ts, name: value } : { ts, name: value.slice(0, first), ...details }
}

/** Numbered from 0: `trace id|span id|trace state|attributes|count of dropped ones`. */
function linksOf(tags: Tags): Fields[] {
  const links: Fields[] = []
  for (let i = 0; tags.left.has(`${LINK}${i}`); i++) {
    const parts = tags.left.get(`${LINK}${i}`)!.split('|')
    const details = parts.length < 5 ? null : detailsOf(parts.slice(3, -1).join('|'), parts.at(-1)!)
    const [traceId, spanId, state] = parts
    if (details === null || !/^[\da-f]{32}$/.test(traceId) || !/^[\da-f]{16}$/.test(spanId)) break
    tags.take(`${LINK}${i}`)
    links.push({ trace_id: traceId, span_id: spanId, ...(state !== '' && { trace_state: state }), ...details })
  }
  return links
}

/** null where these are none. */
function detailsOf(json: string, dropped: string): Fields | null {
  if (!isCount(dropped)) return null
  let map: unknown
  try {
    map = JSON.parse(json)
  } catch {
    return null
  }
  if (typeof map !== 'object' || Array.isArray(map)) return null
  const told = Object.entries((map ?? {}) as Fields).map(([key, value]) => [key, plain(value)] as const)
  const count = Number(dropped)
  return { ...(told.length > 0 && { attributes: Object.fromEntries(told) }), ...(count > 0 && { dropped_attributes_count: count }) }
}

/** Text, numbers and booleans as they are; the rest as text. */
function plain(value: Json): Json {
  return typeof value === 'object' ? canonical(value) : value
}

function isCount(text: string | undefined): text is string {
  return text !== undefined && /^\d{1,9}$/.test(text)
}

function attributesOf(span: ZipkinSpan, { left }: Tags): Map<string, Json> {
  const { localEndpoint, remoteEndpoint, timestamp, shared, debug } = span
  const attributes = new Map<string, Json>(left)
  addresses(localEndpoint, LOCAL, attributes)
  if (remoteEndpoint?.serviceName !== undefined) attributes.set(REMOTE.service, remoteEndpoint.serviceName)
  addresses(remoteEndpoint, REMOTE, attributes)
  if (timestamp === undefined) attributes.set(NO_START, true)
  if (shared === true) attributes.set(SHARED, true)
  if (debug === true) attributes.set(DEBUG, true)
  return attributes
}

function addresses(endpoint: ZipkinEndpoint | undefined, names: { ip: string; port: string }, into: Map<string, Json>): void {
  const ip = endpoint?.ipv6 ?? endpoint?.ipv4
  if (ip !== undefined) into.set(names.ip, ip)
  if (endpoint?.port !== undefined) into.set(names.port, endpoint.port)
}
