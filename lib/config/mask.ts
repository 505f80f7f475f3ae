// Lines of a file as messages may show them: without secrets that somebody wrote into it.

import { nearest, type Place, Problem } from '../diag/problem.js'

/** `--name value`, `--name=value`, `name: value` and `secret("value")`, as far as what stands before the value. */
const NAMED = /--([a-z0-9-]+)(?:=|\s+)|["']?([a-z0-9_]+)["']?\s*:\s+|secret\(\s*(?=["'])/gi
const VALUE = /"(?:[^"\\]|\\.)*"?|'[^']*'?|\{[^}]*|\[[^\]]*|[^\s,}\]|]+/y

/**
 * Hides what follows the name of a secret option, or a name that is nearly one.
 * @param secrets keys of options that are declared secret
 */
export function maskSecrets(problem: Problem, secrets: ReadonlySet<string>): Problem {
  const { place, message, exit, expected, hint, cause } = problem
  if (place?.source === undefined) return problem
  const source = maskLine(place.source, secrets)
  return source === place.source
    ? problem
    : new Problem(message, { exit, expected, hint, cause, place: { ...place, source } satisfies Place })
}

/** Characters of values become stars: columns stay what they are. */
function maskLine(line: string, secrets: ReadonlySet<string>): string {
  let masked = line
  for (const match of line.matchAll(NAMED)) {
    const name = (match[1] ?? match[2])?.replaceAll('-', '_')
    if (name !== undefined && !secrets.has(name) && nearest(name, secrets) === undefined) continue
    VALUE.lastIndex = match.index + match[0].length
    const value = VALUE.exec(line)?.[0] ?? ''
    if (/^["']?(?:file:|env:|\$\{)/.test(value)) continue
    masked = masked.slice(0, VALUE.lastIndex - value.length) + '*'.repeat(value.length) + masked.slice(VALUE.lastIndex)
  }
  return masked
}
