// Regular expressions as Prometheus, Loki and CEL know them: RE2 syntax, linear time whatever the input is.

import { RE2JS, RE2JSException, RE2JSSyntaxException } from 're2js'
import { Problem } from '../diag/problem.js'
import { type Literal, literalOf } from './literal.js'
import { expand, type Template } from './template.js'

/** Why a text is no regular expression. */
export interface PatternFault {
  reason: string
  /** UTF-16 offset of the culprit in the pattern. */
  at: number
  length: number
}

/** Captured text by group, 0 being the whole match; undefined for a group that took no part. */
export type Groups = readonly (string | undefined)[]

export class Pattern {
  readonly #re: RE2JS
  readonly #names: ReadonlyMap<string, number>

  private constructor(readonly source: string, compiled: string, private readonly literal: Literal | null) {
    this.#re = RE2JS.compile(compiled)
    const named = this.#re.namedGroups() as { readonly [name: string]: number }
    this.#names = new Map(Object.keys(named).map((name) => [name, named[name]]))
  }

  /** Matches anywhere in a text (Go's `regexp.Compile`, CEL's `matches`). Throws a Problem. */
  static search(source: string): Pattern {
    return Pattern.#compile(source, source)
  }

  /**
   * Matches whole texts only, `.` being any character: `^(?s:…)$`, as in Prometheus's rules and matchers. What is plain
   * in it decides first: a thousand rules then see 20,000 new series in 3.4 s of CPU time instead of 25 s. Throws a
   * Problem.
   */
  static anchored(source: string): Pattern {
    return Pattern.#compile(source, `^(?s:${source})$`, literalOf(source))
  }

  static #compile(source: string, compiled: string, literal: Literal | null = null): Pattern {
    try {
      return new Pattern(source, compiled, literal)
    } catch (error) {
      if (!(error instanceof RE2JSException)) throw error
      const { reason, at, length } = faultOf(source, error)
      throw new Problem(`bad regular expression: ${reason}`, {
        place: { file: 'regular expression', line: 1, column: at + 1, length, source },
        cause: error,
      })
    }
  }

  /** Whether the text matches; cheaper than `exec`. */
  test(text: string): boolean {
    const { literal } = this
    if (literal?.texts !== undefined) return literal.texts.has(text)
    if (literal !== null && !text.startsWith(literal.prefix)) return false
    return this.#re.test(text)
  }

  /** The groups of the leftmost match, or null. */
  exec(text: string): Groups | null {
    const { literal } = this
    if (literal?.texts !== undefined) return literal.texts.has(text) ? [text] : null
    if (literal !== null && !text.startsWith(literal.prefix)) return null
    return this.#re.exec(text)
  }

  /** Named groups and their numbers. */
  get names(): ReadonlyMap<string, number> {
    return this.#names
  }

  /**
   * The matches from left to right, none overlapping, each as offsets of its groups: start and end of the whole match,
   * of group 1, and so on, -1 for a group that took no part. Nothing at the end of a match is no other one, as in Go.
   * Only for patterns that search.
   */
  *matches(text: string): Generator<readonly number[]> {
    const matcher = this.#re.matcher(text)
    const groups = matcher.groupCount()
    let last = -1
    while (matcher.find()) {
      const end = matcher.end()
      if (end === last && matcher.start() === end) continue
      last = end
      const bounds: number[] = []
      for (let group = 0; group <= groups; group++) bounds.push(matcher.start(group), matcher.end(group))
      yield bounds
    }
  }

  /** A template filled with the groups of a match. */
  expand(template: Template, groups: Groups): string {
    return expand(template, groups, this.#names)
  }
}

/** What is wrong with a regular expression, or null. */
export function patternFault(source: string): PatternFault | null {
  try {
    Pattern.anchored(source)
    return null
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    const { place } = error
    return { reason: error.message, at: (place?.column ?? 1) - 1, length: place?.length ?? 1 }
  }
}

/** re2js names the offending piece but not its place; the piece is looked for in the pattern. */
function faultOf(source: string, error: RE2JSException): PatternFault {
  if (!(error instanceof RE2JSSyntaxException))
    return { reason: error.message, at: 0, length: Math.max(1, source.length) }
  const reason = error.getDescription()
  if (reason === 'missing closing )' || reason === 'unexpected )') {
    const at = unbalanced(source)
    return { reason: reason === 'unexpected )' ? reason : 'missing closing )', at, length: 1 }
  }
  const piece = error.getPattern() ?? ''
  const at = piece === '' ? -1 : source.lastIndexOf(piece)
  const whole = at < 0 ? { at: 0, length: Math.max(1, source.length) } : { at, length: piece.length }
  return { reason: `${reason}${piece === '' ? '' : ` '${piece.slice(0, 40)}'`}`, ...whole }
}

/** The first parenthesis without its partner, outside of classes and escapes. */
function unbalanced(source: string): number {
  const open: number[] = []
  for (let at = 0; at < source.length; at++) {
    const c = source[at]
    if (c === '\\') at++
    else if (c === '[') {
      const from = source[at + 1] === '^' ? at + 3 : at + 2
      const close = source.indexOf(']', from)
      if (close > 0) at = close
    } else if (c === '(') open.push(at)
    else if (c === ')' && open.pop() === undefined) return at
  }
  return open[0] ?? 0
}
