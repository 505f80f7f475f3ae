// How samples of Prometheus become data points of OTLP: the options of those who translate them.

const since = '0.1.0'
const group = 'Metrics of Prometheus'

export const TO_OTLP_OPTIONS = {
  trim_suffixes: { since, group, type: 'bool', help: 'leave out the words at the end of names that tell type and unit' },
  join_wait: {
    since,
    group,
    type: 'duration',
    default: '1s',
    min: '1ms',
    help: 'longest time that the series of a histogram or summary wait for one another',
  },
  max_held: {
    since,
    group,
    type: 'int',
    default: 1_000_000,
    min: 1,
    help: 'samples that wait; then the oldest do not any more',
  },
  max_series: {
    since,
    group,
    type: 'int',
    default: 500_000,
    min: 1,
    help: 'families, targets, histograms and summaries remembered; those known for longest are forgotten first',
  },
  max_buckets: {
    since,
    group,
    type: 'int',
    default: 10_000,
    min: 1,
    help: 'most buckets of a native histogram, with those left out',
  },
} as const
