// derive metrics: counts and measures log entries; the metric becomes samples in the stream.

import { type Context, filter, type Input, type StatefulTransform } from '../../lib/component.js'
import { didYouMean, Problem } from '../../lib/diag/problem.js'
import { checkStage, LOG_FILTER, stageTransform, without } from '../../lib/logs/command.js'
import type { Block } from '../../lib/logs/definition.js'
import type { Saved } from '../../lib/logs/stage.js'
import metrics, { METRIC_OPTIONS } from '../../lib/logs/stages/metrics.js'
import { STATE_OPTIONS } from '../../lib/state/options.js'

const COUNTER = without(METRIC_OPTIONS.counter, 'name')
const OPTIONS = {
  ...COUNTER,
  action: {
    ...METRIC_OPTIONS.gauge.action,
    help: 'counter: inc (count, the default) or add (add up the field); gauge: set (the default), inc, dec, add or sub',
  },
  buckets: METRIC_OPTIONS.histogram.buckets,
  ...metrics.options,
  state: { ...STATE_OPTIONS.state, help: 'folder that keeps the metric from one run to the next' },
  state_name: {
    type: 'string', value: 'NAME', since: '0.1.0', group: STATE_OPTIONS.state.group,
    help: "name of this stage in the folder of --state; that of the metric, if absent",
  },
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

    Metrics start from nothing when the command starts, unless --state keeps them: samples are on disk before they go
    on, so that a counter goes on from what was sent of it last, and never falls. What was counted after that when the
    stage was killed is counted when those lines come again from a source with checkpoints; some of them may be counted
    twice then. Two stages need two names (--state-name) there. Limits of rates ('filter limit') start anew, with their
    burst, in each run.`,
  guarantee: `No entry is lost; metric records are counted as made. Where --state cannot be written, which is told, the next
    run goes on from what was written last.`,
  args: [
    { name: 'KIND', help: 'counter, gauge or histogram', required: true, values: KINDS },
    { name: 'NAME', help: 'name of the metric', required: true },
  ],
  options: OPTIONS,
  async check(input) {
    checkName(input)
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
    checkName(input)
    const { every } = input.options
    const saved = await savedBy(input, context)
    return stageTransform(metrics, { every }, input.options, context, [blockOf(input)], saved)
  },
})

function checkName({ options: { state_name: name } }: Input<typeof OPTIONS>): void {
  if (name === undefined || /^[\w.:-]{1,100}$/.test(name)) return
  throw new Problem(`--state-name: '${name}' is not valid`, { expected: "1 to 100 letters, digits, '_', '.', ':', '-'" })
}

async function savedBy({ args, options }: Input<typeof OPTIONS>, { log }: Context): Promise<Saved | undefined> {
  const { state, state_name: name = `${options.prefix}${args[1]}` } = options
  if (state === undefined) return undefined
  const { SavedRecords } = await import('../../lib/state/saved.js')
  const saved = new SavedRecords(state, `derive.metrics.${name}`, log)
  await saved.hold()
  return saved
}

function blockOf({ args: [kind, name], options }: Input<typeof OPTIONS>): Block {
  if (!KINDS.includes(kind)) {
    throw new Problem(`no kind of metric: '${kind}'`, { expected: KINDS.join(', '), hint: didYouMean(kind, KINDS) })
  }
  const action = options.action === '' ? (kind === 'gauge' ? 'set' : 'inc') : options.action
  return { name: kind, values: { ...options, action, name } }
}
