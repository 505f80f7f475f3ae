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

/** Keys that are remembered, and the longest of them. */
const MAX_KEYS = 256
const MAX_KEY = 64

/**
 * Keys in the order in which they came. Lines of one program have the same keys in the same order: a key that stands
 * where it is expected costs a comparison, where a new string costs its characters and a search of all names that
 * there are.
 */
class Keys {
  readonly #keys: string[] = []
  readonly #places = new Map<string, number>()
  #next = 0

  /** A new line begins. */
  begin(): void {
    this.#next = 0
  }

  /** The key that is expected at `at`, if it is there. */
  expected(text: string, at: number): string | undefined {
    const key = this.#keys[this.#next]
    if (key === undefined || text.charCodeAt(at + key.length) !== EQUALS || !text.startsWith(key, at)) return undefined
    this.#next++
    return key
  }

  /** The key as it is remembered. */
  known(key: string): string {
    const place = this.#places.get(key)
    if (place !== undefined) {
      this.#next = place + 1
      return this.#keys[place]
    }
    if (this.#keys.length === MAX_KEYS || key.length > MAX_KEY) return key
    // A name of a property, which is compared by its address, and no part of a line, which would be kept with it.
    const [name] = Object.keys({ [key]: 0 })
    this.#places.set(name, this.#keys.length)
    this.#next = this.#keys.push(name)
    return name
  }
}

export class LogfmtReader {
  readonly #keys = new Keys()

  /**
   * Gives the keys and values of a line, or of several, up to the first place that is no logfmt, as
   * github.com/go-logfmt does. A key without `=` has an empty value. Returns whether all of the text was logfmt.
   */
  read(text: string, to: LogfmtFields): boolean {
    const { length } = text
    const keys = this.#keys
    keys.begin()
    let at = 0
    for (;;) {
      while (at < length && text.charCodeAt(at) <= SPACE) at++
      if (at === length) return true
      let key = keys.expected(text, at)
      if (key !== undefined) at += key.length
      else {
        const end = endOfWord(text, at)
        const c = text.charCodeAt(end)
        if (end === at || c === QUOTE) return false
        key = keys.known(text.slice(at, end))
        at = end
        if (c !== EQUALS) {
          to.field(key, '')
          continue
        }
      }
      at++
      if (text.charCodeAt(at) === QUOTE) {
        const end = closingQuote(text, at + 1)
        if (end < 0) return false
        const value = unquoted(text, at + 1, end)
        if (value === undefined) return false
        to.field(key, value)
        at = end + 1
        continue
      }
      const from = at
      at = endOfWord(text, at)
      if (at < length && text.charCodeAt(at) > SPACE) return false
      to.field(key, text.slice(from, at))
    }
  }
}

/** Where a run of characters ends that are no space, `=` or quote. */
function endOfWord(text: string, from: number): number {
  const { length } = text
  let at = from
  for (; at < length; at++) {
    const c = text.charCodeAt(at)
    if (c <= SPACE || c === EQUALS || c === QUOTE) break
  }
  return at
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
