// The metrics of a running pipeline, as the Prometheus text format and as OpenMetrics.

import { version } from '../io/version.js'
import type { Entry } from '../ledger/ledger.js'
import { gapsIn } from '../ledger/sheet.js'
import type { Events } from '../supervisor/events.js'
import type { SupervisedPipe } from '../supervisor/pipe.js'
import type { Supervisor } from '../supervisor/supervisor.js'

type Labels = readonly (readonly [name: string, value: string])[]

/** A metric with its samples. Names of counters stand without `_total`. */
export interface MetricFamily {
  readonly name: string
  readonly type: 'counter' | 'gauge' | 'info'
  /** The last word of the name, where it is one. */
  readonly unit: 'bytes' | 'seconds' | 'records' | null
  readonly help: string
  readonly samples: readonly (readonly [Labels, number])[]
}

export const CONTENT_TYPES = {
  text: 'text/plain; version=0.0.4; charset=utf-8',
  openmetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
} as const

type Samples = MetricFamily['samples']
type Fact<T> = readonly [name: string, unit: MetricFamily['unit'], help: string, value: (one: T) => number | undefined]

const STAGE_COUNTERS: readonly Fact<Entry>[] = [
  ['solder_stage_in_records', 'records', 'Records that came into a stage.', (entry) => entry.in],
  ['solder_stage_made_records', 'records', 'Records that a stage made.', ({ made }) => made],
  ['solder_stage_out_records', 'records', 'Records that a stage passed on, stored or sent.', ({ out }) => out],
  [
    'solder_stage_in_bytes', 'bytes', 'Bytes that a stage read; none between stages of one process.',
    ({ in_bytes }) => in_bytes,
  ],
  [
    'solder_stage_out_bytes', 'bytes', 'Bytes that a stage wrote or sent; none between stages of one process.',
    ({ out_bytes }) => out_bytes,
  ],
]

const PIPE_COUNTERS: readonly Fact<SupervisedPipe>[] = [
  ['solder_pipe_restarts', null, 'Starts of a process of a pipe after the first.', ({ restarts }) => restarts],
  [
    'solder_pipe_cpu_seconds', 'seconds',
    'CPU time of the process of a pipe, with all of its stages; programs are not in it.',
    ({ child }) => child?.report?.cpu,
  ],
]

const PIPE_GAUGES: readonly Fact<SupervisedPipe>[] = [
  [
    'solder_pipe_up', null,
    '1 while the process of a pipe runs, 0 while it is started, waits, drains, or has ended.',
    ({ state }) => Number(state === 'running'),
  ],
  [
    'solder_pipe_resident_memory_bytes', 'bytes',
    'Memory of the process of a pipe, which all of its stages share; programs are not in it.',
    ({ child }) => child?.report?.rss,
  ],
  [
    'solder_pipe_start_time_seconds', 'seconds', 'When the process of a pipe was started, Unix time.',
    ({ since }) => since / 1000,
  ],
  [
    'solder_pipe_ledger_gap_records', 'records',
    'Records that the accounts of a pipe miss, or have too many, added up.', gapOf,
  ],
]

function counter(name: string, unit: MetricFamily['unit'], help: string, samples: Samples): MetricFamily {
  return { name, type: 'counter', unit, help, samples }
}

function gauge(name: string, unit: MetricFamily['unit'], help: string, samples: Samples): MetricFamily {
  return { name, type: 'gauge', unit, help, samples }
}

/** Everything that is told about a running pipeline. */
export function familiesOf(supervisor: Supervisor, events: Events): MetricFamily[] {
  const { pipes } = supervisor
  const each = (value: Fact<SupervisedPipe>[3]): Samples =>
    pipes.flatMap((pipe) => {
      const found = value(pipe)
      return found === undefined ? [] : [[[['pipe', pipe.name]], found] as const]
    })
  return [
    ...stageFamilies(pipes),
    counter(
      'solder_stage_log_events', null,
      'Events that the stages of a command logged, by level: warn and error are its errors.',
      [...events.counts.values()].map(({ pipe, stage, level, count }) => [
        [['pipe', pipe], ['command', stage], ['level', level]],
        count,
      ]),
    ),
    ...PIPE_GAUGES.map(([name, unit, help, value]) => gauge(name, unit, help, each(value))),
    ...PIPE_COUNTERS.map(([name, unit, help, value]) => counter(name, unit, help, each(value))),
    ...ownFamilies(supervisor),
  ]
}

