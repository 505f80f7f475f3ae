// Names and units of Prometheus as OpenTelemetry has them (OpenTelemetry specification, "Prometheus and OpenMetrics
// Compatibility").

import { isPlainName, metricName, type MetricType, type NamedMetric, PER, UNITS, unitName } from '../otlp_prometheus/names.js'
import type { Original } from '../original.js'

const WORDS: ReadonlyMap<string, string> = new Map(
  [...UNITS].filter(([, word]) => word !== '').map(([unit, word]) => [word, unit]),
)
const PER_WORDS: ReadonlyMap<string, string> = new Map([...PER].map(([unit, word]) => [word, unit]))

/** A unit of Prometheus (`bytes_per_second`) in UCUM (`By/s`); words that it does not know stay. */
export function ucumOf(unit: string): string {
  if (unit === 'ratio') return '1'
  const at = unit.indexOf('_per_')
  if (at < 0) return WORDS.get(unit) ?? unit
  const main = unit.slice(0, at)
  const per = unit.slice(at + '_per_'.length)
  return `${WORDS.get(main) ?? main}/${PER_WORDS.get(per) ?? per}`
}

/** A name without the words at its end that tell type and unit; the name where nothing else would be left. */
export function trimmedName(name: string, unit: string, type: MetricType): string {
  let rest = name
  const drop = (word: string) => {
    if (word !== '' && rest.endsWith(`_${word}`) && rest.length > word.length + 1) rest = rest.slice(0, -word.length - 1)
  }
  if (type === 'monotonic_counter') drop('total')
  drop(unit)
  return rest
}

/** What `labelName` changes of a plain label, or may change. */
const CHANGING_LABEL = /^_|__/

/** What has to be said beside a metric so that its series has the same name, unit and labels afterwards. */
export function namesToKeep(name: string, unit: string, metric: NamedMetric, labels: readonly string[]): Original {
  const original: Original = {}
  if (metric.name !== name || translated(metric) !== name) original.name = name
  if (unitName(metric.unit, true) !== unit) original.unit = unit
  for (let i = 0; i < labels.length; i += 2) if (CHANGING_LABEL.test(labels[i])) original.labels = true
  return original
}

function translated(metric: NamedMetric): string | null {
  try {
    // Whether other names stay is for those to say who store them.
    return metricName(metric, { escape: isPlainName(metric.name), suffixes: true, namespace: '' })
  } catch {
    return null
  }
}
