// Expressions of pipeline files: CEL over the environment, `let`, the arguments of a definition, files and secrets.

import { didYouMean, Problem, Problems, throwAll } from '../diag/problem.js'
import { Compiler, type Surroundings, type Variable } from '../expr/compile.js'
import { type Node, parseExpression, placeIn } from '../expr/syntax.js'
import { typeOf } from '../expr/type.js'
import { EvaluationError, isMap, type Value } from '../expr/value.js'
import { isMarked } from './secrets.js'

const LIMITS = { maxLength: 65_536, maxDepth: 100 }

/** Named values, each worked out when it is asked for. */
export interface Names {
  readonly names: Iterable<string>
  /** Throws Problems: none in it where the reason has been told. */
  value(name: string): Promise<Value>
  /** Names whose values stand for others, of which some may fit where these do not. */
  readonly examples?: ReadonlySet<string>
}

/** What expressions see. */
export interface Scope {
  env(name: string): string | undefined
  /** The folder of the file that the expression is in, as it was named. */
  readonly dir: string
  readonly let: Names
  /** null outside of definitions. */
  readonly args: Names | null
  /** The text of a file, and the mark of a secret. Both throw a Problem. */
  readonly functions: ReadonlyMap<string, (text: string) => Value>
}

/** The value of an expression. Throws every Problem at once, each with its place in the expression. */
export async function evaluate(code: string, scope: Scope): Promise<Value> {
  if (code.trim() === '') throw new Problem('the expression is empty', { expected: EXPECTED })
  const tree = await parseExpression(
    code.replace(LET, (_, text: string | undefined) => text ?? LET_NAME),
    LIMITS,
  )
  const reader = new NameReader(code, scope)
  await reader.read(tree, true)
  throwAll(reader.problems)
  if (reader.broken) throw new Problems([])
  const compiler = new Compiler(code, surroundings(scope, reader))
  const { run } = compiler.compile(tree)
  throwAll(compiler.problems)
  try {
    return run({ source: undefined, locals: [] })
  } catch (error) {
    if (error instanceof EvaluationError && reader.exemplary) throw new Problems([])
    if (error instanceof EvaluationError) throw at(code, tree, error.message)
    if (error instanceof Problem) throw at(code, tree, error.message, error)
    throw error
  }
}

/** CEL reserves `let` and gives it no meaning: the parser gets a name of the same length. */
const LET = /("(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')|(?<![.\w])let\b/g
const LET_NAME = 'Let'

const EXPECTED = 'an expression such as ${env.SITE}, ${let.name} or ${file("name")}'

function at(code: string, node: Node, message: string, details: { expected?: string; hint?: string } = {}): Problem {
  const { expected, hint } = details
  return new Problem(message, { expected, hint, place: placeIn(code, node.start, node.end) })
}

/** Looks up the names that an expression reads, before it is compiled, and sees that secrets are passed on only. */
class NameReader {
  readonly problems: Problem[] = []
  /** Whether a value is missing for a reason that has been told. */
  broken = false
  /** Whether another value might do. */
  exemplary = false
  readonly values = new Map<string, Value>()

  constructor(
    private readonly code: string,
    private readonly scope: Scope,
  ) {}

  /** @param passes whether the value of this part can only become a part of the result */
  async read(node: Node, passes: boolean): Promise<void> {
    const name = nameOf(node)
    if (name?.[0] === 'env') return
    if (name !== null) return this.#name(node, name[0], name[1], passes)
    if (node.op === 'call' && node.args[0] === 'secret' && !passes) this.#misused(node)
    const space = node.op === 'id' ? spaceOf(node.args) : undefined
    if (space !== undefined) this.#note(node, `'${space}' is no value by itself`, { expected: `${space}.NAME` })
    for (const [child, on] of childrenOf(node)) await this.read(child, passes && on)
  }

  async #name(node: Node, kind: Exclude<Space, 'env'>, name: string, passes: boolean): Promise<void> {
    const names = this.scope[kind]
    if (names === null) return this.#note(node, "'args' is known in definitions only")
    const known = [...names.names]
    if (!known.includes(name)) {
      const expected = known.length === 0 ? undefined : known.join(', ')
      return this.#note(node, `unknown name '${kind}.${name}'`, { expected, hint: didYouMean(name, known) })
    }
    try {
      const value = await names.value(name)
      if (names.examples?.has(name) === true) this.exemplary = true
      this.values.set(`${kind}.${name}`, value)
      if (!passes && hasMark(value)) this.#misused(node)
    } catch (error) {
      if (!(error instanceof Problem) && !(error instanceof Problems)) throw error
      this.broken = true
      if (error instanceof Problem) this.#note(node, error.message, error)
    }
  }

  #misused(node: Node): void {
    this.#note(node, 'a secret is passed on as it is', { expected: 'it alone, joined by +, or chosen by ?:' })
  }

  #note(node: Node, message: string, details: { expected?: string; hint?: string } = {}): void {
    this.problems.push(at(this.code, node, message, details))
  }
}

