// The suite `otlp_examples`: the official payloads, decoded, and the same through protobuf and through records.

import { deepEqual, equal } from 'node:assert/strict'
import type { KeyValue, LogsRequest, MetricsRequest, ProfilesRequest, Requests, TracesRequest } from '../../../lib/wire/otlp/message.js'
import { messageText, parseMessage } from '../../../lib/wire/otlp/json.js'
import { decodeMessage, encodeMessage } from '../../../lib/wire/otlp/protobuf.js'
import { ExportRequest } from '../../../lib/wire/otlp/export_request.js'
import { recordsOf } from '../../../lib/wire/otlp/records.js'
import { REQUESTS, type Signal } from '../../../lib/wire/otlp/schema.js'
import type { Case } from '../suite.js'

export const BOUNDS = { max_elements: 1_000_000, max_depth: 64 }

type AnyRequest = TracesRequest & LogsRequest & MetricsRequest & ProfilesRequest

interface Expected {
  resources: number
  scopes: number
  items: number
  [what: string]: unknown
}

export async function otlpExamples(test: Case): Promise<void> {
  const signal = test.signal as Signal
  const type = REQUESTS[signal]
  const parsed = parseMessage<Requests[Signal]>(JSON.stringify(test.json), type, BOUNDS)
  const decoded = decodeMessage<Requests[Signal]>(encodeMessage(parsed, type), type, BOUNDS)
  deepEqual(decoded, parsed)
  const request = new ExportRequest(signal)
  for (const { identity, payload } of recordsOf(signal, decoded)) request.add(identity, payload)
  deepEqual(sorted(decodeMessage(request.finish(), type, BOUNDS)), sorted(decoded))
  deepEqual(parseMessage(messageText(parsed), type, BOUNDS), parsed)
  check(parsed, test.expected as Expected)
}

function check(request: AnyRequest, expected: Expected): void {
  const resources = [
    ...(request.resourceSpans ?? []), ...(request.resourceLogs ?? []), ...(request.resourceMetrics ?? []),
  ]
  const scopes = (request.resourceSpans ?? []).flatMap((one) => one.scopeSpans ?? [])
  const logScopes = (request.resourceLogs ?? []).flatMap((one) => one.scopeLogs ?? [])
  const metricScopes = (request.resourceMetrics ?? []).flatMap((one) => one.scopeMetrics ?? [])
  const spans = scopes.flatMap((one) => one.spans ?? [])
  const logs = logScopes.flatMap((one) => one.logRecords ?? [])
  const metrics = metricScopes.flatMap((one) => one.metrics ?? [])
  equal(resources.length, expected.resources)
  equal(scopes.length + logScopes.length + metricScopes.length, expected.scopes)
  equal(spans.length + logs.length + metrics.length, expected.items)
  const facts: { [what: string]: readonly unknown[] } = {
    spans: spans.map(({ name, traceId, spanId, kind }) => ({ name, trace_id: traceId, span_id: spanId, kind })),
    bodies: logs.map(({ body }) => body),
    metrics: metrics.map(({ name, unit }) => ({ name, unit })),
  }
  for (const [what, list] of Object.entries(facts)) {
    if (expected[what] !== undefined) deepEqual(list, expected[what])
  }
}

/** Attributes are sets: the order is that of their keys. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) {
    const items = value.map(sorted)
    const keyed = items.every((item) => typeof item === 'object' && item !== null && 'key' in item)
    return keyed ? items.sort((a, b) => ((a as KeyValue).key! < (b as KeyValue).key! ? -1 : 1)) : items
  }
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, sorted(inner)]))
}
