// time: the system's clock, its zone and its source.

import type { Clock } from '../component.js'
import { type Collector, fieldsOf } from './collector.js'

const SOURCES = 'devices/system/clocksource'
const SOURCE_HELP = [
  ['available', "Available clocksources read from '/sys/devices/system/clocksource'."],
  ['current', "Current clocksource read from '/sys/devices/system/clocksource'."],
]

/** The zone's abbreviation (`CET`; `GMT+3` where English has none) and its offset from UTC in seconds at a moment. */
export function zoneAt(date: Date, timeZone?: string): { name: string; offset: number } {
  const zone = (locale: string, style: 'short' | 'longOffset') => {
    const parts = new Intl.DateTimeFormat(locale, { timeZone, timeZoneName: style }).formatToParts(date)
    return parts.find((part) => part.type === 'timeZoneName')!.value
  }
  // American English knows the American abbreviations, British English the European ones.
  const names = [zone('en-US', 'short'), zone('en-GB', 'short')]
  const found = /^GMT(?:([+-])(\d+):(\d+)(?::(\d+))?)?$/.exec(zone('en-US', 'longOffset'))
  const [, sign, hours = '0', minutes = '0', seconds = '0'] = found ?? []
  const offset = Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds)
  return { name: names.find((name) => !/^GMT[+-]/.test(name)) ?? names[0], offset: sign === '-' ? -offset : offset }
}

export function time(clock: Clock): Collector {
  return {
    name: 'time',
    collect(host, out) {
      const now = clock.now()
      out.gauge('node_time_seconds', 'System time in seconds since epoch (1970).', Number(now) / 1e9)
      const zone = zoneAt(new Date(clock.millis()))
      const help = 'System time zone offset in seconds.'
      out.gauge('node_time_zone_offset_seconds', help, zone.offset, ['time_zone', zone.name])
      for (const name of host.list(SOURCES)) {
        const device = /^clocksource(\d+)$/.exec(name)?.[1]
        if (device === undefined) continue
        for (const [word, help] of SOURCE_HELP) {
          const text = host.sys(`${SOURCES}/${name}/${word}_clocksource`) ?? ''
          for (const source of fieldsOf(text).filter((source) => source !== '')) {
            out.gauge(`node_time_clocksource_${word}_info`, help, 1, ['clocksource', source, 'device', device])
          }
        }
      }
    },
  }
}
