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
    const { message } = error as Error
    const place = { file: 'expression', line: 1, column: 1, length: expression.length, source: expression }
    throw new Problem(`could not compile JMES expression: ${message}`, { place, cause: error })
  }
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
