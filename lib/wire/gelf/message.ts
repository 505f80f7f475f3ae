// A GELF message (version 1.1): JSON with known fields, and any others behind an underscore.

import { gunzipSync, inflateSync } from 'node:zlib'
import { scanDepth } from '../../record/decode.js'
import type { Json } from '../../record/json.js'

export interface GelfMessage {
  version?: string
  host?: string
  body: string
  /** Unix nanoseconds, decimal; to the microsecond, as far as senders go. */
  ts?: string
  /** A severity of syslog, 0 to 7. */
  level?: number
  facility?: string
  /** Everything else: full_message, file, line, and additional fields without their underscore. */
  attributes: ReadonlyMap<string, Json>
}

export interface GelfBounds {
  /** After decompression. */
  maxBytes: number
  maxDepth: number
}

/** What a level of old, or of none, means (the specification's default). */
const ALERT = 1
const OWN = new Set(['version', 'host', 'short_message', 'timestamp', 'level', 'facility'])
/** Seconds of the latest time that a record holds. */
const LATEST = 99_999_999_999

/** The bytes of a datagram, unpacked: gzip, zlib or plain. A complaint where they cannot be. */
export function unpacked(bytes: Buffer, { maxBytes }: GelfBounds): Buffer | string {
  const limits = { maxOutputLength: maxBytes }
  try {
    if (bytes[0] === 0x1f && bytes[1] === 0x8b) return gunzipSync(bytes, limits)
    // RFC 1950, section 2.2: method 8, and a sum that is a multiple of 31.
    if (bytes.length > 1 && (bytes[0] & 0x0f) === 8 && bytes.readUInt16BE(0) % 31 === 0) return inflateSync(bytes, limits)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    return code === 'ERR_BUFFER_TOO_LARGE' ? `larger than ${maxBytes} bytes unpacked (--max-message-bytes)` : message
  }
  return bytes
}

/** A message, or what is wrong with it. */
export function parseGelf(bytes: Buffer, { maxDepth }: GelfBounds): GelfMessage | string {
  const deep = scanDepth(bytes, maxDepth)
  if (deep !== null) return deep.detail
  let value: unknown
  try {
    value = JSON.parse(bytes.utf8Slice(0, bytes.length))
  } catch (error) {
    return `not JSON: ${(error as Error).message}`
  }
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return 'not a JSON object'
  const fields = new Map(Object.entries(value as { [key: string]: Json }))
  const short = fields.get('short_message')
  const full = fields.get('full_message')
  if (typeof short !== 'string' && typeof full !== 'string') return 'no short_message'
  const attributes = new Map<string, Json>()
  for (const [name, value] of fields) {
    if (OWN.has(name) || (name === 'full_message' && typeof short !== 'string')) continue
    attributes.set(name.length > 1 && name.startsWith('_') ? name.slice(1) : name, value)
  }
  return {
    version: textOf(fields.get('version')),
    host: textOf(fields.get('host')),
    body: (typeof short === 'string' ? short : full) as string,
    ts: timeOf(fields.get('timestamp')),
    level: levelOf(fields.get('level')),
    facility: textOf(fields.get('facility')),
    attributes,
  }
}

function textOf(value: Json | undefined): string | undefined {
  if (typeof value === 'number') return String(value)
  return typeof value === 'string' && value !== '' ? value : undefined
}

/** Seconds with a fraction, as a number or, from some, as text. */
function timeOf(value: Json | undefined): string | undefined {
  const seconds = typeof value === 'string' && value.trim() !== '' ? Number(value) : value
  if (typeof seconds !== 'number' || !(seconds >= 0) || seconds > LATEST) return undefined
  return `${BigInt(Math.round(seconds * 1e6)) * 1000n}`
}

function levelOf(value: Json | undefined): number | undefined {
  if (value === undefined) return ALERT
  const level = Number(value)
  return Number.isInteger(level) && level >= 0 && level <= 7 ? level : undefined
}
