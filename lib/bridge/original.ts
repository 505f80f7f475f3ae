// What a series of Prometheus was, where OTLP cannot tell it and the way back would guess wrong: it goes along in the
// metadata of the metric, under a key of our own.

import type { Json } from '../record/json.js'
import type { JsonMap } from '../wire/otlp/value.js'

/** The type of a metric in Prometheus (OpenTelemetry specification, "Prometheus and OpenMetrics Compatibility"). */
export const PROMETHEUS_TYPE = 'prometheus.type'
const ORIGINAL = 'solder.prometheus'

/** The scope of what came from Prometheus and names none: the specification wants to know who translated it. */
export const BRIDGE_SCOPE = 'solder.prometheus'

export interface Original {
  /** The name of the metric. */
  name?: string
  unit?: string
  /** Labels may look as if they had to be changed. */
  labels?: true
  /** A native histogram, with the zero threshold that is told, and custom buckets where bounds are. */
  native?: true
  /** The values of `le` or `quantile` as they were written, in the order of the numbers. */
  numbers?: readonly string[]
}

/** The metadata of a metric that was of this type. */
export function metadataOf(type: string, original: Original): JsonMap {
  const metadata: { [key: string]: Json } = type === '' ? {} : { [PROMETHEUS_TYPE]: type }
  if (Object.keys(original).length > 0) metadata[ORIGINAL] = original as unknown as Json
  return metadata
}

/** What a metric's metadata says of where it came from; anybody may have sent it. */
export function originalOf(metadata: Json | undefined): Original {
  const told = mapOr(mapOr(metadata)[ORIGINAL])
  const { name, unit, labels, native, numbers } = told
  return {
    ...(typeof name === 'string' && { name }),
    ...(typeof unit === 'string' && { unit }),
    ...(labels === true && { labels }),
    ...(native === true && { native }),
    ...(Array.isArray(numbers) && numbers.every((text) => typeof text === 'string') && { numbers: numbers as string[] }),
  }
}

/** The type that a metric had in Prometheus, '' where nobody says so. */
export function typeOf(metadata: Json | undefined): string {
  const type = mapOr(metadata)[PROMETHEUS_TYPE]
  return typeof type === 'string' ? type : ''
}

function mapOr(json: Json | undefined): JsonMap {
  return typeof json === 'object' && json !== null && !Array.isArray(json) ? (json as JsonMap) : {}
}
