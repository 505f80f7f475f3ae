// filter: keeps the records for which a CEL expression is true.

import { filter, type Transform } from '../../lib/component.js'
import { type Identity, memoSlot } from '../../lib/record/identity.js'
import { RECORD_TYPES, type RecordType } from '../../lib/record/type.js'

const SAMPLES = `printf '%s\\n' '{"type":"metric","name":"up","labels":{"job":"api"},"ts":"1","value":1}' \\
    '{"type":"metric","name":"up","labels":{"job":"db"},"ts":"1","value":0}'`

export default filter({
  name: 'filter',
  summary: 'keep the records for which an expression is true',
  description: `
    Keeps the records for which EXPR, an expression of the Common Expression Language (CEL), is true, and drops the
    others. The fields of the record are variables: type, name, labels, kind, unit, resource, scope, ts, value, body,
    severity, severity_number, attributes, trace_id, state and so on, as solder-records(7) lists them.

    An absent label reads as the empty text, as in Prometheus; any other field or key that is absent reads as null,
    and neither is an error. null is equal only to null; it is neither less nor greater than anything; functions and
    arithmetic give null for null, or false where they answer yes or no; and null is no condition fulfilled.
    has(labels.job) and "job" in labels tell whether a label is there. The expression looks at records of every type:
    type != "metric" || value > 10 leaves all but metrics alone. ts, start, end and observed are timestamps: ts >
    timestamp("2025-01-01T00:00:00Z"). Whole numbers in attributes are ints, other numbers doubles; ints and doubles
    compare by what they are worth. matches() takes RE2 regular expressions, unanchored, and runs in linear time.

    Syntax, names and types are checked before any input is read. An expression that reads only what says which series
    or stream a record belongs to is decided once for each of these and remembered. A record for which the expression
    has no value (division by zero, a text where a number is needed) is rejected, with the reason, and counted.`,
  since: '0.1.0',
  accepts: ['any'],
  emits: ['same'],
  guarantee: "Records for which the expression is not true are counted under 'filtered', those for which it has no value under 'expression'.",
  args: [{ name: 'EXPR', help: 'a CEL expression, in quotes', required: true }],
  options: {},
  async check({ args }) {
    await compiled(args[0])
  },
  examples: [
    { command: `${SAMPLES} | solder filter 'labels.job != "db"'`, about: 'drop the records of one job' },
    { command: `${SAMPLES} | solder filter 'name == "up" && value < 1'`, about: 'keep the targets that are down' },
    {
      command: `${SAMPLES} | solder filter 'name.matches("^(up|scrape_.*)$") && labels.job in ["api", "web"]'`,
      about: 'keep metrics by pattern and jobs by list',
    },
    {
      command: 'solder filter \'type != "log" || severity_number >= 13\' < /dev/null',
      about: 'drop log entries below WARN',
    },
  ],
  async create({ args }, context): Promise<Transform> {
    const { EvaluationError } = await import('../../lib/expr/expression.js')
    const { IdentityView, RowView } = await import('../../lib/expr/field.js')
    const expression = await compiled(args[0])
    const view = new RowView()
    const slot = memoSlot()

    /** The answer, or why there is none. */
    const test = (record: Parameters<typeof expression.test>[0]): boolean | Error => {
      try {
        return expression.test(record)
      } catch (error) {
        if (error instanceof EvaluationError) return error
        throw error
      }
    }
    const byIdentity = (type: RecordType) => !expression.fallible && expression.byIdentity(type)
    const identity = (id: Identity) => (expression.test(new IdentityView(id)) ? id : null)
    if (RECORD_TYPES.every(byIdentity)) return { reason: 'filtered', identity }
    const ofIdentity = new Set(RECORD_TYPES.filter((type) => expression.byIdentity(type)))
    return {
      reason: 'filtered',
      byIdentity,
      identity,
      row(batch, row, id) {
        let answer: boolean | Error
        if (ofIdentity.has(id.type)) {
          answer = ((id.memo ??= [])[slot] ??= test(new IdentityView(id))) as boolean | Error
        } else answer = test(view.at(batch, row, id))
        if (typeof answer === 'boolean') return answer
        const detail = `the expression has no value: ${answer.message}`
        context.reject({ reason: 'expression', detail, original: { identity: id, payload: batch.payload(row) } })
        return null
      },
    }
  },
})

async function compiled(text: string) {
  const { compileExpression } = await import('../../lib/expr/expression.js')
  return compileExpression(text, { result: 'bool' })
}
