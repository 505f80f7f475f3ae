// Functions of templates on times.

import { parseDuration } from '../../../expr/time.js'
import { durationText } from '../../duration.js'
import { TimeFault, TimeLayout } from '../../time_layout.js'
import { type Moment, UTC, zoneOf } from '../../zone.js'
import { fn, type FunctionContext, type FunctionTable } from '../function.js'
import { EPOCH, isMoment, parseInt64, TemplateFault, type Value } from '../value.js'

const SECOND = 1_000_000_000n

const layouts = new Map<string, TimeLayout>()
const MAX_LAYOUTS = 256

function layout(text: string): TimeLayout {
  let found = layouts.get(text)
  if (found === undefined) {
    if (layouts.size >= MAX_LAYOUTS) layouts.clear()
    layouts.set(text, (found = new TimeLayout(text)))
  }
  return found
}

function now({ millis }: FunctionContext): Moment {
  const ms = millis()
  return { seconds: Math.floor(ms / 1000), nanos: (ms - Math.floor(ms / 1000) * 1000) * 1_000_000, zone: UTC }
}

/** A time, Unix seconds, or else the present, as sprig has it. */
function momentOf(value: Value, context: FunctionContext): Moment {
  if (isMoment(value)) return value
  return typeof value === 'bigint' ? { seconds: Number(value), nanos: 0, zone: UTC } : now(context)
}

const nanosOf = ({ seconds, nanos }: Moment) => BigInt(seconds) * SECOND + BigInt(nanos)

function moved(text: string, { seconds, nanos, zone }: Moment): Moment | undefined {
  const duration = parseDuration(text)
  if (duration === undefined) return undefined
  const at = nanosOf({ seconds, nanos, zone }) + duration.nanos
  const rest = ((at % SECOND) + SECOND) % SECOND
  return { seconds: Number((at - rest) / SECOND), nanos: Number(rest), zone }
}

/** Zones are UTC where sprig would take the machine's: the same template gives the same text everywhere. */
const written = (format: string, value: Value, zone: string, context: FunctionContext) =>
  layout(format).format({ ...momentOf(value, context), zone: zoneOf(zone) ?? UTC })

const date = fn(['string', 'any'], (format, value, context) => written(format, value, 'UTC', context))
const dateInZone = fn(['string', 'any', 'string'], (format, value, zone, context) => written(format, value, zone, context))
const dateModify = fn(['string', 'time'], (text, moment) => moved(text, moment) ?? moment)
const mustDateModify = fn(['string', 'time'], (text, moment) => {
  const later = moved(text, moment)
  if (later === undefined) throw new TemplateFault(`invalid duration '${text}'`)
  return later
})

const UNITS: readonly (readonly [name: string, nanos: bigint])[] = [
  ['y', 365n * 86_400n * SECOND], ['mo', 30n * 86_400n * SECOND], ['d', 86_400n * SECOND],
  ['h', 3600n * SECOND], ['m', 60n * SECOND], ['s', SECOND],
]

function roundedDuration(value: Value, context: FunctionContext): string {
  const nanos =
    typeof value === 'string' ? (parseDuration(value)?.nanos ?? 0n)
      : typeof value === 'bigint' ? value
        : isMoment(value) ? nanosOf(now(context)) - nanosOf(value) : 0n
  const size = nanos < 0n ? -nanos : nanos
  for (const [name, unit] of UNITS) if (size > unit) return `${size / unit}${name}`
  return '0s'
}

function age(value: Value, context: FunctionContext): string {
  const nanos = nanosOf(now(context)) - nanosOf(momentOf(value, context))
  const half = nanos < 0n ? -SECOND / 2n : SECOND / 2n
  return durationText(((nanos + half) / SECOND) * SECOND)
}

export const TIME_FUNCTIONS: FunctionTable = [
  ['now', fn([], (context) => now(context))],
  ['date', date],
  ['date_in_zone', dateInZone],
  ['dateInZone', dateInZone],
  ['date_modify', dateModify],
  ['dateModify', dateModify],
  ['must_date_modify', mustDateModify],
  ['mustDateModify', mustDateModify],
  ['htmlDate', fn(['any'], (value, context) => written('2006-01-02', value, 'UTC', context))],
  ['htmlDateInZone', fn(['any', 'string'], (value, zone, context) => written('2006-01-02', value, zone, context))],
  ['toDate', fn(['string', 'string'], (format, text) => {
    const moment = layout(format).parse(text)
    return moment instanceof TimeFault ? ZERO : moment
  })],
  ['mustToDate', fn(['string', 'string'], (format, text) => {
    const moment = layout(format).parse(text)
    if (moment instanceof TimeFault) throw new TemplateFault(moment.message)
    return moment
  })],
  ['unixEpoch', fn(['time'], ({ seconds }) => String(seconds))],
  ['ago', fn(['any'], age)],
  ['duration', fn(['any'], (value) => {
    const seconds = typeof value === 'string' ? (parseInt64(value, 10) ?? 0n) : typeof value === 'bigint' ? value : 0n
    return durationText(BigInt.asIntN(64, seconds * SECOND))
  })],
  ['durationRound', fn(['any'], roundedDuration)],
]

/** Go's zero time, the first second of the year 1. */
const ZERO: Moment = { ...EPOCH, seconds: -62_135_596_800 }
