// Syntax tree to a function: names are resolved and types checked once, what is left is closures.

import { didYouMean, Problem } from '../diag/problem.js'
import { Pattern } from '../regex/pattern.js'
import { arithmetic, type ArithmeticOp, negate, resultType } from './arithmetic.js'
import { FUNCTIONS } from './function.js'
import { compileMacro } from './macro.js'
import {
  comparison, decision, elementOf, equality, fail, fieldOf, invocation, membership,
} from './operation.js'
import type { Frame, Part } from './part.js'
import { type BinaryOp, type Literal, type Node, placeIn } from './syntax.js'
import { comparable, DYN, isNumber, type Type, typeOf, union } from './type.js'
import { isMap, kindOf, LiteralMap, TypeName, Uint, type Value } from './value.js'

/** A variable of the surroundings. */
export interface Variable<S> {
  readonly type: Type
  read(source: S): Value
  /** The value of one key of a map, where that is cheaper than the map. */
  field?(key: string): (source: S) => Value
  /** Whether a key is there. */
  has?(key: string): (source: S) => boolean
}

export interface Surroundings<S> {
  variable(name: string): Variable<S> | undefined
  /** Known names, for hints. */
  names: readonly string[]
  /** Functions of one text, beside those of the language. */
  functions?: ReadonlyMap<string, (text: string) => Value>
  /** Whether types are checked before there is a value. */
  check: boolean
  maxDepth: number
}

const TYPE_NAMES = new Set([
  'bool', 'int', 'uint', 'double', 'string', 'bytes', 'list', 'map', 'null_type', 'type', 'google.protobuf.Timestamp',
  'google.protobuf.Duration',
])

/** Functions that have a value for every argument of their types. */
const INFALLIBLE = new Set(['startsWith', 'endsWith', 'contains', 'size', 'type', 'lowerAscii', 'upperAscii', 'trim'])

/** Compiles the parts of one expression and collects what is wrong with them. */
export class Compiler<S> {
  readonly problems: Problem[] = []
  /** Variables that the expression reads. */
  readonly reads = new Set<string>()
  /** Whether some value may make the evaluation fail; where it is false none can. */
  fallible = false
  readonly #locals = new Map<string, { slot: number; type: Type }>()
  #slots = 0
  #depth = 0

  constructor(readonly text: string, readonly surroundings: Surroundings<S>) {}

  compile(node: Node): Part<S> {
    if (++this.#depth > this.surroundings.maxDepth) {
      throw new Problem(`expression nested deeper than ${this.surroundings.maxDepth} levels (max_expression_depth)`, {
        place: placeIn(this.text, node.start, node.end),
      })
    }
    const part = this.#dispatch(node)
    this.#depth--
    return part
  }

