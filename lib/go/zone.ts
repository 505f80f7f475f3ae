// Time zones: how far ahead of UTC their clocks are, and what they call that.

import { type CivilDate, dateOf } from './civil.js'

export interface Zone {
  /** `UTC`, an IANA name, or what a fixed offset was called. */
  readonly name: string
  /** Seconds ahead of UTC at a time in Unix seconds. */
  offset(seconds: number): number
  /** The abbreviation in use at that time, e.g. `CEST`; `+03` where the zone has none. */
  abbreviation(seconds: number): string
  /** The offset that an abbreviation of this zone means, for a clock that shows `local` (as if it were UTC). */
  named(abbreviation: string, local: number): number | undefined
}

/** A zone that never changes. */
export function fixedZone(name: string, offset: number): Zone {
  return {
    name,
    offset: () => offset,
    abbreviation: () => (name === '' ? offsetName(offset) : name),
    named: (abbreviation) => (abbreviation === name ? offset : undefined),
  }
}

export const UTC: Zone = fixedZone('UTC', 0)

const zones = new Map<string, Zone | undefined>()
/** Names of zones may come from records: those beyond this many push the others out. */
const MAX_ZONES = 700

/**
 * A zone of the IANA database; `` and `UTC` are UTC, `Local` is the machine's own. undefined if there is none of the
 * name.
 */
export function zoneOf(name: string): Zone | undefined {
  if (name === '' || name === 'UTC') return UTC
  if (zones.has(name)) return zones.get(name)
  if (zones.size >= MAX_ZONES) zones.clear()
  const zone = open(name)
  zones.set(name, zone)
  return zone
}

function open(name: string): Zone | undefined {
  const timeZone = name === 'Local' ? undefined : name
  // Intl takes offsets for zones, which no other system does.
  if (/^[+-]/.test(name)) return undefined
  try {
    return new RegionalZone(name, new Intl.DateTimeFormat('en-US', { ...FIELDS, timeZone }))
  } catch {
    return undefined
  }
}

const FIELDS = {
  hourCycle: 'h23', year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric', second: 'numeric',
} as const satisfies Intl.DateTimeFormatOptions

/** Before this no zone had transitions; some calendars of Intl change their rules there. */
const FIRST = Date.UTC(1800, 0, 1) / 1000
const LAST = 8.64e12
/** Seconds of a stretch of time for which one offset is remembered, if it is the same at both ends. */
const STRETCH = 3600
const MAX_STRETCHES = 4096

/** Offsets from Intl, which takes 3 µs for one: remembered by the hour they come to 10 ns. */
class RegionalZone implements Zone {
  readonly #stretches = new Map<number, number>()
  #at = NaN
  #offset = 0
  #sample: { byName: Map<string, Set<number>>; byOffset: Map<number, string> } | undefined

  constructor(readonly name: string, private readonly fields: Intl.DateTimeFormat) {}

