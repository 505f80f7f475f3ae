// The times of log lines: the named formats and layouts of Promtail's and Alloy's timestamp stage.

import { daysOf } from './civil.js'
import { NAMED_LAYOUTS } from './layout.js'
import { TimeFault, TimeLayout } from './time_layout.js'
import { clockOf, type Moment, nanosText, secondsOf, UTC, type Zone } from './zone.js'

/** Unix nanoseconds of a text, decimal, or why there are none. */
export type TimestampParser = (text: string) => string | TimeFault

/** Nanoseconds of one unit, by the names of formats that count from 1970. */
const COUNTS: ReadonlyMap<string, bigint> = new Map([
  ['Unix', 1_000_000_000n], ['UnixMs', 1_000_000n], ['UnixUs', 1000n], ['UnixNs', 1n],
])

/**
 * @param zone whose clock a layout's times are read from where they tell no offset of their own; the named formats are
 * read as UTC, as in Alloy
 * @param millis the present, Unix milliseconds: a layout without a year means the time nearest to it
 */
export function timestampParser(format: string, zone: Zone | undefined, millis: () => number): TimestampParser {
  const unit = COUNTS.get(format)
  if (unit !== undefined) return (text) => counted(text, format, unit)
  const named = NAMED_LAYOUTS.get(format)
  const layout = new TimeLayout(named ?? format)
  const at = named === undefined ? zone : undefined
  if (!format.includes('06') && named === undefined) return yearlessParser(layout, format, at, millis)
  return (text) => {
    const moment = layout.parse(text, at)
    return moment instanceof TimeFault ? moment : bounded(moment, text, format)
  }
}

/** For a layout without a year: a text that tells one nevertheless is a fault. */
export function yearlessParser(
  layout: TimeLayout, format: string, zone: Zone | undefined, millis: () => number,
): TimestampParser {
  return (text) => {
    const moment = layout.parse(text, zone)
    if (moment instanceof TimeFault) return moment
    const dated = withYear(moment, millis())
    if (dated === undefined) return new TimeFault(text, format, 'expected to not contain the year')
    return bounded(dated, text, format)
  }
}

/** Seconds whose nanoseconds 64 bits hold: the years 1678 to 2262. */
const MAX_SECONDS = 9_223_372_036

function bounded(moment: Moment, text: string, format: string): string | TimeFault {
  if (Math.abs(moment.seconds) >= MAX_SECONDS) return outside(text, format)
  return nanosText(moment)
}

const outside = (text: string, format: string) => new TimeFault(text, format, 'outside of the years 1678 to 2262')

function counted(text: string, format: string, unit: bigint): string | TimeFault {
  const match = /^([+-]?\d{1,19})(?:\.(\d{1,18}))?$/.exec(text)
  if (match === null || (match[2] !== undefined && format !== 'Unix')) {
    return new TimeFault(text, format, format === 'Unix' ? 'no count of seconds' : 'no whole number')
  }
  // A fraction counts forward from the whole second, before 1970 too.
  const nanos = BigInt(match[1]) * unit + BigInt((match[2] ?? '').slice(0, 9).padEnd(9, '0'))
  return nanos === BigInt.asIntN(64, nanos) ? nanos.toString() : outside(text, format)
}

/** A time of the year 0 in the year that makes it nearest to now; undefined if it is not of that year. */
function withYear(moment: Moment, now: number): Moment | undefined {
  const clock = clockOf(moment)
  if (clock.year !== 0) return undefined
  const present = clockOf({ seconds: Math.floor(now / 1000), nanos: 0, zone: UTC })
  // A line of the last evening of the year may be read in the next, and the other way about.
  const turn = clock.month === 12 && present.month === 1 ? -1 : clock.month === 1 && present.month === 12 ? 1 : 0
  const days = daysOf(present.year + turn, clock.month, clock.day)
  const local = days * 86_400 + clock.hour * 3600 + clock.minute * 60 + clock.second
  return { seconds: secondsOf(local, moment.zone), nanos: moment.nanos, zone: moment.zone }
}
