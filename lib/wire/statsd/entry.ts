// Events and service checks of DogStatsD (its datagram format) as log entries: what they say, and how bad it is. As Datadog's
// agent does, an entry is taken whatever its optional sections say.

import { nanosOfMillis } from '../../record/time.js'
import { isDigits } from '../decimal.js'
import { Malformed, MOST_SECOND_DIGITS, type StatsdOther, tagsOf } from './line.js'

export interface StatsdEntry {
  readonly body: string
  /** Unix nanoseconds; undefined where it tells none. */
  readonly ts: string | undefined
  /** As syslog counts, 0 to 7; undefined where it is not known. */
  readonly severity: number | undefined
  /** Tags, and over them what the entry itself says. */
  readonly attributes: ReadonlyMap<string, string>
}

const HEADER = /^_e\{(\d{1,8}),(\d{1,8})\}:/
const BAR = 124
const CRITICAL = 2
const ERROR = 3
const WARNING = 4
const INFORMATIONAL = 6
const ALERTS: ReadonlyMap<string, number> = new Map([
  ['error', ERROR], ['warning', WARNING], ['info', INFORMATIONAL], ['success', INFORMATIONAL],
])
/** Words and severities by the number of a status. */
const STATUSES = [
  ['ok', INFORMATIONAL], ['warning', WARNING], ['critical', CRITICAL], ['unknown', undefined],
] as const

/** Throws Malformed. */
export function readEntry(line: string, kind: StatsdOther): StatsdEntry {
  return kind === 'event' ? readEvent(line) : readCheck(line)
}

/** `_e{TITLE_BYTES,TEXT_BYTES}:TITLE|TEXT|…`. */
function readEvent(line: string): StatsdEntry {
  const header = HEADER.exec(line)
  if (header === null) throw new Malformed(2, 'expected {LENGTH,LENGTH}: of title and text')
  const at = header[0].length
  const parts = eventParts(line.slice(at), Number(header[1]), Number(header[2]))
  if (parts === null) throw new Malformed(3, 'title and text have other lengths')
  if (parts[0] === '') throw new Malformed(at, 'expected a title')
  const title = unescaped(parts[0])
  const text = unescaped(parts[1])
  const said = sections(parts[2])
  const alert_type = said.get('t')
  return entryOf(text === '' ? title : text, ALERTS.get(alert_type ?? 'info'), said, {
    title, priority: said.get('p'), alert_type, aggregation_key: said.get('k'), source_type_name: said.get('s'),
  })
}

/**
 * Title, text and sections; null where the lengths do not fit. They count bytes, and from some clients (hot-shots) the
 * characters of UTF-16.
 */
function eventParts(
  rest: string, title: number, text: number,
): [title: string, text: string, sections: string] | null {
  const bytes = Buffer.from(rest)
  const end = title + 1 + text
  if (bytes[title] === BAR && (end === bytes.length || bytes[end] === BAR)) {
    return [bytes.utf8Slice(0, title), bytes.utf8Slice(title + 1, end), bytes.utf8Slice(end, bytes.length)]
  }
  if (rest[title] !== '|' || (end !== rest.length && rest[end] !== '|')) return null
  return [rest.slice(0, title), rest.slice(title + 1, end), rest.slice(end)]
}

/** `_sc|NAME|STATUS|…`. */
function readCheck(line: string): StatsdEntry {
  const [start, name, status] = line.split('|', 3)
  if (name === '') throw new Malformed(start.length + 1, 'expected a name')
  const known = /^[0-3]$/.test(status ?? '') ? STATUSES[Number(status)] : undefined
  if (known === undefined) {
    throw new Malformed(Math.min(line.length, start.length + name.length + 2), 'expected a status: 0, 1, 2 or 3')
  }
  const said = sections(line.slice(start.length + name.length + status.length + 2))
  const message = unescaped(said.get('m') ?? '').replaceAll('m\\:', 'm:')
  return entryOf(message === '' ? name : message, known[1], said, { name, status: known[0] })
}

/** By the letter before the colon; tags by `#`. Those that nobody knows are passed over, as metrics' are. */
function sections(text: string): ReadonlyMap<string, string> {
  const said = new Map<string, string>()
  for (const section of text.split('|')) {
    if (section[0] === '#') said.set('#', section.slice(1))
    else if (section[1] === ':') said.set(section[0], section.slice(2))
  }
  return said
}

function entryOf(
  body: string, severity: number | undefined, said: ReadonlyMap<string, string>,
  own: { readonly [name: string]: string | undefined },
): StatsdEntry {
  const time = said.get('d')
  const valid = time !== undefined && isDigits(time) && time.length <= MOST_SECOND_DIGITS
  const attributes = tagsOf(said.get('#') ?? '')
  const all = { ...own, hostname: said.get('h'), container_id: said.get('c'), timestamp: valid ? undefined : time }
  for (const [name, value] of Object.entries(all)) if (value !== undefined) attributes.set(name, value)
  return { body, ts: valid ? nanosOfMillis(Number(time) * 1000) : undefined, severity, attributes }
}

function unescaped(text: string): string {
  return text.replaceAll('\\n', '\n')
}
