// Nodes of a template to functions that write it.

import { argument, type FunctionContext, type TemplateFunction } from './function.js'
import type { Command, Node, Operand, Pipeline } from './node.js'
import { display, isDict, isList, isTrue, sortedEntries, TemplateFault, typeName, type Value } from './value.js'

/** One run of a template: what it has written, and how much more it may do. */
export class Run {
  out = ''
  #steps = 0
  #made = 0
  depth = 0

  constructor(
    readonly context: FunctionContext,
    readonly maxOutput: number,
    readonly maxSteps: number,
  ) {}

  step(): void {
    if (++this.#steps > this.maxSteps) throw new TemplateFault(`more than ${this.maxSteps} steps (max_steps)`)
  }

  /** Counts what a function has made; all that functions make in one run is bounded, however it grows. */
  made(value: Value): Value {
    if (typeof value === 'string') this.#made += value.length
    else if (isList(value)) for (const item of value) this.made(item)
    else if (isDict(value)) {
      for (const [name, item] of value.entries()) {
        this.#made += name.length
        this.made(item)
      }
    }
    const most = this.maxOutput * MADE
    if (++this.#made > most) throw new TemplateFault(`functions made more than ${most} characters (${MADE} times max_output)`)
    return value
  }

  write(text: string): void {
    this.out += text
    if (this.out.length > this.maxOutput) throw new TemplateFault(`more than ${this.maxOutput} characters of output (max_output)`)
  }
}

/** How many times the longest output functions may make on the way to it. */
const MADE = 16

/** Variables by slot; slot 0 is `$`. */
type Frame = Value[]
const enum After {
  on,
  break,
  continue,
}
type Write = (run: Run, dot: Value, frame: Frame) => After
type Evaluate = (run: Run, dot: Value, frame: Frame) => Value

/** Deepest nesting of `template` calls. */
const MAX_CALLS = 100

export class TemplateCompiler {
  readonly #templates = new Map<string, Write>()

  constructor(
    private readonly functions: ReadonlyMap<string, TemplateFunction>,
    defined: ReadonlyMap<string, readonly Node[]>,
  ) {
    for (const [name, nodes] of defined) this.#templates.set(name, this.nodes(nodes))
  }

  nodes(nodes: readonly Node[]): Write {
    const writes = nodes.map((node) => this.#node(node))
    if (writes.length === 1) return writes[0]
    return (run, dot, frame) => {
      for (const write of writes) {
        const after = write(run, dot, frame)
        if (after !== After.on) return after
      }
      return After.on
    }
  }

  #node(node: Node): Write {
    switch (node.kind) {
      case 'text':
        return (run) => {
          run.write(node.text)
          return After.on
        }
      case 'action':
        return this.#action(node.pipeline)
      case 'if':
      case 'with': {
        const value = this.#pipeline(node.pipeline)
        const body = this.nodes(node.body)
        const otherwise = this.nodes(node.otherwise ?? [])
        const keeps = node.kind === 'if'
        return (run, dot, frame) => {
          const found = value(run, dot, frame)
          return isTrue(found) ? body(run, keeps ? dot : found, frame) : otherwise(run, dot, frame)
        }
      }
      case 'range':
        return this.#range(node.pipeline, this.nodes(node.body), this.nodes(node.otherwise ?? []))
      case 'template':
        return this.#call(node.name, node.pipeline === null ? null : this.#pipeline(node.pipeline))
      case 'break':
        return () => After.break
      case 'continue':
        return () => After.continue
    }
  }

  #action(pipeline: Pipeline): Write {
    const value = this.#pipeline(pipeline)
    if (pipeline.variables.length > 0) {
      return (run, dot, frame) => {
        value(run, dot, frame)
        return After.on
      }
    }
    return (run, dot, frame) => {
      const found = value(run, dot, frame)
      run.write(found === undefined || found === null ? '<no value>' : display(found))
      return After.on
    }
  }

  #range(pipeline: Pipeline, body: Write, otherwise: Write): Write {
    const value = this.#pipeline({ ...pipeline, variables: [] })
    const slots = pipeline.variables
    const item = slots.at(-1)
    const index = slots.length > 1 ? slots[0] : undefined
    return (run, dot, frame) => {
      const found = value(run, dot, frame)
      let any = false
      for (const [name, each] of itemsOf(found, index !== undefined)) {
        run.step()
        any = true
        if (index !== undefined) frame[index] = name
        if (item !== undefined) frame[item] = each
        if (body(run, each, frame) === After.break) break
      }
      return any ? After.on : otherwise(run, dot, frame)
    }
  }

