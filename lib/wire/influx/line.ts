// InfluxDB's line protocol: `measurement,tag=value field=1,other=2i time` (InfluxDB 2, "Line protocol").

import { decimalOf } from '../decimal.js'

/** What is wrong with a line, and where. */
export class BadLine extends Error {
  /** @param at characters before it */
  constructor(
    readonly at: number,
    message: string,
  ) {
    super(message)
  }
}

/** A value: numbers and booleans as numbers; null for text. */
export type FieldValue = number | null

export interface InfluxLine {
  /** Measurement and tags, as they came. */
  readonly series: string
  /** Names as they came, escaped, and values in turn. */
  readonly fields: readonly (string | FieldValue)[]
  /** Whole number in the unit of the request; undefined where the line says none. */
  readonly time: string | undefined
}

const LF = 10
const CR = 13
const SPACE = 32
const QUOTE = 34
const COMMA = 44
const EQUALS = 61
const BACKSLASH = 92

/**
 * The lines of a body, which may have line feeds in their texts; comments and empty ones are left out. With their numbers.
 * Each is a string of its own: parts of one for the whole body, if somebody keeps them, would keep all of it.
 */
export function* influxLines(body: Buffer): Generator<[line: string, number: number]> {
  let quote = body.indexOf(QUOTE)
  for (let from = 0, number = 1; from < body.length; ) {
    let end = body.indexOf(LF, from)
    if (end < 0) end = body.length
    if (quote >= 0 && quote < from) quote = body.indexOf(QUOTE, from)
    const plain = quote < 0 || quote > end
    if (!plain) end = quotedEnd(body, from)
    const line = body.utf8Slice(from, body[end - 1] === CR && end > from ? end - 1 : end)
    if (line.trim() !== '' && line[0] !== '#') yield [line, number]
    number += plain ? 1 : line.split('\n').length
    from = end + 1
  }
}

/** Where a line ends that may have texts in its fields. */
function quotedEnd(body: Buffer, from: number): number {
  let inFields = false
  let quoted = false
  for (let at = from; at < body.length; at++) {
    const code = body[at]
    if (code === BACKSLASH) at++
    else if (code === LF && !quoted) return at
    else if (code === SPACE) inFields = true
    else if (code === QUOTE && (quoted || (inFields && body[at - 1] === EQUALS))) quoted = !quoted
  }
  return body.length
}

/** Throws BadLine. */
export function parseInflux(line: string): InfluxLine {
  const seriesEnd = plainEnd(line, 0, SPACE, -1)
  if (seriesEnd === 0) throw new BadLine(0, 'expected a measurement')
  if (seriesEnd === line.length) throw new BadLine(seriesEnd, 'expected a space and fields')
  let at = seriesEnd
  while (line.charCodeAt(at) === SPACE) at++
  const fields: (string | FieldValue)[] = []
  at = readFields(line, at, fields)
  const time = line.slice(at).trim()
  if (time !== '' && !isTime(time)) throw new BadLine(at, `time '${time.slice(0, 40)}': expected a whole number`)
  return { series: line.slice(0, seriesEnd), fields, time: time === '' ? undefined : time }
}

/** Reads fields up to a space or the end; where that is. */
function readFields(line: string, from: number, into: (string | FieldValue)[]): number {
  for (let at = from; ; at++) {
    const nameEnd = plainEnd(line, at, EQUALS, SPACE)
    if (line.charCodeAt(nameEnd) !== EQUALS || nameEnd === at) throw new BadLine(at, 'expected field=value')
    const valueFrom = nameEnd + 1
    const text = line.charCodeAt(valueFrom) === QUOTE
    const valueEnd = text ? textEnd(line, valueFrom) : plainEnd(line, valueFrom, SPACE, COMMA)
    into.push(line.slice(at, nameEnd), text ? null : valueOf(line.slice(valueFrom, valueEnd), valueFrom))
    at = valueEnd
    if (at === line.length || line.charCodeAt(at) === SPACE) return at
    if (line.charCodeAt(at) !== COMMA) throw new BadLine(at, 'expected a comma or a space')
  }
}

