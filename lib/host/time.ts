// time: the system's clock, its zone and its source.

import type { Clock } from '../component.js'
import { type Collector, fieldsOf } from './collector.js'

const SOURCES = 'devices/system/clocksource'
const AVAILABLE_HELP = "Available clocksources read from '/sys/devices/system/clocksource'."
const CURRENT_HELP = "Current clocksource read from '/sys/devices/system/clocksource'."

/** The zone's abbreviation (`CET`, or `GMT+3` where English has none) and its offset from UTC in seconds at that moment. */
export function zoneAt(date: Date, timeZone?: string): { name: string; offset: number } {
  const parts = (locale: string, style: 'short' | 'longOffset') =>
    new Intl.DateTimeFormat(locale, { timeZone, timeZoneName: style }).formatToParts(date).find((part) => part.type === 'timeZoneName')!.value
  // American English knows the American abbreviations, British English the European ones.
  const names = [parts('en-US', 'short'), parts('en-GB', 'short')]
  const found = /^GMT(?:([+-])(\d+):(\d+)(?::(\d+))?)?$/.exec(parts('en-US', 'longOffset'))
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
      out.gauge('node_time_zone_offset_seconds', 'System time zone offset in seconds.', zone.offset, ['time_zone', zone.name])
      for (const name of host.list(SOURCES)) {
        const device = /^clocksource(\d+)$/.exec(name)?.[1]
        if (device === undefined) continue
        const file = (path: string) => fieldsOf(host.sys(`${SOURCES}/${name}/${path}`) ?? '').filter((word) => word !== '')
        for (const source of file('available_clocksource')) {
          out.gauge('node_time_clocksource_available_info', AVAILABLE_HELP, 1, ['clocksource', source, 'device', device])
        }
        for (const source of file('current_clocksource')) {
          out.gauge('node_time_clocksource_current_info', CURRENT_HELP, 1, ['clocksource', source, 'device', device])
        }
      }
    },
  }
}
