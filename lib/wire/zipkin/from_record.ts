// Records to spans of Zipkin (OpenTelemetry, "Transformation to Zipkin"), so that those that came from Zipkin are as before.

import type { IdentityRest } from '../../record/identity.js'
import { canonical, type Json } from '../../record/json.js'
import type { Payload } from '../../record/record.js'
import { type JsonMap, listField, mapField, textOf, Unfit } from '../otlp/value.js'
import type { ZipkinAnnotation, ZipkinEndpoint, ZipkinKind, ZipkinSpan } from './span.js'
import {
  DEBUG, DROPPED_TAGS, ERROR, LINK, LOCAL, NAME_SOURCE, NO_START, OTHER_NAMES, REMOTE, SCOPE_TAGS, SERVICE_NAME, SHARED,
  SPAN_KIND, STATUS_CODE, STATUS_DESCRIPTION, TRACE_STATE,
} from './words.js'

const TRACE_ID = /^(?!0{32})[\da-f]{32}$/
const SPAN_ID = /^(?!0{16})[\da-f]{16}$/
const SHORT_TRACE = /^0{16}/

const KINDS: ReadonlyMap<Json | undefined, ZipkinKind> = new Map([
  ['client', 'CLIENT'], ['server', 'SERVER'], ['producer', 'PRODUCER'], ['consumer', 'CONSUMER'],
])

/** Throws Unfit for a record that is no span with valid ids and times. */
export function spanOfRecord(rest: IdentityRest, payload: Payload): ZipkinSpan {
  const tags = new Map<string, string>()
  const service = serviceOf(mapField(rest.resource), tags)
  const scope = mapField(rest.scope)
  for (const [field, names] of SCOPE_TAGS) putText(tags, names[0], scope[field])
  const attributes = mapField(payload.attributes)
  const flags = { debug: attributes[DEBUG] === true || undefined, shared: attributes[SHARED] === true || undefined }
  for (const [key, value] of Object.entries(attributes)) {
    if (key !== NO_START && !(key === DEBUG && flags.debug) && !(key === SHARED && flags.shared)) tags.set(key, textOf(value))
  }
  putText(tags, TRACE_STATE, payload.trace_state)
  if (payload.kind === 'internal') tags.set(SPAN_KIND, 'internal')
  putStatus(tags, mapField(payload.status))
  for (const [tag, field] of DROPPED_TAGS) if (typeof payload[field] === 'number') tags.set(tag, String(payload[field]))
  for (const [i, link] of listField(payload.links).entries()) tags.set(`${LINK}${i}`, linkText(mapField(link)))
  const kind = KINDS.get(payload.kind)
  const localEndpoint = endpointOf(service, LOCAL, tags)
  const remoteEndpoint = endpointOf(remoteService(kind, tags), REMOTE, tags)
  return {
    ...idsOf(payload),
    kind,
    name: typeof payload.name === 'string' && payload.name !== '' ? payload.name : undefined,
    ...timesOf(payload),
    localEndpoint,
    remoteEndpoint,
    annotations: filled(listField(payload.events).map((event) => annotationOf(mapField(event)))),
    tags: tags.size === 0 ? undefined : Object.fromEntries(tags),
    ...flags,
  }
}

function idsOf({ trace_id, span_id, parent_span_id: parent }: Payload): Pick<ZipkinSpan, 'traceId' | 'id' | 'parentId'> {
  if (typeof trace_id !== 'string' || !TRACE_ID.test(trace_id)) throw new Unfit(`trace id ${shown(trace_id)}: expected 32 hex digits that are not all zero`)
  if (typeof span_id !== 'string' || !SPAN_ID.test(span_id)) throw new Unfit(`span id ${shown(span_id)}: expected 16 hex digits that are not all zero`)
  const hasParent = typeof parent === 'string' && SPAN_ID.test(parent)
  // What came with 64 bits goes with 64 bits.
  return { traceId: trace_id.replace(SHORT_TRACE, ''), parentId: hasParent ? parent : undefined, id: span_id }
}

function shown(json: Json | undefined): string {
  return canonical(json).slice(0, 80)
}

/** Microseconds, to the nearest. What is shorter than one lasts one, as Zipkin wants it. */
function timesOf({ ts = '0', end }: Payload): { timestamp?: number; duration?: number } {
  const timestamp = microsOf(ts)
  if (typeof end !== 'string' || !TIME.test(end)) return { timestamp: timestamp || undefined }
  const nanos = BigInt(end) - BigInt(ts)
  if (nanos <= 0n) return { timestamp: timestamp || undefined }
  return { timestamp: timestamp || undefined, duration: Math.max(1, Number((nanos + 500n) / 1000n)) }
}

