// Exemplars of Prometheus as those of OTLP: trace and span have fields of their own.

import { type Json, sortedKeys } from '../../record/json.js'
import { listField, mapField } from '../../wire/otlp/value.js'

/** Lower case alone: what is written otherwise would not be the same afterwards. */
const TRACE_ID = /^(?!0*$)[\da-f]{32}$/
const SPAN_ID = /^(?!0*$)[\da-f]{16}$/

export function otlpExemplars(exemplars: Json | undefined): Json[] {
  return listField(exemplars).map((exemplar) => otlpExemplar(exemplar))
}

function otlpExemplar(json: Json): Json {
  const exemplar = mapField(json)
  const told = mapField(exemplar.labels)
  const labels: [string, Json][] = []
  const ids: { trace_id?: string; span_id?: string } = {}
  for (const name of sortedKeys(told)) {
    const value = told[name]
    if (name === 'trace_id' && typeof value === 'string' && TRACE_ID.test(value)) ids.trace_id = value
    else if (name === 'span_id' && typeof value === 'string' && SPAN_ID.test(value)) ids.span_id = value
    else labels.push([name, value])
  }
  const { value, ts } = exemplar
  return {
    ...(labels.length > 0 && { labels: Object.fromEntries(labels) }),
    ...(value !== undefined && { value }),
    ...(ts !== undefined && { ts }),
    ...ids,
  }
}
