// Jaeger's thrift model (jaeger-idl, jaeger.thrift) in thrift's binary protocol: one batch, without an envelope.

import type { Json } from '../../record/json.js'
import type { Bounds } from '../otlp/protobuf.js'
import { jsonOf } from '../otlp/value.js'
import {
  type JaegerBatch, type JaegerProcess, type JaegerReference, type JaegerSpan, NO_PARENT, type Tag, timeOf,
} from './model.js'
import { BOOL, DOUBLE, fieldKey, I32, I64, LIST, STRING, STRUCT, ThriftReader } from './thrift_reader.js'

/** Throws TooMuch, TooDeep, or an Error where the bytes are no batch. */
export function readThriftBatch(bytes: Buffer, bounds: Bounds): JaegerBatch {
  const reader = new ThriftReader(bytes, bounds)
  let process: JaegerProcess | null = null
  const spans: JaegerSpan[] = []
  reader.struct({
    [fieldKey(1, STRUCT)]: () => (process = readProcess(reader)),
    [fieldKey(2, LIST)]: () => reader.list(() => spans.push(readSpan(reader))),
  })
  if (!reader.ended) throw new Error('more than a batch')
  return { process, spans }
}

function readProcess(reader: ThriftReader): JaegerProcess {
  let service = ''
  const tags: Tag[] = []
  reader.struct({
    [fieldKey(1, STRING)]: () => (service = reader.text()),
    [fieldKey(2, LIST)]: () => reader.list(() => tags.push(readTag(reader))),
  })
  return { service, tags }
}

function readSpan(reader: ThriftReader): JaegerSpan {
  let [low, high, spanId, parentSpanId] = Array<string>(4).fill(NO_PARENT)
  let [start, duration] = [0n, 0n]
  let name = ''
  const references: JaegerReference[] = []
  const tags: Tag[] = []
  const logs: JaegerSpan['logs'][number][] = []
  reader.struct({
    [fieldKey(1, I64)]: () => (low = reader.id()),
    [fieldKey(2, I64)]: () => (high = reader.id()),
    [fieldKey(3, I64)]: () => (spanId = reader.id()),
    [fieldKey(4, I64)]: () => (parentSpanId = reader.id()),
    [fieldKey(5, STRING)]: () => (name = reader.text()),
    [fieldKey(6, LIST)]: () => reader.list(() => references.push(readReference(reader))),
    [fieldKey(8, I64)]: () => (start = reader.i64()),
    [fieldKey(9, I64)]: () => (duration = reader.i64()),
    [fieldKey(10, LIST)]: () => reader.list(() => tags.push(readTag(reader))),
    [fieldKey(11, LIST)]: () => reader.list(() => logs.push(readLog(reader))),
  })
  const [from, to] = [start, start + duration].map((microseconds) => timeOf(microseconds * 1000n))
  const traceId = high + low
  return { traceId, spanId, parentSpanId, name, references, start: from, end: to, tags, logs, process: null }
}

function readReference(reader: ThriftReader): JaegerReference {
  let [low, high, spanId] = Array<string>(3).fill(NO_PARENT)
  let followsFrom = false
  reader.struct({
    [fieldKey(1, I32)]: () => (followsFrom = reader.i32() !== 0),
    [fieldKey(2, I64)]: () => (low = reader.id()),
    [fieldKey(3, I64)]: () => (high = reader.id()),
    [fieldKey(4, I64)]: () => (spanId = reader.id()),
  })
  return { traceId: high + low, spanId, followsFrom }
}

function readLog(reader: ThriftReader): JaegerSpan['logs'][number] {
  let ts = '0'
  const fields: Tag[] = []
  reader.struct({
    [fieldKey(1, I64)]: () => (ts = timeOf(reader.i64() * 1000n)),
    [fieldKey(2, LIST)]: () => reader.list(() => fields.push(readTag(reader))),
  })
  return { ts, fields }
}

/** Its type says which of the values counts. */
function readTag(reader: ThriftReader): Tag {
  let key = ''
  let type = 0
  const values: Json[] = ['', jsonOf({ doubleValue: 0 }), false, 0, jsonOf({ bytesValue: '' })]
  reader.struct({
    [fieldKey(1, STRING)]: () => (key = reader.text()),
    [fieldKey(2, I32)]: () => (type = reader.i32()),
    [fieldKey(3, STRING)]: () => (values[0] = reader.text()),
    [fieldKey(4, DOUBLE)]: () => (values[1] = jsonOf({ doubleValue: reader.double() })),
    [fieldKey(5, BOOL)]: () => (values[2] = reader.bool()),
    [fieldKey(6, I64)]: () => (values[3] = jsonOf({ intValue: String(reader.i64()) })),
    [fieldKey(7, STRING)]: () => (values[4] = jsonOf({ bytesValue: reader.binary().toString('base64') })),
  })
  return [key, values[type] ?? `<unknown type ${type}>`]
}
