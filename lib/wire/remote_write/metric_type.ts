// Metric types as remote write numbers them, in 1.0 and in 2.0.

const WORDS = ['unknown', 'counter', 'gauge', 'histogram', 'gaugehistogram', 'summary', 'info', 'stateset']

/** Number of a kind; 0 for unknown ones. */
export function metricTypeNumber(kind: string): number {
  return Math.max(0, WORDS.indexOf(kind))
}

/** Word of a number. */
export function metricTypeOf(type: number): string {
  return WORDS[type] ?? 'unknown'
}
