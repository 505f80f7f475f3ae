// derive metrics: counts and measures log entries; the metric becomes samples in the stream.

import { filter, type Input, type StatefulTransform } from '../../lib/component.js'
import { didYouMean, Problem, throwAll } from '../../lib/diag/problem.js'
import { checkStage, LOG_FILTER, stageTransform, without } from '../../lib/logs/command.js'
import type { Block } from '../../lib/logs/definition.js'
import metrics, { METRIC_OPTIONS } from '../../lib/logs/stages/metrics.js'
import { METRIC_STATE_HELP, namedState, namedStateOptions, stateProblems } from '../../lib/state/named.js'

const COUNTER = without(METRIC_OPTIONS.counter, 'name')
const OPTIONS = {
  ...COUNTER,
  action: {
    ...METRIC_OPTIONS.gauge.action,
    help: 'counter: inc (count, the default) or add (add up the field); gauge: set (the default), inc, dec, add or sub',
  },
  buckets: METRIC_OPTIONS.histogram.buckets,
  ...metrics.options,
  ...namedStateOptions('that of the metric'),
} as const

const KINDS = ['counter', 'gauge', 'histogram']

export default filter({
  ...LOG_FILTER,
  name: 'derive metrics',
  emits: ['same', 'metric', 'metadata'],
  summary: 'count and measure log entries',
  description: `
    Makes a metric of log entries, which pass as they are. A counter counts entries that have the field --source (or
    all, with --match-all), or adds up the field; a gauge is set to the field, or changed by it; a histogram puts it
    into --buckets. Each stream has a series of its own, with its labels but those that begin with __. Fields are
    numbers, or durations (1m30s), which are seconds.

    Every --every the samples of all series go on as metric records. A series that did not change for
    --max-idle-duration ends with a staleness marker.

    ${METRIC_STATE_HELP}`,
  guarantee: `No entry is lost; metric records are counted as made. Where --state cannot be written, which is told, the next
    run goes on from what was written last.`,
  args: [
    { name: 'KIND', help: 'counter, gauge or histogram', required: true, values: KINDS },
    { name: 'NAME', help: 'name of the metric', required: true },
  ],
  options: OPTIONS,
  async check(input) {
    throwAll(stateProblems(input.options))
    await checkStage(metrics, { every: input.options.every }, [blockOf(input)])
  },
  examples: [
    {
      command: `printf '%s\\n' '{"type":"log","labels":{"app":"shop"},"ts":"1763804400123000000","body":"paid"}' | solder derive metrics counter log_lines_total --match-all`,
      about: 'count lines',
    },
    {
      command: 'solder derive metrics histogram request_seconds --source took --buckets 0.1 --buckets 1 < /dev/null',
      about: 'measure how long requests take',
    },
  ],
  async create(input, context): Promise<StatefulTransform> {
    const { options, args } = input
    throwAll(stateProblems(options))
    const { every } = options
    const saved = await namedState(options, 'derive.metrics', `${options.prefix}${args[1]}`, context.log)
    return stageTransform(metrics, { every }, options, context, [blockOf(input)], saved)
  },
})

function blockOf({ args: [kind, name], options }: Input<typeof OPTIONS>): Block {
  if (!KINDS.includes(kind)) {
    throw new Problem(`no kind of metric: '${kind}'`, { expected: KINDS.join(', '), hint: didYouMean(kind, KINDS) })
  }
  const action = options.action === '' ? (kind === 'gauge' ? 'set' : 'inc') : options.action
  return { name: kind, values: { ...options, action, name } }
}