  offset(seconds: number): number {
    const stretch = Math.floor(seconds / STRETCH)
    if (stretch === this.#at) return this.#offset
    const known = this.#stretches.get(stretch) ?? this.#ask(stretch)
    if (known === undefined) return this.#exact(seconds)
    this.#at = stretch
    return (this.#offset = known)
  }

  /** undefined for a stretch in which the offset changes. */
  #ask(stretch: number): number | undefined {
    const from = this.#exact(stretch * STRETCH)
    if (from !== this.#exact((stretch + 1) * STRETCH - 1)) return undefined
    if (this.#stretches.size >= MAX_STRETCHES) this.#stretches.clear()
    this.#stretches.set(stretch, from)
    return from
  }

  #exact(seconds: number): number {
    const at = Math.max(FIRST, Math.min(LAST, Math.floor(seconds)))
    const part = new Map(this.fields.formatToParts(at * 1000).map(({ type, value }) => [type, Number(value)]))
    const get = (type: Intl.DateTimeFormatPartTypes) => part.get(type)!
    const local = Date.UTC(get('year'), get('month') - 1, get('day'), get('hour'), get('minute'), get('second'))
    return local / 1000 - at
  }

  abbreviation(seconds: number): string {
    const offset = this.offset(seconds)
    return this.#nameAt(seconds, offset) ?? this.#inUse().byOffset.get(offset) ?? offsetName(offset)
  }

  #nameAt(seconds: number, offset: number): string | undefined {
    const at = Math.max(FIRST, Math.min(LAST, seconds)) * 1000
    const { timeZone } = this.fields.resolvedOptions()
    const own = OWN_NAMES.get(`${timeZone} ${offset / 3600}`)
    if (own !== undefined) return own
    for (const locale of LOCALES) {
      const format = shortNames(locale, timeZone)
      const text = format.formatToParts(at).find(({ type }) => type === 'timeZoneName')?.value ?? ''
      if (/^[A-Z]{3,5}$/.test(text) && (text !== 'GMT' || offset === 0)) return text
    }
    return undefined
  }

  named(abbreviation: string, local: number): number | undefined {
    const offsets = this.#inUse().byName.get(abbreviation)
    if (offsets === undefined) return undefined
    for (const offset of offsets) if (this.offset(local - offset) === offset) return offset
    return offsets.values().next().value
  }

  /** What is in use in winter and summer of the years that logs are of. */
  #inUse(): { byName: Map<string, Set<number>>; byOffset: Map<number, string> } {
    if (this.#sample !== undefined) return this.#sample
    const byName = new Map<string, Set<number>>()
    const byOffset = new Map<number, string>()
    for (let year = 1971; year < 2038; year++) {
      for (const month of [0, 6]) {
        const seconds = Date.UTC(year, month, 1) / 1000
        const offset = this.offset(seconds)
        const name = this.#nameAt(seconds, offset) ?? offsetName(offset)
        if (!byName.has(name)) byName.set(name, new Set())
        byName.get(name)!.add(offset)
        byOffset.set(offset, name)
      }
    }
    return (this.#sample = { byName, byOffset })
  }
}

/** Each of these calls the zones of its own part of the world by their abbreviations, and others by their offsets. */
const LOCALES = ['en-US', 'en-GB', 'en-AU', 'en-IN', 'en-ZA', 'ja']

/** What the IANA database has and Intl has not, or otherwise: abbreviation, hours ahead of UTC, zones. */
const DIFFERENCES: readonly (readonly [name: string, hours: number, zones: string])[] = [
  ['HST', -10, 'America/Adak'], ['HDT', -9, 'America/Adak'],
  ['MST', -7, 'America/Dawson America/Hermosillo America/Mazatlan America/Whitehorse'],
  ['CST', -5, 'America/Havana'], ['CDT', -4, 'America/Havana'],
  ['NST', -3.5, 'America/St_Johns'], ['NDT', -2.5, 'America/St_Johns'],
  ['SST', -11, 'Pacific/Midway Pacific/Pago_Pago'], ['ChST', 10, 'Pacific/Guam Pacific/Saipan'],
  ['CST', 8, 'Asia/Shanghai Asia/Taipei Asia/Macau'], ['HKT', 8, 'Asia/Hong_Kong'], ['PST', 8, 'Asia/Manila'],
  ['KST', 9, 'Asia/Seoul Asia/Pyongyang'], ['PKT', 5, 'Asia/Karachi'],
  ['WIB', 7, 'Asia/Jakarta Asia/Pontianak'], ['WITA', 8, 'Asia/Makassar'], ['WIT', 9, 'Asia/Jayapura'],
  ['IST', 2, 'Asia/Jerusalem'], ['IDT', 3, 'Asia/Jerusalem'], ['EAT', 3, 'Africa/Nairobi'],
  ['MSK', 3, 'Europe/Moscow Europe/Kirov Europe/Simferopol Europe/Volgograd'],
  ['BST', 1, 'Europe/Guernsey Europe/Isle_of_Man Europe/Jersey'], ['IST', 1, 'Europe/Dublin'],
  ['-03', -3, 'America/Sao_Paulo'], ['+00', 0, 'Antarctica/Troll'], ['+04', 4, 'Asia/Dubai Asia/Muscat'],
  ['+0530', 5.5, 'Asia/Colombo'],
  ['+08', 8, 'Antarctica/Casey'], ['+0845', 8.75, 'Australia/Eucla'],
  ['+1030', 10.5, 'Australia/Lord_Howe'], ['+11', 11, 'Australia/Lord_Howe'],
]
const OWN_NAMES: ReadonlyMap<string, string> = new Map(
  DIFFERENCES.flatMap(([name, hours, zones]) => zones.split(' ').map((zone) => [`${zone} ${hours}`, name])),
)

const formats = new Map<string, Intl.DateTimeFormat>()

function shortNames(locale: string, timeZone: string): Intl.DateTimeFormat {
  const key = `${locale} ${timeZone}`
  let format = formats.get(key)
  if (format === undefined) {
    if (formats.size >= MAX_ZONES) formats.clear()
    formats.set(key, (format = new Intl.DateTimeFormat(locale, { timeZone, timeZoneName: 'short' })))
  }
  return format
}

/** `+03`, `-0330`. */
function offsetName(offset: number): string {
  const minutes = Math.floor(Math.abs(offset) / 60)
  const two = (n: number) => String(n).padStart(2, '0')
  return `${offset < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}${minutes % 60 === 0 ? '' : two(minutes % 60)}`
}

/** A point in time, and the zone whose clock shows it. */
export interface Moment {
  /** Unix seconds, rounded down. */
  readonly seconds: number
  /** 0 to 999,999,999. */
  readonly nanos: number
  readonly zone: Zone
}

/** Unix nanoseconds, decimal. */
export function nanosText({ seconds, nanos }: { readonly seconds: number; readonly nanos: number }): string {
  if (seconds > 0) return seconds + String(nanos).padStart(9, '0')
  return (BigInt(seconds) * 1_000_000_000n + BigInt(nanos)).toString()
}

/**
 * Unix seconds at which a zone's clock shows `local` (as if it were UTC); where it does so twice or never, as Go
 * chooses.
 */
export function secondsOf(local: number, zone: Zone): number {
  const offset = zone.offset(local)
  return offset === 0 ? local : local - zone.offset(local - offset)
}

/** What a clock shows. */
export interface Clock extends CivilDate {
  /** Days from 1970-01-01. */
  readonly days: number
  readonly hour: number
  readonly minute: number
  readonly second: number
}

/** What the clock of the time's zone shows. */
export function clockOf({ seconds, zone }: Moment): Clock {
  const local = seconds + zone.offset(seconds)
  const days = Math.floor(local / 86_400)
  const second = local - days * 86_400
  const { year, month, day } = dateOf(days)
  return {
    year, month, day, days, hour: Math.floor(second / 3600), minute: Math.floor(second / 60) % 60, second: second % 60,
  }
}
