// The messages of the protobuf format, io.prometheus.client (client_model, metrics.proto), decoded into plain objects.

import { isUtf8 } from 'node:buffer'
import { fieldOf } from '../../record/json.js'
import type { Exemplar } from '../../record/record.js'
import { BYTES, FIXED64, MessageError, MessageReader, VARINT } from './message.js'

export interface FamilyMessage {
  name: string
  help: string
  unit: string
  /** COUNTER 0, GAUGE 1, SUMMARY 2, UNTYPED 3, HISTOGRAM 4, GAUGE_HISTOGRAM 5. */
  type: number
  /** Ranges of the metrics, start and end in turn. */
  metrics: number[]
}

export interface MetricMessage {
  /** Of each label, where its field begins, and its message begins and ends. */
  labels: number[]
  value: number
  /** 0 is none: the format does not tell the two apart. */
  timestamp: number
  created: number | undefined
  exemplar: Exemplar | undefined
  summary: SummaryMessage | undefined
  histogram: HistogramMessage | undefined
}

interface SummaryMessage {
  count: number
  sum: number
  quantiles: { quantile: number; value: number }[]
}

export interface Span {
  offset: number
  length: number
}

export interface HistogramMessage {
  count: string
  countFloat: number
  sum: number
  buckets: { bound: number; count: string; countFloat: number; exemplar: Exemplar | undefined }[]
  schema: number
  zeroThreshold: number
  zeroCount: string
  zeroCountFloat: number
  negativeSpans: Span[]
  negativeDeltas: (number | string)[]
  negativeCounts: number[]
  positiveSpans: Span[]
  positiveDeltas: (number | string)[]
  positiveCounts: number[]
  exemplars: Exemplar[]
}

export function emptySummary(): SummaryMessage {
  return { count: 0, sum: 0, quantiles: [] }
}

export function emptyHistogram(): HistogramMessage {
  return {
    count: '0', countFloat: 0, sum: 0, buckets: [], schema: 0, zeroThreshold: 0, zeroCount: '0', zeroCountFloat: 0,
    negativeSpans: [], negativeDeltas: [], negativeCounts: [],
    positiveSpans: [], positiveDeltas: [], positiveCounts: [], exemplars: [],
  }
}

export function decodeFamily(buffer: Buffer, start: number, end: number): FamilyMessage {
  const reader = new MessageReader(buffer, start, end)
  const family: FamilyMessage = { name: '', help: '', unit: '', type: 0, metrics: [] }
  while (reader.next()) {
    if (reader.is(1, BYTES)) family.name = text(reader, 'the metric name')
    else if (reader.is(2, BYTES)) family.help = text(reader, 'the help text')
    else if (reader.is(3, VARINT)) family.type = reader.unsigned()
    else if (reader.is(4, BYTES)) family.metrics.push(reader.start, reader.stop)
    else if (reader.is(5, BYTES)) family.unit = text(reader, 'the unit')
  }
  return family
}

export function decodeMetric(buffer: Buffer, start: number, end: number): MetricMessage {
  const reader = new MessageReader(buffer, start, end)
  const metric: MetricMessage = {
    labels: [], value: 0, timestamp: 0,
    created: undefined, exemplar: undefined, summary: undefined, histogram: undefined,
  }
  while (reader.next()) {
    if (reader.is(1, BYTES)) metric.labels.push(reader.from, reader.start, reader.stop)
    else if (reader.is(2, BYTES) || reader.is(5, BYTES)) metric.value = decodeValue(within(reader))
    else if (reader.is(3, BYTES)) decodeCounter(within(reader), metric)
    else if (reader.is(4, BYTES)) metric.summary = decodeSummary(within(reader), metric)
    else if (reader.is(7, BYTES)) metric.histogram = decodeHistogram(within(reader), metric)
    else if (reader.is(6, VARINT)) metric.timestamp = reader.signed()
  }
  return metric
}

/** A reader of the message that is the current field. */
function within(reader: MessageReader): MessageReader {
  return new MessageReader(reader.buffer, reader.start, reader.stop)
}

function text({ buffer, start, stop }: MessageReader, what: string): string {
  const value = buffer.utf8Slice(start, stop)
  // A replacement character may be meant; only then is the check worth its price.
  if (!value.includes('\ufffd') || isUtf8(buffer.subarray(start, stop))) return value
  throw new MessageError(`${what} is not valid UTF-8`, start)
}

/** Appends name and value of a LabelPair. */
export function decodeLabel(reader: MessageReader, out: string[]): void {
  let name = ''
  let value = ''
  while (reader.next()) {
    if (reader.is(1, BYTES)) name = text(reader, 'the label name')
    else if (reader.is(2, BYTES)) value = text(reader, 'the label value')
  }
  out.push(name, value)
}

function decodeValue(reader: MessageReader): number {
  let value = 0
  while (reader.next()) if (reader.is(1, FIXED64)) value = reader.double()
  return value
}

