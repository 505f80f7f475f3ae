// Amazon Data Firehose's HTTP endpoint delivery (docs.aws.amazon.com/firehose, request and response specifications),
// with log events of CloudWatch, which come packed.

import { gunzipSync } from 'node:zlib'
import type { Json } from '../../record/json.js'
import { fieldsOf, type HookEntry, textOf } from './entry.js'

export interface FirehoseRequest {
  requestId: string
  entries: HookEntry[]
}

export const REQUEST_ID_HEADER = 'x-amz-firehose-request-id'
export const ACCESS_KEY_HEADER = 'x-amz-firehose-access-key'
export const ATTRIBUTES_HEADER = 'x-amz-firehose-common-attributes'

/** Milliseconds of the latest time that a record holds. */
const LATEST = 99_999_999_999_999

/** @param maxBytes of all records after decompression; throws an Error where the body is no such request */
export function firehoseEntries(value: Json, maxBytes: number): FirehoseRequest {
  const fields = fieldsOf(value)
  const requestId = textOf(fields?.get('requestId'))
  const records = fields?.get('records')
  if (requestId === undefined || !Array.isArray(records)) throw new Error('expected requestId and records')
  let left = maxBytes
  const entries = records.flatMap((record: Json) => {
    const data = fieldsOf(record)?.get('data')
    if (typeof data !== 'string') throw new Error('a record without data')
    const plain = unpacked(Buffer.from(data, 'base64'), left)
    left -= plain.length
    return recordEntries(plain.utf8Slice())
  })
  return { requestId, entries }
}

/** Labels that a delivery stream is configured with: common attributes whose names begin with lbl_, as Alloy has them. */
export function commonLabels(header: string | undefined): ReadonlyMap<string, string> {
  const labels = new Map<string, string>()
  try {
    const common = fieldsOf(fieldsOf(JSON.parse(header ?? '{}') as Json)?.get('commonAttributes'))
    for (const [name, value] of common ?? []) {
      const text = textOf(value)
      if (/^lbl_[A-Za-z_]\w*$/.test(name) && text !== undefined) labels.set(name.slice('lbl_'.length), text)
    }
  } catch {
    // What cannot be read sets no labels.
  }
  return labels
}

function unpacked(data: Buffer, maxBytes: number): Buffer {
  if (data[0] !== 0x1f || data[1] !== 0x8b) return data
  if (maxBytes <= 0) throw new Error('larger than --max-request-bytes')
  try {
    return gunzipSync(data, { maxOutputLength: maxBytes })
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    throw new Error(code === 'ERR_BUFFER_TOO_LARGE' ? 'larger than --max-request-bytes' : `a record is not gzip: ${message}`)
  }
}

function recordEntries(text: string): HookEntry[] {
  const fields = text.startsWith('{"messageType"') ? cloudWatch(text) : null
  return fields === null ? [{ body: text.replace(/\r?\n$/, '') }] : eventEntries(fields)
}

/** A message of a CloudWatch subscription; null for anything else. */
function cloudWatch(text: string): ReadonlyMap<string, Json> | null {
  try {
    const fields = fieldsOf(JSON.parse(text) as Json)
    return fields?.has('messageType') === true && Array.isArray(fields.get('logEvents')) ? fields : null
  } catch {
    return null
  }
}

/** One entry for each event; none for control messages, by which CloudWatch sees whether somebody listens. */
function eventEntries(fields: ReadonlyMap<string, Json>): HookEntry[] {
  if (fields.get('messageType') !== 'DATA_MESSAGE') return []
  const labels = new Map<string, string>()
  for (const [name, field] of [['log_group', 'logGroup'], ['log_stream', 'logStream'], ['owner', 'owner']] as const) {
    const value = textOf(fields.get(field))
    if (value !== undefined) labels.set(name, value)
  }
  return (fields.get('logEvents') as readonly Json[]).flatMap((event) => {
    const known = fieldsOf(event)
    const [time, id] = [known?.get('timestamp'), textOf(known?.get('id'))]
    const told = typeof time === 'number' && Number.isInteger(time) && time >= 0 && time <= LATEST
    const ts = told ? `${BigInt(time) * 1_000_000n}` : undefined
    const attributes = id === undefined ? undefined : new Map([['id', id]])
    return [{ ts, body: known?.get('message') ?? '', labels, attributes }]
  })
}