/** Where one of two characters stands next that no backslash escapes; the end where none does. */
function plainEnd(line: string, from: number, one: number, other: number): number {
  for (let at = from; at < line.length; at++) {
    const code = line.charCodeAt(at)
    if (code === one || code === other) return at
    if (code === BACKSLASH) at++
  }
  return line.length
}

/** Behind the closing quote of the text that opens at `from`. */
function textEnd(line: string, from: number): number {
  const end = plainEnd(line, from + 1, QUOTE, QUOTE)
  if (end === line.length) throw new BadLine(from, 'the text has no end')
  return end + 1
}

const TRUE = ['t', 'T', 'true', 'True', 'TRUE']
const FALSE = ['f', 'F', 'false', 'False', 'FALSE']

function valueOf(text: string, at: number): number {
  const last = text.charCodeAt(text.length - 1)
  // 105 is i, 117 is u.
  if (last === 105 || last === 117) {
    const digits = text.slice(0, -1)
    if (isTime(digits) && (last === 105 || digits[0] !== '-')) return Number(digits)
  } else {
    const number = decimalOf(text)
    if (!Number.isNaN(number)) return number
    if (TRUE.includes(text)) return 1
    if (FALSE.includes(text)) return 0
  }
  throw new BadLine(at, `'${text.slice(0, 40)}': expected a number, true, false or "text"`)
}

const MOST_DIGITS = 20

function isTime(text: string): boolean {
  const from = text[0] === '-' ? 1 : 0
  if (text.length === from || text.length > MOST_DIGITS) return false
  for (let at = from; at < text.length; at++) if (text.charCodeAt(at) < 48 || text.charCodeAt(at) > 57) return false
  return true
}

/** Measurement and tags. Throws BadLine. */
export function splitSeries(series: string): { measurement: string; tags: Map<string, string> } {
  const end = plainEnd(series, 0, COMMA, -1)
  if (end === 0) throw new BadLine(0, 'expected a measurement')
  const tags = new Map<string, string>()
  for (let at = end + 1; at <= series.length; ) {
    const nameEnd = plainEnd(series, at, EQUALS, COMMA)
    const valueEnd = plainEnd(series, nameEnd + 1, COMMA, EQUALS)
    const whole = series.charCodeAt(nameEnd) === EQUALS && nameEnd > at && valueEnd > nameEnd + 1
    if (!whole || series.charCodeAt(valueEnd) === EQUALS) throw new BadLine(at, 'expected tag=value')
    tags.set(unescaped(series.slice(at, nameEnd)), unescaped(series.slice(nameEnd + 1, valueEnd)))
    at = valueEnd + 1
  }
  return { measurement: unescaped(series.slice(0, end)), tags }
}

/** A backslash stands for itself, but for one in front of a character that would mean something. */
export function unescaped(text: string): string {
  return text.includes('\\') ? text.replace(/\\([,= ])/g, '$1') : text
}

/** Nanoseconds of each unit. */
const UNITS: ReadonlyMap<string, bigint> = new Map([
  ['n', 1n], ['ns', 1n], ['u', 1000n], ['µ', 1000n], ['us', 1000n], ['ms', 1_000_000n], ['s', 1_000_000_000n],
  ['m', 60_000_000_000n], ['h', 3_600_000_000_000n],
])

/** Nanoseconds of a `precision`, nanoseconds where there is none; undefined where it is none. */
export function precisionOf(word: string | null): bigint | undefined {
  return UNITS.get(word === null || word === '' ? 'ns' : word)
}
export const PRECISIONS = [...UNITS.keys()].join(', ')

const MOST_NANOS = '9223372036854775807'

/** Whether a time is what 64 bits hold of nanoseconds, written as records have it. */
function isNanos(time: string): boolean {
  if (!(time[0] >= '1' && time[0] <= '9')) return false
  return time.length < MOST_NANOS.length || (time.length === MOST_NANOS.length && time <= MOST_NANOS)
}

/** Unix nanoseconds. Throws BadLine for a time that 64 bits do not hold. */
export function timeOf(time: string, unit: bigint): string {
  if (unit === 1n && isNanos(time)) return time
  const nanos = BigInt(time) * unit
  if (nanos !== BigInt.asIntN(64, nanos)) throw new BadLine(0, `time ${time} is out of range`)
  return nanos.toString()
}
