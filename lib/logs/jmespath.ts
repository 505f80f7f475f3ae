// JMESPath expressions. Those that are keys and dots alone are followed here, which takes a tenth of the time.

import { Problem } from '../diag/problem.js'
import type { Json } from '../record/json.js'

/** The value for an object: null where there is none, undefined where the expression has no value for it. */
export type Search = (object: Json) => Json | undefined

const PATH = /^[a-zA-Z_][a-zA-Z0-9_]*(?:\.[a-zA-Z_][a-zA-Z0-9_]*)*$/

/** Throws a Problem for what is no expression. */
export async function jmesPath(expression: string): Promise<Search> {
  if (PATH.test(expression)) return follow(expression.split('.'))
  const { compile, TreeInterpreter } = await import('@jmespath-community/jmespath')
  try {
    const tree = compile(expression)
    return (object) => {
      try {
        return TreeInterpreter.search(tree, object as never) as Json
      } catch {
        return undefined
      }
    }
  } catch (error) {
    const unknown = unknownCharacter(expression)
    const message = unknown === undefined ? (error as Error).message : `SyntaxError: Unknown char: ${unknown}`
    const place = { file: 'expression', line: 1, column: 1, length: expression.length, source: expression }
    throw new Problem(`could not compile JMES expression: ${message}`, { place, cause: error })
  }
}

/**
 * What the field's own messages begin with: the first character that is no part of any expression, quoted as Go does.
 */
function unknownCharacter(expression: string): string | undefined {
  const outside = expression.replace(/(["'`])(?:\\.|(?!\1)[^\\])*\1/gs, (quoted) => ' '.repeat(quoted.length))
  const found = /[^\w\s.*,:{}[\]()@"'`|<>!=&?-]/u.exec(outside)?.[0]
  if (found === undefined) return undefined
  if (found === '\\') return String.raw`'\\'`
  const code = found.codePointAt(0)!
  if (code >= 0x20 && code < 0x7f) return `'${found}'`
  return code > 0xffff ? `'\\U${code.toString(16).padStart(8, '0')}'` : `'\\u${code.toString(16).padStart(4, '0')}'`
}

function follow(keys: readonly string[]): Search {
  return (object) => {
    let at: Json = object
    for (const key of keys) {
      if (typeof at !== 'object' || at === null || Array.isArray(at) || !Object.hasOwn(at, key)) return null
      at = (at as { readonly [key: string]: Json })[key]
    }
    return at
  }
}
