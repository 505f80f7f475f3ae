// Where a stage reads: the line, or a field that another stage extracted.

import { Problem } from '../diag/problem.js'
import { Pattern } from '../regex/pattern.js'
import type { LogEntry } from './entry.js'
import { textOf } from './text.js'

/** The option of stages that read the line if nothing else is said. */
export const SOURCE = {
  type: 'string', help: 'field to read, instead of the line', since: '0.1.0', value: 'FIELD',
} as const

/** The option of stages that drop. */
export const DROP_REASON = {
  type: 'string', help: 'the word under which drops are counted', since: '0.1.0', value: 'WORD',
} as const

/** The text that a stage reads; undefined where there is none. */
export function readSource(entry: LogEntry, source: string | undefined): string | undefined {
  return source === undefined ? entry.line : textOf(entry.get(source))
}

/** An empty name is none where the option may be left out, and an error where it may not be empty. */
export function namedSource(source: string | undefined): string | undefined {
  if (source === '') throw new Problem('empty source', { expected: 'the name of a field' })
  return source
}

/** Targets and their sources: a target without a source is its own. Any text is a name, but not what was no UTF-8. */
export function labelSources(values: ReadonlyMap<string, string>): readonly (readonly [string, string])[] {
  return [...values].map(([name, source]) => {
    if (name === '' || name.includes('\ufffd')) {
      throw new Problem(`invalid label name: ${name}`, { expected: 'a text in UTF-8' })
    }
    return [name, source === '' ? name : source]
  })
}

/**
 * An RE2 expression that matches anywhere; what is wrong with it is told in the words of Go, behind those of the
 * stage.
 */
export function searching(expression: string, told: string): Pattern {
  try {
    return Pattern.search(expression)
  } catch (error) {
    if (!(error instanceof Problem) || !(error.cause instanceof Error)) throw error
    throw new Problem(`${told}: ${error.cause.message}`, { place: error.place, cause: error })
  }
}
