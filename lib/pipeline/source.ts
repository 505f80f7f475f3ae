// A text that messages point into: by itself, or as a part of a file.

import { type Place, Problem } from '../diag/problem.js'

export interface Source {
  /** The file, or the option that holds the text. */
  readonly name: string
  readonly text: string
  /** The text that it is a part of, and where each of its units stands there; itself if absent. */
  readonly origin?: { readonly text: string; offset(at: number): number }
  /** Whether `${…}` is an expression, outside of single quotes. */
  readonly expressions?: boolean
}

/** Line and column from 1, length in UTF-16 units. */
type Spot = Required<Pick<Place, 'line' | 'column' | 'length'>>

/** A problem at a word of the text. */
export function problemAt(source: Source, at: Spot, problem: Problem): Problem {
  const { line, column, length } = at
  const place = { file: source.name, line, column, length, source: lineOf(source.origin?.text ?? source.text, line) }
  const { exit, expected, hint, cause } = problem
  return new Problem(problem.message, { exit, expected, hint, cause, place })
}

/** The place of `length` units of a source's text. What spans lines is shown to the end of the first one. */
export function placeIn(source: Source, at: number, length: number): Required<Place> {
  const { text, offset } = source.origin ?? { text: source.text, offset: (same: number) => same }
  const start = offset(at)
  const end = length <= 1 ? start + 1 : offset(at + length - 1) + 1
  return placeOf(source.name, text, start, end)
}

/** The place of the units from `start` to `end` of a file's text. */
export function placeOf(file: string, text: string, start: number, end: number): Required<Place> {
  const before = text.lastIndexOf('\n', start - 1) + 1
  const line = text.slice(0, before).split('\n').length
  const source = lineOf(text, line)
  const length = Math.max(1, Math.min(end, before + source.length) - start)
  return { file, line, column: start - before + 1, length, source }
}

function lineOf(text: string, line: number): string {
  return text.split('\n')[line - 1].replace(/\r$/, '')
}
