// Tokens of a template to its nodes.

import { didYouMean, type Place, Problem } from '../../diag/problem.js'
import type { TemplateFunction } from './function.js'
import { LexFault, type Token, tokensOf } from './lexer.js'
import type { Command, Node, Operand, OperandHead, Pipeline } from './node.js'

export interface ParsedTemplate {
  readonly body: readonly Node[]
  /** Those that `define` and `block` name. */
  readonly defined: ReadonlyMap<string, readonly Node[]>
}

/** Throws a Problem with the place; `name` stands for the file. */
export function parseTemplateText(
  text: string, name: string, functions: ReadonlyMap<string, TemplateFunction>,
): ParsedTemplate {
  try {
    return new TemplateParser(text, functions).parse()
  } catch (error) {
    if (!(error instanceof LexFault)) throw error
    const [message, expected] = error.message.split('\n')
    throw new Problem(`bad template: ${message}`, { place: placeOf(text, name, error.at, error.length), hint: expected })
  }
}

/** Line, column and text of the line at an offset. */
export function placeOf(text: string, file: string, at: number, length = 1): Place {
  const before = text.slice(0, at).split('\n')
  return { file, line: before.length, column: before.at(-1)!.length + 1, length, source: text.split('\n')[before.length - 1] }
}

const KEYWORDS = new Set(['if', 'else', 'end', 'range', 'with', 'define', 'template', 'block', 'break', 'continue'])
/** Deepest nesting of blocks and parentheses. */
const MAX_DEPTH = 100

class TemplateParser {
  readonly #tokens: readonly Token[]
  readonly #defined = new Map<string, readonly Node[]>()
  #next = 0
  #variables: string[] = ['$']
  #loops = 0
  #depth = 0

  constructor(text: string, private readonly functions: ReadonlyMap<string, TemplateFunction>) {
    this.#tokens = tokensOf(text)
  }

