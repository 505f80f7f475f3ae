// The text of a pipe into stages and words, quoted as in a shell. No shell runs them: whatever only a shell could do is
// an error that says where it stands.

import { Problem, throwAll } from '../diag/problem.js'
import { placeIn, problemAt, type Source } from './source.js'

export interface Word {
  /** What it says; expressions as they are written. */
  readonly text: string
  /** Where each UTF-16 unit of `text` stands in the source's text. */
  readonly offsets: readonly number[]
  /** Its `${…}`, in order; none where the source takes no expressions. */
  readonly expressions: readonly Expression[]
  /** From 1, as are columns, in characters. */
  readonly line: number
  readonly column: number
  /** Characters as it was written. */
  readonly length: number
  /** Whether a shell would look for files of this name: it has `*`, `?` or `[` outside of quotes. */
  readonly pattern: boolean
}

/** An expression in a word. */
export interface Expression {
  /** Between the braces. */
  readonly code: string
  /** Where `code` begins in the source's text. */
  readonly offset: number
  /** Where `${` begins in the word's text, and where it ends. */
  readonly from: number
  readonly to: number
}

/** The words of one stage; at least one, without a leading `solder`. */
export type Stage = readonly Word[]

const BLANK = /[ \t\r\n]/

const ANOTHER = 'a pipe is stages joined by single |; join pipes in a shell'
const QUOTE = 'in single quotes it is text'

/** What means something to a shell outside of quotes, with what to do instead. */
const REFUSED: { readonly [text: string]: string } = {
  '&&': ANOTHER,
  '||': ANOTHER,
  ';': ANOTHER,
  '&': QUOTE,
  '|&': 'stderr is for people; --dead-letter keeps rejected records',
  '<': 'redirect the stdin of the whole command',
  '>': "end the pipe with 'write file PATH', or redirect the stdout of the whole command",
  '(': QUOTE,
  ')': QUOTE,
  $: QUOTE,
  '`': QUOTE,
  '~': 'write the folder out',
}

/** Splits a text into its stages. Throws every problem at once. */
export function splitPipe(source: Source): Stage[] {
  return new Splitter(source).split()
}

/** The offset of the brace that ends the expression behind `${`, -1 if there is none. Texts in it may hold braces. */
export function expressionEnd(text: string, start: number): number {
  let depth = 0
  for (let at = start; at < text.length; at++) {
    const char = text[at]
    if (char === '"' || char === "'") {
      at = quoteEnd(text, at, char)
      if (at < 0) return -1
    } else if (char === '{') depth++
    else if (char === '}' && depth-- === 0) return at
  }
  return -1
}

function quoteEnd(text: string, start: number, quote: string): number {
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] === '\\') at++
    else if (text[at] === quote) return at
  }
  return -1
}

function needsShell(text: string): string {
  return `'${text}' needs a shell, and none runs this pipe`
}

class Splitter {
  readonly #text: string
  readonly #problems: Problem[] = []
  readonly #stages: Word[][] = [[]]
  #at = 0
  /** Offset of the word that is being read, and what it says so far; null between words. */
  #start = 0
  #word: string | null = null
  #offsets: number[] = []
  #expressions: Expression[] = []
  #pattern = false
  /** Offset of the last stage's pipe sign. */
  #pipe = -1

  constructor(private readonly source: Source) {
    this.#text = source.text
  }

