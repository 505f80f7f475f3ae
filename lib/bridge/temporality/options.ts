// The options of stages that turn one temporality into the other.

const since = '0.1.0'
const group = 'Bounds'

export const TEMPORALITY_OPTIONS = {
  max_series: {
    since,
    group,
    type: 'int',
    default: 500_000,
    min: 1,
    help: 'series remembered; points of further ones are rejected',
  },
  max_stale: {
    since,
    group,
    type: 'duration',
    default: '5m',
    min: '0s',
    help: 'time after which a series of which nothing came is forgotten; 0s: never',
  },
} as const
