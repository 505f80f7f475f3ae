// derive spanmetrics: counts calls and measures their durations from spans.

import {
  bucketBounds, HISTOGRAM_OPTIONS, histogramMaker, TABLE_HELP, TABLE_OPTIONS, tableSettings,
} from '../../lib/aggregate/options.js'
import { filter, type Input } from '../../lib/component.js'
import { Problem, throwAll } from '../../lib/diag/problem.js'
import { namesOf } from '../../lib/logs/command.js'
import { METRIC_STATE_HELP, namedState, namedStateOptions, stateProblems } from '../../lib/state/named.js'
import { dimensionsOf } from '../../lib/trace/dimensions.js'
import { SpanMetrics, type SpanMetricsSettings, USUAL_DIMENSIONS } from '../../lib/trace/spanmetrics.js'

const since = '0.1.0'
const dimensions = { since, group: 'Dimensions' } as const
const histogram = { since, group: 'Durations' } as const
const SPAN = `printf '%s\\n' '{"type":"span","resource":{"service.name":"shop"},"ts":"1763804400000000000","end":"1763804400030000000","trace_id":"4bf92f3577b34da6a3ce929d0e0e4736","span_id":"00f067aa0ba902b7","name":"GET /","kind":"server","attributes":{"http.route":"/"}}'`

const OPTIONS = {
  namespace: { since, type: 'string', default: 'traces.span.metrics', help: 'what names of metrics begin with; may be empty' },
  dimension: {
    ...dimensions, type: 'list', value: 'NAME[=DEFAULT]',
    help: 'attribute of the span, or else of its resource, that becomes an attribute of the metrics',
  },
  calls_dimension: { ...dimensions, type: 'list', value: 'NAME[=DEFAULT]', help: 'the same, for the counter of calls alone' },
  duration_dimension: { ...dimensions, type: 'list', value: 'NAME[=DEFAULT]', help: 'the same, for the histogram of durations alone' },
  exclude_dimension: {
    ...dimensions, type: 'list', value: 'NAME', help: `one of the usual ones that does not (${USUAL_DIMENSIONS.join(', ')})`,
  },
  scope_dimensions: { ...dimensions, type: 'bool', help: 'tell name and version of the instrumentation scope, too' },
  histogram: {
    ...histogram, type: 'enum', values: ['explicit', 'exponential', 'none'], default: 'explicit',
    help: 'kind of the histogram of durations',
  },
  unit: { ...histogram, type: 'enum', values: ['ms', 's'], default: 'ms', help: 'what durations count in' },
  bucket: { ...HISTOGRAM_OPTIONS.bucket, ...histogram },
  max_size: { ...HISTOGRAM_OPTIONS.max_size, ...histogram },
  exemplars: { since, group: 'Exemplars', type: 'bool', help: 'keep spans as exemplars' },
  max_exemplars: { since, group: 'Exemplars', type: 'int', default: 5, min: 1, help: 'exemplars of one sample' },
  events: { since, group: 'Events', type: 'bool', help: 'count the events of spans, too' },
  event_dimension: {
    since, group: 'Events', type: 'list', value: 'NAME[=DEFAULT]',
    help: 'attribute of the event, or event.name, that becomes one of the metric',
  },
  ...TABLE_OPTIONS,
  ...namedStateOptions('NAMESPACE'),
} as const

export default filter({
  name: 'derive spanmetrics',
  summary: 'count calls and measure their durations from spans',
  description: `
    Makes two metrics of the spans, which pass as they are: NAMESPACE.calls counts them, NAMESPACE.duration is a histogram of how
    long they took. Both have the attributes service.name, span.name, span.kind and status.code, and those that --dimension names,
    with their types; they belong to the resource of the spans. With --events, NAMESPACE.events counts events.

    A dimension that is neither an attribute of the span nor of its resource has the value behind =, or is left out. A span that
    ends before it starts took no time.

    ${TABLE_HELP}

    ${METRIC_STATE_HELP}

    Behind 'filter tail' or 'filter sample' these are the calls that were kept: derive first, sample later.`,
  since,
  accepts: ['span'],
  emits: ['same', 'metric'],
  guarantee: 'No span is lost; metric records are counted as made.',
  args: [],
  options: OPTIONS,
  check: (input) => void settingsOf(input),
  examples: [
    { command: `${SPAN} | solder derive spanmetrics --dimension http.route`, about: 'count calls by route' },
    {
      command: `${SPAN} | solder derive spanmetrics --histogram exponential --unit s --exemplars | solder derive prometheus --no-target-info`,
      about: 'native histograms in seconds, for Prometheus',
    },
  ],
  async create(input, context) {
    const settings = settingsOf(input)
    const saved = await namedState(input.options, 'derive.spanmetrics', input.options.namespace, context.log)
    return new SpanMetrics(settings, context, saved)
  },
})

/** Throws every Problem at once. */
function settingsOf({ options }: Input<typeof OPTIONS>): SpanMetricsSettings {
  const excluded = namesOf(options.exclude_dimension)
  const problems = excluded
    .filter((name) => !(USUAL_DIMENSIONS as readonly string[]).includes(name))
    .map((name) => new Problem(`--exclude-dimension: no usual dimension: '${name}'`, { expected: USUAL_DIMENSIONS.join(', ') }))
  problems.push(...stateProblems(options))
  if (options.histogram !== 'explicit' && options.bucket.length > 0) {
    problems.push(new Problem('--bucket is for --histogram explicit'))
  }
  if (options.histogram === 'none' && options.duration_dimension.length > 0) {
    problems.push(new Problem('--duration-dimension is not for --histogram none'))
  }
  throwAll(problems)
  const { namespace, unit } = options
  const named = (name: string) => (namespace === '' ? name : `${namespace}.${name}`)
  const make =
    options.histogram === 'none' ? undefined
    : histogramMaker(options.histogram, bucketBounds(options.bucket), options.max_size, unit === 's' ? 0.001 : 1)
  return {
    table: tableSettings(options, 'solder.spanmetrics'),
    calls: { name: named('calls'), kind: 'counter', unit: '', help: 'Spans.' },
    duration: make && { name: named('duration'), kind: 'histogram', unit, help: 'How long spans took.', histogram: make },
    events: options.events ? { name: named('events'), kind: 'counter', unit: '', help: 'Events of spans.' } : undefined,
    unit: unit === 's' ? 1e9 : 1e6,
    dimensions: dimensionsOf(options.dimension),
    callsDimensions: dimensionsOf(options.calls_dimension),
    durationDimensions: dimensionsOf(options.duration_dimension),
    eventDimensions: dimensionsOf(options.event_dimension),
    excluded: new Set(excluded),
    scope: options.scope_dimensions,
    exemplars: options.exemplars ? options.max_exemplars : 0,
  }
}
