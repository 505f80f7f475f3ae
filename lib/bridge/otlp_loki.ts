// Log entries of OTLP as Loki's own OTLP endpoint stores them (grafana/loki, pkg/loghttp/push): some attributes of the
// resource are labels of the stream; everything else is structured metadata of the entry.

import type { IdentityRest } from '../record/identity.js'
import { type Json, sortedKeys } from '../record/json.js'
import type { Payload } from '../record/record.js'
import { jsonOf, mapField, textOf, valueOf } from '../wire/otlp/value.js'
import { labelName } from './otlp_prometheus/names.js'

/** Attributes of resources that Loki makes labels (`default_resource_attributes_as_index_labels`). */
export const DEFAULT_RESOURCE_LABELS: readonly string[] = [
  'service.name', 'service.namespace', 'service.instance.id', 'deployment.environment', 'deployment.environment.name',
  'cloud.region', 'cloud.availability_zone', 'k8s.cluster.name', 'k8s.namespace.name', 'k8s.pod.name',
  'k8s.container.name',
  'container.name', 'k8s.replicaset.name', 'k8s.deployment.name', 'k8s.statefulset.name', 'k8s.daemonset.name',
  'k8s.cronjob.name', 'k8s.job.name',
]

/** The label of a resource that names no service, and what it is then. */
const SERVICE_NAME = 'service_name'
const UNKNOWN_SERVICE = 'unknown_service'

const NAMING = { escape: true, underscore_sanitization: true, preserve_multiple_underscores: true }

/** What depends on the resource and scope of an entry alone. */
export interface LokiOrigin {
  /** Labels of the stream. */
  labels: ReadonlyMap<string, string>
  /** Structured metadata: names and values in turn. */
  metadata: readonly string[]
}

/** Whether an entry is one of OTLP: it says whose it is. */
export function hasOrigin({ resource, scope }: IdentityRest): boolean {
  return resource !== undefined || scope !== undefined
}

/** @param promoted attributes of resources that become labels. Throws an Error where a field is of the wrong shape. */
export function lokiOrigin(rest: IdentityRest, promoted: ReadonlySet<string>): LokiOrigin {
  const resource = mapField(rest.resource)
  const scope = mapField(rest.scope)
  const labels: string[] = []
  const metadata: string[] = []
  for (const name of sortedKeys(resource)) flatten(name, resource[name], promoted.has(name) ? labels : metadata)
  const attributes = mapField(scope.attributes)
  for (const name of sortedKeys(attributes)) flatten(name, attributes[name], metadata)
  for (const field of ['name', 'version', 'dropped_attributes_count']) add(metadata, `scope_${field}`, scope[field])
  const map = new Map<string, string>()
  for (let i = 0; i < labels.length; i += 2) map.set(labels[i], labels[i + 1])
  if ((resource['service.name'] ?? '') === '') map.set(SERVICE_NAME, UNKNOWN_SERVICE)
  return { labels: map, metadata }
}

/** The structured metadata of an entry, as Loki writes it; of a name that comes again the first counts. */
export function lokiMetadata(payload: Payload, origin: readonly string[]): readonly string[] {
  const all: string[] = []
  if (payload.untimed !== true) add(all, 'observed_timestamp', payload.observed)
  add(all, 'severity_number', payload.severity_number)
  add(all, 'severity_text', payload.severity)
  add(all, 'event_name', payload.event_name)
  add(all, 'dropped_attributes_count', payload.dropped_attributes_count)
  add(all, 'flags', payload.flags)
  add(all, 'trace_id', payload.trace_id)
  add(all, 'span_id', payload.span_id)
  const attributes = mapField(payload.attributes)
  for (const name of sortedKeys(attributes)) flatten(name, attributes[name], all)
  const metadata: string[] = []
  const seen = new Set<string>()
  for (const pairs of [all, origin]) {
    for (let i = 0; i < pairs.length; i += 2) {
      if (seen.has(pairs[i])) continue
      seen.add(pairs[i])
      metadata.push(pairs[i], pairs[i + 1])
    }
  }
  return metadata
}

/** The line of an entry: its body as text, what is no text as JSON. */
export function lokiLine({ body }: Payload): string {
  return textOf(body ?? null)
}

/** What says nothing is left out. */
function add(pairs: string[], name: string, value: Json | undefined): void {
  if (value !== undefined && value !== null && value !== '' && value !== 0) pairs.push(name, textOf(value))
}

/** A map is a name for each of its keys. */
function flatten(name: string, json: Json, pairs: string[]): void {
  const label = sanitized(name)
  const { kvlistValue } = valueOf(json)
  if (kvlistValue === undefined) pairs.push(label, textOf(json))
  else for (const { key = '', value = {} } of kvlistValue.values ?? []) flatten(`${label}_${key}`, jsonOf(value), pairs)
}

function sanitized(name: string): string {
  try {
    return labelName(name, NAMING)
  } catch {
    // Nothing in it that Loki would keep.
    return '_'
  }
}
