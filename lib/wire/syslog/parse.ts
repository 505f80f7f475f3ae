// A syslog message of either format.

import type { SyslogMessage } from './message.js'
import { parse3164, type Reading } from './rfc3164.js'
import { looksLike5424, parse5424 } from './rfc5424.js'

export const FORMATS = ['auto', 'rfc5424', 'rfc3164'] as const
export type Format = (typeof FORMATS)[number]

/** What may stand behind the message of a datagram or frame and is none of it. */
const TRAILER = /[\r\n\0]+$/

/** The message in a frame, or what is wrong with it, which is said of RFC 5424 alone. */
export function parseSyslog(frame: string, format: Format, reading: Reading): SyslogMessage | string {
  const text = frame.replace(TRAILER, '')
  if (format === 'rfc5424') return parse5424(text, false)
  if (format === 'auto' && looksLike5424(text)) {
    const message = parse5424(text, true)
    if (typeof message === 'object') return message
  }
  return parse3164(text, reading)
}