function decodeCounter(reader: MessageReader, metric: MetricMessage): void {
  while (reader.next()) {
    if (reader.is(1, FIXED64)) metric.value = reader.double()
    else if (reader.is(2, BYTES)) metric.exemplar = decodeExemplar(within(reader))
    else if (reader.is(3, BYTES)) metric.created = millisOf(decodeTimestamp(within(reader)))
  }
}

function decodeSummary(reader: MessageReader, metric: MetricMessage): SummaryMessage {
  const summary = emptySummary()
  while (reader.next()) {
    if (reader.is(1, VARINT)) summary.count = reader.unsigned()
    else if (reader.is(2, FIXED64)) summary.sum = reader.double()
    else if (reader.is(3, BYTES)) summary.quantiles.push(decodeQuantile(within(reader)))
    else if (reader.is(4, BYTES)) metric.created = millisOf(decodeTimestamp(within(reader)))
  }
  return summary
}

function decodeQuantile(reader: MessageReader): { quantile: number; value: number } {
  const out = { quantile: 0, value: 0 }
  while (reader.next()) {
    if (reader.is(1, FIXED64)) out.quantile = reader.double()
    else if (reader.is(2, FIXED64)) out.value = reader.double()
  }
  return out
}

function decodeHistogram(reader: MessageReader, metric: MetricMessage): HistogramMessage {
  const out = emptyHistogram()
  while (reader.next()) {
    if (reader.is(1, VARINT)) out.count = reader.unsignedText()
    else if (reader.is(2, FIXED64)) out.sum = reader.double()
    else if (reader.is(3, BYTES)) out.buckets.push(decodeBucket(within(reader)))
    else if (reader.is(4, FIXED64)) out.countFloat = reader.double()
    else if (reader.is(5, VARINT)) out.schema = Number(reader.zigzag())
    else if (reader.is(6, FIXED64)) out.zeroThreshold = reader.double()
    else if (reader.is(7, VARINT)) out.zeroCount = reader.unsignedText()
    else if (reader.is(8, FIXED64)) out.zeroCountFloat = reader.double()
    else if (reader.is(15, BYTES)) metric.created = millisOf(decodeTimestamp(within(reader)))
    else if (reader.is(16, BYTES)) out.exemplars.push(decodeExemplar(within(reader)))
    else decodeSide(reader, out)
  }
  return out
}

/** The buckets on both sides of zero. */
function decodeSide(reader: MessageReader, out: HistogramMessage): void {
  if (reader.is(9, BYTES)) out.negativeSpans.push(decodeSpan(within(reader)))
  else if (reader.field === 10) reader.varints(() => out.negativeDeltas.push(reader.zigzag()))
  else if (reader.field === 11) reader.doubles(out.negativeCounts)
  else if (reader.is(12, BYTES)) out.positiveSpans.push(decodeSpan(within(reader)))
  else if (reader.field === 13) reader.varints(() => out.positiveDeltas.push(reader.zigzag()))
  else if (reader.field === 14) reader.doubles(out.positiveCounts)
}

function decodeBucket(reader: MessageReader): HistogramMessage['buckets'][number] {
  const out: HistogramMessage['buckets'][number] = { bound: 0, count: '0', countFloat: 0, exemplar: undefined }
  while (reader.next()) {
    if (reader.is(1, VARINT)) out.count = reader.unsignedText()
    else if (reader.is(2, FIXED64)) out.bound = reader.double()
    else if (reader.is(3, BYTES)) out.exemplar = decodeExemplar(within(reader))
    else if (reader.is(4, FIXED64)) out.countFloat = reader.double()
  }
  return out
}

function decodeSpan(reader: MessageReader): Span {
  const out = { offset: 0, length: 0 }
  while (reader.next()) {
    if (reader.is(1, VARINT)) out.offset = Number(reader.zigzag())
    else if (reader.is(2, VARINT)) out.length = reader.low
  }
  return out
}

function decodeExemplar(reader: MessageReader): Exemplar {
  const pairs: string[] = []
  const labels = Object.create(null) as { [name: string]: string }
  const out: Exemplar = { value: 0 }
  while (reader.next()) {
    if (reader.is(1, BYTES)) decodeLabel(within(reader), pairs)
    else if (reader.is(2, FIXED64)) out.value = fieldOf(reader.double())
    else if (reader.is(3, BYTES)) out.ts = decodeTimestamp(within(reader)).toString()
  }
  for (let i = 0; i < pairs.length; i += 2) labels[pairs[i]] = pairs[i + 1]
  if (pairs.length > 0) out.labels = labels
  return out
}

/** google.protobuf.Timestamp as Unix nanoseconds. */
function decodeTimestamp(reader: MessageReader): bigint {
  let nanos = 0n
  while (reader.next()) {
    if (reader.is(1, VARINT)) nanos += BigInt(reader.signed()) * 1_000_000_000n
    else if (reader.is(2, VARINT)) nanos += BigInt(reader.signed())
  }
  return nanos
}

function millisOf(nanos: bigint): number {
  return Number(nanos / 1_000_000n)
}
