// Operators: their operands are compiled, and whether these go together is told before there is a value.

import { arithmetic, type ArithmeticOp, negate, resultType } from './arithmetic.js'
import type { Compiler } from './compile.js'
import { comparison, decision, equality, membership } from './operation.js'
import type { Part } from './part.js'
import type { BinaryOp, Node } from './syntax.js'
import { comparable, DYN, isNumber, type Type, typeOf } from './type.js'
import { Uint, type Value } from './value.js'

export function compileBinary<S>(compiler: Compiler<S>, node: Node & { op: BinaryOp }): Part<S> {
  const left = compiler.compile(node.args[0])
  const right = compiler.compile(node.args[1])
  const overload = `no such overload: ${left.type.kind} ${node.op} ${right.type.kind}`
  const mismatch = () => void compiler.fault(node, overload, { hint: hintFor(left, right) })
  switch (node.op) {
    case '==':
    case '!=':
      if (!comparable(left.type, right.type)) mismatch()
      return { type: typeOf('bool'), run: equality(left, right, node.op === '==') }
    case '<':
    case '<=':
    case '>':
    case '>=':
      if (!ordered(left.type, right.type)) mismatch()
      if (left.type.kind === 'dyn' || right.type.kind === 'dyn') compiler.fallible = true
      return { type: typeOf('bool'), run: comparison(node.op, left, right) }
    case 'in':
      return membershipOf(compiler, node, left, right)
    default: {
      const op: ArithmeticOp = node.op
      const type = resultType(op, left.type, right.type)
      if (type === undefined) mismatch()
      compiler.fallible = true
      return { type: type ?? DYN, run: (frame) => arithmetic(op, left.run(frame), right.run(frame)) }
    }
  }
}

/**
 * All operands of a chain at once, so that a long one is no deep one. An operand that decides hides the errors of
 * others.
 */
export function compileLogical<S>(compiler: Compiler<S>, node: Node & { op: '&&' | '||' }): Part<S> {
  const operands: Node[] = []
  let rest: Node = node
  while (rest.op === node.op) {
    const [left, right] = rest.args as readonly [Node, Node]
    operands.unshift(right)
    rest = left
  }
  operands.unshift(rest)
  const runs = operands.map((operand) => compiler.condition(operand))
  return { type: typeOf('bool'), run: decision(runs, node.op === '||') }
}

export function compileNegative<S>(compiler: Compiler<S>, node: Node & { op: '!_' | '-_' }): Part<S> {
  const { args } = node
  if (args.op === 'value' && typeof args.args === 'bigint') {
    const value = -args.args
    if (value < -(1n << 63n)) return compiler.fault(node, `int out of range: ${value}`)
    return { type: typeOf('int'), constant: value, run: () => value }
  }
  compiler.fallible = true
  const { type, run } = compiler.compile(args)
  if (type.kind !== 'int' && type.kind !== 'double' && type.kind !== 'dyn') {
    return compiler.fault(node, `no such overload: -${type.kind}`)
  }
  return { type, run: (frame) => negate(run(frame)) }
}

function membershipOf<S>(compiler: Compiler<S>, node: Node, left: Part<S>, right: Part<S>): Part<S> {
  const { kind, of } = right.type
  const wrongElement = kind === 'list' && of !== undefined && !comparable(left.type, of)
  if ((kind !== 'list' && kind !== 'map' && kind !== 'dyn' && kind !== 'null_type') || wrongElement) {
    const shown = wrongElement ? `list(${of.kind})` : kind
    const texts = wrongElement && of.kind === 'int' && left.type.kind === 'string'
    const hint = texts ? 'labels are texts: put the elements in quotes' : undefined
    compiler.fault(node, `no such overload: ${left.type.kind} in ${shown}`, { hint })
  }
  if (kind !== 'list' && kind !== 'map') compiler.fallible = true
  return { type: typeOf('bool'), run: membership(left, right) }
}

function hintFor<S>(left: Part<S>, right: Part<S>): string | undefined {
  for (const [one, other] of [[left, right], [right, left]]) {
    if (one.type.kind === 'string' && isNumber(other.type) && other.constant !== undefined) {
      return `labels are texts: write "${numberText(other.constant)}", or convert the text with double(…)`
    }
    if (one.type.kind === 'double' && other.type.kind === 'int') {
      return other.constant === undefined ? 'convert with double(…)' : `write ${numberText(other.constant)}.0`
    }
  }
  return undefined
}

function numberText(value: Value): string {
  return String(value instanceof Uint ? value.value : value)
}

function ordered(a: Type, b: Type): boolean {
  const sortable = ({ kind }: Type) => !['null_type', 'list', 'map', 'type'].includes(kind)
  if (!sortable(a) || !sortable(b)) return false
  return a.kind === 'dyn' || b.kind === 'dyn' || a.kind === b.kind || (isNumber(a) && isNumber(b))
}
