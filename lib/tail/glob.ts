// File patterns over whole paths: *, ?, [a-z], {a,b} and **, as shells and doublestar have them.

import picomatch from 'picomatch'
import { Problem } from '../diag/problem.js'

const OPTIONS = { nonegate: true, noextglob: true } as const
const MAX_PATTERN = 4096

export interface Glob {
  readonly text: string
  /** The folder in which the search begins, with a slash at its end; '' for the current one. */
  readonly base: string
  /** Whether a path below `base` is meant. */
  matches(below: string): boolean
  /** Whether files below this folder, itself below `base`, may be meant. */
  enters(below: string): boolean
}

/** Throws a Problem. */
export function globOf(text: string): Glob {
  check(text)
  const parts = text.split('/')
  const wild = parts.findIndex((part) => /[*?[\]{}()\\]/.test(part))
  const split = wild < 0 ? parts.length - 1 : wild
  const rest = parts.slice(split)
  const base = parts.slice(0, split).map((part) => `${part}/`).join('')
  if (wild < 0) return { text, base, matches: (below) => below === rest[0], enters: () => false }
  const deep = rest.findIndex((part) => part.includes('**'))
  // Alternatives with a slash have no parts that could be compared one by one.
  const slashed = /\{[^}]*\//.test(rest.join('/'))
  const known = slashed ? 0 : deep < 0 ? rest.length - 1 : deep
  const folders = rest.slice(0, known).map((_, i) => picomatch(rest.slice(0, i + 1).join('/'), OPTIONS))
  const leads = (names: readonly string[]) => names.length === 0 || folders[names.length - 1](names.join('/'))
  return {
    text,
    base,
    matches: picomatch(rest.join('/'), OPTIONS),
    enters: (below) => {
      const names = below.split('/')
      if (names.length <= known) return leads(names)
      return (slashed || deep >= 0) && leads(names.slice(0, known))
    },
  }
}

/** Whether a path is left out by a pattern: of the whole path, or of the name alone where the pattern has no slash. */
export function exclusion(text: string): (path: string) => boolean {
  check(text)
  const matches = picomatch(text, { ...OPTIONS, dot: true })
  return text.includes('/') ? matches : (path) => matches(path.slice(path.lastIndexOf('/') + 1))
}

function check(text: string): void {
  if (text === '' || text.endsWith('/') || text.length > MAX_PATTERN || text.includes('\0')) {
    throw new Problem(`'${text.slice(0, 80)}' is no pattern of files`, { expected: "a path such as /var/log/**/*.log" })
  }
}
