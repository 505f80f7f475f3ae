// What the commands that edit records have in common: --where, and their arguments parsed.

import { collect, type Problem, throwAll } from '../diag/problem.js'
import { compileExpression, type Expression } from '../expr/expression.js'
import type { OptionTable } from '../option/table.js'
import { DerivedIdentities } from './identities.js'
import { type Field, parseField, type Use } from './field.js'

export const WHERE = {
  where: {
    type: 'string', value: 'EXPR', since: '0.1.0',
    help: 'edit the records for which this CEL expression is true, and no others',
  },
} as const satisfies OptionTable

/** What all of these commands guarantee. */
export const EDIT_GUARANTEE = `A record on which an expression has no value is rejected as 'expression', one in which the value
    cannot stand where it should as 'unfit'; nothing else is lost.`

/** What their manuals say of fields. */
export const FIELDS_HELP = `A field is name, body, severity, status, ts and so on, as solder-records(7) lists them, or one in a map:
    labels.job, attributes["http.route"], resource["service.name"], scope.version, status.message, body["user"]["id"]. A key
    with dots needs brackets. Of a metric, labels.job and attributes.job are the same attribute of the data point. Records
    whose type has no such field pass as they are.`

interface EditOptions {
  readonly where?: string
  readonly max_identities?: number
}

export interface Parsed {
  readonly fields: readonly Field[]
  readonly where: Expression | undefined
  /** The expression beside the fields, where there is one. */
  readonly expression: Expression | undefined
}

/** Throws every Problem at once. */
export async function parseEdit(
  named: readonly (readonly [string, Use])[], options: EditOptions, expression?: string,
): Promise<Parsed> {
  const problems: Problem[] = []
  const fields: Field[] = []
  for (const [text, use] of named) {
    const identities = new DerivedIdentities(options.max_identities ?? 500_000)
    const field = await collect(problems, () => parseField(text, use, identities))
    if (field !== undefined) fields.push(field)
  }
  const compiled = (text: string | undefined, result?: 'bool') =>
    text === undefined ? undefined : collect(problems, () => compileExpression(text, { result }))
  const value = await compiled(expression)
  const condition = await compiled(options.where, 'bool')
  throwAll(problems)
  return { fields, where: condition, expression: value }
}
