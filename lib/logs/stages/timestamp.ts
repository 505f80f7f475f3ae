// timestamp: takes the time of an entry from an extracted field.

import { Problem } from '../../diag/problem.js'
import { timestampParser } from '../../go/timestamp.js'
import { zoneOf } from '../../go/zone.js'
import type { Identity } from '../../record/identity.js'
import { defineStage } from '../definition.js'
import { textOf } from '../text.js'

/** Streams whose last time is remembered. */
const MAX_STREAMS = 10_000

export default defineStage({
  name: 'timestamp',
  options: {
    source: { type: 'string', help: 'field with the time', since: '0.1.0', value: 'FIELD' },
    format: {
      type: 'string', since: '0.1.0',
      help: 'a layout of Go (2006-01-02 15:04:05), or RFC3339, Unix, UnixMs and so on',
    },
    fallback_formats: {
      type: 'list', since: '0.1.0', value: 'FORMAT',
      help: 'formats to try where the first one does not fit',
    },
    location: {
      type: 'string', since: '0.1.0', value: 'ZONE',
      help: 'time zone of times that name none, e.g. Europe/Berlin',
    },
    action_on_failure: {
      type: 'enum', values: ['skip', 'fudge'], default: 'fudge', since: '0.1.0',
      help: 'where there is no time: keep that of the entry, or take the last one of the stream plus a nanosecond',
    },
    action_on_duplicate_timestamp: {
      type: 'enum', values: ['keep', 'fudge'], default: 'keep', since: '0.1.0',
      help:
        'where the time is not later than the last one of the stream: keep it, or take the last one plus a nanosecond',
    },
  },
  invalid: {
    action_on_failure: () => 'invalid action on failure (supported values are [skip fudge])',
    action_on_duplicate_timestamp: () => 'invalid action on duplicate timestamp (supported values are [keep fudge])',
  },
  prepare(options) {
    const { source = '', format = '', fallback_formats, location } = options
    const { action_on_failure, action_on_duplicate_timestamp } = options
    if (source === '') throw new Problem('timestamp source value is required if timestamp is specified')
    if (format === '') {
      throw new Problem('timestamp format is required', { expected: 'RFC3339, Unix, 2006-01-02 15:04:05 …' })
    }
    const zone = location === undefined ? undefined : zoneOf(location)
    if (location !== undefined && zone === undefined) {
      throw new Problem(`invalid location specified: unknown time zone ${location}`, {
        expected: 'a name such as Europe/Berlin',
      })
    }
    return ({ clock, streams }) => {
      const parsers = [format, ...fallback_formats].map((one) => timestampParser(one, zone, () => clock.millis()))
      const time = (text: string): string | undefined => {
        for (const parse of parsers) {
          const ts = parse(text)
          if (typeof ts === 'string') return ts
        }
        return undefined
      }
      const fudge = { failure: action_on_failure === 'fudge', duplicate: action_on_duplicate_timestamp === 'fudge' }
      const last = new LastTimes(fudge)
      return {
        process(entry) {
          const text = textOf(entry.get(source))
          const ts = text === undefined ? undefined : time(text)
          if (fudge.failure || fudge.duplicate) entry.ts = last.time(streams.known(entry.identity), ts, entry.ts)
          else if (ts !== undefined) entry.ts = ts
          return undefined
        },
      }
    }
  },
})

/** The time that was read last, and the one that its entry got. */
interface LastTime {
  readonly read: string
  readonly given: string
}

/** Whether a time has been given already. */
function isAmong(ts: string, { read, given }: LastTime): boolean {
  return BigInt(ts) >= BigInt(read) && BigInt(ts) <= BigInt(given)
}

function later(ts: string): string {
  return (BigInt(ts) + 1n).toString()
}

/** The newest time of each stream; those unseen for longest are forgotten. */
class LastTimes {
  readonly #times = new Map<Identity, LastTime>()

  constructor(private readonly fudge: { readonly failure: boolean; readonly duplicate: boolean }) {}

  /** @param read absent: there was none; @param own that of the entry */
  time(stream: Identity, read: string | undefined, own: string): string {
    const before = this.#times.get(stream)
    if (read === undefined) {
      if (!this.fudge.failure || before === undefined) return own
      return this.#set(stream, { read: before.read, given: later(before.given) })
    }
    const again = this.fudge.duplicate && before !== undefined && isAmong(read, before)
    return this.#set(stream, { read, given: again ? later(before.given) : read })
  }

  #set(stream: Identity, time: LastTime): string {
    if (this.#times.size >= MAX_STREAMS) this.#times.delete(stream)
    this.#times.set(stream, time)
    if (this.#times.size > MAX_STREAMS) {
      const [oldest] = this.#times.keys()
      this.#times.delete(oldest)
    }
    return time.given
  }
}
