// LogQL's stream selectors and line filters: {app="shop", env=~"a|b"} |= "paid" !~ "debug|trace".

import { Problem, problemsOf } from '../diag/problem.js'
import { unquote } from '../go/quote.js'
import { getLabel, type Labels } from '../record/labels.js'
import { Pattern } from '../regex/pattern.js'

export interface LabelMatcher {
  readonly name: string
  readonly operator: '=' | '!=' | '=~' | '!~'
  /** As it was written, without quotes. */
  readonly value: string
}

export interface LineFilter {
  readonly operator: '|=' | '!=' | '|~' | '!~'
  readonly value: string
}

type Test = (text: string) => boolean

/** Chooses log entries. Labels and line are asked apart, since labels need only be asked once for a stream. */
export class Selector {
  readonly #labels: readonly { readonly name: string; readonly test: Test }[]
  readonly #lines: readonly Test[]

  /** Throws a Problem for what is no regular expression. */
  constructor(
    readonly matchers: readonly LabelMatcher[],
    readonly filters: readonly LineFilter[],
  ) {
    this.#labels = matchers.map(({ name, operator, value }) => ({ name, test: labelTest(operator, value) }))
    this.#lines = filters.map(({ operator, value }) => lineTest(operator, value))
  }

  /** Whether it matches all streams with these labels; an absent label reads as the empty text. */
  labels(labels: Labels): boolean {
    return this.#labels.every(({ name, test }) => test(getLabel(labels, name)))
  }

  line(line: string): boolean {
    for (const test of this.#lines) if (!test(line)) return false
    return true
  }
}

function labelTest(operator: LabelMatcher['operator'], value: string): Test {
  if (operator === '=') return (text) => text === value
  if (operator === '!=') return (text) => text !== value
  const pattern = Pattern.anchored(value)
  return operator === '=~' ? (text) => pattern.test(text) : (text) => !pattern.test(text)
}

function lineTest(operator: LineFilter['operator'], value: string): Test {
  if (operator === '|=') return (line) => line.includes(value)
  if (operator === '!=') return (line) => !line.includes(value)
  const pattern = Pattern.search(value)
  return operator === '|~' ? (line) => pattern.test(line) : (line) => !pattern.test(line)
}

/** @param what what messages call it. Throws a Problem with the place. */
export function parseSelector(text: string, what = 'selector'): Selector {
  return new SelectorReader(text, what).selector()
}

const SPACES = /\s*/y
const NAME = /[\p{L}_][\p{L}\p{Nd}_]*/uy
const LABEL_OPERATOR = /=~|!=|!~|=/y
const LINE_OPERATOR = /\|=|\|~|!=|!~/y

class SelectorReader {
  #at = 0

  constructor(private readonly text: string, private readonly what: string) {}

  selector(): Selector {
    const matchers: LabelMatcher[] = []
    this.#expect('{', 'a stream selector such as {app="shop"}')
    do matchers.push(this.#matcher())
    while (this.#take(','))
    this.#expect('}', "',' or '}'")
    const filters: LineFilter[] = []
    while (this.#skip() < this.text.length) {
      const operator = this.#match(LINE_OPERATOR)
      if (operator === undefined) throw this.#problem(this.#at, 'a line filter: |= != |~ !~')
      const [value, at] = this.#string()
      if (operator.endsWith('~')) this.#checked(at, () => Pattern.search(value))
      filters.push({ operator: operator as LineFilter['operator'], value })
    }
    return new Selector(matchers, filters)
  }

  #matcher(): LabelMatcher {
    this.#skip()
    const name = this.#match(NAME)
    if (name === undefined) throw this.#problem(this.#at, 'the name of a label')
    this.#skip()
    const operator = this.#match(LABEL_OPERATOR)
    if (operator === undefined) throw this.#problem(this.#at, '= != =~ !~')
    const [value, at] = this.#string()
    if (operator.endsWith('~')) this.#checked(at, () => Pattern.anchored(value))
    return { name, operator: operator as LabelMatcher['operator'], value }
  }

  #string(): [value: string, at: number] {
    const at = this.#skip()
    if (this.text[at] !== '"' && this.text[at] !== '`') throw this.#problem(at, 'a text in quotes or backticks')
    const found = unquote(this.text, at)
    if ('fault' in found) throw this.#problem(found.at, undefined, found.fault)
    this.#at = found.end
    return [found.text, at]
  }

  /** A mistake in a regular expression, told where the selector has it. */
  #checked(at: number, compile: () => unknown): void {
    try {
      compile()
    } catch (error) {
      throw this.#problem(at, undefined, problemsOf(error)[0].message, this.#at - at)
    }
  }

  #expect(sign: string, expected: string): void {
    if (!this.#take(sign)) throw this.#problem(this.#at, expected)
  }

  #take(sign: string): boolean {
    if (this.text[this.#skip()] !== sign) return false
    this.#at++
    return true
  }

  #skip(): number {
    this.#match(SPACES)
    return this.#at
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at
    const found = pattern.exec(this.text)?.[0]
    if (found !== undefined) this.#at += found.length
    return found
  }

  #problem(at: number, expected?: string, message?: string, length = 1): Problem {
    const found = at < this.text.length ? `unexpected '${this.text[at]}'` : 'it ends too early'
    const before = this.text.slice(0, at).split('\n')
    const line = before.length
    const column = before[line - 1].length + 1
    const place = { file: this.what, line, column, length, source: this.text.split('\n')[line - 1] }
    return new Problem(`bad selector: ${message ?? found}`, { expected, place })
  }
}
