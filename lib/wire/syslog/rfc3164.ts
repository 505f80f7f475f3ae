// RFC 3164, which describes what was seen on wires: BSD's format and what devices make of it. Every text is a message;
// what does not look like a header stays in its body.

import { secondsOf, type Zone } from '../../go/zone.js'
import { civilSeconds, nanos, priorityOf, rfc3339, type SyslogMessage } from './message.js'

/** What a time without year and offset is read by. */
export interface Reading {
  /** Unix seconds of now. */
  now: number
  zone: Zone
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** Cisco's sequence number, and the name that its origin-id may add, in front of a time. */
const SEQUENCE = /^\d{1,20}: (?:(\S{1,255}): )?(?=[*.]?(?:[A-Z][a-z]{2} |\d{4}-))/
/** `Oct 11 22:14:15`, with a year in either place, a fraction, and Cisco's zone, which a colon follows. */
const BSD = /^[*.]?([A-Z][a-z]{2}) {1,2}(\d{1,2}) (?:(\d{4}) )?(\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9}))?(?: (\d{4})(?= |: ))?(?: ([A-Z]{1,5})(?=:))?(?= |:(?: |$)|$)/
const ISO = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?(?= |: |$)/
/** `su:`, `sshd[123]:` or `su[12] `. */
const TAG = /^([^\s:[\]]{1,255})(?:\[([^\]\s]{0,255})\](?::|(?= |$))|:(?=\s|\[|$)) ?/
const HOSTNAME = /^(\S{1,255})(?: +|$)/

export function parse3164(text: string, reading: Reading): SyslogMessage {
  const priority = priorityOf(text)
  const message: SyslogMessage = { body: '' }
  if (priority !== null) {
    message.facility = priority.facility
    message.severity = priority.severity
  }
  let rest = priority === null ? text : text.slice(priority.end)
  const sequence = SEQUENCE.exec(rest)
  const timed = timeOf(sequence === null ? rest : rest.slice(sequence[0].length), reading)
  if (timed !== null) {
    message.ts = timed.ts
    if (sequence?.[1] !== undefined) message.hostname = sequence[1]
    rest = timed.named ? withHostname(message, timed.rest) : timed.rest
  }
  const tag = TAG.exec(rest)
  if (tag !== null) {
    message.app = tag[1]
    if (tag[2] !== undefined && tag[2] !== '') message.procId = tag[2]
    rest = rest.slice(tag[0].length)
  }
  message.body = rest
  return message
}

/** What follows the name of a machine, if there is one: the first word, unless it has the form of a tag. */
function withHostname(message: SyslogMessage, rest: string): string {
  const match = HOSTNAME.exec(rest)
  if (match === null || TAG.test(rest)) return rest
  message.hostname = match[1]
  const behind = rest.slice(match[0].length)
  // `host : %ASA-6-302013: …`
  return behind.startsWith(': ') ? behind.slice(2) : behind
}

/** The time in front, what stands behind it, and whether that may begin with the name of a machine. */
function timeOf(text: string, reading: Reading): { ts: string; rest: string; named: boolean } | null {
  const iso = ISO.exec(text)
  const bsd = iso === null ? BSD.exec(text) : null
  const found = iso ?? bsd
  if (found === null) return null
  const local = (seconds: number) => secondsOf(seconds, reading.zone)
  const ts = iso === null ? bsdTime(bsd!, reading) : rfc3339(iso[0], local)
  if (ts === undefined) return null
  const rest = text.slice(found[0].length)
  // Behind Cisco's colon comes the message.
  if (rest.startsWith(':')) return { ts, rest: rest.slice(1).trimStart(), named: false }
  return { ts, rest: rest.slice(1), named: true }
}

function bsdTime(match: RegExpExecArray, { now, zone }: Reading): string | undefined {
  const [, name, day, before, hour, minute, second, fraction = '', after, abbreviation] = match
  const month = MONTHS.indexOf(name) + 1
  if (month === 0) return undefined
  const secondsIn = (year: number) => {
    const local = civilSeconds(year, month, Number(day), Number(hour), Number(minute), Number(second))
    return local === undefined ? undefined : unixSeconds(local, zone, abbreviation)
  }
  const given = before ?? after
  const seconds = given === undefined ? latest(secondsIn, now) : secondsIn(Number(given))
  return seconds === undefined ? undefined : nanos(seconds, fraction)
}

function unixSeconds(local: number, zone: Zone, abbreviation: string | undefined): number {
  if (abbreviation === undefined) return secondsOf(local, zone)
  if (abbreviation === 'UTC' || abbreviation === 'GMT' || abbreviation === 'Z') return local
  const offset = zone.named(abbreviation, local)
  return offset === undefined ? secondsOf(local, zone) : local - offset
}

/** How far the clock of a sender may be ahead, seconds: behind that a time is one of last year. */
const AHEAD = 7 * 86_400

/** In the last year in which that is not in the future; a 29 February may be years ago. */
function latest(secondsIn: (year: number) => number | undefined, now: number): number | undefined {
  const year = new Date(now * 1000).getUTCFullYear()
  for (let candidate = year + 1; candidate >= year - 8; candidate--) {
    const seconds = secondsIn(candidate)
    if (seconds !== undefined && seconds <= now + AHEAD) return seconds
  }
  return undefined
}
