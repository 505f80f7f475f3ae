// Ids of spans that were received: what is none is told, or left out.

import type { Payload } from '../record/record.js'

const TRACE_ID = /^(?!0{32})[\da-f]{32}$/
const SPAN_ID = /^(?!0{16})[\da-f]{16}$/

/** What is wrong with the ids of a span (trace.proto, Span): other receivers would refuse all that is sent with it. */
export function spanComplaint(payload: Payload): string | null {
  const { trace_id = '', span_id = '', parent_span_id, name } = payload
  const of = `span '${String(name ?? '').slice(0, 80)}': `
  const shown = (id: unknown) => `'${String(id).slice(0, 64)}'`
  const full = (count: number) => `expected ${count} bytes that are not all zero`
  if (!TRACE_ID.test(String(trace_id))) return `${of}trace id ${shown(trace_id)}: ${full(16)}`
  if (!SPAN_ID.test(String(span_id))) return `${of}span id ${shown(span_id)}: ${full(8)}`
  // Some senders tell a root by zeros.
  if (parent_span_id === '0000000000000000') delete payload.parent_span_id
  else if (parent_span_id !== undefined && !SPAN_ID.test(String(parent_span_id)))
    return `${of}parent span id ${shown(parent_span_id)}: expected 8 bytes`
  return null
}

/** An entry whose ids are none stands in no trace (logs.proto, LogRecord). */
export function withoutInvalidIds(payload: Payload): void {
  if (payload.trace_id !== undefined && !TRACE_ID.test(String(payload.trace_id))) delete payload.trace_id
  if (payload.span_id !== undefined && !SPAN_ID.test(String(payload.span_id))) delete payload.span_id
}
