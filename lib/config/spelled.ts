// Words and values of a pipeline file with their expressions filled in; each still knows where it was written.

import { collect, type Place, Problem, problemsOf, Problems } from '../diag/problem.js'
import { kindOf, Uint, type Value } from '../expr/value.js'
import { placeIn, type Source } from '../pipeline/source.js'
import type { Text } from '../pipeline/text.js'
import { expressionEnd, type Word } from '../pipeline/words.js'
import { evaluate, type Scope } from './evaluate.js'
import { isMarked, type Secrets } from './secrets.js'

/** A word as a command gets it. */
export interface Spelled {
  readonly text: Text
  readonly place: Place
  /** Whether a shell would look for files of this name. */
  readonly pattern: boolean
  /** The place of `length` units of the text, from `from`. */
  part(from: number, length: number): Place
}

/** A word that nobody wrote as such, e.g. the flag of a key in a map. */
export function madeUp(text: Text, place: Place): Spelled {
  return { text, place, pattern: false, part: () => place }
}

/** The word from its unit `from` on, behind other text: `--every=` before `15s`. */
export function behind(lead: Text, word: Spelled, whole: Text): Spelled {
  const { length } = lead.toString()
  return { ...word, text: whole, part: (from, size) => word.part(Math.max(0, from - length), size) }
}

/** A text with expressions, filled in: what it says (with marks), and where each unit of it was written. */
interface Filled {
  /** The value where the text is nothing but one expression. */
  readonly value?: Value
  readonly marked: string
  readonly spans: readonly Span[]
}

/** Where something begins and ends in its source. */
type Span = readonly [number, number]

type Piece =
  { readonly text: string; readonly spans: readonly Span[] } | { readonly code: string; readonly offset: number }

/** Fills in a scalar of a map or list: `${…}` anywhere in it; `$${` is `${`. Throws Problems. */
export function fillScalar(source: Source, scope: Scope): Promise<Filled> {
  const { text } = source
  const pieces: Piece[] = []
  const plain = (from: number, to: number) => {
    if (to > from)
      pieces.push({ text: text.slice(from, to), spans: Array.from({ length: to - from }, (_, i) => unit(from + i)) })
  }
  let from = 0
  for (let at = text.indexOf('${'); at >= 0; at = text.indexOf('${', from)) {
    if (text[at - 1] === '$' && at > from) {
      plain(from, at - 1)
      plain(at, at + 2)
      from = at + 2
      continue
    }
    plain(from, at)
    const end = expressionEnd(text, at + 2)
    if (end < 0) {
      const place = placeIn(source, at, 2)
      throw new Problem('${ is not closed', { place, hint: 'an expression ends with }; $${ is text' })
    }
    pieces.push({ code: text.slice(at + 2, end), offset: at + 2 })
    from = end + 1
  }
  plain(from, text.length)
  return fill(source, pieces, scope)
}

/** Fills in a word of a pipe: several where it is nothing but an expression that gives a list. Throws Problems. */
export async function fillWord(source: Source, word: Word, scope: Scope, secrets: Secrets): Promise<Spelled[]> {
  const { line, column, length, pattern, offsets, text } = word
  const place: Place = { ...placeIn(source, offsets[0] ?? 0, 1), line, column, length }
  const pieces: Piece[] = []
  const spans = offsets.map(unit)
  let from = 0
  for (const { code, offset, from: start, to } of word.expressions) {
    if (start > from) pieces.push({ text: text.slice(from, start), spans: spans.slice(from, start) })
    pieces.push({ code, offset })
    from = to
  }
  if (from < text.length || pieces.length === 0) pieces.push({ text: text.slice(from), spans: spans.slice(from) })
  const filled = await fill(source, pieces, scope)
  const spell = (one: Filled): Spelled => ({ ...spelledAt(source, one, secrets, place), pattern })
  if (!Array.isArray(filled.value)) return [spell(filled)]
  return filled.value.map((value: Value) => spell({ marked: textOf(value), spans: [] }))
}

/** What was filled in, as a word. */
export function spelledAt(source: Source, { marked, spans }: Filled, secrets: Secrets, place: Place): Spelled {
  // In a text with secrets no part has a place of its own.
  const exact = !isMarked(marked) && spans.length === marked.length
  const part = (from: number, length: number) => {
    if (!exact || from >= spans.length) return place
    const [start] = spans[from]
    const [, end] = spans[Math.min(from + Math.max(1, length), spans.length) - 1]
    return placeIn(source, start, end - start)
  }
  return { text: secrets.text(marked), place, pattern: false, part }
}

async function fill(source: Source, pieces: readonly Piece[], scope: Scope): Promise<Filled> {
  const problems: Problem[] = []
  const values: Value[] = []
  for (const piece of pieces) {
    const value = await collect(problems, () => ('code' in piece ? evaluateIn(source, piece, scope) : piece.text))
    if (value !== undefined) values.push(value)
  }
  // Of what is missing for a reason that was told there are no problems.
  if (values.length < pieces.length) throw new Problems(problems)
  const [first] = pieces
  const [value] = values
  if (pieces.length === 1 && 'code' in first && Array.isArray(value)) return { value, marked: '', spans: [] }
  let marked = ''
  const spans: Span[] = []
  for (const [i, piece] of pieces.entries()) {
    const text = await collect(problems, () => textIn(source, piece, values[i]))
    marked += text ?? ''
    spans.push(...('code' in piece ? Array<Span>(text?.length ?? 0).fill(wholeOf(piece)) : piece.spans))
  }
  if (problems.length > 0) throw new Problems(problems)
  return { ...(pieces.length === 1 && 'code' in first && { value }), marked, spans }
}

const unit = (at: number): Span => [at, at + 1]

/** An expression with its braces. */
function wholeOf({ code, offset }: { code: string; offset: number }): Span {
  return [offset - 2, offset + code.length + 1]
}

function textIn(source: Source, piece: Piece, value: Value): string {
  try {
    return textOf(value)
  } catch (error) {
    if (!(error instanceof Problem) || !('code' in piece)) throw error
    const { message, expected, hint } = error
    throw new Problem(message, { expected, hint, place: placeIn(source, piece.offset, piece.code.length) })
  }
}

async function evaluateIn(
  source: Source,
  { code, offset }: { code: string; offset: number },
  scope: Scope,
): Promise<Value> {
  try {
    return await evaluate(code, scope)
  } catch (error) {
    throw new Problems(problemsOf(error).map((problem) => relocated(problem, source, offset, code)))
  }
}

/** A problem of an expression, in the file. */
function relocated({ message, expected, hint, place }: Problem, source: Source, offset: number, code: string): Problem {
  const { line = 1, column = 1, length = code.length } = place ?? {}
  const lines = code.split('\n').slice(0, line - 1)
  const at = lines.reduce((sum, text) => sum + text.length + 1, 0) + column - 1
  return new Problem(message, { expected, hint, place: placeIn(source, offset + at, length) })
}

/** The text of a value in a word. Throws a Problem where it has none. */
export function textOf(value: Value): string {
  if (typeof value === 'string') return value
  if (typeof value === 'bigint' || typeof value === 'number' || typeof value === 'boolean') return String(value)
  if (value instanceof Uint) return String(value.value)
  if (value === null) throw new Problem('it has no value', { hint: 'give the argument a default, or choose with ?:' })
  throw new Problem(`a ${kindOf(value)} is no text`, { expected: 'a text, a number, true or false' })
}
