// Jaeger's protobuf model (jaeger-idl, api_v2: model.proto, collector.proto), read by a table as OTLP's messages are.

import { type Bounds, decodeMessage } from '../otlp/protobuf.js'
import { MessageType } from '../otlp/schema.js'
import { jsonOf } from '../otlp/value.js'
import {
  type JaegerBatch, type JaegerProcess, type JaegerReference, type JaegerSpan, NO_PARENT, type Tag, timeOf,
} from './model.js'

const MOMENT = new MessageType(() => [[1, 'seconds', 'int64'], [2, 'nanos', 'int32']])
const TAG = new MessageType(() => [
  [1, 'key', 'string'],
  [2, 'type', 'int32'],
  [3, 'text', 'string'],
  [4, 'flag', 'bool'],
  [5, 'whole', 'int64'],
  [6, 'double', 'double'],
  [7, 'binary', 'bytes'],
])
const LOG = new MessageType(() => [[1, 'timestamp', MOMENT], [2, 'fields', TAG, 'list']])
const REFERENCE = new MessageType(() => [[1, 'traceId', 'id'], [2, 'spanId', 'id'], [3, 'type', 'int32']])
const PROCESS = new MessageType(() => [[1, 'service', 'string'], [2, 'tags', TAG, 'list']])
const SPAN = new MessageType(() => [
  [1, 'traceId', 'id'],
  [2, 'spanId', 'id'],
  [3, 'name', 'string'],
  [4, 'references', REFERENCE, 'list'],
  [6, 'start', MOMENT],
  [7, 'duration', MOMENT],
  [8, 'tags', TAG, 'list'],
  [9, 'logs', LOG, 'list'],
  [10, 'process', PROCESS],
])
const BATCH = new MessageType(() => [[1, 'spans', SPAN, 'list'], [2, 'process', PROCESS]])
const REQUEST = new MessageType(() => [[1, 'batch', BATCH]])

interface Moment {
  seconds?: string
  nanos?: number
}
interface TagMessage {
  key?: string
  type?: number
  text?: string
  flag?: boolean
  whole?: string
  double?: number
  binary?: string
}
interface ProcessMessage {
  service?: string
  tags?: TagMessage[]
}
interface SpanMessage {
  traceId?: string
  spanId?: string
  name?: string
  references?: { traceId?: string; spanId?: string; type?: number }[]
  start?: Moment
  duration?: Moment
  tags?: TagMessage[]
  logs?: { timestamp?: Moment; fields?: TagMessage[] }[]
  process?: ProcessMessage
}
interface RequestMessage {
  batch?: { spans?: SpanMessage[]; process?: ProcessMessage }
}

/** The batch of a PostSpansRequest. Throws TooMuch, TooDeep, or an Error where the bytes are no such message. */
export function readPostSpans(bytes: Buffer, bounds: Bounds): JaegerBatch {
  const { batch: { spans = [], process } = {} } = decodeMessage<RequestMessage>(bytes, REQUEST, bounds)
  return { process: process === undefined ? null : processOf(process), spans: spans.map(spanOf) }
}

function spanOf(span: SpanMessage): JaegerSpan {
  const start = nanosOf(span.start)
  return {
    traceId: traceIdOf(span.traceId),
    spanId: spanIdOf(span.spanId),
    parentSpanId: NO_PARENT,
    name: span.name ?? '',
    references: (span.references ?? []).map(referenceOf),
    start: timeOf(start),
    end: timeOf(start + nanosOf(span.duration)),
    tags: (span.tags ?? []).map(tagOf),
    logs: (span.logs ?? []).map(({ timestamp, fields = [] }) => {
      return { ts: timeOf(nanosOf(timestamp)), fields: fields.map(tagOf) }
    }),
    process: span.process === undefined ? null : processOf(span.process),
  }
}

function processOf({ service = '', tags = [] }: ProcessMessage): JaegerProcess {
  return { service, tags: tags.map(tagOf) }
}

function referenceOf({ traceId, spanId, type }: { traceId?: string; spanId?: string; type?: number }): JaegerReference {
  return { traceId: traceIdOf(traceId), spanId: spanIdOf(spanId), followsFrom: type !== undefined && type !== 0 }
}

function tagOf({ key = '', type = 0, text, flag, whole, double, binary }: TagMessage): Tag {
  switch (type) {
    case 0:
      return [key, text ?? '']
    case 1:
      return [key, flag ?? false]
    case 2:
      return [key, jsonOf({ intValue: whole ?? '0' })]
    case 3:
      return [key, jsonOf({ doubleValue: double ?? 0 })]
    case 4:
      return [key, jsonOf({ bytesValue: binary ?? '' })]
    default:
      return [key, `<unknown type ${type}>`]
  }
}

/** Ids of 64 bits are those of 128 with zeros in front. */
function traceIdOf(id = ''): string {
  return id.padStart(32, '0')
}

function spanIdOf(id = ''): string {
  return id.padStart(16, '0')
}

function nanosOf({ seconds = '0', nanos = 0 }: Moment = {}): bigint {
  return BigInt(seconds) * 1_000_000_000n + BigInt(nanos)
}
