// Timestamps and durations of expressions, to the nanosecond (CEL: google.protobuf.Timestamp and Duration).

const SECOND = 1_000_000_000n
/** 0001-01-01T00:00:00Z and 9999-12-31T23:59:59.999999999Z, Unix nanoseconds. */
const EARLIEST = -62_135_596_800n * SECOND
const LATEST = 253_402_300_800n * SECOND - 1n

/** A point in time; Unix nanoseconds. */
export class Timestamp {
  constructor(readonly nanos: bigint) {}

  /** Seconds since the epoch, rounded down. */
  get seconds(): bigint {
    const seconds = this.nanos / SECOND
    return this.nanos % SECOND < 0n ? seconds - 1n : seconds
  }
  /** RFC 3339 in UTC, with as many digits as the fraction needs. */
  toString(): string {
    const date = new Date(Number(this.seconds) * 1000).toISOString().slice(0, 19)
    return `${date}${fraction(this.nanos - this.seconds * SECOND)}Z`
  }
}

/** A span of time; nanoseconds. */
export class Duration {
  constructor(readonly nanos: bigint) {}
  /** Seconds, e.g. `90s`, `-0.5s`. */
  toString(): string {
    const positive = this.nanos < 0n ? -this.nanos : this.nanos
    return `${this.nanos < 0n ? '-' : ''}${positive / SECOND}${fraction(positive % SECOND)}s`
  }
}

function fraction(nanos: bigint): string {
  return nanos === 0n ? '' : `.${nanos.toString().padStart(9, '0').replace(/0+$/, '')}`
}

/** undefined outside of the years 1 to 9999. */
export function timestampOf(nanos: bigint): Timestamp | undefined {
  return nanos < EARLIEST || nanos > LATEST ? undefined : new Timestamp(nanos)
}

/** undefined where 64 bits of nanoseconds do not hold it. */
export function durationOf(nanos: bigint): Duration | undefined {
  return nanos < -(1n << 63n) || nanos >= 1n << 63n ? undefined : new Duration(nanos)
}

/** RFC 3339 text to a timestamp; undefined if it is none. */
export function parseTimestamp(text: string): Timestamp | undefined {
  const match = /^(\d{4}-\d\d-\d\d)[Tt](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?([Zz]|[+-]\d\d:\d\d)$/.exec(text)
  if (match === null) return undefined
  const millis = Date.parse(`${match[1]}T${match[2]}${match[4].toUpperCase()}`)
  if (Number.isNaN(millis)) return undefined
  return timestampOf(BigInt(millis) * 1_000_000n + BigInt((match[3] ?? '').padEnd(9, '0')))
}

const UNITS: { readonly [unit: string]: bigint } = {
  h: 3600n * SECOND, m: 60n * SECOND, s: SECOND, ms: 1_000_000n, us: 1000n, 'µs': 1000n, 'μs': 1000n, ns: 1n,
}

/** Text such as `1h30m`, `-1.5s`, `100ms` to a duration; undefined if it is none. */
export function parseDuration(text: string): Duration | undefined {
  const match = /^([+-]?)((?:\d+(?:\.\d*)?|\.\d+)(?:h|ms|m|s|us|µs|μs|ns))+$/.exec(text)
  if (match === null) return text === '0' ? new Duration(0n) : undefined
  let nanos = 0n
  for (const [, whole, part = '', unit] of text.matchAll(/(\d*)(?:\.(\d*))?(h|ms|m|s|us|µs|μs|ns)/g)) {
    nanos += BigInt(whole) * UNITS[unit] + (BigInt(part === '' ? 0 : part) * UNITS[unit]) / 10n ** BigInt(part.length)
  }
  return durationOf(match[1] === '-' ? -nanos : nanos)
}

export type Selector =
  | 'getFullYear' | 'getMonth' | 'getDate' | 'getDayOfMonth' | 'getDayOfWeek' | 'getDayOfYear' | 'getHours' | 'getMinutes'
  | 'getSeconds' | 'getMilliseconds'

/**
 * A part of a timestamp in a time zone (`Europe/Berlin`, `+02:00`, `02:00`; UTC if none); undefined for no such zone.
 */
export function selectPart(timestamp: Timestamp, part: Selector, zone = 'UTC'): bigint | undefined {
  const offset = zoneOffset(timestamp, zone)
  if (offset === undefined) return undefined
  const date = new Date(Number(timestamp.seconds) * 1000 + offset)
  switch (part) {
    case 'getFullYear':
      return BigInt(date.getUTCFullYear())
    case 'getMonth':
      return BigInt(date.getUTCMonth())
    case 'getDate':
      return BigInt(date.getUTCDate())
    case 'getDayOfMonth':
      return BigInt(date.getUTCDate() - 1)
    case 'getDayOfWeek':
      return BigInt(date.getUTCDay())
    case 'getDayOfYear': {
      const start = new Date(date)
      start.setUTCMonth(0, 1)
      return BigInt(Math.floor((date.getTime() - start.getTime()) / 86_400_000))
    }
    case 'getHours':
      return BigInt(date.getUTCHours())
    case 'getMinutes':
      return BigInt(date.getUTCMinutes())
    case 'getSeconds':
      return BigInt(date.getUTCSeconds())
    case 'getMilliseconds':
      return (timestamp.nanos - timestamp.seconds * SECOND) / 1_000_000n
  }
}

const zones = new Map<string, Intl.DateTimeFormat>()
/** Zones whose rules are kept; a zone may come from a record. */
const MAX_ZONES = 100

/** Milliseconds that a zone is ahead of UTC at a time. */
function zoneOffset(timestamp: Timestamp, zone: string): number | undefined {
  if (zone === 'UTC') return 0
  const fixed = /^([+-]?)(\d\d):(\d\d)$/.exec(zone)
  if (fixed !== null) return (fixed[1] === '-' ? -1 : 1) * (Number(fixed[2]) * 60 + Number(fixed[3])) * 60_000
  let format = zones.get(zone)
  if (format === undefined) {
    try {
      format = new Intl.DateTimeFormat('en-US', {
        timeZone: zone, hourCycle: 'h23', era: 'short', year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit',
        minute: '2-digit', second: '2-digit',
      })
    } catch {
      return undefined
    }
    if (zones.size >= MAX_ZONES) zones.clear()
    zones.set(zone, format)
  }
  const utc = Number(timestamp.seconds) * 1000
  const part = new Map(format.formatToParts(utc).map(({ type, value }) => [type, value]))
  const number = (type: Intl.DateTimeFormatPartTypes) => Number(part.get(type))
  const local = new Date(0)
  local.setUTCFullYear(number('year'), number('month') - 1, number('day'))
  local.setUTCHours(number('hour'), number('minute'), number('second'))
  return local.getTime() - utc
}
