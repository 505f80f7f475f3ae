// Calls of functions and methods: the overloads that fit are found before there is a value.

import { didYouMean, Problem } from '../diag/problem.js'
import { Pattern } from '../regex/pattern.js'
import type { Compiler } from './compile.js'
import { FUNCTIONS } from './function.js'
import { fail, invocation } from './operation.js'
import type { Frame, Part } from './part.js'
import type { Node } from './syntax.js'
import { typeOf, union } from './type.js'
import { kindOf, type Value } from './value.js'

/** Functions that have a value for every argument of their types. */
const INFALLIBLE = new Set(['startsWith', 'endsWith', 'contains', 'size', 'type', 'lowerAscii', 'upperAscii', 'trim'])

/** @param receiver null for `name(…)`, else that of `receiver.name(…)` */
export function compileCall<S>(
  compiler: Compiler<S>, node: Node, name: string, receiver: Node | null, args: readonly Node[],
): Part<S> {
  const nodes = receiver === null ? args : [receiver, ...args]
  const parts = nodes.map((each) => compiler.compile(each))
  const own = receiver === null ? compiler.surroundings.functions?.get(name) : undefined
  if (own !== undefined) return ownFunction(compiler, node, name, own, parts)
  const overloads = FUNCTIONS.get(name)
  if (overloads === undefined) {
    return compiler.fault(node, `unknown function '${name}'`, { hint: didYouMean(name, FUNCTIONS.keys()) })
  }
  const form = receiver === null ? 'function' : 'method'
  const candidates = overloads.filter(
    ({ call, takes }) => (call === 'both' || call === form) && takes.length === parts.length,
  )
  const possible = candidates.filter(({ takes }) =>
    takes.every((kind, i) => kind === 'dyn' || parts[i].type.kind === 'dyn' || parts[i].type.kind === kind),
  )
  if (possible.length === 0) {
    const found = signature(name, receiver !== null, parts.map((part) => part.type.kind))
    const expected = overloads.map((each) => signature(name, each.call === 'method', each.takes)).join(', ')
    const at = compiler.fault(node, `no such overload: ${found}`, { expected })
    if (candidates.length === 0 || compiler.surroundings.check) return at
  }
  const known = parts.every(({ type }) => type.kind !== 'dyn')
  const constantPattern = name === 'matches' && typeof parts[1]?.constant === 'string'
  if (!known || !(constantPattern || INFALLIBLE.has(name))) compiler.fallible = true
  if (constantPattern) return matches(compiler, nodes[1], parts[0], parts[1].constant as string)
  return { type: union(possible.map(({ gives }) => typeOf(gives))), run: invocation(name, candidates, parts) }
}

function ownFunction<S>(
  compiler: Compiler<S>, node: Node, name: string, own: (text: string) => Value, parts: readonly Part<S>[],
): Part<S> {
  const [part] = parts
  if (parts.length !== 1 || (part.type.kind !== 'string' && part.type.kind !== 'dyn')) {
    const found = signature(name, false, parts.map(({ type }) => type.kind))
    return compiler.fault(node, `no such overload: ${found}`, { expected: signature(name, false, ['string']) })
  }
  compiler.fallible = true
  const run = (frame: Frame<S>) => {
    const value = part.run(frame)
    return typeof value === 'string' ? own(value) : fail(`no such overload: ${name}(${kindOf(value)})`)
  }
  return { type: typeOf('string'), run }
}

/** A pattern that does not change is compiled once, and refused before there is a record. */
function matches<S>(compiler: Compiler<S>, node: Node, text: Part<S>, source: string): Part<S> {
  let pattern: Pattern
  try {
    pattern = Pattern.search(source)
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    const start = node.start + Math.max(0, compiler.text.slice(node.start, node.end).indexOf(source))
    const inside = { ...node, pos: start + (error.place?.column ?? 1) - 1, end: 0 }
    inside.end = inside.pos + (error.place?.length ?? 1)
    return compiler.fault(inside, error.message)
  }
  return {
    type: typeOf('bool'),
    run: (frame) => {
      const value = text.run(frame)
      if (typeof value === 'string') return pattern.test(value)
      return value === null ? false : fail(`no such overload: ${kindOf(value)}.matches(string)`)
    },
  }
}

function signature(name: string, method: boolean, kinds: readonly string[]): string {
  return method ? `${kinds[0]}.${name}(${kinds.slice(1).join(', ')})` : `${name}(${kinds.join(', ')})`
}
