// Text of an expression to a syntax tree, by the CEL library's parser; its complaints as problems with a place.

import { type Place, Problem } from '../diag/problem.js'

/** Where a node stands: UTF-16 offsets in the text. `pos` is what an error points at. */
interface Located {
  readonly pos: number
  readonly start: number
  readonly end: number
}

export type BinaryOp = '==' | '!=' | '<' | '<=' | '>' | '>=' | 'in' | '+' | '-' | '*' | '/' | '%'

/** What the parser of @marcbachmann/cel-js gives; macros are calls here. */
export type Node = Located &
  (
    | { readonly op: 'value'; readonly args: Literal }
    | { readonly op: 'id'; readonly args: string }
    | { readonly op: '.'; readonly args: readonly [Node, string] }
    | { readonly op: '[]'; readonly args: readonly [Node, Node] }
    | { readonly op: 'call'; readonly args: readonly [string, readonly Node[]] }
    | { readonly op: 'rcall'; readonly args: readonly [string, Node, readonly Node[]] }
    | { readonly op: 'list'; readonly args: readonly Node[] }
    | { readonly op: 'map'; readonly args: readonly (readonly [Node, Node])[] }
    | { readonly op: '?:'; readonly args: readonly [Node, Node, Node] }
    | { readonly op: '||' | '&&'; readonly args: readonly [Node, Node] }
    | { readonly op: '!_' | '-_'; readonly args: Node }
    | { readonly op: BinaryOp; readonly args: readonly [Node, Node] }
  )

/** A uint is the library's object with a bigint `value`. */
export type Literal = null | boolean | bigint | number | string | Uint8Array | { readonly value: bigint }

export interface SyntaxLimits {
  /** UTF-16 units of the text. */
  maxLength: number
  /** Levels of nesting. */
  maxDepth: number
}

/** The place of an offset in an expression, with its line for the excerpt. */
export function placeIn(text: string, start: number, end: number): Place {
  const before = text.lastIndexOf('\n', start - 1) + 1
  const after = text.indexOf('\n', before)
  const source = text.slice(before, after < 0 ? undefined : after)
  const line = text.slice(0, before).split('\n').length
  const length = Math.max(1, Math.min(end, before + source.length) - start)
  return { file: 'expression', line, column: start - before + 1, length, source }
}

/** Parses an expression. Throws a Problem. */
export async function parseExpression(text: string, limits: SyntaxLimits): Promise<Node> {
  if (text.trim() === '') throw new Problem('the expression is empty', { expected: "a CEL expression such as labels.job == 'api'" })
  if (text.length > limits.maxLength) {
    throw new Problem(`expression longer than ${limits.maxLength} characters (max_expression_length)`)
  }
  const { Environment, ParseError } = await import('@marcbachmann/cel-js')
  const environment = new Environment({
    unlistedVariablesAreDyn: true,
    limits: { maxAstNodes: limits.maxLength, maxDepth: limits.maxDepth, maxListElements: limits.maxLength },
  })
  try {
    return environment.parse(text).ast as unknown as Node
  } catch (error) {
    if (error instanceof RangeError) throw new Problem(`expression nested deeper than ${limits.maxDepth} levels (max_expression_depth)`)
    if (!(error instanceof ParseError)) throw error
    const { summary, range, code } = error as unknown as Complaint
    const message = code === 'limit_exceeded' ? `expression nested deeper than ${limits.maxDepth} levels (max_expression_depth)` : plain(summary)
    const hint = message === 'unexpected character: =' ? '== compares' : undefined
    throw new Problem(message, { hint, place: placeIn(text, range?.start ?? 0, range?.end ?? 0) })
  }
}

interface Complaint {
  summary: string
  code: string
  range?: { start: number; end: number }
}

const TOKENS: { readonly [name: string]: string } = {
  EOF: 'the end', NUMBER: 'a number', STRING: 'a text', BOOLEAN: 'true or false', NULL: 'null', IDENTIFIER: 'a name', PLUS: "'+'",
  MINUS: "'-'", MULTIPLY: "'*'", DIVIDE: "'/'", MODULO: "'%'", EQ: "'=='", NE: "'!='", LT: "'<'", LE: "'<='", GT: "'>'",
  GE: "'>='", AND: "'&&'", OR: "'||'", NOT: "'!'", IN: "'in'", LPAREN: "'('", RPAREN: "')'", LBRACKET: "'['", RBRACKET: "']'",
  LBRACE: "'{'", RBRACE: "'}'", DOT: "'.'", COMMA: "','", COLON: "':'", QUESTION: "'?'", BYTES: 'bytes',
}

/** The parser's words in ours: `Expected RPAREN, got EOF` is `expected ')', got the end`. */
function plain(summary: string): string {
  const text = summary.replace(/\b[A-Z]{2,}\b/g, (word) => (Object.hasOwn(TOKENS, word) ? TOKENS[word] : word))
  if (text === 'Unexpected token: the end') return 'the expression ends too early'
  return text[0].toLowerCase() + text.slice(1)
}
