// A syslog message, of whichever format.

import { daysIn, daysOf } from '../../go/civil.js'

/** Structured data: the parameters of each element; a name may come several times. */
export type StructuredData = ReadonlyMap<string, ReadonlyMap<string, readonly string[]>>

export interface SyslogMessage {
  /** 0 to 23 and 0 to 7; undefined where the message has no priority. */
  facility?: number
  severity?: number
  /** Unix nanoseconds, decimal. */
  ts?: string
  hostname?: string
  app?: string
  procId?: string
  msgId?: string
  structured?: StructuredData
  body: string
}

/** A priority, `<0>` to `<191>`, and where it ends; null where the text does not begin with one. */
export function priorityOf(text: string): { facility: number; severity: number; end: number } | null {
  const match = /^<(\d{1,3})>/.exec(text)
  const number = Number(match?.[1])
  if (match === null || number > 191) return null
  return { facility: number >> 3, severity: number & 7, end: match[0].length }
}

const RFC3339 = /^(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d):(\d\d)(?:[.,](\d+))?(?:(Z)|([+-])(\d\d):?(\d\d))?$/

/**
 * Unix nanoseconds of an RFC 3339 time; undefined if it is none.
 * @param secondsOf Unix seconds of a time that names no offset, given as if it were UTC; without it an offset is a must
 */
export function rfc3339(text: string, secondsOf?: (local: number) => number): string | undefined {
  const match = RFC3339.exec(text)
  if (match === null) return undefined
  const [, year, month, day, hour, minute, second, fraction = '', z, sign, hours, minutes] = match
  const local = civilSeconds(Number(year), Number(month), Number(day), Number(hour), Number(minute), Number(second))
  if (local === undefined) return undefined
  if (z !== undefined) return nanos(local, fraction)
  if (sign === undefined) return secondsOf === undefined ? undefined : nanos(secondsOf(local), fraction)
  const offset = (Number(hours) * 60 + Number(minutes)) * 60
  return nanos(sign === '-' ? local + offset : local - offset, fraction)
}

/** Seconds since 1970 of a date and time as if it were UTC; undefined if there is none such. */
export function civilSeconds(
  year: number, month: number, day: number, hour: number, minute: number, second: number,
): number | undefined {
  if (hour > 23 || minute > 59 || second > 60 || month < 1 || month > 12) return undefined
  if (day < 1 || day > daysIn(month, year)) return undefined
  // A leap second is the last one of its minute to clocks that have none.
  return daysOf(year, month, day) * 86_400 + hour * 3600 + minute * 60 + Math.min(second, 59)
}

/** Digits of the longest time that a record holds; it is in the year 5138. */
const MAX_DIGITS = 20

/** @param fraction digits of a second; those beyond nanoseconds do not count */
export function nanos(seconds: number, fraction: string): string | undefined {
  const text = (BigInt(seconds) * 1_000_000_000n + BigInt(fraction.slice(0, 9).padEnd(9, '0'))).toString()
  return text.length > MAX_DIGITS ? undefined : text
}
