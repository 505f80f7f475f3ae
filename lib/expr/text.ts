// Text functions of CEL's strings extension. Offsets count code points.

import type { Overload } from './function.js'
import { EvaluationError, type Kind, type Value } from './value.js'

type Texts = readonly Value[]

function method(takes: readonly Kind[], gives: Kind, run: (...args: never[]) => Value): Overload {
  return { takes, gives, call: 'method', run }
}

export function textFunctions(): [string, Overload][] {
  return [
    ['lowerAscii', method(['string'], 'string', (text: string) => text.replace(/[A-Z]+/g, (part) => part.toLowerCase()))],
    ['upperAscii', method(['string'], 'string', (text: string) => text.replace(/[a-z]+/g, (part) => part.toUpperCase()))],
    ['trim', method(['string'], 'string', trim)],
    ['charAt', method(['string', 'int'], 'string', charAt)],
    ['indexOf', method(['string', 'string'], 'int', (text: string, part: string) => indexOf(text, part, 0n))],
    ['indexOf', method(['string', 'string', 'int'], 'int', indexOf)],
    ['lastIndexOf', method(['string', 'string'], 'int', (text: string, part: string) => lastIndexOf(text, part))],
    ['lastIndexOf', method(['string', 'string', 'int'], 'int', lastIndexOf)],
    ['substring', method(['string', 'int'], 'string', (text: string, from: bigint) => substring(text, from))],
    ['substring', method(['string', 'int', 'int'], 'string', substring)],
    ['replace', method(['string', 'string', 'string'], 'string', (t: string, a: string, b: string) => replace(t, a, b, -1n))],
    ['replace', method(['string', 'string', 'string', 'int'], 'string', replace)],
    ['split', method(['string', 'string'], 'list', (text: string, by: string) => split(text, by, -1n))],
    ['split', method(['string', 'string', 'int'], 'list', split)],
    ['join', method(['list'], 'string', (list: Texts) => join(list, ''))],
    ['join', method(['list', 'string'], 'string', join)],
  ]
}

/** Unicode's White_Space property, which differs from JavaScript's trim() in U+0085 and U+FEFF. */
function trim(text: string): string {
  return text.replace(/^\p{White_Space}+/u, '').replace(/(?<!\p{White_Space})\p{White_Space}+$/u, '')
}

function offset(at: bigint, length: number): number {
  if (at < 0n || at > BigInt(length)) throw new EvaluationError(`index out of range: ${at}`)
  return Number(at)
}

function charAt(text: string, at: bigint): string {
  const letters = Array.from(text)
  return letters[offset(at, letters.length)] ?? ''
}

function substring(text: string, from: bigint, to?: bigint): string {
  const letters = Array.from(text)
  const start = offset(from, letters.length)
  const end = to === undefined ? letters.length : offset(to, letters.length)
  if (start > end) throw new EvaluationError(`invalid substring range: ${from} to ${to}`)
  return letters.slice(start, end).join('')
}

function indexOf(text: string, part: string, from: bigint): bigint {
  const letters = Array.from(text)
  const units = letters.slice(0, offset(from, letters.length)).join('').length
  return countTo(text, text.indexOf(part, units))
}

function lastIndexOf(text: string, part: string, from?: bigint): bigint {
  if (from === undefined) return countTo(text, text.lastIndexOf(part))
  const letters = Array.from(text)
  const units = letters.slice(0, offset(from, letters.length)).join('').length
  return countTo(text, text.lastIndexOf(part, units))
}

/** Code points before a UTF-16 offset; -1 stays. */
function countTo(text: string, units: number): bigint {
  return units < 0 ? -1n : BigInt(Array.from(text.slice(0, units)).length)
}

/** At most `limit` replacements, all if it is negative. */
function replace(text: string, from: string, to: string, limit: bigint): string {
  let out = ''
  let at = 0
  for (let left = limit; left !== 0n; left--) {
    // An empty text stands before every letter and at the end.
    const found = text.indexOf(from, at)
    if (found < 0) break
    out += text.slice(at, found) + to
    at = found + from.length
    if (from === '') {
      if (at >= text.length) break
      const letter = String.fromCodePoint(text.codePointAt(at)!)
      out += letter
      at += letter.length
    }
  }
  return out + text.slice(at)
}

/** At most `limit` parts, the rest being in the last; all if it is negative. */
function split(text: string, by: string, limit: bigint): string[] {
  if (limit === 0n) return []
  const parts = by === '' ? Array.from(text) : text.split(by)
  if (limit < 0n || parts.length <= Number(limit)) return parts
  const head = parts.slice(0, Number(limit) - 1)
  return [...head, parts.slice(head.length).join(by)]
}

function join(list: Texts, by: string): string {
  return list
    .map((item) => {
      if (typeof item !== 'string') throw new EvaluationError('join: expected a list of texts')
      return item
    })
    .join(by)
}
