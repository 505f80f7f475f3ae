// One field of a span or a log entry in its bytes, read by itself: nothing else of the item is decoded.

import type { Json } from '../../record/json.js'
import type { Payload } from '../../record/record.js'
import type { KeyValue, LogRecord, Span } from './message.js'
import { decodeMessage } from './protobuf.js'
import { ITEMS, KEY_VALUE } from './schema.js'
import { lengthAt, skipVarint } from './shape.js'
import { LOG_FIELDS, logPayload, SPAN_FIELDS, spanPayload } from './spans.js'
import { mapOf } from './value.js'

/** What was read within bounds needs none. */
const UNBOUND = { max_elements: Infinity, max_depth: Infinity }

const LENGTH = 2
const KEY = 0x0a
const VALUE = 0x12

/** Numbers of the message's fields by the names of the record's; what is made of several fields is not among them. */
const NUMBERS = {
  traces: numbers('traces', [...SPAN_FIELDS, ['kind', 'kind'], ['status', 'status'], ['events', 'events'], ['links', 'links']]),
  logs: numbers('logs', [...LOG_FIELDS.filter(([name]) => name !== 'ts'), ['body', 'body']]),
}

type ItemSignal = keyof typeof NUMBERS

function numbers(signal: 'traces' | 'logs', names: readonly (readonly [record: string, message: string, ...rest: unknown[]])[]) {
  return new Map(names.map(([record, message]) => [record, ITEMS[signal].byName.get(message)!.number]))
}

/** The payload of an item, which is as it should be. */
export function payloadOf(signal: ItemSignal, item: Buffer): Payload {
  const type = ITEMS[signal]
  return signal === 'traces' ? spanPayload(decodeMessage<Span>(item, type, UNBOUND)) : logPayload(decodeMessage<LogRecord>(item, type, UNBOUND))
}

/**
 * What `payloadOf` says of `bytes[at, end)` under a field's name, or under `key` of its attributes; undefined where it is not
 * there. An attribute of ten takes a twelfth of the time of the payload.
 */
export function partOf(signal: ItemSignal, bytes: Buffer, at: number, end: number, field: string, key?: string): Json | undefined {
  const number = NUMBERS[signal].get(field)
  if (number === undefined) return payloadOf(signal, bytes.subarray(at, end))[field]
  if (field === 'attributes' && key !== undefined) return attributeOf(bytes, at, end, number, key)
  // From the first field of the number to the last one: others that stand between them do no harm.
  let [from, to] = [end, at]
  for (let stop: number; at < end; at = stop) {
    const tag = tagAt(bytes, at)
    stop = endOf(bytes, at, tag & 7)
    if (tag >>> 3 !== number) continue
    from = Math.min(from, at)
    to = stop
  }
  return payloadOf(signal, bytes.subarray(from, to))[field]
}

/** Of a repeated key the last value counts, as in `mapOf`. */
function attributeOf(bytes: Buffer, at: number, end: number, number: number, key: string): Json | undefined {
  let [from, to] = [-1, -1]
  for (let stop: number; at < end; at = stop) {
    const tag = tagAt(bytes, at)
    stop = endOf(bytes, at, tag & 7)
    if (tag >>> 3 !== number) continue
    const first = skipVarint(bytes, skipVarint(bytes, at))
    if (hasKey(bytes, first, stop, key)) [from, to] = [first, stop]
  }
  return to < 0 ? undefined : mapOf([decodeMessage<KeyValue>(bytes.subarray(from, to), KEY_VALUE, UNBOUND)])[key]
}

/** Whether a pair of key and value has the key. */
function hasKey(bytes: Buffer, at: number, end: number, key: string): boolean {
  if (at < end && bytes[at] === KEY) {
    const first = skipVarint(bytes, at + 1)
    const stop = first + lengthAt(bytes, at + 1)
    // The key, and nothing behind it but the value.
    if (stop === end || (bytes[stop] === VALUE && endOf(bytes, stop, LENGTH) === end)) return isKey(bytes, first, stop, key)
  }
  return (decodeMessage<KeyValue>(bytes.subarray(at, end), KEY_VALUE, UNBOUND).key ?? '') === key
}

/** Whether UTF-8 is a text, most of the time one in ASCII. */
function isKey(bytes: Buffer, at: number, end: number, key: string): boolean {
  if (end - at < key.length) return false
  for (let i = 0; i < key.length; i++) {
    const unit = key.charCodeAt(i)
    if (unit >= 0x80) return bytes.utf8Slice(at, end) === key
    if (unit !== bytes[at + i]) return false
  }
  return end - at === key.length
}

/** A tag of one or two bytes: no item has a field with a longer one. */
function tagAt(bytes: Buffer, at: number): number {
  const byte = bytes[at]
  return byte < 0x80 ? byte : (byte & 0x7f) | (bytes[at + 1] << 7)
}

/** Where the field ends whose tag is at `at`. */
function endOf(bytes: Buffer, at: number, wire: number): number {
  const first = bytes[at] < 0x80 ? at + 1 : at + 2
  if (wire === LENGTH) return skipVarint(bytes, first) + lengthAt(bytes, first)
  if (wire === 0) return skipVarint(bytes, first)
  return first + (wire === 1 ? 8 : 4)
}
