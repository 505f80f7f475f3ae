// Spans of Zipkin's v1 API (zipkin-api, zipkin-api.yaml): what v2 says in fields stands in annotations there.

import {
  annotationOf, BadSpan, endpointOf, type Fields, fieldsOf, idsOf, listOf, microsOf, textOf, type ZipkinAnnotation,
  type ZipkinEndpoint, type ZipkinKind, type ZipkinSpan,
} from './span.js'

/** Client or server, send or receive; messages sent or received. */
const CORE: ReadonlyMap<string, ZipkinKind> = new Map([
  ['cs', 'CLIENT'], ['cr', 'CLIENT'], ['ss', 'SERVER'], ['sr', 'SERVER'], ['ms', 'PRODUCER'], ['mr', 'CONSUMER'],
])
/** Addresses of the other side. */
const ADDRESSES: readonly string[] = ['sa', 'ca', 'ma']

/** Of parsed JSON, as a span of v2. Throws BadSpan. */
export function readV1Span(json: unknown): ZipkinSpan {
  const span = fieldsOf(json, 'a span')
  const annotations = listOf(span.annotations, 'annotations').map((annotation) => fieldsOf(annotation, 'annotations'))
  const binary = listOf(span.binaryAnnotations, 'binaryAnnotations').map((one) => fieldsOf(one, 'binaryAnnotations'))
  const told: ZipkinAnnotation[] = annotations.map(annotationOf)
  const core = annotations.findIndex(({ value }) => CORE.has(value as string))
  const { tags, localEndpoint, remoteEndpoint } = readBinary(binary)
  return {
    ...idsOf(span),
    kind: core < 0 ? undefined : CORE.get(told[core].value),
    name: textOf(span.name, 'name'),
    ...timesOf(span, told),
    localEndpoint: localOf(annotations) ?? localEndpoint,
    remoteEndpoint,
    annotations: told.filter(({ value }) => value !== '' && !CORE.has(value)),
    tags,
    debug: span.debug === true,
  }
}

/** What a span does not say itself its annotations do. */
function timesOf(span: Fields, annotations: readonly ZipkinAnnotation[]): { timestamp?: number; duration?: number } {
  const timestamp = microsOf(span.timestamp, 'timestamp')
  const duration = microsOf(span.duration, 'duration')
  if (timestamp !== undefined) return { timestamp, duration }
  const times = annotations.filter(({ value }) => CORE.has(value)).map((annotation) => annotation.timestamp)
  if (times.length === 0) return { duration }
  const first = times.reduce((a, b) => Math.min(a, b))
  return { timestamp: first, duration: duration ?? (times.reduce((a, b) => Math.max(a, b)) - first || undefined) }
}

/** The endpoint of whoever tells what happened. */
function localOf(annotations: readonly Fields[]): ZipkinEndpoint | undefined {
  const endpoints = annotations
    .filter(({ value }) => CORE.has(value as string))
    .map(({ endpoint }) => endpointOf(endpoint, 'annotations.endpoint'))
  return endpoints.find((endpoint) => endpoint?.serviceName !== undefined) ?? endpoints.find((endpoint) => endpoint !== undefined)
}

function readBinary(binary: readonly Fields[]): Pick<ZipkinSpan, 'tags' | 'localEndpoint' | 'remoteEndpoint'> {
  const tags: [string, string][] = []
  let localEndpoint: ZipkinEndpoint | undefined
  let remoteEndpoint: ZipkinEndpoint | undefined
  for (const { key: name, value, endpoint: told } of binary) {
    const key = textOf(name, 'binaryAnnotations.key') ?? ''
    const endpoint = endpointOf(told, 'binaryAnnotations.endpoint')
    if (ADDRESSES.includes(key)) {
      remoteEndpoint = endpoint
      continue
    }
    if (endpoint?.serviceName !== undefined) localEndpoint = endpoint
    if (typeof value === 'object' && value !== null) throw new BadSpan('binaryAnnotations.value: expected a string')
    tags.push([key === 'lc' ? 'component' : key, String(value ?? '')])
  }
  return { tags: Object.fromEntries(tags), localEndpoint, remoteEndpoint }
}
