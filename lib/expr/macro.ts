// Macros: all, exists, exists_one, map and filter over lists and the keys of maps, and cel.bind.

import type { Compiler } from './compile.js'
import type { Frame, Part } from './part.js'
import type { Node } from './syntax.js'
import { DYN, type Type, typeOf } from './type.js'
import { EvaluationError, isMap, kindOf, type Value } from './value.js'

type Call = Node & { readonly op: 'rcall' }
type Predicate<S> = (frame: Frame<S>) => boolean

/** The part of a call that is a macro; undefined if it is none. */
export function compileMacro<S>(compiler: Compiler<S>, node: Call): Part<S> | undefined {
  const [name, receiver, args] = node.args
  if (name === 'bind' && receiver.op === 'id' && receiver.args === 'cel') return bind(compiler, node)
  switch (`${name}/${args.length}`) {
    case 'all/2':
      return quantifier(compiler, node, false)
    case 'exists/2':
      return quantifier(compiler, node, true)
    case 'exists_one/2':
    case 'existsOne/2':
      return one(compiler, node)
    case 'filter/2':
      return filter(compiler, node)
    case 'map/2':
    case 'map/3':
      return map(compiler, node)
    default:
      return undefined
  }
}

interface Range<S> {
  items(frame: Frame<S>): readonly Value[]
  /** The type of the items. */
  of: Type
}

/** What a macro goes through: the elements of a list, the keys of a map, nothing where there is null. */
function rangeOf<S>(compiler: Compiler<S>, node: Node): Range<S> {
  const { type, run } = compiler.compile(node)
  if (type.kind !== 'list' && type.kind !== 'map') compiler.fallible = true
  const fits = ['list', 'map', 'dyn', 'null_type'].includes(type.kind)
  if (!fits) compiler.fault(node, `expected list or map, found ${type.kind}`)
  return {
    of: type.kind === 'list' ? (type.of ?? DYN) : DYN,
    items: (frame) => {
      const value = run(frame)
      if (value === null) return []
      if (Array.isArray(value)) return value
      if (isMap(value)) return value.keys()
      throw new EvaluationError(`expected list or map, found ${kindOf(value)}`)
    },
  }
}

function withItem<S, T>(compiler: Compiler<S>, node: Call, work: (range: Range<S>, slot: number) => T): T {
  const [, receiver, args] = node.args
  const [variable] = args
  const range = rangeOf(compiler, receiver)
  if (variable.op !== 'id') compiler.fault(variable, 'expected the name of a variable')
  return compiler.withLocal(variable.op === 'id' ? variable.args : '', range.of, (slot) => work(range, slot))
}

/** As `||` and `&&` over all items: one that decides hides the errors of others. */
function quantifier<S>(compiler: Compiler<S>, node: Call, decider: boolean): Part<S> {
  return withItem(compiler, node, ({ items }, slot) => {
    const test = compiler.condition(node.args[2][1])
    const run = (frame: Frame<S>): boolean => {
      let failure: EvaluationError | null = null
      for (const item of items(frame)) {
        frame.locals[slot] = item
        try {
          if (test(frame) === decider) return decider
        } catch (error) {
          if (!(error instanceof EvaluationError)) throw error
          failure ??= error
        }
      }
      if (failure !== null) throw failure
      return !decider
    }
    return { type: typeOf('bool'), run }
  })
}

function selected<S>(items: readonly Value[], slot: number, test: Predicate<S>, frame: Frame<S>): Value[] {
  return items.filter((item) => {
    frame.locals[slot] = item
    return test(frame)
  })
}

function one<S>(compiler: Compiler<S>, node: Call): Part<S> {
  return withItem(compiler, node, ({ items }, slot) => {
    const test = compiler.condition(node.args[2][1])
    return { type: typeOf('bool'), run: (frame) => selected(items(frame), slot, test, frame).length === 1 }
  })
}

function filter<S>(compiler: Compiler<S>, node: Call): Part<S> {
  return withItem(compiler, node, ({ items, of }, slot) => {
    const test = compiler.condition(node.args[2][1])
    return { type: { kind: 'list', of }, run: (frame) => selected(items(frame), slot, test, frame) }
  })
}

function map<S>(compiler: Compiler<S>, node: Call): Part<S> {
  const args = node.args[2]
  return withItem(compiler, node, ({ items }, slot) => {
    const test = args.length === 3 ? compiler.condition(args[1]) : undefined
    const { type, run } = compiler.compile(args[args.length - 1])
    const all = (frame: Frame<S>): Value[] => {
      const out: Value[] = []
      for (const item of items(frame)) {
        frame.locals[slot] = item
        if (test === undefined || test(frame)) out.push(run(frame))
      }
      return out
    }
    return { type: { kind: 'list', of: type }, run: all }
  })
}

/** `cel.bind(x, value, expression)`. */
function bind<S>(compiler: Compiler<S>, node: Call): Part<S> {
  const [variable, value, inner] = node.args[2]
  if (node.args[2].length !== 3 || variable.op !== 'id') {
    return compiler.fault(node, 'bind takes a name and two expressions', { expected: 'cel.bind(x, value, expression)' })
  }
  const bound = compiler.compile(value)
  return compiler.withLocal(variable.args, bound.type, (slot) => {
    const { type, run } = compiler.compile(inner)
    return {
      type,
      run: (frame) => {
        frame.locals[slot] = bound.run(frame)
        return run(frame)
      },
    }
  })
}
