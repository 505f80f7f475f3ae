// Messages of the forward protocol (Fluentd's Forward Protocol Specification v1): events in each of its modes.

import { isUtf8 } from 'node:buffer'
import { decode, encode, ExtensionCodec } from '@msgpack/msgpack'
import { fieldOf, type Json } from '../../record/json.js'
import { type FrameBounds, ValueFrames } from './frames.js'
import { unpack } from './unpack.js'

export interface FluentEvent {
  /** Unix nanoseconds, decimal; undefined where it is none that a record holds. */
  ts?: string
  record: Json
  /** What Fluent Bit adds to a time. */
  metadata?: Json
}

export interface FluentMessage {
  tag: string
  events: FluentEvent[]
  /** To be sent back when the events are taken. */
  chunk?: string
  /** What was wrong with events; the others are taken. */
  complaints: string[]
}

/** Nanoseconds of an EventTime. */
class EventTime {
  constructor(readonly nanos: bigint) {}
}

const EXTENSIONS = new ExtensionCodec()
EXTENSIONS.register({
  type: 0,
  encode: () => null,
  decode: (data) => {
    const bytes = Buffer.from(data)
    if (bytes.length !== 8) return null
    return new EventTime(BigInt(bytes.readUInt32BE(0)) * 1_000_000_000n + BigInt(bytes.readUInt32BE(4)))
  },
})

/** Strings stay bytes: entries may come as either, and a string need not be UTF-8. */
const OPTIONS = { extensionCodec: EXTENSIONS, rawStrings: true, useBigInt64: true } as const
const MAX_NANOS = 10n ** 20n

/** A value of which ValueFrames has found the end. Throws an Error. */
export function decodeValue(bytes: Buffer): unknown {
  return decode(bytes, OPTIONS)
}

export function ackOf(chunk: string): Uint8Array {
  return encode({ ack: chunk })
}

/** What a message holds; null for a heartbeat. Throws an Error where it is no message. */
export function messageOf(value: unknown, bounds: FrameBounds): FluentMessage | null {
  if (value === null) return null
  if (!Array.isArray(value) || value.length < 2) throw new Error('expected a tag and events')
  const [name, second, third, fourth] = value as unknown[]
  const tag = textOf(name)
  if (tag === undefined) throw new Error('expected a tag')
  const complaints: string[] = []
  if (Array.isArray(second) && !isTime(second)) {
    const events = second.flatMap((entry) => eventOf(entry, complaints))
    return { tag, events, chunk: chunkOf(third), complaints }
  }
  if (second instanceof Uint8Array) {
    const events = packedEvents(Buffer.from(second), third, bounds, complaints)
    return { tag, events, chunk: chunkOf(third), complaints }
  }
  return { tag, events: eventOf([second, third], complaints), chunk: chunkOf(fourth), complaints }
}

function packedEvents(bytes: Buffer, option: unknown, bounds: FrameBounds, complaints: string[]): FluentEvent[] {
  const compressed = textOf(optionOf(option, 'compressed')) ?? 'text'
  const plain = unpack(bytes, compressed, bounds.maxBytes)
  const events: FluentEvent[] = []
  const frames = new ValueFrames(bounds)
  const wrong = frames.push(plain, (frame) => {
    try {
      events.push(...eventOf(decodeValue(frame), complaints))
    } catch (error) {
      complaints.push((error as Error).message)
    }
  })
  if (wrong !== null) complaints.push(wrong)
  if (frames.held > 0) complaints.push('the last event is cut off')
  return events
}

function eventOf(entry: unknown, complaints: string[]): FluentEvent[] {
  const [time, record] = Array.isArray(entry) ? (entry as unknown[]) : []
  if (typeof record !== 'object' || record === null || Array.isArray(record) || record instanceof Uint8Array) {
    complaints.push('an event without record')
    return []
  }
  const [when, metadata] = isTime(time) ? (time as unknown[]) : [time]
  const event: FluentEvent = { ts: timeOf(when), record: jsonOf(record) }
  const more = jsonOf(metadata)
  if (typeof more === 'object' && more !== null && Object.keys(more).length > 0) event.metadata = more
  return [event]
}

/** Fluent Bit's time: with metadata, as a pair. */
function isTime(value: unknown): boolean {
  if (!Array.isArray(value) || value.length !== 2) return false
  const [time, metadata] = value as unknown[]
  const scalar = typeof time === 'number' || typeof time === 'bigint' || time instanceof EventTime
  return scalar && typeof metadata === 'object' && !Array.isArray(metadata)
}

function timeOf(value: unknown): string | undefined {
  let nanos = -1n
  if (value instanceof EventTime) nanos = value.nanos
  else if (typeof value === 'bigint') nanos = value * 1_000_000_000n
  else if (typeof value === 'number' && value >= 0 && value < Infinity) nanos = BigInt(Math.round(value * 1e6)) * 1000n
  return nanos >= 0n && nanos < MAX_NANOS ? nanos.toString() : undefined
}

function chunkOf(option: unknown): string | undefined {
  return textOf(optionOf(option, 'chunk'))
}

function optionOf(option: unknown, name: string): unknown {
  if (typeof option !== 'object' || option === null || !Object.hasOwn(option, name)) return undefined
  return (option as { [name: string]: unknown })[name]
}

export function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value
  return value instanceof Uint8Array ? Buffer.from(value).toString() : undefined
}

/** A decoded value as records have it: text, or bytes and large integers under their tags. */
export function jsonOf(value: unknown): Json {
  if (value instanceof Uint8Array) {
    const bytes = Buffer.from(value)
    return isUtf8(bytes) ? bytes.toString() : { $bytes: bytes.toString('base64') }
  }
  if (typeof value === 'bigint') {
    const number = Number(value)
    return Number.isSafeInteger(number) ? number : { $int: value.toString() }
  }
  if (typeof value === 'number') return fieldOf(value)
  if (value instanceof EventTime) return value.nanos.toString()
  if (Array.isArray(value)) return value.map(jsonOf)
  if (typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype) {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, jsonOf(item)]))
  }
  return typeof value === 'string' || typeof value === 'boolean' ? value : null
}
