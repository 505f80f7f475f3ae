// Go's time layouts taken apart: the reference time Mon Jan 2 15:04:05 MST 2006, spelled as times are to be spelled.

/** What an element stands for; those that Go spells in several ways are several. */
export type ElementKind =
  | 'year' | 'year2' | 'month' | 'month2' | 'monthName' | 'monthShort' | 'day' | 'day2' | 'daySpace' | 'yearDay' | 'yearDaySpace'
  | 'weekday' | 'weekdayShort' | 'hour' | 'hour12' | 'hour12_2' | 'minute' | 'minute2' | 'second' | 'second2' | 'PM' | 'pm'
  | 'zone' | 'offset' | 'fraction' | 'fractionTrimmed'

export interface LayoutElement {
  readonly kind: ElementKind
  /** Plain text in front of it. */
  readonly before: string
  /** As it stands in the layout. */
  readonly text: string
}

export interface Layout {
  readonly text: string
  readonly elements: readonly LayoutElement[]
  /** Plain text behind the last element. */
  readonly after: string
}

/** The longer of two that begin alike stands first. `!` before a kind: no lower-case letter may follow. */
const SPELLINGS: { readonly [first: string]: readonly (readonly [text: string, kind: ElementKind | `!${ElementKind}`])[] } = {
  J: [['January', 'monthName'], ['Jan', '!monthShort']],
  M: [['Monday', 'weekday'], ['Mon', '!weekdayShort'], ['MST', 'zone']],
  0: [
    ['002', 'yearDay'], ['01', 'month2'], ['02', 'day2'], ['03', 'hour12_2'], ['04', 'minute2'], ['05', 'second2'],
    ['06', 'year2'],
  ],
  1: [['15', 'hour'], ['1', 'month']],
  2: [['2006', 'year'], ['2', 'day']],
  // `_2006` is an underscore and a year.
  _: [['__2', 'yearDaySpace'], ['_2', 'daySpace']],
  3: [['3', 'hour12']],
  4: [['4', 'minute']],
  5: [['5', 'second']],
  P: [['PM', 'PM']],
  p: [['pm', 'pm']],
  '-': [['-070000', 'offset'], ['-07:00:00', 'offset'], ['-0700', 'offset'], ['-07:00', 'offset'], ['-07', 'offset']],
  Z: [['Z070000', 'offset'], ['Z07:00:00', 'offset'], ['Z0700', 'offset'], ['Z07:00', 'offset'], ['Z07', 'offset']],
}

const FRACTION = /[.,](?:0+|9+)(?!\d)/y

/** Any text is a layout. */
export function parseLayout(text: string): Layout {
  const elements: LayoutElement[] = []
  let from = 0
  for (let at = 0; at < text.length; ) {
    const found = elementAt(text, at)
    if (found === undefined) {
      at++
      continue
    }
    elements.push({ ...found, before: text.slice(from, at) })
    from = at += found.text.length
  }
  return { text, elements, after: text.slice(from) }
}

function elementAt(text: string, at: number): { kind: ElementKind; text: string } | undefined {
  const first = text[at]
  if (first === '.' || first === ',') {
    FRACTION.lastIndex = at
    const digits = FRACTION.exec(text)?.[0]
    return digits === undefined ? undefined : { kind: digits[1] === '0' ? 'fraction' : 'fractionTrimmed', text: digits }
  }
  if (!Object.hasOwn(SPELLINGS, first) || (first === '_' && text.startsWith('_2006', at))) return undefined
  for (const [spelling, kind] of SPELLINGS[first]) {
    if (!text.startsWith(spelling, at)) continue
    if (kind[0] !== '!') return { kind: kind as ElementKind, text: spelling }
    if (!/[a-z]/.test(text.charAt(at + spelling.length))) return { kind: kind.slice(1) as ElementKind, text: spelling }
  }
  return undefined
}

export const MONTHS = [
  'January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October', 'November', 'December',
]
export const WEEKDAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday']
export const SHORT_MONTHS = MONTHS.map((name) => name.slice(0, 3))
export const SHORT_WEEKDAYS = WEEKDAYS.map((name) => name.slice(0, 3))

/** Layouts by the names that Go's time package gives them. */
export const NAMED_LAYOUTS: ReadonlyMap<string, string> = new Map([
  ['ANSIC', 'Mon Jan _2 15:04:05 2006'],
  ['UnixDate', 'Mon Jan _2 15:04:05 MST 2006'],
  ['RubyDate', 'Mon Jan 02 15:04:05 -0700 2006'],
  ['RFC822', '02 Jan 06 15:04 MST'],
  ['RFC822Z', '02 Jan 06 15:04 -0700'],
  ['RFC850', 'Monday, 02-Jan-06 15:04:05 MST'],
  ['RFC1123', 'Mon, 02 Jan 2006 15:04:05 MST'],
  ['RFC1123Z', 'Mon, 02 Jan 2006 15:04:05 -0700'],
  ['RFC3339', '2006-01-02T15:04:05Z07:00'],
  ['RFC3339Nano', '2006-01-02T15:04:05.999999999Z07:00'],
])
