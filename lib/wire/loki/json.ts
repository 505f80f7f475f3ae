// A push in JSON: {"streams":[{"stream":{…},"values":[["nanoseconds","line",{metadata}]]}]}, in and out, and the form of
// Loki's first versions, in.

import type { Json } from '../../record/json.js'
import { labelsOf } from '../../record/labels.js'
import type { Budget } from '../remote_write/read.js'
import { parseStream, streamText } from './labels.js'
import type { PushEntry, PushStream } from './push.js'

type Fields = { readonly [name: string]: Json | undefined }

const NO_METADATA: readonly string[] = []

/** The text of a push. Throws an Error where labels are none. */
export function jsonPush(streams: readonly PushStream[]): string {
  return `{"streams":[${streams.map(streamJson).join(',')}]}`
}

function streamJson({ labels, entries }: PushStream): string {
  return `{"stream":${objectText(parseStream(labels))},"values":[${entries.map(entryJson).join(',')}]}`
}

function entryJson({ ts, line, metadata }: PushEntry): string {
  const third = metadata.length === 0 ? '' : `,${objectText(metadata)}`
  return `["${ts}",${JSON.stringify(line)}${third}]`
}

/** Names and values in turn. */
function objectText(pairs: readonly string[]): string {
  const members: string[] = []
  for (let i = 0; i < pairs.length; i += 2) members.push(`${JSON.stringify(pairs[i])}:${JSON.stringify(pairs[i + 1])}`)
  return `{${members.join(',')}}`
}

/**
 * The streams of a push as JSON.parse gives it. Throws TooMuch, or an Error where it is something else, as Loki does: nothing of
 * it is taken then.
 *
 * @param budget for streams, entries and metadata
 */
export function readJsonPush(push: unknown, budget: Budget): PushStream[] {
  return listOf(fieldsOf(push, 'the push').streams, 'streams').map((one) => {
    budget.take()
    const stream = fieldsOf(one, 'a stream')
    const values = listOf(stream.values ?? [], 'values')
    return { labels: labelsTextOf(stream.stream), entries: values.map((value) => valueOf(value, budget)) }
  })
}

/** The same for the form of `/api/prom/push`: `{"streams":[{"labels":"{…}","entries":[{"ts":"RFC 3339","line":"…"}]}]}`. */
export function readLegacyPush(push: unknown, budget: Budget): PushStream[] {
  return listOf(fieldsOf(push, 'the push').streams, 'streams').map((one) => {
    budget.take()
    const stream = fieldsOf(one, 'a stream')
    const entries = listOf(stream.entries ?? [], 'entries').map((entry) => {
      budget.take()
      const { ts, line } = fieldsOf(entry, 'an entry')
      return { ts: nanosOf(textOf(ts, 'ts')), line: textOf(line, 'line'), metadata: NO_METADATA }
    })
    return { labels: textOf(stream.labels, 'labels'), entries }
  })
}

/** Loki takes the text of a value that is no string. */
function labelsTextOf(stream: Json | undefined): string {
  const pairs = Object.entries(fieldsOf(stream ?? {}, 'stream')).map(([name, value]): [string, string] => {
    if (typeof value === 'object' && value !== null) throw new Error(`label ${name}: expected a string`)
    return [name, String(value)]
  })
  return streamText(labelsOf(pairs))
}

const INTEGER = /^[+-]?\d{1,40}$/

function valueOf(value: Json, budget: Budget): PushEntry {
  budget.take()
  const parts = listOf(value, 'an entry')
  if (parts.length < 2 || parts.length > 3) throw new Error('an entry: expected ["nanoseconds", "line", {metadata}]')
  const [ts, line, more] = parts
  if (typeof ts !== 'string' || !INTEGER.test(ts)) throw new Error('the time of an entry: expected nanoseconds, as a string')
  return { ts: BigInt(ts).toString(), line: textOf(line, 'the line of an entry'), metadata: metadataOf(more, budget) }
}

function metadataOf(more: Json | undefined, budget: Budget): readonly string[] {
  if (more === undefined) return NO_METADATA
  return Object.entries(fieldsOf(more, 'structured metadata')).flatMap(([name, value]) => {
    budget.take()
    return [name, textOf(value, `structured metadata ${name}`)]
  })
}

const RFC_3339 = /^(\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?([Zz]|[+-]\d\d:\d\d)$/

function nanosOf(text: string): string {
  const found = RFC_3339.exec(text)
  const millis = found === null ? NaN : Date.parse(`${found[1]}${found[3]}`.toUpperCase())
  if (Number.isNaN(millis)) throw new Error(`ts: '${text.slice(0, 100)}' is no time of RFC 3339`)
  return (BigInt(millis) * 1_000_000n + BigInt((found![2] ?? '').padEnd(9, '0'))).toString()
}

function fieldsOf(value: unknown, what: string): Fields {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Fields
  throw new Error(`${what}: expected an object`)
}

function listOf(value: unknown, what: string): readonly Json[] {
  if (Array.isArray(value)) return value as Json[]
  throw new Error(`${what}: expected a list`)
}

function textOf(value: unknown, what: string): string {
  if (typeof value === 'string') return value
  throw new Error(`${what}: expected a string`)
}
