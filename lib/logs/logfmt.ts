// Reads logfmt, by hand: no expression per field, one pass over the line.

const SPACE = 32
const QUOTE = 34
const EQUALS = 61
const BACKSLASH = 92
const LF = 10

/** Takes the fields of a line, one by one. */
export interface LogfmtFields {
  field(key: string, value: string): void
}

/**
 * Gives the keys and values of a line, or of several, up to the first place that is no logfmt, as github.com/go-logfmt does.
 * A key without `=` has an empty value. Returns whether all of the text was logfmt.
 */
export function readLogfmt(text: string, to: LogfmtFields): boolean {
  const { length } = text
  let at = 0
  for (;;) {
    while (at < length && text.charCodeAt(at) <= SPACE) at++
    if (at === length) return true
    const start = at
    let c = 0
    while (at < length && (c = text.charCodeAt(at)) > SPACE && c !== EQUALS && c !== QUOTE) at++
    const key = text.slice(start, at)
    if (at === length || c <= SPACE) {
      to.field(key, '')
      continue
    }
    if (c === QUOTE || at === start) return false
    at++
    if (at < length && text.charCodeAt(at) === QUOTE) {
      const end = closingQuote(text, at + 1)
      if (end < 0) return false
      const value = unquoted(text, at + 1, end)
      if (value === undefined) return false
      to.field(key, value)
      at = end + 1
      continue
    }
    const from = at
    while (at < length && (c = text.charCodeAt(at)) > SPACE && c !== EQUALS && c !== QUOTE) at++
    if (at < length && c > SPACE) return false
    to.field(key, text.slice(from, at))
  }
}

/** Where the quoted text ends; -1 where it does not end on its line. */
function closingQuote(text: string, from: number): number {
  for (let at = from; at < text.length; at++) {
    const c = text.charCodeAt(at)
    if (c === QUOTE) return at
    if (c === BACKSLASH) at++
    else if (c === LF) return -1
  }
  return -1
}

function unquoted(text: string, from: number, to: number): string | undefined {
  const inner = text.slice(from, to)
  if (!inner.includes('\\')) return inner
  try {
    // Its escapes are those of JSON, and \' besides.
    return JSON.parse(`"${inner.replace(/\\(.)/g, (escape, c: string) => (c === "'" ? "'" : escape))}"`) as string
  } catch {
    return undefined
  }
}
