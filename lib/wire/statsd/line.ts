// Lines of StatsD: `name:value|type|@rate`, with the extensions of DogStatsD (its datagram format, protocol 1.3): several
// values, tags, container, time.

import { nanosOfMillis } from '../../record/time.js'
import { decimalOf, isDigits } from '../decimal.js'

/** Counter, gauge, timer in milliseconds, histogram, distribution, set. */
export const STATSD_TYPES = ['c', 'g', 'ms', 'h', 'd', 's'] as const
export type StatsdType = (typeof STATSD_TYPES)[number]

/** What stands behind the value: the same for many lines. */
export interface StatsdTail {
  readonly type: StatsdType
  /** Above 0, and 1 where all was sent. */
  readonly rate: number
  /** As they came: `a:1,b:2`. */
  readonly tags: string
  /** What the sender runs in, as it says. */
  readonly container: string
  /** Unix nanoseconds; undefined for now. */
  readonly ts: string | undefined
}

export interface StatsdLine {
  readonly name: string
  /** As it came: one value or more. */
  readonly value: string
  /** To be read. */
  readonly tail: string
}

/** What is no metric. */
export type StatsdOther = 'event' | 'service_check'

const EXPECTED_TYPES = STATSD_TYPES.join(', ')
/** Seconds that 64 bits of nanoseconds hold: 10 digits and more are as many. */
export const MOST_SECOND_DIGITS = 10

/** Throws Malformed. */
export function splitStatsd(line: string): StatsdLine | StatsdOther {
  if (line.startsWith('_e{')) return 'event'
  if (line.startsWith('_sc|')) return 'service_check'
  const colon = line.indexOf(':')
  if (colon < 1) throw new Malformed(colon < 0 ? line.length : 0, colon < 0 ? 'expected a colon behind the name' : 'expected a name')
  const bar = line.indexOf('|', colon)
  if (bar < 0) throw new Malformed(line.length, 'expected | and a type')
  return { name: line.slice(0, colon), value: line.slice(colon + 1, bar), tail: line.slice(bar + 1) }
}

/**
 * Throws Malformed.
 * @param at characters of the line before it
 */
export function readTail(tail: string, at: number): StatsdTail {
  const typeEnd = endOf(tail, 0)
  const type = typeOf(tail.slice(0, typeEnd), at)
  const optional = { rate: 1, tags: '', container: '', ts: undefined as string | undefined }
  for (let from = typeEnd + 1; from <= tail.length; ) {
    const end = endOf(tail, from)
    section(tail.slice(from, end), at + from, optional)
    from = end + 1
  }
  return { type, ...optional }
}

/** The values of a line; those of sets are any text. */
export function valuesOf(value: string, type: StatsdType): readonly string[] {
  return value.includes(':') && type !== 's' ? value.split(':') : [value]
}

/** What is wrong with a line, and where. */
export class Malformed extends Error {
  /** @param at characters before it */
  constructor(at: number, message: string) {
    super(`column ${at + 1}: ${message}`)
  }
}

function endOf(line: string, from: number): number {
  const end = line.indexOf('|', from)
  return end < 0 ? line.length : end
}

function typeOf(text: string, at: number): StatsdType {
  const known = STATSD_TYPES.find((type) => type === text)
  if (known === undefined) throw new Malformed(at, `type '${text.slice(0, 20)}': expected ${EXPECTED_TYPES}`)
  return known
}

/** What stands behind the type. Sections of later versions of the protocol are passed over. */
function section(text: string, at: number, into: { rate: number; tags: string; container: string; ts: string | undefined }): void {
  const rest = text.slice(1)
  switch (text[0]) {
    case '@': {
      into.rate = decimalOf(rest)
      if (!(into.rate > 0 && into.rate <= 1)) throw new Malformed(at, `rate '${rest.slice(0, 20)}': expected more than 0, and 1 at most`)
      return
    }
    case '#':
      into.tags = rest
      return
    case 'T':
      if (!isDigits(rest) || rest.length > MOST_SECOND_DIGITS) throw new Malformed(at, `time '${rest.slice(0, 20)}': expected seconds`)
      into.ts = nanosOfMillis(Number(rest) * 1000)
      return
    default:
      if (text.startsWith('c:')) into.container = text.slice(2)
      else if (!/^[a-z]+:/.test(text)) throw new Malformed(at, `'${text.slice(0, 20)}': expected @rate, #tags, c:container or Ttime`)
  }
}

/** Tags by name; one without value says that it is there. */
export function tagsOf(text: string): Map<string, string> {
  const tags = new Map<string, string>()
  for (const tag of text.split(',')) {
    if (tag === '') continue
    const colon = tag.indexOf(':')
    if (colon < 0) tags.set(tag, 'true')
    else if (colon > 0) tags.set(tag.slice(0, colon), tag.slice(colon + 1))
  }
  return tags
}
