// Syntax tree to a function: names are resolved and types checked once, what is left is closures.

import { didYouMean, Problem } from '../diag/problem.js'
import { compileCall } from './call.js'
import { compileMacro } from './macro.js'
import { elementOf, fail, fieldOf } from './operation.js'
import { compileBinary, compileLogical, compileNegative } from './operator.js'
import type { Frame, Part } from './part.js'
import { type Literal, type Node, placeIn } from './syntax.js'
import { DYN, isNumber, type Type, typeOf, union } from './type.js'
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
        return node.args[0] === 'has' ? this.#has(node) : compileCall(this, node, node.args[0], null, node.args[1])
      case 'rcall':
        return compileMacro(this, node) ?? compileCall(this, node, node.args[0], node.args[1], node.args[2])
      case 'list':
        return this.#list(node.args)
      case 'map':
        return this.#map(node.args)
      case '?:':
        return this.#conditional(node)
      case '&&':
      case '||':
        return compileLogical(this, node)
      case '!_': {
        const run = this.condition(node.args)
        return { type: typeOf('bool'), run: (frame) => !run(frame) }
      }
      case '-_':
        return compileNegative(this, node)
      default:
        return compileBinary(this, node)
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
    if (direct !== undefined)
      return { type: fieldType(this.#plainVariable(from)!), run: ({ source }) => direct(source) }
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
    const all = parts.every((part) => part.constant !== undefined)
    const constant = all ? parts.map((part) => part.constant!) : undefined
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
