// Reads a text by the elements of a layout, each where the one before it ended.

import { type ElementKind, type LayoutElement, MONTHS, SHORT_MONTHS, SHORT_WEEKDAYS, WEEKDAYS } from './layout.js'

/** Why an element could not be read: the text does not look like it, or the name of what is out of range. */
export type ReadFault = 'bad' | 'month' | Clock | `time zone offset ${Clock}`
type Clock = 'hour' | 'minute' | 'second'

const ZERO = 48
const NINE = 57
const SPACE = 32

/** One text on its way; numbers that were not read are -1, or as Go begins with them. */
export class TimeReader {
  at = 0
  year = 0
  month = -1
  day = -1
  yearDay = -1
  hour = 0
  minute = 0
  second = 0
  nanos = 0
  afternoon = false
  morning = false
  utc = false
  /** Seconds ahead of UTC; -1 if none was read, as in Go. */
  offset = -1
  zoneName = ''

  constructor(readonly text: string) {}

  isDigit(at = this.at): boolean {
    const c = this.text.charCodeAt(at)
    return c >= ZERO && c <= NINE
  }

  /** A number of `min` to `max` digits; -1 if there are fewer. */
  number(min: number, max: number): number {
    let value = 0
    let digits = 0
    while (digits < max && this.isDigit()) {
      value = value * 10 + this.text.charCodeAt(this.at++) - ZERO
      digits++
    }
    if (digits >= min) return value
    this.at -= digits
    return -1
  }

  space(): void {
    if (this.text.charCodeAt(this.at) === SPACE) this.at++
  }

  /** The index of the name that comes next, in any case; -1 if none does. */
  name(names: readonly string[]): number {
    for (let i = 0; i < names.length; i++) {
      if (!this.letters(names[i])) continue
      this.at += names[i].length
      return i
    }
    return -1
  }

  /** Whether these ASCII letters come next, but for their case. */
  letters(name: string): boolean {
    for (let i = 0; i < name.length; i++) {
      const c = this.text.charCodeAt(this.at + i)
      const bits = c ^ name.charCodeAt(i)
      if (bits !== 0 && (bits !== 32 || !isLetter(c))) return false
    }
    return true
  }

  /** Plain text of a layout: a run of spaces is one of any length, or none at the end of the text. */
  plain(text: string): boolean {
    for (let i = 0; i < text.length; ) {
      const c = text.charCodeAt(i)
      if (c === SPACE) {
        if (this.at < this.text.length && this.text.charCodeAt(this.at) !== SPACE) return false
        while (text.charCodeAt(i) === SPACE) i++
        while (this.text.charCodeAt(this.at) === SPACE) this.at++
      } else {
        if (this.text.charCodeAt(this.at) !== c) return false
        this.at++
        i++
      }
    }
    return true
  }

  /** A comma or point, and digits up to `end`; those beyond the ninth are cut off. */
  fraction(end: number): void {
    let nanos = 0
    for (let i = 1; i < 10; i++) nanos = nanos * 10 + (this.at + i < end ? this.text.charCodeAt(this.at + i) - ZERO : 0)
    this.nanos = nanos
    this.at = end
  }

  /** Where the digits behind the separator at hand end; -1 if there is no separator with digits. */
  fractionEnd(): number {
    const c = this.text[this.at]
    if ((c !== '.' && c !== ',') || !this.isDigit(this.at + 1)) return -1
    let end = this.at + 2
    while (this.isDigit(end)) end++
    return end
  }
}

function isLetter(c: number): boolean {
  return (c | 32) >= 97 && (c | 32) <= 122
}

/** Reads one element; `next` is the one behind it in the layout. */
export type ReadElement = (
  reader: TimeReader, element: LayoutElement, next: LayoutElement | undefined,
) => ReadFault | null

const ranged = (value: number, max: number, word: Clock): ReadFault | null =>
  value < 0 ? 'bad' : value > max ? word : null
const read = (value: number): ReadFault | null => (value < 0 ? 'bad' : null)
const month = (r: TimeReader, min: number): ReadFault | null => {
  r.month = r.number(min, 2)
  return r.month < 0 ? 'bad' : r.month === 0 || r.month > 12 ? 'month' : null
}
const minute = (r: TimeReader, min: number) => ranged((r.minute = r.number(min, 2)), 59, 'minute')
const hour12 = (r: TimeReader, min: number) => ranged((r.hour = r.number(min, 2)), 12, 'hour')