  #dispatch(node: Node): Part<S> {
    switch (node.op) {
      case 'value':
        return this.#literal(node)
      case 'id':
        return this.#name(node)
      case '.':
        return this.#field(node)
      case '[]':
        return this.#index(node)
      case 'call':
        return node.args[0] === 'has' ? this.#has(node) : this.#call(node, node.args[0], null, node.args[1])
      case 'rcall':
        return compileMacro(this, node) ?? this.#call(node, node.args[0], node.args[1], node.args[2])
      case 'list':
        return this.#list(node.args)
      case 'map':
        return this.#map(node.args)
      case '?:':
        return this.#conditional(node)
      case '&&':
      case '||':
        return this.#logical(node)
      case '!_': {
        const run = this.condition(node.args)
        return { type: typeOf('bool'), run: (frame) => !run(frame) }
      }
      case '-_':
        return this.#negative(node)
      default:
        return this.#binary(node)
    }
  }

  /** Notes a fault where types are checked; evaluation fails there anyhow. */
  fault(node: Node, message: string, details: { expected?: string; hint?: string } = {}): Part<S> {
    if (this.surroundings.check) {
      this.problems.push(new Problem(message, { ...details, place: placeIn(this.text, node.pos, node.end) }))
    }
    return { type: DYN, run: () => fail(message) }
  }

  /** A part whose value decides: null counts as false. */
  condition(node: Node): (frame: Frame<S>) => boolean {
    const { type, run } = this.compile(node)
    if (type.kind !== 'bool' && type.kind !== 'dyn') this.fault({ ...node, pos: node.start }, `expected bool, found ${type.kind}`)
    if (type.kind !== 'bool') this.fallible = true
    return (frame) => {
      const value = run(frame)
      if (typeof value === 'boolean') return value
      return value === null ? false : fail(`expected bool, found ${kindOf(value)}`)
    }
  }

  /** Compiles with a further variable, whose slot in `locals` is passed on. */
  withLocal<T>(name: string, type: Type, work: (slot: number) => T): T {
    const shadowed = this.#locals.get(name)
    const slot = this.#slots++
    this.#locals.set(name, { slot, type })
    const result = work(slot)
    if (shadowed === undefined) this.#locals.delete(name)
    else this.#locals.set(name, shadowed)
    return result
  }

  #literal(node: Node & { op: 'value' }): Part<S> {
    const { args } = node
    if (typeof args === 'bigint' && args > (1n << 63n) - 1n) return this.fault(node, `int out of range: ${args}`)
    const value = literalValue(args, this.text.slice(node.start, node.end))
    return { type: typeOf(kindOf(value)), constant: value, run: () => value }
  }

  #name(node: Node & { op: 'id' }): Part<S> {
    const name = node.args
    const local = this.#locals.get(name)
    if (local !== undefined) return { type: local.type, run: ({ locals }) => locals[local.slot] }
    const variable = this.#variable(name)
    if (variable !== undefined) return { type: variable.type, run: ({ source }) => variable.read(source) }
    if (TYPE_NAMES.has(name)) return typeConstant(name)
    const known = [...this.surroundings.names, ...this.#locals.keys()]
    const hint = didYouMean(name, known)
    return this.fault(node, `unknown variable '${name}'`, hint === undefined ? { expected: known.join(', ') } : { hint })
  }

  #variable(name: string): Variable<S> | undefined {
    const variable = this.surroundings.variable(name)
    if (variable !== undefined) this.reads.add(name)
    return variable
  }

  /** The surrounding variable that a node names, if it is one. */
  #plainVariable(node: Node): Variable<S> | undefined {
    return node.op === 'id' && !this.#locals.has(node.args) ? this.#variable(node.args) : undefined
  }

  #field(node: Node & { op: '.' }): Part<S> {
    const [from, key] = node.args
    const path = pathOf(node)
    if (path !== undefined && TYPE_NAMES.has(path)) return typeConstant(path)
    const direct = this.#plainVariable(from)?.field?.(key)
    if (direct !== undefined) return { type: fieldType(this.#plainVariable(from)!), run: ({ source }) => direct(source) }
    const { type, run } = this.compile(from)
    if (type.kind !== 'dyn' && type.kind !== 'map' && type.kind !== 'null_type') {
      return this.fault(node, `no field '${key}' in ${type.kind}`)
    }
    this.fallible = true
    return { type: DYN, run: (frame) => fieldOf(run(frame), key) }
  }

  #index(node: Node & { op: '[]' }): Part<S> {
    const [from, at] = node.args
    const key = this.compile(at)
    const variable = this.#plainVariable(from)
    const direct = typeof key.constant === 'string' ? variable?.field?.(key.constant) : undefined
    if (direct !== undefined) return { type: fieldType(variable!), run: ({ source }) => direct(source) }
    const { type, run } = this.compile(from)
    if (type.kind !== 'dyn' && type.kind !== 'map' && type.kind !== 'list' && type.kind !== 'null_type') {
      return this.fault(node, `${type.kind} has no elements`)
    }
    if (type.kind === 'list' && !isNumber(key.type) && key.type.kind !== 'dyn') {
      return this.fault(at, `expected int as the index of a list, found ${key.type.kind}`)
    }
    this.fallible = true
    return { type: type.of ?? DYN, run: (frame) => elementOf(run(frame), key.run(frame)) }
  }

  #has(node: Node & { op: 'call' }): Part<S> {
    const [argument] = node.args[1]
    if (node.args[1].length !== 1 || argument.op !== '.') {
      return this.fault(node, 'has() takes one field', { expected: 'has(labels.job)' })
    }
    const [from, key] = argument.args
    const direct = this.#plainVariable(from)?.has?.(key)
    if (direct !== undefined) return { type: typeOf('bool'), run: ({ source }) => direct(source) }
    const { run } = this.compile(from)
    this.fallible = true
    return {
      type: typeOf('bool'),
      run: (frame) => {
        const value = run(frame)
        if (value === null) return false
        return isMap(value) ? value.has(key) : fail(`no field '${key}' in ${kindOf(value)}`)
      },
    }
  }

  #list(nodes: readonly Node[]): Part<S> {
    const parts = nodes.map((node) => this.compile(node))
    const type: Type = { kind: 'list', of: union(parts.map((part) => part.type)) }
    const constant = parts.every((part) => part.constant !== undefined) ? parts.map((part) => part.constant!) : undefined
    return { type, constant, run: (frame) => constant ?? parts.map((part) => part.run(frame)) }
  }

  #map(pairs: readonly (readonly [Node, Node])[]): Part<S> {
    const parts = pairs.map(([key, value]) => [this.compile(key).run, this.compile(value).run] as const)
    this.fallible = true
    return {
      type: typeOf('map'),
      run: (frame) => new LiteralMap(parts.map(([key, value]) => [key(frame), value(frame)] as const)),
    }
  }

  #conditional(node: Node & { op: '?:' }): Part<S> {
    const when = this.condition(node.args[0])
    const yes = this.compile(node.args[1])
    const no = this.compile(node.args[2])
    return { type: union([yes.type, no.type]), run: (frame) => (when(frame) ? yes.run(frame) : no.run(frame)) }
  }

  /** All operands of a chain at once, so that a long one is no deep one. An operand that decides hides the errors of others. */
  #logical(node: Node & { op: '&&' | '||' }): Part<S> {
    const operands: Node[] = []
    let rest: Node = node
    while (rest.op === node.op) {
      const [left, right] = rest.args as readonly [Node, Node]
      operands.unshift(right)
      rest = left
    }
    operands.unshift(rest)
    const runs = operands.map((operand) => this.condition(operand))
    return { type: typeOf('bool'), run: decision(runs, node.op === '||') }
  }

  #negative(node: Node & { op: '!_' | '-_' }): Part<S> {
    const { args } = node
    if (args.op === 'value' && typeof args.args === 'bigint') {
      const value = -args.args
      if (value < -(1n << 63n)) return this.fault(node, `int out of range: ${value}`)
      return { type: typeOf('int'), constant: value, run: () => value }
    }
    this.fallible = true
    const { type, run } = this.compile(args)
    if (type.kind !== 'int' && type.kind !== 'double' && type.kind !== 'dyn') {
      return this.fault(node, `no such overload: -${type.kind}`)
    }
    return { type, run: (frame) => negate(run(frame)) }
  }

  #binary(node: Node & { op: BinaryOp }): Part<S> {
    const left = this.compile(node.args[0])
    const right = this.compile(node.args[1])
    const overload = `no such overload: ${left.type.kind} ${node.op} ${right.type.kind}`
    const mismatch = () => void this.fault(node, overload, { hint: hintFor(left, right) })
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
        if (left.type.kind === 'dyn' || right.type.kind === 'dyn') this.fallible = true
        return { type: typeOf('bool'), run: comparison(node.op, left, right) }
      case 'in':
        return this.#membership(node, left, right)
      default: {
        const op: ArithmeticOp = node.op
        const type = resultType(op, left.type, right.type)
        if (type === undefined) mismatch()
        this.fallible = true
        return { type: type ?? DYN, run: (frame) => arithmetic(op, left.run(frame), right.run(frame)) }
      }
    }
  }

  #membership(node: Node, left: Part<S>, right: Part<S>): Part<S> {
    const { kind, of } = right.type
    const wrongElement = kind === 'list' && of !== undefined && !comparable(left.type, of)
    if ((kind !== 'list' && kind !== 'map' && kind !== 'dyn' && kind !== 'null_type') || wrongElement) {
      const shown = wrongElement ? `list(${of.kind})` : kind
      const hint = wrongElement && of.kind === 'int' && left.type.kind === 'string' ? 'labels are texts: put the elements in quotes' : undefined
      this.fault(node, `no such overload: ${left.type.kind} in ${shown}`, { hint })
    }
    if (kind !== 'list' && kind !== 'map') this.fallible = true
    return { type: typeOf('bool'), run: membership(left, right) }
  }

  #call(node: Node, name: string, receiver: Node | null, args: readonly Node[]): Part<S> {
    const nodes = receiver === null ? args : [receiver, ...args]
    const parts = nodes.map((each) => this.compile(each))
    const own = receiver === null ? this.surroundings.functions?.get(name) : undefined
    if (own !== undefined) return this.#ownFunction(node, name, own, parts)
    const overloads = FUNCTIONS.get(name)
    if (overloads === undefined) {
      return this.fault(node, `unknown function '${name}'`, { hint: didYouMean(name, FUNCTIONS.keys()) })
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
      const at = this.fault(node, `no such overload: ${found}`, { expected })
      if (candidates.length === 0 || this.surroundings.check) return at
    }
    const known = parts.every(({ type }) => type.kind !== 'dyn')
    const constantPattern = name === 'matches' && typeof parts[1]?.constant === 'string'
    if (!known || !(constantPattern || INFALLIBLE.has(name))) this.fallible = true
    if (constantPattern) return this.#matches(nodes[1], parts[0], parts[1].constant as string)
    return { type: union(possible.map(({ gives }) => typeOf(gives))), run: invocation(name, candidates, parts) }
  }

  #ownFunction(node: Node, name: string, own: (text: string) => Value, parts: readonly Part<S>[]): Part<S> {
    const [part] = parts
    if (parts.length !== 1 || (part.type.kind !== 'string' && part.type.kind !== 'dyn')) {
      const found = signature(name, false, parts.map(({ type }) => type.kind))
      return this.fault(node, `no such overload: ${found}`, { expected: signature(name, false, ['string']) })
    }
    this.fallible = true
    const run = (frame: Frame<S>) => {
      const value = part.run(frame)
      return typeof value === 'string' ? own(value) : fail(`no such overload: ${name}(${kindOf(value)})`)
    }
    return { type: typeOf('string'), run }
  }

  /** A pattern that does not change is compiled once, and refused before there is a record. */
  #matches(node: Node, text: Part<S>, source: string): Part<S> {
    let pattern: Pattern
    try {
      pattern = Pattern.search(source)
    } catch (error) {
      if (!(error instanceof Problem)) throw error
      const start = node.start + Math.max(0, this.text.slice(node.start, node.end).indexOf(source))
      const inside = { ...node, pos: start + (error.place?.column ?? 1) - 1, end: 0 }
      inside.end = inside.pos + (error.place?.length ?? 1)
      return this.fault(inside, error.message)
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
}

/** The parser takes letters of bytes as Latin-1; CEL encodes them as UTF-8. */
function literalValue(args: Literal, text: string): Value {
  if (args instanceof Uint8Array) {
    const quoted = /^[bB]("""|'''|["'])([^\\]*)\1$/s.exec(text)
    return quoted === null ? args : new TextEncoder().encode(quoted[2])
  }
  return typeof args === 'object' && args !== null ? new Uint(args.value) : args
}

function typeConstant<S>(name: string): Part<S> {
  const value = new TypeName(name)
  return { type: typeOf('type'), constant: value, run: () => value }
}

function fieldType<S>(variable: Variable<S>): Type {
  return variable.type.of ?? DYN
}

/** `a.b.c` of names alone. */
function pathOf(node: Node): string | undefined {
  if (node.op === 'id') return node.args
  if (node.op !== '.') return undefined
  const from = pathOf(node.args[0])
  return from === undefined ? undefined : `${from}.${node.args[1]}`
}

function signature(name: string, method: boolean, kinds: readonly string[]): string {
  return method ? `${kinds[0]}.${name}(${kinds.slice(1).join(', ')})` : `${name}(${kinds.join(', ')})`
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