  #call(name: string, value: Evaluate | null): Write {
    return (run, dot, frame) => {
      const write = this.#templates.get(name)
      if (write === undefined) throw new TemplateFault(`no template of the name '${name}'`)
      run.step()
      if (++run.depth > MAX_CALLS) throw new TemplateFault(`templates call each other deeper than ${MAX_CALLS}`)
      const given = value === null ? undefined : value(run, dot, frame)
      write(run, given, [given])
      run.depth--
      return After.on
    }
  }

  #pipeline({ variables, commands }: Pipeline): Evaluate {
    let value = this.#command(commands[0], null)
    for (const command of commands.slice(1)) value = this.#command(command, value)
    if (variables.length === 0) return value
    const [slot] = variables
    return (run, dot, frame) => (frame[slot] = value(run, dot, frame))
  }

  /** @param piped what comes down the pipe, the last argument */
  #command({ operands: [first, ...args] }: Command, piped: Evaluate | null): Evaluate {
    if (first.kind !== 'function') return this.#operand(first)
    const values = args.map((arg) => this.#argument(arg))
    if (piped !== null) values.push(piped)
    return chained(this.#function(first.name, values), first.names)
  }

  /** A function as an argument is called without any. */
  #argument(operand: Operand): Evaluate {
    return operand.kind === 'function' ? this.#command({ operands: [operand], at: operand.at }, null) : this.#operand(operand)
  }

  #operand(operand: Operand): Evaluate {
    switch (operand.kind) {
      case 'literal': {
        const { value } = operand
        return () => value
      }
      case 'nil':
        return () => null
      case 'dot':
        return chained((_, dot) => dot, operand.names)
      case 'variable': {
        const { slot } = operand
        return chained((_, __, frame) => frame[slot], operand.names)
      }
      case 'pipeline':
        return chained(this.#pipeline(operand.pipeline), operand.names)
      case 'function':
        return this.#argument(operand)
    }
  }

  #function(name: string, values: readonly Evaluate[]): Evaluate {
    if (name === 'and' || name === 'or') return shortCircuit(values, name === 'or')
    const { params, rest, optional, call } = this.functions.get(name)!
    return (run, dot, frame) => {
      run.step()
      const { length } = values
      if (length < params.length - optional || (rest === undefined && length > params.length)) {
        const least = rest === undefined ? '' : 'at least '
        throw new TemplateFault(`wrong number of args for ${name}: want ${least}${params.length} got ${length}`)
      }
      try {
        const args = new Array<Value>(length)
        for (let i = 0; i < length; i++)
          args[i] = argument(values[i](run, dot, frame), i < params.length ? params[i] : rest!)
        return run.made(call(args, run.context))
      } catch (error) {
        if (!(error instanceof TemplateFault) || error.message.startsWith('error calling ')) throw error
        throw new TemplateFault(`error calling ${name}: ${error.message}`)
      }
    }
  }
}

/** `and` and `or` are the first argument that decides, or the last. */
function shortCircuit(values: readonly Evaluate[], until: boolean): Evaluate {
  return (run, dot, frame) => {
    if (values.length === 0) throw new TemplateFault(`wrong number of args for ${until ? 'or' : 'and'}: want at least 1 got 0`)
    let value: Value
    for (const evaluate of values) {
      value = evaluate(run, dot, frame)
      if (isTrue(value) === until) return value
    }
    return value
  }
}

/** A value's `.a.b`: what is in no map is no value, and so is what would be in it. */
function chained(value: Evaluate, names: readonly string[]): Evaluate {
  let from = value
  for (const name of names) {
    const of = from
    from = (run, dot, frame) => {
      const found = of(run, dot, frame)
      if (found === undefined) return undefined
      if (isDict(found)) return found.get(name) ?? undefined
      if (found === null) throw new TemplateFault(`nil pointer evaluating interface {}.${name}`)
      throw new TemplateFault(`can't evaluate field ${name} in type ${typeName(found)}`)
    }
  }
  return from
}

function* itemsOf(value: Value, indexed: boolean): Generator<[Value, Value]> {
  if (isList(value)) {
    for (let i = 0; i < value.length; i++) yield [BigInt(i), value[i]]
  } else if (isDict(value)) yield* sortedEntries(value)
  else if (typeof value === 'bigint') {
    if (indexed) throw new TemplateFault(`can't use ${value} to iterate over more than one variable`)
    for (let i = 0n; i < value; i++) yield [undefined, i]
  } else if (value !== undefined && value !== null) throw new TemplateFault(`range can't iterate over ${display(value)}`)
}