type Space = 'env' | 'let' | 'args'

function spaceOf(name: string): Space | undefined {
  if (name === LET_NAME) return 'let'
  return name === 'env' || name === 'args' ? name : undefined
}

/** `let.x`, `let["x"]`, `args.x`, `env.X`. */
function nameOf(node: Node): [Space, string] | null {
  const [from, key] = node.op === '.' || node.op === '[]' ? node.args : []
  const space = from?.op === 'id' ? spaceOf(from.args) : undefined
  if (space === undefined) return null
  if (typeof key === 'string') return [space, key]
  return key?.op === 'value' && typeof key.args === 'string' ? [space, key.args] : null
}

/** The parts of a node, each with whether its value goes into the node's value unchanged. */
function childrenOf(node: Node): (readonly [Node, boolean])[] {
  switch (node.op) {
    case 'value':
    case 'id':
      return []
    case '.':
      return [[node.args[0], true]]
    case '[]':
      return [
        [node.args[0], true],
        [node.args[1], false],
      ]
    case 'call':
      return node.args[1].map((one) => [one, false])
    case 'rcall':
      return [node.args[1], ...node.args[2]].map((one) => [one, false])
    case 'list':
      return node.args.map((one) => [one, true])
    case 'map':
      return node.args.flatMap(([key, value]) => [[key, false] as const, [value, true] as const])
    case '?:':
      return [
        [node.args[0], false],
        [node.args[1], true],
        [node.args[2], true],
      ]
    case '!_':
    case '-_':
      return [[node.args, false]]
    default:
      return node.args.map((one) => [one, node.op === '+'])
  }
}

function hasMark(value: Value): boolean {
  if (typeof value === 'string') return isMarked(value)
  if (Array.isArray(value)) return value.some(hasMark)
  return isMap(value) && value.keys().some((key) => hasMark(value.get(key) ?? null))
}

function surroundings(scope: Scope, { values }: NameReader): Surroundings<undefined> {
  const absent = (name: string): never => {
    throw new EvaluationError(`environment variable '${name}' is not set`)
  }
  const named = (kind: string): Variable<undefined> => ({
    type: typeOf('map'),
    read: () => null,
    field: (key) => () => values.get(`${kind}.${key}`) ?? null,
    has: (key) => () => values.has(`${kind}.${key}`),
  })
  const variables = new Map<string, Variable<undefined>>([
    [
      'env',
      {
        type: { kind: 'map', of: typeOf('string') },
        read: () => null,
        field: (key) => () => scope.env(key) ?? absent(key),
        has: (key) => () => scope.env(key) !== undefined,
      },
    ],
    [LET_NAME, named('let')],
    ['dir', { type: typeOf('string'), read: () => scope.dir }],
    ...(scope.args === null ? [] : ([['args', named('args')]] as const)),
  ])
  const names = ['env', 'let', 'dir', ...(scope.args === null ? [] : ['args'])]
  return {
    variable: (name) => variables.get(name),
    names,
    functions: scope.functions,
    check: true,
    maxDepth: LIMITS.maxDepth,
  }
}
