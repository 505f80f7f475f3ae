// metrics: counts and measures entries; the metrics become samples in the stream.

import { Problem } from '../../diag/problem.js'
import type { OptionTable, OptionValues } from '../../option/table.js'
import { Identity, memoSlot } from '../../record/identity.js'
import type { Json } from '../../record/json.js'
import type { Labels } from '../../record/labels.js'
import type { Record } from '../../record/record.js'
import { amountOf, CountedMetric, type MetricKind } from '../counted.js'
import { type Block, defineStage } from '../definition.js'
import type { LogEntry } from '../entry.js'
import type { HoldingStage, Next, StageContext } from '../stage.js'
import { labelsWhere } from '../streams.js'
import { isLabelName, textOf } from '../text.js'

const SHARED = {
  name: { type: 'string', default: '', help: 'name, without prefix', since: '0.1.0' },
  prefix: { type: 'string', default: '', help: 'what stands before the name', since: '0.1.0' },
  description: { type: 'string', default: '', help: 'help text of the metric', since: '0.1.0', value: 'TEXT' },
  source: {
    type: 'string', default: '', since: '0.1.0', value: 'FIELD',
    help: 'field that is counted or measured; the name, if absent',
  },
  value: { type: 'string', default: '', help: 'only entries whose field has this value', since: '0.1.0' },
  max_idle_duration: {
    type: 'duration', default: '5m', since: '0.1.0',
    help: 'a series that did not change for so long is gone',
  },
} as const satisfies OptionTable

/** The options of a counter, a gauge or a histogram. */
export const METRIC_OPTIONS = {
  counter: {
    ...SHARED,
    action: {
      type: 'string', default: '', since: '0.1.0', value: 'inc|add',
      help: 'inc: count; add: add up the field',
    },
    match_all: { type: 'bool', help: 'all entries, whether they have the field or not', since: '0.1.0' },
    count_entry_bytes: { type: 'bool', help: 'add up the bytes of lines', since: '0.1.0' },
  },
  gauge: {
    ...SHARED,
    action: { type: 'string', default: '', help: 'inc, dec, set, add or sub', since: '0.1.0', value: 'ACTION' },
  },
  histogram: { ...SHARED, buckets: { type: 'list', help: 'upper bound of a bucket', since: '0.1.0', value: 'NUMBER' } },
} as const satisfies { readonly [K in MetricKind]: OptionTable }

type Written = OptionValues<typeof METRIC_OPTIONS.counter> & { readonly buckets?: readonly string[] }

/** A metric, and what an entry does to it. */
interface Rule {
  readonly metric: CountedMetric
  apply(entry: LogEntry): number | undefined
  change(series: { value: number; observe(value: number): void }, amount: number): void
}

export default defineStage({
  name: 'metrics',
  options: {
    every: {
      type: 'duration', default: '15s', min: '1ms', since: '0.1.0',
      help: 'time between two samples of a series',
    },
  },
  blocks: {
    'metric.counter': METRIC_OPTIONS.counter,
    'metric.gauge': METRIC_OPTIONS.gauge,
    'metric.histogram': METRIC_OPTIONS.histogram,
  },
  prepare({ every }, blocks) {
    const makers = blocks.map(ruleOf)
    return (context) => new Metrics(makers.map((make) => make()), every, context)
  },
})

/** What Alloy puts before names in stages that give no prefix. */
const ALLOY_PREFIX = 'loki_process_custom_'
const ALLOY_BLOCK = /^metric\./

const ACTIONS: { readonly [K in MetricKind]: readonly string[] } = {
  counter: ['inc', 'add'], gauge: ['inc', 'dec', 'set', 'add', 'sub'], histogram: ['observe'],
}

/** A block `metric.counter` is one of Alloy's; a block `counter` has no prefix but its own. */
function ruleOf({ name: block, values }: Block): () => Rule {
  const kind = block.replace(ALLOY_BLOCK, '') as MetricKind
  const written = values as Written
  const { prefix, description: help, max_idle_duration: maxIdle, value, match_all } = written
  const action = kind === 'histogram' ? 'observe' : written.action
  const source = written.source === '' ? written.name : written.source
  checkMetric(kind, written, action)
  const buckets = (written.buckets ?? []).map(Number)
  const name = (prefix === '' && ALLOY_BLOCK.test(block) ? ALLOY_PREFIX : prefix) + written.name
  const amount = (field: Json | undefined, entry: LogEntry): number | undefined => {
    if (kind === 'counter' && match_all) {
      return written.count_entry_bytes ? Buffer.byteLength(entry.line) : amountIn(field)
    }
    if (field === undefined || (value !== '' && textOf(field) !== value)) return undefined
    return amountIn(field)
  }
  const amountIn = (field: Json | undefined) => (action === 'inc' || action === 'dec' ? 1 : amountOf(field))
  return () => ({
    metric: new CountedMetric({ kind, name, help, buckets, maxIdle }),
    apply: (entry) => amount(entry.get(source), entry),
    change: changeOf(kind, action),
  })
}

