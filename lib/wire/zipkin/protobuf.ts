// Lists of spans as protobuf (zipkin-api, zipkin.proto).

import { type Bounds, decodeMessage } from '../otlp/protobuf.js'
import { MessageType } from '../otlp/schema.js'
import { BadSpan, idsOf, type ZipkinEndpoint, type ZipkinKind, type ZipkinSpan } from './span.js'

const ENDPOINT = new MessageType(() => [
  [1, 'serviceName', 'string'],
  [2, 'ipv4', 'id'],
  [3, 'ipv6', 'id'],
  [4, 'port', 'int32'],
])
const ANNOTATION = new MessageType(() => [
  [1, 'timestamp', 'fixed64'],
  [2, 'value', 'string'],
])
const TAG = new MessageType(() => [
  [1, 'key', 'string'],
  [2, 'value', 'string'],
])
const SPAN = new MessageType(() => [
  [1, 'traceId', 'id'],
  [2, 'parentId', 'id'],
  [3, 'id', 'id'],
  [4, 'kind', 'int32'],
  [5, 'name', 'string'],
  [6, 'timestamp', 'fixed64'],
  [7, 'duration', 'uint64'],
  [8, 'localEndpoint', ENDPOINT],
  [9, 'remoteEndpoint', ENDPOINT],
  [10, 'annotations', ANNOTATION, 'list'],
  [11, 'tags', TAG, 'list'],
  [12, 'debug', 'bool'],
  [13, 'shared', 'bool'],
])
const LIST = new MessageType(() => [[1, 'spans', SPAN, 'list']])

interface EndpointMessage {
  serviceName?: string
  ipv4?: string
  ipv6?: string
  port?: number
}

/** Numbers of 64 bits are decimal, bytes hex. */
export interface SpanMessage {
  traceId?: string
  parentId?: string
  id?: string
  kind?: number
  name?: string
  timestamp?: string
  duration?: string
  localEndpoint?: EndpointMessage
  remoteEndpoint?: EndpointMessage
  annotations?: { timestamp?: string; value?: string }[]
  tags?: { key?: string; value?: string }[]
  debug?: boolean
  shared?: boolean
}

const KINDS: readonly (ZipkinKind | undefined)[] = [undefined, 'CLIENT', 'SERVER', 'PRODUCER', 'CONSUMER']

/** Throws TooMuch, TooDeep, or an Error where the bytes are no such list. */
export function decodeSpans(bytes: Buffer, bounds: Bounds): SpanMessage[] {
  return decodeMessage<{ spans?: SpanMessage[] }>(bytes, LIST, bounds).spans ?? []
}

/** Throws BadSpan. */
export function spanOfMessage(span: SpanMessage): ZipkinSpan {
  const { kind = 0, name, timestamp, duration, annotations = [], tags = [], debug, shared } = span
  return {
    ...idsOf({ ...span }),
    kind: KINDS[kind],
    name,
    timestamp: microsOf(timestamp),
    duration: microsOf(duration),
    localEndpoint: span.localEndpoint && endpointOf(span.localEndpoint),
    remoteEndpoint: span.remoteEndpoint && endpointOf(span.remoteEndpoint),
    annotations: annotations.map(({ timestamp, value = '' }) => ({ timestamp: microsOf(timestamp) ?? 0, value })),
    tags: Object.fromEntries(tags.map(({ key = '', value = '' }) => [key, value])),
    debug,
    shared,
  }
}

function microsOf(text: string | undefined): number | undefined {
  const micros = Number(text ?? 0)
  if (!Number.isSafeInteger(micros)) throw new BadSpan(`${text} is no time in microseconds`)
  return micros === 0 ? undefined : micros
}

function endpointOf({ serviceName, ipv4, ipv6, port }: EndpointMessage): ZipkinEndpoint {
  return { serviceName, ipv4: ipv4 && ipv4Text(ipv4), ipv6: ipv6 && ipv6Text(ipv6), port: port === undefined ? undefined : port & 0xffff }
}

function ipv4Text(hex: string): string | undefined {
  return hex.length === 8 ? Array.from(Buffer.from(hex, 'hex')).join('.') : undefined
}

/** Each group without zeros in front, and the longest run of zeros left out (RFC 5952). */
function ipv6Text(hex: string): string | undefined {
  if (hex.length !== 32) return undefined
  const groups = hex.match(/.{4}/g)!.map((group) => group.replace(/^0{1,3}/, ''))
  let [best, length] = [0, 1]
  for (let from = 0; from < groups.length; from++) {
    let to = from
    while (groups[to] === '0') to++
    if (to - from > length) [best, length] = [from, to - from]
  }
  if (length === 1) return groups.join(':')
  return `${groups.slice(0, best).join(':')}::${groups.slice(best + length).join(':')}`
}
