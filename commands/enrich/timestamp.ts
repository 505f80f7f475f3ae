// enrich timestamp: takes the time of an entry from an extracted field.

import { filter } from '../../lib/component.js'
import { checkStage, KEEPS_ALL, LOG_FILTER, stageTransform, type Values, without } from '../../lib/logs/command.js'
import timestamp from '../../lib/logs/stages/timestamp.js'

const OPTIONS = without(timestamp.options, 'source', 'format', 'fallback_formats')
const LINE = `printf '%s\\n' '{"type":"log","labels":{"app":"shop"},"ts":"1763804400123000000","body":"paid","extracted":{"time":"2026-01-31 12:00:00,250"}}'`

export default filter({
  ...LOG_FILTER,
  name: 'enrich timestamp',
  summary: 'take the time of an entry from an extracted field',
  description: `
    Reads the extracted field FIELD as a time. FORMAT is a layout of Go, which spells the reference time Mon Jan 2
    15:04:05 MST 2006 as times are spelled: 2006-01-02 15:04:05.000, 02/Jan/2006:15:04:05 -0700, Jan _2 15:04:05; or a
    name: ANSIC, UnixDate, RubyDate, RFC822, RFC822Z, RFC850, RFC1123, RFC1123Z, RFC3339, RFC3339Nano; or a count from
    1970: Unix (seconds, also with a fraction), UnixMs, UnixUs, UnixNs. Further FORMATs are tried where those before
    do not fit.

    A time without a year is the one nearest to now. A time without an offset is one of --location, or UTC; the named
    formats are UTC in any case. Where a field holds no time, the entry gets the last one of its stream plus a
    nanosecond, so that it keeps its place (--action-on-failure skip: its own).`,
  guarantee: KEEPS_ALL,
  args: [
    { name: 'FIELD', help: 'extracted field with the time', required: true },
    { name: 'FORMAT', help: 'a layout of Go, or the name of a format', required: true, variadic: true },
  ],
  options: OPTIONS,
  check: ({ args, options }) => checkStage(timestamp, valuesOf(args, options)),
  examples: [
    { command: `${LINE} | solder enrich timestamp time '2006-01-02 15:04:05,000' --location Europe/Berlin`, about: 'read a local time' },
    { command: `${LINE} | solder enrich timestamp time RFC3339 Unix '2006-01-02 15:04:05'`, about: 'try several formats' },
  ],
  create: ({ args, options }, context) => stageTransform(timestamp, valuesOf(args, options), options, context),
})

function valuesOf([source, format, ...fallback_formats]: readonly string[], options: Values<typeof OPTIONS>) {
  return { ...options, source, format, fallback_formats }
}
