// A template's texts and actions, as tokens.

import { unquote } from '../quote.js'
import { parseInt64 } from './value.js'

export type Token = { readonly at: number; readonly end: number } & (
  | { readonly kind: 'text' | 'name' | 'field' | 'variable' | 'sign'; readonly text: string }
  | { readonly kind: 'literal'; readonly text: string; readonly value: string | bigint | number }
  | { readonly kind: 'open' | 'close' | 'space' | 'end'; readonly text: '' }
)

/** What is wrong, and where. */
export class LexFault extends Error {
  constructor(message: string, readonly at: number, readonly length = 1) {
    super(message)
  }
}

const NAME = /[\p{L}_][\p{L}\p{Nd}_]*/uy
const DECIMAL = String.raw`(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:[eE][+-]?\d+)?`
const NUMBER = new RegExp(String.raw`[+-]?(?:0[xX][0-9a-fA-F_]+|0[bB][01_]+|0[oO]?[0-7_]+(?![\d.eE])|${DECIMAL})`, 'y')
const SPACE = /[ \t\r\n]+/y
const COMMENT = /\{\{(- )?\/\*/y

/** All tokens, the last of them `end`. Throws a LexFault. */
export function tokensOf(text: string): Token[] {
  const tokens: Token[] = []
  let at = 0
  let trim = false
  for (;;) {
    const open = text.indexOf('{{', at)
    const until = open < 0 ? text.length : open
    let plain = text.slice(at, until)
    if (trim) plain = plain.replace(/^[ \t\r\n]+/, '')
    const trims = open >= 0 && /^\{\{-[ \t\r\n]/.test(text.slice(open, open + 4))
    if (trims) plain = plain.replace(/[ \t\r\n]+$/, '')
    if (plain !== '') tokens.push({ kind: 'text', text: plain, at, end: until })
    if (open < 0) break
    const comment = commentEnd(text, open)
    const ended = comment ?? action(text, open, open + (trims ? 3 : 2), tokens)
    at = ended.end
    trim = ended.trim
  }
  tokens.push({ kind: 'end', text: '', at: text.length, end: text.length })
  return tokens
}

interface Ended {
  end: number
  /** Whether the space behind goes. */
  trim: boolean
}

function commentEnd(text: string, at: number): Ended | undefined {
  COMMENT.lastIndex = at
  const start = COMMENT.exec(text)
  if (start === null) return undefined
  const close = text.indexOf('*/', at + start[0].length)
  if (close < 0) throw new LexFault('a comment without its end', at, 2)
  const rest = /^(\s-)?\}\}/.exec(text.slice(close + 2, close + 6))
  if (rest === null) throw new LexFault('a comment that does not end its action', close, 2)
  return { end: close + 2 + rest[0].length, trim: rest[1] !== undefined }
}

/** The tokens of one action, between `{{` and `}}`. */
function action(text: string, open: number, from: number, tokens: Token[]): Ended {
  tokens.push({ kind: 'open', text: '', at: open, end: from })
  for (let at = from; ; ) {
    const close = /^([ \t\r\n]-)?\}\}/.exec(text.slice(at, at + 4))
    if (close !== null) {
      const end = at + close[0].length
      tokens.push({ kind: 'close', text: '', at, end })
      return { end, trim: close[1] !== undefined }
    }
    if (at >= text.length) throw new LexFault('an action without its end }}', open, 2)
    const token = spaceAt(text, at) ?? tokenAt(text, at, tokens.at(-1)!)
    tokens.push(token)
    at = token.end
  }
}

function spaceAt(text: string, at: number): Token | undefined {
  SPACE.lastIndex = at
  const found = SPACE.exec(text)
  if (found === null) return undefined
  // The last space may belong to ` -}}`.
  const end = text.startsWith('-}}', at + found[0].length) ? at + found[0].length - 1 : at + found[0].length
  return end === at ? undefined : { kind: 'space', text: '', at, end }
}

function tokenAt(text: string, at: number, before: Token): Token {
  const c = text[at]
  const token = (kind: 'name' | 'field' | 'variable' | 'sign', word: string): Token => {
    return { kind, text: word, at, end: at + word.length }
  }
  if (c === '"' || c === '`' || c === "'") return quoted(text, at)
  if (/[0-9+-]/.test(c) || (c === '.' && /[0-9]/.test(text[at + 1] ?? ''))) return numberAt(text, at)
  if (c === '.' || c === '$') {
    const name = match(NAME, text, at + 1)
    if (c === '$') return ended(text, token('variable', c + name))
    if (name === '') return token('sign', '.')
    if (before.kind === 'literal') throw new LexFault(`a field behind '${before.text}', which has none`, at)
    return ended(text, token('field', c + name))
  }
  const name = match(NAME, text, at)
  if (name !== '') return ended(text, token('name', name))
  if (text.startsWith(':=', at)) return token('sign', ':=')
  if ('|(),='.includes(c)) return token('sign', c)
  throw new LexFault(`unexpected '${c}'`, at)
}

function match(pattern: RegExp, text: string, at: number): string {
  pattern.lastIndex = at
  return pattern.exec(text)?.[0] ?? ''
}

/** A name must not run into something else. */
function ended(text: string, token: Token): Token {
  const next = text[token.end]
  if (next === undefined || /[\s.,|:()=]/.test(next) || text.startsWith('}}', token.end)) return token
  throw new LexFault(`unexpected '${next}' behind '${token.text}'`, token.end)
}

function quoted(text: string, at: number): Token {
  const found = unquote(text, at)
  if ('fault' in found) throw new LexFault(found.fault, found.at)
  const literal = text.slice(at, found.end)
  if (text[at] !== "'") return { kind: 'literal', text: literal, value: found.text, at, end: found.end }
  if ([...found.text].length !== 1) throw new LexFault(`not one character: ${literal}`, at, literal.length)
  return { kind: 'literal', text: literal, value: BigInt(found.text.codePointAt(0)!), at, end: found.end }
}

function numberAt(text: string, at: number): Token {
  const word = match(NUMBER, text, at)
  const end = at + word.length
  const value = /^[+-]?(?:0[xXbBoO]|\d+$|\d[\d_]*$)/.test(word) && !/[.pP]/.test(word) ? parseInt64(word, 0) : floatOf(word)
  if (word === '' || value === undefined || /[\p{L}\p{Nd}_]/u.test(text[end] ?? '')) {
    const bad = /^\S+?(?=[\s|()},]|$)/.exec(text.slice(at))?.[0] ?? text[at]
    throw new LexFault(`not a number: '${bad}'`, at, bad.length)
  }
  return { kind: 'literal', text: word, value, at, end }
}

function floatOf(word: string): number | undefined {
  const value = Number(word.replaceAll('_', ''))
  return Number.isFinite(value) ? value : undefined
}
