// Spans and log entries of OTLP and the payloads of records, both ways.

import type { Identity } from '../../record/identity.js'
import { labelPairs } from '../../record/labels.js'
import type { Payload } from '../../record/record.js'
import { type FieldMap, messageFields, numberOfWord, recordFields, wordOf } from './fields.js'
import type { LogRecord, Span, SpanEvent, SpanLink } from './message.js'
import { jsonOf, listField, mapField, valueOf } from './value.js'

export const SPAN_FIELDS: FieldMap = [
  ['ts', 'startTimeUnixNano', 'time'],
  ['end', 'endTimeUnixNano', 'time'],
  ['trace_id', 'traceId', 'id'],
  ['span_id', 'spanId', 'id'],
  ['parent_span_id', 'parentSpanId', 'id'],
  ['trace_state', 'traceState', 'string'],
  ['name', 'name', 'string'],
  ['attributes', 'attributes', 'attributes'],
  ['dropped_attributes_count', 'droppedAttributesCount', 'uint32'],
  ['dropped_events_count', 'droppedEventsCount', 'uint32'],
  ['dropped_links_count', 'droppedLinksCount', 'uint32'],
  ['flags', 'flags', 'uint32'],
]
const EVENT: FieldMap = [
  ['ts', 'timeUnixNano', 'time'],
  ['name', 'name', 'string'],
  ['attributes', 'attributes', 'attributes'],
  ['dropped_attributes_count', 'droppedAttributesCount', 'uint32'],
]
const LINK: FieldMap = [
  ['trace_id', 'traceId', 'id'],
  ['span_id', 'spanId', 'id'],
  ['trace_state', 'traceState', 'string'],
  ['attributes', 'attributes', 'attributes'],
  ['dropped_attributes_count', 'droppedAttributesCount', 'uint32'],
  ['flags', 'flags', 'uint32'],
]
const STATUS: FieldMap = [['message', 'message', 'string']]
export const LOG_FIELDS: FieldMap = [
  ['ts', 'timeUnixNano', 'time'],
  ['observed', 'observedTimeUnixNano', 'time'],
  ['severity', 'severityText', 'string'],
  ['severity_number', 'severityNumber', 'int32'],
  ['attributes', 'attributes', 'attributes'],
  ['dropped_attributes_count', 'droppedAttributesCount', 'uint32'],
  ['trace_id', 'traceId', 'id'],
  ['span_id', 'spanId', 'id'],
  ['event_name', 'eventName', 'string'],
  ['flags', 'flags', 'uint32'],
]

const SPAN_KINDS = ['', 'internal', 'server', 'client', 'producer', 'consumer']
const STATUS_CODES = ['', 'ok', 'error']

export function spanPayload(span: Span): Payload {
  const payload: Payload = { ts: '0', ...recordFields(span, SPAN_FIELDS) }
  const kind = wordOf(SPAN_KINDS, span.kind)
  if (kind !== undefined) payload.kind = kind
  if (span.status !== undefined) {
    const code = wordOf(STATUS_CODES, span.status.code)
    payload.status = { ...recordFields(span.status, STATUS), ...(code !== undefined && { code }) }
  }
  if (span.events !== undefined) payload.events = span.events.map((event) => recordFields(event, EVENT))
  if (span.links !== undefined) payload.links = span.links.map((link) => recordFields(link, LINK))
  return payload
}

/** Throws Unfit where a field is of the wrong shape. */
export function spanOf(payload: Payload): Span {
  const status = mapField(payload.status)
  const kind = numberOfWord(SPAN_KINDS, payload.kind, 'kind')
  const code = numberOfWord(STATUS_CODES, status.code, 'code')
  const told = { ...messageFields(status, STATUS), ...(code !== undefined && { code }) }
  const events: SpanEvent[] = listField(payload.events).map((event) => messageFields(mapField(event), EVENT))
  const links: SpanLink[] = listField(payload.links).map((link) => messageFields(mapField(link), LINK))
  return {
    ...messageFields(payload, SPAN_FIELDS),
    ...(kind !== undefined && { kind }),
    ...(Object.keys(told).length > 0 && { status: told }),
    ...(events.length > 0 && { events }),
    ...(links.length > 0 && { links }),
  }
}

/** An entry that does not know its time has that of its observation, and says so. */
export function logPayload(log: LogRecord): Payload {
  const payload: Payload = { ts: '0', ...recordFields(log, LOG_FIELDS) }
  if (log.body !== undefined) payload.body = jsonOf(log.body)
  if (log.timeUnixNano !== undefined || log.observedTimeUnixNano === undefined) return payload
  return { ...payload, ts: log.observedTimeUnixNano, untimed: true }
}

/** Labels that others gave an entry become attributes. Throws Unfit where a field is of the wrong shape. */
export function logOf(id: Identity, payload: Payload): LogRecord {
  const log: LogRecord = messageFields(payload.untimed === true ? { ...payload, ts: undefined } : payload, LOG_FIELDS)
  if (payload.body !== undefined) log.body = valueOf(payload.body)
  const known = mapField(payload.attributes)
  const attributes = log.attributes ?? []
  for (const [key, stringValue] of labelPairs(id.labels)) {
    if (!key.startsWith('__') && !Object.hasOwn(known, key)) attributes.push({ key, value: { stringValue } })
  }
  return attributes.length === 0 ? log : { ...log, attributes }
}
