// LogQL's pattern expressions: `<ip> - <user> [<_>] "<method> <path> <_>" <status>`, captures between plain texts.

import { Problem } from '../diag/problem.js'

/** A capture and the text behind it; '' where the expression ends with the capture. */
interface Capture {
  /** Where it goes among the values; -1 where nobody asks for it. */
  readonly index: number
  readonly until: string
}

const CAPTURE = /<([A-Za-z_][A-Za-z0-9_]*)>/g

export class PatternExpression {
  /** Names of the captures, in order. */
  readonly names: readonly string[]
  readonly #before: string
  readonly #captures: readonly Capture[]

  private constructor(before: string, captures: readonly Capture[], names: readonly string[]) {
    this.names = names
    this.#before = before
    this.#captures = captures
  }

  /** Any `<` that begins no capture stands for itself. Throws a Problem with the place. */
  static parse(text: string): PatternExpression {
    const found = [...text.matchAll(CAPTURE)]
    const names: string[] = []
    const captures: Capture[] = []
    for (const [i, match] of found.entries()) {
      const end = match.index + match[0].length
      const until = text.slice(end, found[i + 1]?.index)
      if (until === '' && i + 1 < found.length) {
        throw problem(text, match.index, match[0].length + found[i + 1][0].length, 'two captures without a text between them')
      }
      const named = match[1] !== '_'
      if (named && names.includes(match[1])) {
        throw problem(text, match.index, match[0].length, `two captures of the name '${match[1]}'`)
      }
      captures.push({ index: named ? names.push(match[1]) - 1 : -1, until })
    }
    if (names.length === 0) throw problem(text, 0, Math.max(1, text.length), 'no capture with a name, such as <status>')
    return new PatternExpression(text.slice(0, found[0].index), captures, names)
  }

  /**
   * The captured texts, in the order of `names`; null if the line does not begin as the expression does. Where a text
   * between captures is missing, the capture before it takes all that is left and no more follow, as in Loki.
   */
  match(line: string): string[] | null {
    if (line === '' || !line.startsWith(this.#before)) return null
    const values: string[] = []
    let at = this.#before.length
    for (const { index, until } of this.#captures) {
      const end = until === '' ? -1 : line.indexOf(until, at)
      if (index >= 0) values.push(end < 0 ? line.slice(at) : line.slice(at, end))
      if (end < 0) break
      at = end + until.length
    }
    return values
  }
}

function problem(text: string, at: number, length: number, message: string): Problem {
  return new Problem(`bad pattern: ${message}`, { place: { file: 'pattern', line: 1, column: at + 1, length, source: text } })
}
