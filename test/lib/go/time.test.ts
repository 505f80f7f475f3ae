// Times by Go's layouts, held against what Go 1.26 makes of 1,100 layouts and texts (time.ndjson, by oracle/time.go).

import { readFileSync } from 'node:fs'
import t from 'tap'
import { dateOf, daysOf } from '../../../lib/go/civil.js'
import { NAMED_LAYOUTS } from '../../../lib/go/layout.js'
import { TimeFault, TimeLayout } from '../../../lib/go/time_layout.js'
import { timestampParser } from '../../../lib/go/timestamp.js'
import { nanosText, UTC, zoneOf } from '../../../lib/go/zone.js'
import { ROOT } from '../../support/solder.js'
import fc from '../../support/property.js'

type Expected = [layout: string, text: string, zone: string, seconds: number | string, nanos: number, offset: number, again: string]

t.test('reads and writes times as Go does', async (t) => {
  const lines = readFileSync(`${ROOT}/test/lib/go/time.ndjson`, 'utf8').trimEnd().split('\n')
  t.ok(lines.length > 1000)
  let bad = 0
  for (const line of lines) {
    const [layout, text, zone, seconds, nanos, offset, again] = JSON.parse(line) as Expected
    const compiled = new TimeLayout(layout)
    const got = compiled.parse(text, zoneOf(zone))
    let shown: unknown[]
    if (got instanceof TimeFault) shown = [layout, text, zone, got.message]
    else shown = [layout, text, zone, got.seconds, got.nanos, got.zone.offset(got.seconds), compiled.format(got)]
    const expected = typeof seconds === 'string' ? [layout, text, zone, seconds] : [layout, text, zone, seconds, nanos, offset, again]
    if (JSON.stringify(shown) === JSON.stringify(expected)) continue
    if (++bad <= 20) t.same(shown, expected)
  }
  t.equal(bad, 0, `all of ${lines.length}`)
})

t.test('numbers of days and dates are each other’s inverse', async () => {
  fc.assert(
    fc.property(fc.integer({ min: -3_000_000, max: 10_000_000 }), (days) => {
      const { year, month, day } = dateOf(days)
      const date = new Date(days * 86_400_000)
      return (
        daysOf(year, month, day) === days &&
        year === date.getUTCFullYear() && month === date.getUTCMonth() + 1 && day === date.getUTCDate()
      )
    }),
  )
})

t.test('what is written is read again', async () => {
  const layouts = ['RFC3339Nano', 'RFC1123Z', 'ANSIC', 'RubyDate'].map((name) => new TimeLayout(NAMED_LAYOUTS.get(name)!))
  const zones = ['UTC', 'Europe/Berlin', 'America/St_Johns', 'Asia/Kolkata'].map((name) => zoneOf(name)!)
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 4e9 }), fc.constantFrom(...layouts.slice(0, 2)), fc.constantFrom(...zones), (seconds, layout, zone) => {
      const again = layout.parse(layout.format({ seconds, nanos: 0, zone }), UTC)
      return !(again instanceof TimeFault) && again.seconds === seconds
    }),
  )
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.constantFrom(...layouts), (text, layout) => {
      const moment = layout.parse(text)
      return moment instanceof TimeFault ? moment.message !== '' : Number.isInteger(moment.seconds)
    }),
  )
})

const NOW = Date.UTC(2019, 6, 14)
const read = (format: string, text: string, zone?: string, now = NOW) => {
  const found = timestampParser(format, zone === undefined ? undefined : zoneOf(zone), () => now)(text)
  return found instanceof TimeFault ? found.message : found
}

t.test('counts of seconds, milliseconds, microseconds and nanoseconds', async (t) => {
  t.equal(read('Unix', '1562708916'), '1562708916000000000')
  t.equal(read('Unix', '1562708916.414123'), '1562708916414123000')
  t.equal(read('Unix', '1562708916.000000123'), '1562708916000000123')
  t.equal(read('Unix', '1562708916.1234567899'), '1562708916123456789')
  t.equal(read('Unix', '-2.5'), '-1500000000')
  t.equal(read('Unix', '+7'), '7000000000')
  t.equal(read('UnixMs', '1562708916414'), '1562708916414000000')
  t.equal(read('UnixUs', '1562708916414123'), '1562708916414123000')
  t.equal(read('UnixNs', '1562708916000000123'), '1562708916000000123')
  t.equal(read('UnixMs', '1.5'), 'parsing time "1.5": no whole number')
  t.equal(read('Unix', '1.2.3'), 'parsing time "1.2.3": no count of seconds')
  t.equal(read('Unix', ''), 'parsing time "": no count of seconds')
  t.equal(read('UnixMs', '1199999999999999999'), 'parsing time "1199999999999999999": outside of the years 1678 to 2262')
})

t.test('a time without a year is the one nearest to now', async (t) => {
  const layout = 'Jan _2 15:04:05'
  const nanos = (text: string) => `${Date.parse(text)}000000`
  t.equal(read(layout, 'Jul 15 01:02:03'), nanos('2019-07-15T01:02:03Z'))
  t.equal(read(layout, 'Jul 15 01:02:03', 'America/New_York'), nanos('2019-07-15T05:02:03Z'))
  t.equal(read(layout, 'Dec 31 23:59:59', undefined, Date.UTC(2019, 0, 1)), nanos('2018-12-31T23:59:59Z'))
  t.equal(read(layout, 'Jan  1 01:02:03', undefined, Date.UTC(2018, 11, 31)), nanos('2019-01-01T01:02:03Z'))
  t.equal(read(layout, 'Feb 29 01:02:03', undefined, Date.UTC(2019, 1, 28)), nanos('2019-03-01T01:02:03Z'), 'as Go adds years')
  t.equal(read(`${layout} -0700`, 'Jul 15 01:02:03 +0200'), nanos('2019-07-14T23:02:03Z'))
  t.match(read('02 15:04', '31'), /cannot parse "" as " "|cannot parse/)
})

t.test('named formats are UTC, layouts the zone’s', async (t) => {
  t.equal(read('ANSIC', 'Mon Jul 15 01:02:03 2019', 'Europe/Berlin'), `${Date.UTC(2019, 6, 15, 1, 2, 3)}000000`)
  t.equal(read('2006-01-02 15:04', '2019-07-15 01:02', 'Europe/Berlin'), `${Date.UTC(2019, 6, 14, 23, 2)}000000`)
  t.equal(read('2006-01-02', '1066-10-14'), 'parsing time "1066-10-14": outside of the years 1678 to 2262')
  t.match(read('RFC3339', 'x'), /^parsing time "x" as "2006-01-02T15:04:05Z07:00": cannot parse "x" as "2006"$/)
  t.equal(zoneOf('Mars/Olympus'), undefined)
  t.equal(zoneOf('+02:00'), undefined)
  t.equal(zoneOf('Local')?.name, 'Local')
  t.equal(nanosText({ seconds: -1, nanos: 5 }), '-999999995')
})
