// Whose metrics a record holds: those of OpenTelemetry know resource, unit or temporality, those of Prometheus labels
// and a type.

import type { Identity } from '../record/identity.js'
import type { Payload, Record } from '../record/record.js'

/** What only identities of OTLP have. */
const OTLP_KEYS = [
  'monotonic', 'temporality', 'resource', 'scope', 'unit', 'help', 'attributes', 'resource_meta', 'metadata',
]

/**
 * Whether it is that of data points of OTLP. One that says no more than name, labels and type is taken for
 * Prometheus's.
 */
export function isOtlpIdentity({ type, rest }: Identity): boolean {
  if (type !== 'metric') return false
  for (const key of OTLP_KEYS) if (rest[key] !== undefined) return true
  return false
}

/** Whether it is a data point of OTLP, by its identity or by what only such points hold. */
export function isOtlp({ identity, payload }: Record): boolean {
  if (identity.type !== 'metric' || payload.histogram !== undefined) return false
  return payload.int !== undefined || isDistribution(payload) || isOtlpIdentity(identity)
}

/** Whether records of this identity are of Prometheus: samples of series, or what is known about their families. */
export function isPrometheusIdentity(id: Identity): boolean {
  return id.type === 'metadata' || (id.type === 'metric' && !isOtlpIdentity(id))
}

function isDistribution({ explicit_histogram, exponential_histogram, summary }: Payload): boolean {
  return explicit_histogram !== undefined || exponential_histogram !== undefined || summary !== undefined
}
