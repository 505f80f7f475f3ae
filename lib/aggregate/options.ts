// Options of the commands that make metrics of other records.

import { Problem } from '../diag/problem.js'
import { parseDuration } from '../option/value.js'
import type { OptionTable, OptionValues } from '../option/table.js'
import { ExplicitHistogram } from './explicit.js'
import { ExponentialHistogram } from './exponential.js'
import type { Histogram } from './series.js'
import type { TableSettings } from './table.js'

const since = '0.1.0'

export const TABLE_OPTIONS = {
  every: { since, type: 'duration', default: '1m', min: '1ms', help: 'time between two samples of a series' },
  temporality: {
    since, type: 'enum', values: ['cumulative', 'delta'], default: 'cumulative',
    help: 'cumulative: since the series began; delta: since the last sample',
  },
  resource_attribute: {
    since, type: 'list', value: 'NAME', help: 'attribute of the resource that the metrics keep; none given: all of them',
  },
  max_idle_duration: {
    since, type: 'duration', default: '5m',
    help: 'time after which a series that does not change ends with a staleness marker; 0: never',
  },
  cardinality_limit: {
    since, group: 'Bounds', type: 'int', default: 0, min: 0,
    help: 'series of one metric of one resource, the rest is counted in a series of its own; 0: only max_series counts',
  },
  max_series: {
    since, group: 'Bounds', type: 'int', default: 100_000, min: 1,
    help: 'series at once; what comes beyond is counted in series with the attribute otel.metric.overflow',
  },
} as const satisfies OptionTable

/** What manuals say of the bounds. */
export const TABLE_HELP = `Metrics are data points of OTLP, which 'write otlp' sends as they are and 'derive prometheus'
    translates; they go on every --every and at the end of the input.

    Beyond --max-series, or --cardinality-limit in one resource, what would begin a new series is counted in one with the
    attribute otel.metric.overflow: sums stay right.`

export function tableSettings(options: OptionValues<typeof TABLE_OPTIONS>, scope: string): TableSettings {
  return {
    scope,
    temporality: options.temporality,
    every: options.every,
    maxIdle: options.max_idle_duration,
    maxSeries: options.max_series,
    perResource: options.cardinality_limit,
    resourceAttributes: new Set(options.resource_attribute),
  }
}

export const HISTOGRAM_OPTIONS = {
  bucket: {
    since, type: 'list', value: 'DURATION',
    help: 'upper bound of a bucket of an explicit histogram (2ms, 1s); none given: 2ms to 15s in 16 steps',
  },
  max_size: {
    since, type: 'int', default: 160, min: 2, max: 100_000,
    help: 'buckets of an exponential histogram, which is as fine as they allow',
  },
} as const satisfies OptionTable

/** Milliseconds, as the OpenTelemetry Collector's connectors have them. */
const BOUNDS = [2, 4, 6, 8, 10, 50, 100, 200, 400, 800, 1000, 1400, 2000, 5000, 10_000, 15_000]

/**
 * Upper bounds in milliseconds.
 * Throws a Problem where they are no durations, or not in order.
 */
export function bucketBounds(words: readonly string[]): readonly number[] {
  if (words.length === 0) return BOUNDS
  const bounds = words.flatMap((word) => word.split(',')).map((word) => {
    const bound = parseDuration(word)
    if (bound === undefined) throw new Problem(`--bucket: '${word}' is not valid`, { expected: 'a duration such as 2ms or 1s' })
    return bound
  })
  if (bounds.some((bound, i) => i > 0 && bound <= bounds[i - 1])) {
    throw new Problem(`--bucket: ${words.join(', ')}`, { expected: 'durations, each greater than the one before' })
  }
  return bounds
}

/** @param scale what a millisecond is in the unit of the histogram */
export function histogramMaker(
  kind: 'explicit' | 'exponential', bounds: readonly number[], maxSize: number, scale: number,
): () => Histogram {
  if (kind === 'exponential') return () => new ExponentialHistogram(maxSize)
  const scaled = bounds.map((bound) => (scale === 1 ? bound : bound / 1000))
  return () => new ExplicitHistogram(scaled)
}
