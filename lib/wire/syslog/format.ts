// Syslog messages as text, in either format.

import { clockOf, type Zone } from '../../go/zone.js'
import type { StructuredData, SyslogMessage } from './message.js'

/** Most characters of each field (RFC 5424, section 6). */
const LENGTHS = { hostname: 255, app: 48, procId: 128, msgId: 32, name: 32 } as const
const MAX_TAG = 32
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
/** The end of years of four digits, in Unix milliseconds. */
const END = Date.UTC(10_000, 0, 1)

/** `user.notice`, that of messages without priority (RFC 3164, section 4.3.3). */
const DEFAULT_FACILITY = 1
const DEFAULT_SEVERITY = 5

/** RFC 5424. What a field cannot hold becomes `_`; a time is cut at microseconds. */
export function format5424(message: SyslogMessage): string {
  const { hostname, app, procId, msgId, structured, body } = message
  const words = [
    `<${priority(message)}>1`,
    timeText(message.ts),
    word(hostname, LENGTHS.hostname),
    word(app, LENGTHS.app),
    word(procId, LENGTHS.procId),
    word(msgId, LENGTHS.msgId),
    dataText(structured),
  ]
  return body === '' ? words.join(' ') : `${words.join(' ')} ${body}`
}

/** RFC 3164, the time as clocks in `zone` show it. */
export function format3164(message: SyslogMessage, zone: Zone): string {
  const { hostname, app, procId, body, ts = '0' } = message
  const { month, day, hour, minute, second } = clockOf({ seconds: Number(BigInt(ts) / 1_000_000_000n), nanos: 0, zone })
  const time = `${MONTHS[month - 1]} ${String(day).padStart(2)} ${two(hour)}:${two(minute)}:${two(second)}`
  const tag = app === undefined ? '' : `${printable(app, MAX_TAG).replace(/[:[\]]/g, '_')}${pidText(procId)}: `
  return `<${priority(message)}>${time} ${word(hostname, LENGTHS.hostname)} ${tag}${body}`
}

function pidText(procId: string | undefined): string {
  return procId === undefined ? '' : `[${printable(procId, LENGTHS.procId).replace(/[[\]]/g, '_')}]`
}

function priority({ facility = DEFAULT_FACILITY, severity = DEFAULT_SEVERITY }: SyslogMessage): number {
  return facility * 8 + severity
}

const two = (number: number) => String(number).padStart(2, '0')

/** RFC 3339 in UTC, microseconds; `-` for a time that it cannot tell. */
function timeText(ts: string | undefined): string {
  if (ts === undefined) return '-'
  const micros = BigInt(ts) / 1000n
  const millis = Number(micros / 1000n)
  if (ts.startsWith('-') || millis >= END) return '-'
  const below = String(micros % 1000n).padStart(3, '0')
  return `${new Date(millis).toISOString().slice(0, -1)}${below}Z`
}

/** Printable ASCII without spaces, or `-`. */
function word(text: string | undefined, length: number): string {
  return text === undefined || text === '' ? '-' : printable(text, length)
}

function printable(text: string, length: number): string {
  return text.slice(0, length).replace(/[^\x21-\x7e]/g, '_')
}

function dataText(data: StructuredData | undefined): string {
  if (data === undefined || data.size === 0) return '-'
  const name = (text: string) => printable(text, LENGTHS.name).replace(/[="\]]/g, '_') || '_'
  const value = (text: string) => text.replace(/["\\\]]/g, '\\$&')
  let text = ''
  for (const [id, params] of data) {
    text += `[${name(id)}`
    for (const [key, values] of params) for (const one of values) text += ` ${name(key)}="${value(one)}"`
    text += ']'
  }
  return text
}