  split(): Stage[] {
    while (this.#at < this.#text.length) this.#next()
    this.#endWord()
    this.#endStage(this.#pipe)
    throwAll(this.#problems)
    return this.#stages
  }

  #next(): void {
    const text = this.#text
    const char = text[this.#at]
    if (char === '\\') return this.#escaped()
    if (BLANK.test(char)) this.#endWord()
    else if (char === '#' && this.#word === null) {
      const end = text.indexOf('\n', this.#at)
      this.#at = end < 0 ? text.length : end
      return
    } else if (this.#isExpression(this.#at)) {
      if (this.#word === null) this.#start = this.#at
      this.#at = this.#expression(this.#at)
      return
    } else if (char === "'") return this.#single()
    else if (char === '"') return this.#double()
    else if (char === '|' && !/[|&]/.test(text[this.#at + 1] ?? '')) this.#endOfStage()
    else if (this.#isRefused(char)) return this.#refuse()
    else {
      if ('*?['.includes(char)) this.#pattern = true
      this.#append(char, this.#at)
    }
    this.#at++
  }

  #isExpression(at: number): boolean {
    return this.source.expressions === true && this.#text.startsWith('${', at)
  }

  /** Takes the expression at `at`; where the text goes on. */
  #expression(at: number): number {
    const end = expressionEnd(this.#text, at + 2)
    if (end < 0) {
      this.#problem(at, 2, '${ is not closed', "an expression ends with }; '\\${' is text")
      this.#append('', at)
      return this.#text.length
    }
    const from = this.#word?.length ?? 0
    const whole = this.#text.slice(at, end + 1)
    this.#append(whole, at)
    this.#expressions.push({ code: whole.slice(2, -1), offset: at + 2, from, to: from + whole.length })
    return end + 1
  }

  #isRefused(char: string): boolean {
    return char === '~' ? this.#word === null : char === '|' || Object.hasOwn(REFUSED, char)
  }

  /** @param from where the text stands */
  #append(text: string, from: number): void {
    if (this.#word === null) this.#start = this.#at
    this.#word = (this.#word ?? '') + text
    for (let at = from; at < from + text.length; at++) this.#offsets.push(at)
  }

  #escaped(): void {
    const char = this.#text[this.#at + 1]
    if (char === undefined) this.#problem(this.#at, 1, "'\\' is the last character", QUOTE)
    else if (char !== '\n') this.#append(char, this.#at + 1)
    this.#at += 2
  }

  #single(): void {
    const end = this.#text.indexOf("'", this.#at + 1)
    if (end < 0) return this.#unclosed("'")
    this.#append(this.#text.slice(this.#at + 1, end), this.#at + 1)
    this.#at = end + 1
  }

  #double(): void {
    this.#append('', this.#at)
    const start = this.#at
    for (let at = start + 1; at < this.#text.length; at++) {
      const char = this.#text[at]
      if (char === '"') {
        this.#at = at + 1
        return
      }
      const next = this.#text[at + 1]
      if (char === '\\' && next !== undefined && '\\"$`\n'.includes(next)) {
        if (next !== '\n') this.#append(next, at + 1)
        at++
      } else if (this.#isExpression(at)) {
        at = this.#expression(at) - 1
      } else if (char === '$' || char === '`') {
        this.#problem(at, 1, needsShell(char), this.#advice(char))
      } else this.#append(char, at)
    }
    this.#unclosed('"')
  }

  #unclosed(quote: string): void {
    this.#problem(this.#at, 1, `${quote} is not closed`)
    this.#append('', this.#at)
    this.#at = this.#text.length
  }

  #refuse(): void {
    const two = this.#text.slice(this.#at, this.#at + 2)
    const text = Object.hasOwn(REFUSED, two) ? two : this.#text[this.#at]
    this.#problem(this.#at, text.length, needsShell(text), this.#advice(text))
    this.#append('', this.#at)
    this.#at += text.length
  }

  #advice(text: string): string {
    const name = text === '$' && this.source.expressions === true
    return name ? 'write ${env.NAME} for a variable of the environment' : REFUSED[text]
  }

  #endWord(): void {
    if (this.#word === null) return
    const stage = this.#stages[this.#stages.length - 1]
    const place = this.#place(this.#start, this.#at - this.#start)
    const pattern = this.#pattern
    stage.push({ text: this.#word, offsets: this.#offsets, expressions: this.#expressions, ...place, pattern })
    this.#word = null
    this.#offsets = []
    this.#expressions = []
    this.#pattern = false
  }

  #endOfStage(): void {
    this.#endWord()
    this.#endStage(this.#at)
    this.#pipe = this.#at
    this.#stages.push([])
  }

  /** @param sign offset of the pipe sign next to the stage, -1 if there is none */
  #endStage(sign: number): void {
    const stage = this.#stages[this.#stages.length - 1]
    const bare = stage[0]?.text === 'solder' ? stage.shift() : undefined
    if (stage.length > 0) return
    const what = bare === undefined ? 'a stage is missing' : "'solder' alone is no stage"
    const hint = 'a pipe is VERB [KIND] [ARGUMENT…] [--option…], joined by |'
    if (bare !== undefined) this.#problems.push(problemAt(this.source, bare, new Problem(what, { hint })))
    else this.#problem(Math.max(0, sign), 1, what, hint)
  }

  #place(offset: number, length: number): Pick<Word, 'line' | 'column' | 'length'> {
    const { line, column } = placeIn(this.source, offset, length)
    return { line, column, length }
  }

  #problem(offset: number, length: number, message: string, hint?: string): void {
    this.#problems.push(problemAt(this.source, this.#place(offset, length), new Problem(message, { hint })))
  }
}