export const READ: { readonly [K in ElementKind]: ReadElement } = {
  year: (r) => read((r.year = r.number(4, 4))),
  year2: (r) => {
    // Go reads a sign here and takes -9 for 1991: a year in two digits has digits only.
    const year = r.number(2, 2)
    r.year = year + (year >= 69 ? 1900 : 2000)
    return read(year)
  },
  month: (r) => month(r, 1),
  month2: (r) => month(r, 2),
  monthName: (r) => read((r.month = next(r.name(MONTHS)))),
  monthShort: (r) => read((r.month = next(r.name(SHORT_MONTHS)))),
  day: (r) => read((r.day = r.number(1, 2))),
  day2: (r) => read((r.day = r.number(2, 2))),
  daySpace: (r) => {
    r.space()
    return read((r.day = r.number(1, 2)))
  },
  yearDay: (r) => read((r.yearDay = r.number(3, 3))),
  yearDaySpace: (r) => {
    r.space()
    r.space()
    return read((r.yearDay = r.number(1, 3)))
  },
  weekday: (r) => read(r.name(WEEKDAYS)),
  weekdayShort: (r) => read(r.name(SHORT_WEEKDAYS)),
  hour: (r) => ranged((r.hour = r.number(1, 2)), 23, 'hour'),
  hour12: (r) => hour12(r, 1),
  hour12_2: (r) => hour12(r, 2),
  minute: (r) => minute(r, 1),
  minute2: (r) => minute(r, 2),
  second: (r, _, next) => second(r, 1, next),
  second2: (r, _, next) => second(r, 2, next),
  PM: (r) => half(r, 'AM', 'PM'),
  pm: (r) => half(r, 'am', 'pm'),
  zone: zoneName,
  offset: zoneOffset,
  fraction(r, { text }) {
    const end = r.at + text.length
    if (r.text[r.at] !== '.' && r.text[r.at] !== ',') return 'bad'
    for (let at = r.at + 1; at < end; at++) if (!r.isDigit(at)) return 'bad'
    r.fraction(end)
    return null
  },
  fractionTrimmed(r) {
    const end = r.fractionEnd()
    if (end > 0) r.fraction(end)
    return null
  },
}

const next = (index: number) => (index < 0 ? -1 : index + 1)

/** A fraction may follow the seconds although the layout has none. */
function second(r: TimeReader, min: number, next: LayoutElement | undefined): ReadFault | null {
  r.second = r.number(min, 2)
  if (r.second < 0 || r.second > 59) return r.second < 0 ? 'bad' : 'second'
  if (next?.kind === 'fraction' || next?.kind === 'fractionTrimmed') return null
  const end = r.fractionEnd()
  if (end > 0) r.fraction(end)
  return null
}

function half(r: TimeReader, am: string, pm: string): ReadFault | null {
  const word = r.text.substr(r.at, 2)
  if (word === pm) r.afternoon = true
  else if (word === am) r.morning = true
  else return 'bad'
  r.at += 2
  return null
}

function zoneOffset(r: TimeReader, { text: form }: LayoutElement): ReadFault | null {
  if (form[0] === 'Z' && r.text[r.at] === 'Z') {
    r.utc = true
    r.at++
    return null
  }
  const sign = r.text[r.at]
  if (sign !== '+' && sign !== '-') return 'bad'
  const from = r.at++
  const parts = [0, 0, 0]
  for (let at = 1, part = 0; at < form.length; at++) {
    if (form[at] === ':') {
      if (r.text[r.at] !== ':') return bad(r, from)
      r.at++
    } else {
      parts[part] = r.number(2, 2)
      if (parts[part++] < 0) return bad(r, from)
      at++
    }
  }
  const [hours, minutes, seconds] = parts
  // 24, 60 and 60 are written by some, and taken.
  if (hours > 24) return 'time zone offset hour'
  if (minutes > 60) return 'time zone offset minute'
  if (seconds > 60) return 'time zone offset second'
  const offset = hours * 3600 + minutes * 60 + seconds
  r.offset = sign === '-' ? -offset : offset
  return null
}

function bad(r: TimeReader, at: number): ReadFault {
  r.at = at
  return 'bad'
}

/** What may be the abbreviation of a zone; which one it is depends on where one is. */
const ABBREVIATION = /(?:ChST|MeST|GMT(?:[+-]\d+)?|[+-]\d+|(?:[A-Z]{3,4}T|WITA|[A-Z]{3})(?![A-Z]))/y

function zoneName(r: TimeReader): ReadFault | null {
  if (r.text.startsWith('UTC', r.at)) {
    r.utc = true
    r.at += 3
    return null
  }
  ABBREVIATION.lastIndex = r.at
  let name = ABBREVIATION.exec(r.text)?.[0]
  if (name === undefined) return 'bad'
  const hours = /[+-](\d+)$/.exec(name)
  // Numbers beyond 23 are no hours.
  if (hours !== null && Number(hours[1]) > 23) {
    if (!name.startsWith('GMT')) return 'bad'
    name = 'GMT'
  }
  r.zoneName = name
  r.at += name.length
  return null
}