const TIME = /^\d{1,20}$/

function microsOf(nanos: unknown): number {
  if (typeof nanos !== 'string' || !TIME.test(nanos)) throw new Unfit(`time ${shown(nanos as Json)}: expected Unix nanoseconds`)
  return Number((BigInt(nanos) + 500n) / 1000n)
}

/** The name of the service; all else that is told of the resource is a tag. */
function serviceOf(resource: JsonMap, tags: Map<string, string>): string | undefined {
  const source = [SERVICE_NAME, ...OTHER_NAMES].find((name) => Object.hasOwn(resource, name) && resource[name] !== '')
  for (const [key, value] of Object.entries(resource)) if (key !== source) tags.set(key, textOf(value))
  if (source === undefined) return undefined
  if (source !== SERVICE_NAME) tags.set(NAME_SOURCE, source)
  return textOf(resource[source])
}

function putText(tags: Map<string, string>, name: string, value: Json | undefined): void {
  if (typeof value === 'string' && value !== '') tags.set(name, value)
}

function putStatus(tags: Map<string, string>, { code, message }: JsonMap): void {
  // Zipkin takes any span with this tag for one that failed.
  tags.delete(ERROR)
  if (code !== 'ok' && code !== 'error') return
  tags.set(STATUS_CODE, code.toUpperCase())
  putText(tags, STATUS_DESCRIPTION, message)
  if (code === 'error') tags.set(ERROR, typeof message === 'string' && message !== '' ? message : 'true')
}

/** What names the other side of a request that goes out, the first that is there. */
const OTHER_SIDE = [
  'server.address', 'net.peer.name', 'network.peer.address', 'server.socket.domain', 'server.socket.address',
  'net.sock.peer.name', 'net.sock.peer.addr', 'peer.hostname', 'peer.address', 'db.name',
]

function remoteService(kind: ZipkinKind | undefined, tags: Map<string, string>): string | undefined {
  const service = tags.get(REMOTE.service)
  if (service !== undefined) {
    tags.delete(REMOTE.service)
    return service
  }
  if (kind !== 'CLIENT' && kind !== 'PRODUCER') return undefined
  const source = OTHER_SIDE.find((name) => tags.has(name))
  return source === undefined ? undefined : tags.get(source)
}

const IPV4 = /^\d{1,3}(\.\d{1,3}){3}$/
const IPV6 = /^[\da-fA-F:.]*:[\da-fA-F:.]*$/

function endpointOf(serviceName: string | undefined, names: { ip: string; port: string }, tags: Map<string, string>): ZipkinEndpoint | undefined {
  const ip = tags.get(names.ip)
  const port = tags.get(names.port)
  const endpoint: ZipkinEndpoint = serviceName === undefined || serviceName === '' ? {} : { serviceName }
  if (ip !== undefined && IPV4.test(ip)) endpoint.ipv4 = ip
  else if (ip !== undefined && IPV6.test(ip)) endpoint.ipv6 = ip
  if (endpoint.ipv4 !== undefined || endpoint.ipv6 !== undefined) tags.delete(names.ip)
  if (port !== undefined && /^\d{1,5}$/.test(port) && Number(port) > 0 && Number(port) < 65536) {
    endpoint.port = Number(port)
    tags.delete(names.port)
  }
  return Object.keys(endpoint).length === 0 ? undefined : endpoint
}

function annotationOf({ ts, name, attributes, dropped_attributes_count: dropped }: JsonMap): ZipkinAnnotation {
  const map = mapField(attributes)
  const bare = Object.keys(map).length === 0 && typeof dropped !== 'number'
  const text = typeof name === 'string' ? name : ''
  return { timestamp: microsOf(ts ?? '0'), value: bare ? text : `${text}|${details(map, dropped)}` }
}

function linkText({ trace_id, span_id, trace_state, attributes, dropped_attributes_count: dropped }: JsonMap): string {
  const [trace, span, state] = [trace_id, span_id, trace_state].map((value) => (typeof value === 'string' ? value : ''))
  return `${trace}|${span}|${state}|${details(mapField(attributes), dropped)}`
}

/** Attributes as JSON, without tags on values; and how many are not there. */
function details(map: JsonMap, dropped: Json | undefined): string {
  const plain = Object.entries(map).map(([key, value]) => [key, typeof value === 'object' ? textOf(value) : value] as const)
  return `${canonical(Object.fromEntries(plain))}|${typeof dropped === 'number' ? dropped : 0}`
}

function filled<T>(list: T[]): T[] | undefined {
  return list.length === 0 ? undefined : list
}