  parse(): ParsedTemplate {
    const { nodes, by } = this.#list()
    if (by !== undefined) throw new LexFault(`unexpected {{${by.text}}}`, by.at, by.text.length)
    return { body: nodes, defined: this.#defined }
  }

  /**
   * Nodes up to `{{end}}`, `{{else}}` or the end of the text; `by` is what ended them, its closing braces not yet read.
   */
  #list(): { nodes: Node[]; by: Token | undefined } {
    const nodes: Node[] = []
    for (;;) {
      const token = this.#take()
      if (token.kind === 'end') return { nodes, by: undefined }
      if (token.kind === 'text') {
        nodes.push({ kind: 'text', text: token.text })
        continue
      }
      const word = this.#peek()
      if (word.kind !== 'name' || !KEYWORDS.has(word.text)) {
        nodes.push({ kind: 'action', pipeline: this.#pipeline('close', true) })
      } else {
        this.#take()
        if (word.text === 'end' || word.text === 'else') return { nodes, by: word }
        const node = this.#keyword(word)
        if (node !== null) nodes.push(node)
      }
    }
  }

  #keyword(word: Token): Node | null {
    switch (word.text) {
      case 'if':
      case 'with':
      case 'range':
        return this.#control(word, word.text)
      case 'template': {
        const name = this.#string('the name of a template in quotes')
        const pipeline = this.#peek().kind === 'close' ? this.#close(null) : this.#pipeline('close', false)
        return { kind: 'template', name, pipeline, at: word.at }
      }
      case 'define':
      case 'block':
        return this.#define(word, word.text)
      default:
        if (this.#loops === 0) throw new LexFault(`{{${word.text}}} outside of a range`, word.at, word.text.length)
        return this.#close({ kind: word.text as 'break' | 'continue' })
    }
  }

  #control(word: Token, kind: 'if' | 'with' | 'range'): Node {
    const scope = this.#variables.length
    if (++this.#depth > MAX_DEPTH) throw new LexFault(`nested deeper than ${MAX_DEPTH}`, word.at)
    const pipeline = this.#pipeline('close', true, kind === 'range')
    if (kind === 'range') this.#loops++
    const { nodes, by } = this.#list()
    if (kind === 'range') this.#loops--
    let otherwise: readonly Node[] | null = null
    if (by?.text === 'else') otherwise = this.#otherwise(word, kind)
    else if (by === undefined) throw new LexFault(`{{${kind}}} without {{end}}`, word.at, kind.length)
    else this.#close(null)
    this.#variables.length = scope
    this.#depth--
    return { kind, pipeline, body: nodes, otherwise }
  }

  /** What follows `{{else`: `}}`, or `if …}}` and `with …}}`, which share the `{{end}}`. */
  #otherwise(word: Token, kind: string): readonly Node[] {
    const next = this.#peek()
    if (next.kind === 'name' && next.text === kind && (kind === 'if' || kind === 'with')) {
      this.#take()
      return [this.#control(next, kind)]
    }
    this.#close(null)
    const { nodes, by } = this.#list()
    if (by === undefined) throw new LexFault(`{{${kind}}} without {{end}}`, word.at, kind.length)
    if (by.text === 'else') throw new LexFault('a second {{else}}', by.at, 4)
    this.#close(null)
    return nodes
  }

  #define(word: Token, kind: 'define' | 'block'): Node | null {
    if (kind === 'define' && this.#depth > 0) throw new LexFault('{{define}} inside of a block', word.at, 6)
    const name = this.#string(`the name of the ${kind} in quotes`)
    const pipeline = kind === 'block' ? this.#pipeline('close', false) : this.#close(null)
    const outside = { variables: this.#variables, loops: this.#loops }
    this.#variables = ['$']
    this.#loops = 0
    this.#depth++
    const { nodes, by } = this.#list()
    if (by?.text !== 'end') throw new LexFault(`{{${kind}}} without {{end}}`, word.at, kind.length)
    this.#close(null)
    this.#depth--
    this.#variables = outside.variables
    this.#loops = outside.loops
    if (this.#defined.has(name) && nodes.length > 0) {
      throw new LexFault(`a second template of the name '${name}'`, word.at, kind.length)
    }
    this.#defined.set(name, nodes)
    return kind === 'define' ? null : { kind: 'template', name, pipeline, at: word.at }
  }

  /**
   * A pipeline and what closes it; with `$x :=`, `$x =` and, in a range, `$i, $x :=` in front where that is allowed.
   */
  #pipeline(close: 'close' | ')', declares: boolean, range = false): Pipeline {
    const { at } = this.#peek()
    const declared = declares ? this.#declaration(range) : []
    const commands: Command[] = []
    for (;;) {
      const token = this.#peek()
      if (close === ')' ? token.kind === 'sign' && token.text === ')' : token.kind === 'close') {
        if (commands.length === 0) throw new LexFault('a value is missing', token.at)
        this.#take()
        break
      }
      commands.push(this.#command(close))
      if (commands.length > 1 && commands.at(-1)!.operands[0].kind !== 'function') {
        throw new LexFault('only a function can follow |', commands.at(-1)!.at)
      }
    }
    const variables = declared.map((variable) => this.#slot(variable))
    return { variables, commands, at }
  }

  #declaration(range: boolean): { name: Token; declares: boolean }[] {
    const from = this.#next
    const names: Token[] = []
    while (this.#peek().kind === 'variable') {
      names.push(this.#take())
      const sign = this.#peek()
      if (sign.kind !== 'sign') break
      if (sign.text === ':=' || sign.text === '=') {
        this.#take()
        return names.map((name) => ({ name, declares: sign.text === ':=' }))
      }
      if (sign.text !== ',' || !range || names.length === 2) break
      this.#take()
    }
    if (names.length === 2) throw new LexFault('two variables need := or =', names[1].at)
    this.#next = from
    return []
  }

  /** A declared variable is known from behind its own pipeline on. */
  #slot({ name, declares }: { name: Token; declares: boolean }): number {
    return declares ? this.#variables.push(name.text) - 1 : this.#variable(name)
  }

  #command(close: 'close' | ')'): Command {
    const { at } = this.#peek()
    const operands: Operand[] = []
    for (;;) {
      const token = this.#peek()
      operands.push(this.#operand())
      const next = this.#tokens[this.#next]
      if (next.kind === 'space') {
        const behind = this.#peek()
        if (behind.kind !== 'close' && !(behind.kind === 'sign' && (behind.text === ')' || behind.text === '|'))) continue
      }
      const after = this.#peek()
      if (after.kind === 'sign' && after.text === '|') {
        this.#take()
        if (this.#peek().kind === 'close') throw new LexFault('a function is missing behind |', after.at)
        break
      }
      if (after.kind === 'close' || (close === ')' && after.kind === 'sign' && after.text === ')')) break
      throw new LexFault(`unexpected ${after.text === '' ? 'end' : `'${after.text}'`} behind '${token.text}'`, after.at)
    }
    const [first] = operands
    if (operands.length > 1 && first.kind !== 'function') {
      throw new LexFault('only a function has arguments', first.at)
    }
    if (first.kind === 'nil') throw new LexFault('nil is no command', first.at, 3)
    this.#checkCount(operands, at)
    return { operands, at }
  }

  /** Too many arguments are a mistake here; too few may be one less than it seems, by what comes down the pipe. */
  #checkCount(operands: readonly Operand[], at: number): void {
    const [first, ...args] = operands
    if (first.kind !== 'function' || first.names.length > 0) return
    const { params, rest } = this.functions.get(first.name)!
    if (rest === undefined && args.length > params.length) {
      throw new LexFault(`'${first.name}' takes ${params.length} arguments, not ${args.length}`, at, first.name.length)
    }
  }

  #operand(): Operand {
    const token = this.#take()
    const kind = this.#kindOf(token)
    const names: string[] = []
    while (this.#tokens[this.#next].kind === 'field') names.push(this.#tokens[this.#next++].text.slice(1))
    if (names.length > 0 && (kind.kind === 'literal' || kind.kind === 'nil')) {
      throw new LexFault(`a field behind '${token.text}', which has none`, token.at)
    }
    return { ...kind, names: token.kind === 'field' ? [token.text.slice(1), ...names] : names, at: token.at }
  }

  #kindOf(token: Token): OperandHead {
    switch (token.kind) {
      case 'literal':
        return { kind: 'literal', value: token.value }
      case 'field':
        return { kind: 'dot' }
      case 'variable':
        return { kind: 'variable', slot: this.#variable(token) }
      case 'name':
        return this.#named(token)
      case 'sign':
        if (token.text === '.') return { kind: 'dot' }
        if (token.text !== '(') break
        if (++this.#depth > MAX_DEPTH) throw new LexFault(`nested deeper than ${MAX_DEPTH}`, token.at)
        return this.#parentheses()
    }
    throw new LexFault(token.text === '' ? 'a value is missing' : `unexpected '${token.text}'`, token.at)
  }

  #parentheses(): OperandHead {
    const pipeline = this.#pipeline(')', false)
    this.#depth--
    return { kind: 'pipeline', pipeline }
  }

  #named(token: Token): OperandHead {
    const { text } = token
    if (text === 'true' || text === 'false') return { kind: 'literal', value: text === 'true' }
    if (text === 'nil') return { kind: 'nil' }
    if (!this.functions.has(text)) {
      const hint = didYouMean(text, this.functions.keys())
      throw new LexFault(`unknown function '${text}'${hint === undefined ? '' : `\n${hint}`}`, token.at, text.length)
    }
    return { kind: 'function', name: text }
  }

  #variable(token: Token): number {
    const slot = this.#variables.lastIndexOf(token.text)
    if (slot < 0) throw new LexFault(`undefined variable '${token.text}'`, token.at, token.text.length)
    return slot
  }

  #string(expected: string): string {
    const token = this.#take()
    if (token.kind === 'literal' && typeof token.value === 'string') return token.value
    throw new LexFault(`expected ${expected}`, token.at)
  }

  #close<T>(result: T): T {
    const token = this.#take()
    if (token.kind !== 'close') throw new LexFault(`unexpected '${token.text}'`, token.at)
    return result
  }

  /** The next token that is no space. */
  #peek(): Token {
    let at = this.#next
    while (this.#tokens[at].kind === 'space') at++
    return this.#tokens[at]
  }

  #take(): Token {
    while (this.#tokens[this.#next].kind === 'space') this.#next++
    const token = this.#tokens[this.#next]
    if (token.kind !== 'end') this.#next++
    return token
  }
}