function changeOf(kind: MetricKind, action: string): Rule['change'] {
  if (kind === 'histogram') return (series, amount) => series.observe(amount)
  if (action === 'set') return (series, amount) => void (series.value = amount)
  const sign = action === 'dec' || action === 'sub' ? -1 : 1
  return (series, amount) => void (series.value += sign * amount)
}

function checkMetric(kind: MetricKind, written: Written, action: string): void {
  const { name, max_idle_duration, match_all, value, count_entry_bytes, buckets = [] } = written
  if (!/^[a-zA-Z_:][a-zA-Z0-9_:]*$/.test(name)) {
    throw new Problem(`'${name}' is no name of a metric`, { expected: 'letters, digits, _ and :, no digit first' })
  }
  if (max_idle_duration < 1000) throw new Problem('max_idle_duration must be greater or equal than 1s')
  if (!ACTIONS[kind].includes(action)) {
    throw new Problem(`the 'action' ${kind} field must be one of ${ACTIONS[kind].join(', ')}`)
  }
  if (match_all && value !== '') {
    throw new Problem("a 'counter' metric supports either 'match_all' or a 'value', but not both")
  }
  if (count_entry_bytes && !(match_all && action === 'add')) {
    const along = "along with match_all set to true or action set to 'add'"
    throw new Problem(`the 'count_entry_bytes' counter field must be specified ${along}`)
  }
  const numbers = buckets.map(Number)
  if (numbers.some((bound, i) => Number.isNaN(bound) || !(i === 0 || bound > numbers[i - 1]))) {
    throw new Problem(`buckets: ${buckets.join(', ')}`, { expected: 'numbers, each greater than the one before' })
  }
}

class Metrics implements HoldingStage {
  readonly #labelled: ReturnType<StageContext['streams']['mapper']>
  readonly #slot = memoSlot()
  #next = Infinity

  constructor(
    private readonly rules: readonly Rule[],
    private readonly every: number,
    private readonly context: StageContext,
  ) {
    const visible = (name: string) => isLabelName(name) && !name.startsWith('__')
    this.#labelled = context.streams.mapper((labels) => labelsWhere(labels, visible))
    if (context.saved !== undefined) this.#restore([...context.saved.read()])
  }

  #restore(samples: readonly Record[]): void {
    const now = this.context.clock.monotonic()
    for (const { metric } of this.rules) metric.restore(samples, (labels) => this.#bare(labels), now)
    if (this.rules.some(({ metric }) => metric.size > 0)) this.#next = now + this.every
  }

  #bare(labels: Labels): Identity {
    return this.context.streams.known(Identity.of('log', '', labels))
  }

  /** The stream that an entry counts for: its labels alone, for a series has nothing else. */
  #stream(id: Identity): Identity {
    const stream = this.#labelled(id)
    return ((stream.memo ??= [])[this.#slot] ??= this.#bare(stream.labels)) as Identity
  }

  take(entry: LogEntry, next: Next): void {
    const now = this.context.clock.monotonic()
    const stream = this.#stream(entry.identity)
    for (const { metric, apply, change } of this.rules) {
      const amount = apply(entry)
      if (amount !== undefined) metric.change(stream, now, (series) => change(series, amount))
    }
    if (this.#next === Infinity) this.#next = now + this.every
    next(entry)
  }

  held(): number {
    return Infinity
  }

  due(): number {
    return this.#next
  }

  tick(now: number): void {
    if (this.#next > now) return
    this.#collect(now)
    this.#next = this.rules.some(({ metric }) => metric.size > 0) ? now + this.every : Infinity
  }

  flush(): void {
    this.#collect(this.context.clock.monotonic())
  }

  #collect(now: number): void {
    const ts = this.context.clock.now()
    const records = this.rules.flatMap(({ metric }) => metric.collect(ts, now))
    // Before they go on: a counter must never fall behind what was sent of it, which would pass for a new beginning.
    this.context.saved?.save(records.filter(({ payload }) => payload.value !== undefined))
    for (const record of records) {
      this.context.account.made++
      this.context.emit(record)
    }
  }
}
