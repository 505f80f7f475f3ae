// derive count: counts spans, their events, metrics, data points and log entries.

import { type Counted, COUNT_NAMES, COUNTED, type CountSettings } from '../../lib/aggregate/count.js'
import { TABLE_HELP, TABLE_OPTIONS, tableSettings } from '../../lib/aggregate/options.js'
import { filter, type Input } from '../../lib/component.js'
import { collect, didYouMean, Problem, throwAll } from '../../lib/diag/problem.js'
import type { Expression } from '../../lib/expr/expression.js'
import { METRIC_STATE_HELP, namedState, namedStateOptions, stateProblems } from '../../lib/state/named.js'
import { dimensionsOf } from '../../lib/trace/dimensions.js'

const since = '0.1.0'
const ALL = 'all'
const KINDS: readonly string[] = [...COUNTED, ALL]
const SPANS = `printf '%s\\n' '{"type":"span","resource":{"service.name":"shop"},"ts":"1","end":"2","name":"GET /","status":{"code":"error"},"attributes":{"http.route":"/"}}'`

const OPTIONS = {
  where: { since, type: 'list', value: 'EXPR', help: 'count only that for which one of these CEL expressions is true' },
  attribute: {
    since, type: 'list', value: 'NAME[=DEFAULT]', help: 'count by this attribute; what lacks it and has no default is not counted',
  },
  ...TABLE_OPTIONS,
  ...namedStateOptions('NAME, or else KIND'),
} as const

export default filter({
  name: 'derive count',
  summary: 'count spans, events, metrics, data points and log entries',
  description: `
    Counts what passes, which stays as it is. KIND is spans, spanevents, metrics, datapoints, logs, or all of them. NAME is the
    metric, by default trace.span.count, trace.span.event.count, metric.count, metric.datapoint.count or log.record.count. Counts
    belong to the resource of what they count.

    Conditions are expressions as in 'filter'; those of events see name, attributes and ts of the event, and trace_id, span_id,
    resource and scope of its span. An attribute is one of the entry, span, event or data point itself, or else a label, or one of
    its scope, or of its resource. Metrics as a whole have no attributes; one is the data points of one name, resource and scope
    that come in a row.

    ${TABLE_HELP}

    ${METRIC_STATE_HELP}`,
  since,
  accepts: ['span', 'log', 'metric'],
  emits: ['same', 'metric'],
  guarantee: 'No record is lost; metric records are counted as made. What a condition has no value for is not counted, and told.',
  args: [
    { name: 'KIND', help: 'what is counted', required: true, values: KINDS },
    { name: 'NAME', help: 'name of the metric, where KIND is one' },
  ],
  options: OPTIONS,
  check: async (input) => void (await settingsOf(input)),
  examples: [
    {
      command: `${SPANS} | solder derive count spans errors --where 'status.code == "error"' --attribute http.route`,
      about: 'count failed requests by route',
    },
    { command: `${SPANS} | solder derive count all --temporality delta --every 10s`, about: 'count everything' },
  ],
  async create(input, context) {
    const { Counts } = await import('../../lib/aggregate/count.js')
    const settings = await settingsOf(input)
    const [kind, name = kind] = input.args
    return new Counts(settings, context, await namedState(input.options, 'derive.count', name, context.log))
  },
})

/** Throws every Problem at once. */
async function settingsOf({ args: [kind, name], options }: Input<typeof OPTIONS>): Promise<CountSettings> {
  const { compileExpression } = await import('../../lib/expr/expression.js')
  const problems = stateProblems(options)
  if (!KINDS.includes(kind)) {
    const details = { expected: KINDS.join(', '), hint: didYouMean(kind, KINDS) }
    problems.push(new Problem(`nothing that can be counted: '${kind}'`, details))
  }
  if (kind === ALL && name !== undefined) problems.push(new Problem("counts of 'all' have their own names"))
  const conditions: Expression[] = []
  for (const text of options.where) {
    const condition = await collect(problems, () => compileExpression(text, { result: 'bool' }))
    if (condition !== undefined) conditions.push(condition)
  }
  throwAll(problems)
  const counted = kind === ALL ? COUNTED : [kind as Counted]
  return {
    table: tableSettings(options, 'solder.count'),
    counts: new Map(counted.map((of) => [of, name ?? COUNT_NAMES[of]])),
    conditions,
    attributes: dimensionsOf(options.attribute),
  }
}
