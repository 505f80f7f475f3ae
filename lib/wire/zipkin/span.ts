// A span of Zipkin as its v2 API has it (zipkin-api, zipkin2-api.yaml), checked field by field.

export interface ZipkinEndpoint {
  serviceName?: string
  ipv4?: string
  ipv6?: string
  port?: number
}

export interface ZipkinAnnotation {
  /** Unix microseconds. */
  timestamp: number
  value: string
}

export type ZipkinKind = 'CLIENT' | 'SERVER' | 'PRODUCER' | 'CONSUMER'

export interface ZipkinSpan {
  /** 16 or 32 hex digits. */
  traceId: string
  parentId?: string
  /** 16 hex digits. */
  id: string
  kind?: ZipkinKind
  name?: string
  /** Unix microseconds. */
  timestamp?: number
  /** Microseconds. */
  duration?: number
  localEndpoint?: ZipkinEndpoint
  remoteEndpoint?: ZipkinEndpoint
  annotations?: ZipkinAnnotation[]
  tags?: { [name: string]: string }
  debug?: boolean
  shared?: boolean
}

/** What is no span, and why. */
export class BadSpan extends Error {}

export type Fields = { readonly [name: string]: unknown }

const KINDS: readonly string[] = ['CLIENT', 'SERVER', 'PRODUCER', 'CONSUMER']

/** Of parsed JSON. Throws BadSpan. */
export function readSpan(json: unknown): ZipkinSpan {
  const span = fieldsOf(json, 'a span')
  const kind = textOf(span.kind, 'kind')
  return {
    ...idsOf(span),
    kind: kind !== undefined && KINDS.includes(kind) ? (kind as ZipkinKind) : undefined,
    name: textOf(span.name, 'name'),
    timestamp: microsOf(span.timestamp, 'timestamp'),
    duration: microsOf(span.duration, 'duration'),
    localEndpoint: endpointOf(span.localEndpoint, 'localEndpoint'),
    remoteEndpoint: endpointOf(span.remoteEndpoint, 'remoteEndpoint'),
    annotations: listOf(span.annotations, 'annotations').map(annotationOf),
    tags: tagsOf(span.tags),
    debug: span.debug === true,
    shared: span.shared === true,
  }
}

const ID = /^[\da-fA-F]{1,16}$/
const TRACE_ID = /^[\da-fA-F]{1,32}$/
const ZEROS = /^0*$/

/** Ids of any length up to theirs, with zeros in front, as Zipkin takes them. */
export function idsOf(span: Fields): Pick<ZipkinSpan, 'traceId' | 'id' | 'parentId'> {
  const traceId = idOf(span.traceId, 'traceId', TRACE_ID)
  const parentId = span.parentId === undefined || span.parentId === null || span.parentId === '' ? undefined : idOf(span.parentId, 'parentId', ID)
  return { traceId: traceId.padStart(traceId.length > 16 ? 32 : 16, '0'), id: idOf(span.id, 'id', ID).padStart(16, '0'), parentId: parentId?.padStart(16, '0') }
}

function idOf(json: unknown, name: string, form: RegExp): string {
  if (typeof json === 'string' && form.test(json) && (name === 'parentId' || !ZEROS.test(json))) return json.toLowerCase()
  const length = form === ID ? 16 : 32
  throw new BadSpan(`${name} ${JSON.stringify(json ?? null).slice(0, 80)}: expected up to ${length} hex digits that are not all zero`)
}

export function annotationOf(json: unknown): ZipkinAnnotation {
  const annotation = fieldsOf(json, 'annotations')
  return { timestamp: microsOf(annotation.timestamp, 'annotations.timestamp') ?? 0, value: textOf(annotation.value, 'annotations.value') ?? '' }
}

export function endpointOf(json: unknown, name: string): ZipkinEndpoint | undefined {
  if (json === undefined || json === null) return undefined
  const endpoint = fieldsOf(json, name)
  const { port } = endpoint
  const known = typeof port === 'number' && Number.isInteger(port) && port > 0 && port < 65536
  return {
    serviceName: filled(textOf(endpoint.serviceName, `${name}.serviceName`)),
    ipv4: filled(textOf(endpoint.ipv4, `${name}.ipv4`)),
    ipv6: filled(textOf(endpoint.ipv6, `${name}.ipv6`)),
    port: known ? port : undefined,
  }
}

function tagsOf(json: unknown): { [name: string]: string } {
  if (json === undefined || json === null) return {}
  const tags = fieldsOf(json, 'tags')
  const told = Object.keys(tags).map((name) => [name, tagOf(tags[name])] as const)
  // Safe for any name: properties of the object's own.
  return Object.fromEntries(told)
}

/** Zipkin's own is text; what some senders make of it is told as text. */
function tagOf(json: unknown): string {
  if (typeof json === 'string') return json
  if (typeof json === 'number' || typeof json === 'boolean') return String(json)
  throw new BadSpan('tags: expected a map of strings')
}

export function fieldsOf(json: unknown, name: string): Fields {
  if (typeof json === 'object' && json !== null && !Array.isArray(json)) return json as Fields
  throw new BadSpan(`${name}: expected an object`)
}

export function listOf(json: unknown, name: string): readonly unknown[] {
  if (json === undefined || json === null) return []
  if (Array.isArray(json)) return json
  throw new BadSpan(`${name}: expected a list`)
}

export function textOf(json: unknown, name: string): string | undefined {
  if (json === undefined || json === null) return undefined
  if (typeof json === 'string') return json
  throw new BadSpan(`${name}: expected a string`)
}

/** What microseconds of 64 bits of nanoseconds hold; all of them are whole numbers of JSON. */
const MAX_MICROS = Number.MAX_SAFE_INTEGER

/** undefined where it is 0, which says nothing. */
export function microsOf(json: unknown, name: string): number | undefined {
  if (json === undefined || json === null || json === 0) return undefined
  if (typeof json === 'number' && json > 0 && json <= MAX_MICROS) return Math.round(json)
  throw new BadSpan(`${name}: expected microseconds`)
}

function filled(text: string | undefined): string | undefined {
  return text === '' ? undefined : text
}
