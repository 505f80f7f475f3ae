// The record types and the canonical order of their keys (solder-records(7)).

export const RECORD_TYPES = ['target', 'metadata', 'metric', 'log', 'span', 'profile', 'checkpoint'] as const
export type RecordType = (typeof RECORD_TYPES)[number]

interface Shape {
  /** Identity keys after `type`, in canonical order. */
  readonly identity: readonly string[]
  /** Whether `ts` separates identity and payload. */
  readonly timed: boolean
  /** Known payload keys in canonical order; unknown ones follow, sorted by code point. */
  readonly payload: readonly string[]
}

export const SHAPES: Readonly<Record<RecordType, Shape>> = {
  target: { identity: ['labels'], timed: false, payload: ['state', 'from', 'until', 'why', 'to'] },
  metadata: { identity: ['name', 'kind', 'unit', 'help'], timed: false, payload: [] },
  metric: {
    identity: [
      'name', 'labels', 'attributes', 'resource', 'resource_meta', 'scope', 'kind', 'unit', 'help', 'metadata', 'temporality',
      'monotonic',
    ],
    timed: true,
    payload: [
      'start', 'value', 'int', 'stale', 'histogram', 'explicit_histogram', 'exponential_histogram', 'summary', 'exemplars',
      'flags',
    ],
  },
  log: {
    identity: ['labels', 'resource', 'resource_meta', 'scope'],
    timed: true,
    payload: [
      'observed', 'untimed', 'body', 'severity', 'severity_number', 'event_name', 'attributes', 'dropped_attributes_count',
      'extracted', 'trace_id', 'span_id', 'flags',
    ],
  },
  span: {
    identity: ['resource', 'resource_meta', 'scope'],
    timed: true,
    payload: [
      'end', 'trace_id', 'span_id', 'parent_span_id', 'trace_state', 'name', 'kind', 'status', 'attributes',
      'dropped_attributes_count', 'events', 'dropped_events_count', 'links', 'dropped_links_count', 'flags',
    ],
  },
  profile: {
    identity: ['labels', 'resource', 'resource_meta', 'scope', 'name'],
    timed: true,
    payload: ['end', 'format', 'data', 'attributes'],
  },
  checkpoint: { identity: ['source'], timed: false, payload: ['position'] },
}

export function isRecordType(word: unknown): word is RecordType {
  return typeof word === 'string' && Object.hasOwn(SHAPES, word)
}