function stageFamilies(pipes: readonly SupervisedPipe[]): MetricFamily[] {
  const labelled = (pipe: SupervisedPipe, stage: string): Labels => [['pipe', pipe.name], ['stage', stage]]
  const entries = pipes.flatMap((pipe) =>
    totalsOf(pipe).map((entry) => ({ labels: labelled(pipe, entry.stage), entry })),
  )
  const each = (value: Fact<Entry>[3]): Samples => entries.map(({ labels, entry }) => [labels, value(entry)!])
  const dropped = entries.flatMap(({ labels, entry }) =>
    [...entry.dropped].map(([reason, count]): Samples[number] => [[...labels, ['reason', reason]], count]),
  )
  const busy = pipes.flatMap((pipe) =>
    [...busyOf(pipe)].map(([stage, seconds]): Samples[number] => [labelled(pipe, stage), seconds]),
  )
  return [
    ...STAGE_COUNTERS.map(([name, unit, help, value]) => counter(name, unit, help, each(value))),
    counter('solder_stage_dropped_records', 'records', 'Records that a stage dropped, by reason.', dropped),
    gauge('solder_stage_pending_records', 'records', 'Records that a stage holds.', each(({ pending }) => pending)),
    counter(
      'solder_stage_busy_seconds', 'seconds',
      'Time for which a filter or sink kept its process at work on batches; not what goes on between them.',
      busy,
    ),
  ]
}

/** Of the supervisor itself. */
function ownFamilies({ reloads }: Supervisor): MetricFamily[] {
  const { user, system } = process.cpuUsage()
  return [
    counter('solder_reloads', null, 'Reloads of the pipeline, the first load included, by result.', [
      [[['result', 'success']], reloads.succeeded],
      [[['result', 'failure']], reloads.failed],
    ]),
    counter('solder_supervisor_cpu_seconds', 'seconds', 'CPU time of the supervisor.', [[[], (user + system) / 1e6]]),
    gauge('solder_supervisor_resident_memory_bytes', 'bytes', 'Memory of the supervisor.', [
      [[], process.memoryUsage.rss()],
    ]),
    {
      name: 'solder_build',
      type: 'info',
      unit: null,
      help: 'The version that runs.',
      samples: [[[['version', version()]], 1]],
    },
  ]
}

function busyOf({ totals, child }: SupervisedPipe): ReadonlyMap<string, number> {
  return totals.busy(child?.report?.busy ?? new Map<string, number>())
}

/** Over all processes that a pipe had. */
export function totalsOf({ totals, child }: SupervisedPipe): Entry[] {
  return totals.with(child?.report?.sheet.entries ?? [])
}

function gapOf({ child }: SupervisedPipe): number {
  const sheet = child?.report?.sheet
  return sheet === undefined ? 0 : gapsIn(sheet).reduce((sum, { missing }) => sum + Math.abs(missing), 0)
}

/** The body of `/metrics`. */
export function render(families: readonly MetricFamily[], format: keyof typeof CONTENT_TYPES): string {
  const open = format === 'openmetrics'
  const lines: string[] = []
  for (const { name, type, unit, help, samples } of families) {
    const suffix = type === 'counter' ? '_total' : type === 'info' ? '_info' : ''
    const described = open ? name : `${name}${suffix}`
    lines.push(`# HELP ${described} ${help}`, `# TYPE ${described} ${open || type !== 'info' ? type : 'gauge'}`)
    if (open && unit !== null) lines.push(`# UNIT ${described} ${unit}`)
    for (const [labels, value] of samples) lines.push(`${name}${suffix}${labelsText(labels)} ${value}`)
  }
  if (open) lines.push('# EOF')
  return `${lines.join('\n')}\n`
}

function labelsText(labels: Labels): string {
  if (labels.length === 0) return ''
  const escaped = (value: string) => value.replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/\n/g, '\\n')
  return `{${labels.map(([name, value]) => `${name}="${escaped(value)}"`).join(',')}}`
}
