// CEL expressions over records: checked and analysed before the first record, then run once for each.

import { Problem, throwAll } from '../diag/problem.js'
import { type RecordType, RECORD_TYPES } from '../record/type.js'
import { Compiler } from './compile.js'
import { FIELDS, fieldVariable, isPayload, type RecordView } from './field.js'
import type { Frame, Run } from './part.js'
import { parseExpression, placeIn } from './syntax.js'
import type { Type } from './type.js'
import { EvaluationError, kindOf, type Value } from './value.js'

export { EvaluationError } from './value.js'

export interface ExpressionOptions {
  /** The type that the value must have; anything if absent. */
  result?: 'bool'
  /** UTF-16 units of the text; 65536. */
  maxLength?: number
  /** Levels of nesting; 100. */
  maxDepth?: number
}

/** A compiled expression. */
export class Expression {
  readonly #run: Run<RecordView>
  readonly #frame: Frame<RecordView>

  constructor(
    readonly source: string,
    /** Fields of records that it reads (`labels`, `value`, …). */
    readonly reads: ReadonlySet<string>,
    readonly type: Type,
    /** Whether it may have no value for some record. */
    readonly fallible: boolean,
    run: Run<RecordView>,
  ) {
    this.#run = run
    this.#frame = { source: undefined as unknown as RecordView, locals: [] }
  }

  /** Whether identities alone decide, for records of every type. */
  get identityOnly(): boolean {
    return RECORD_TYPES.every((type) => this.byIdentity(type))
  }

  /** Whether the identity alone decides for records of one type. */
  byIdentity(type: RecordType): boolean {
    for (const field of this.reads) if (isPayload(field, type)) return false
    return true
  }

  /** The value for one record. Throws an EvaluationError where it has none. */
  value(view: RecordView): Value {
    this.#frame.source = view
    return this.#run(this.#frame)
  }

  /** Whether the expression is true for a record; null counts as false. Throws an EvaluationError. */
  test(view: RecordView): boolean {
    const value = this.value(view)
    if (typeof value === 'boolean') return value
    if (value === null) return false
    throw new EvaluationError(`expected bool, found ${kindOf(value)}`)
  }
}

/**
 * Compiles an expression: syntax, names and types are checked here. Throws every Problem at once, each with its place
 * in the text. An absent label reads as '', any other absent field or key as null (docs/decisions/0005-expressions.md).
 */
export async function compileExpression(source: string, options: ExpressionOptions = {}): Promise<Expression> {
  const maxDepth = options.maxDepth ?? 100
  const tree = await parseExpression(source, { maxLength: options.maxLength ?? 65_536, maxDepth })
  const compiler = new Compiler<RecordView>(source, { variable: fieldVariable, names: FIELDS, check: true, maxDepth })
  const { type, run } = compiler.compile(tree)
  const problems = [...compiler.problems]
  if (problems.length === 0 && options.result === 'bool' && type.kind !== 'bool' && type.kind !== 'dyn') {
    const place = placeIn(source, tree.start, tree.end)
    problems.push(new Problem(`the expression is ${article(type.kind)}, not a bool`, { place, expected: 'a condition such as value > 10' }))
  }
  throwAll(problems)
  const fallible = compiler.fallible || (options.result === 'bool' && type.kind !== 'bool')
  return new Expression(source, compiler.reads, type, fallible, run)
}

function article(kind: string): string {
  return /^[aeiou]/.test(kind) ? `an ${kind}` : `a ${kind}`
}
