// prometheus.WriteRequest of remote write 1.0 to records.

import protobuf from 'protobufjs/minimal.js'
import { Identity } from '../../record/identity.js'
import { fieldOf } from '../../record/json.js'
import { getLabel, labelsOf } from '../../record/labels.js'
import type { Exemplar, NativeHistogram, Payload, Record } from '../../record/record.js'
import { nanosOfMillis } from '../../record/time.js'
import { metricTypeOf } from './v1.js'

type Reader = protobuf.Reader
type Pair = readonly [string, string]

const RESET_WORDS = [undefined, 'yes', 'no', 'gauge'] as const
const NAME = '__name__'

/** The records of a request, uncompressed. Throws a RangeError or Error where the bytes are no such message. */
export function decodeWriteRequest(bytes: Buffer): Record[] {
  const records: Record[] = []
  fields(protobuf.Reader.create(bytes), {
    1: (reader) => records.push(...timeSeries(message(reader))),
    3: (reader) => records.push(metadata(message(reader))),
  })
  return records
}

/** Reads all fields; those that nobody named are skipped. */
function fields(reader: Reader, read: { readonly [field: number]: (reader: Reader, wire: number) => void }): void {
  while (reader.pos < reader.len) {
    const tag = reader.uint32()
    const known = read[tag >>> 3]
    if (known === undefined) reader.skipType(tag & 7)
    else known(reader, tag & 7)
  }
}

/** The bytes of an embedded message as a reader of their own. */
function message(reader: Reader): Reader {
  return protobuf.Reader.create(reader.bytes())
}

interface Point extends Payload {
  ts: string
}

function timeSeries(reader: Reader): Record[] {
  const pairs: Pair[] = []
  const points: Point[] = []
  const exemplars: Exemplar[] = []
  fields(reader, {
    1: (reader) => pairs.push(label(message(reader))),
    2: (reader) => points.push(sample(message(reader))),
    3: (reader) => exemplars.push(exemplar(message(reader))),
    4: (reader) => points.push(histogram(message(reader))),
  })
  const labels = labelsOf(pairs.filter(([name]) => name !== NAME))
  const identity = Identity.of('metric', getLabel(labelsOf(pairs), NAME), labels)
  // Exemplars stand beside the samples of their series; a record keeps them with its last.
  if (exemplars.length > 0 && points.length > 0)
    points[points.length - 1].exemplars = exemplars as unknown as Payload['exemplars']
  return points.map((payload) => ({ identity, payload }))
}

function label(reader: Reader): Pair {
  let name = ''
  let value = ''
  fields(reader, { 1: (reader) => (name = reader.string()), 2: (reader) => (value = reader.string()) })
  return [name, value]
}

function sample(reader: Reader): Point {
  let value = 0
  let stale = false
  let ts = '0'
  fields(reader, {
    1: (reader) => {
      const at = reader.pos
      value = reader.double()
      // The bits are looked at where they are: a NaN may lose them on its way through a number.
      stale = Number.isNaN(value) && isStale(reader.buf, at)
    },
    2: (reader) => (ts = time(reader)),
  })
  return stale ? { ts, stale: true } : { ts, value: fieldOf(value) }
}

function isStale(bytes: Uint8Array, at: number): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, 8)
  return view.getBigUint64(0, true) === 0x7ff0000000000002n
}

function time(reader: Reader): string {
  return nanosOfMillis(Number(reader.int64().toString()))
}

function exemplar(reader: Reader): Exemplar {
  const pairs: Pair[] = []
  const found: Exemplar = { value: 0 }
  fields(reader, {
    1: (reader) => pairs.push(label(message(reader))),
    2: (reader) => (found.value = fieldOf(reader.double())),
    3: (reader) => (found.ts = time(reader)),
  })
  if (pairs.length > 0) found.labels = Object.fromEntries(pairs)
  return found
}

function histogram(reader: Reader): Point {
  const found: NativeHistogram = { schema: 0, count: 0, sum: 0 }
  let ts = '0'
  fields(reader, {
    1: (reader) => (found.count = reader.uint64().toString()),
    2: (reader) => (found.count = fieldOf(reader.double())),
    3: (reader) => (found.sum = fieldOf(reader.double())),
    4: (reader) => (found.schema = reader.sint32()),
    5: (reader) => (found.zero_threshold = reader.double()),
    6: (reader) => (found.zero_count = reader.uint64().toString()),
    7: (reader) => (found.zero_count = fieldOf(reader.double())),
    8: (reader) => (found.negative_spans ??= []).push(span(message(reader))),
    9: (reader, wire) => (found.negative_deltas = [...(found.negative_deltas ?? []), ...list(reader, wire, delta)]),
    10: (reader, wire) => (found.negative_counts = [...(found.negative_counts ?? []), ...list(reader, wire, number)]),
    11: (reader) => (found.positive_spans ??= []).push(span(message(reader))),
    12: (reader, wire) => (found.positive_deltas = [...(found.positive_deltas ?? []), ...list(reader, wire, delta)]),
    13: (reader, wire) => (found.positive_counts = [...(found.positive_counts ?? []), ...list(reader, wire, number)]),
    14: (reader) => (found.reset = RESET_WORDS[reader.uint32()]),
    15: (reader) => (ts = time(reader)),
    16: (reader, wire) => (found.custom_values = [...(found.custom_values ?? []), ...list(reader, wire, number)]),
  })
  if (found.reset === undefined) delete found.reset
  return { ts, histogram: found as unknown as Payload['histogram'] }
}

function span(reader: Reader): { offset: number; length: number } {
  const found = { offset: 0, length: 0 }
  fields(reader, { 1: (reader) => (found.offset = reader.sint32()), 2: (reader) => (found.length = reader.uint32()) })
  return found
}

/** A repeated number, packed or one by one. */
function list<T>(reader: Reader, wire: number, one: (reader: Reader) => T): T[] {
  if (wire !== 2) return [one(reader)]
  const packed = message(reader)
  const values: T[] = []
  while (packed.pos < packed.len) values.push(one(packed))
  return values
}

function delta(reader: Reader): number | string {
  const text = reader.sint64().toString()
  return Number.isSafeInteger(Number(text)) ? Number(text) : text
}

function number(reader: Reader): number | string {
  return fieldOf(reader.double())
}

function metadata(reader: Reader): Record {
  let type = 0
  let name = ''
  const rest: { unit?: string; help?: string } = {}
  fields(reader, {
    1: (reader) => (type = reader.uint32()),
    2: (reader) => (name = reader.string()),
    4: (reader) => (rest.help = reader.string()),
    5: (reader) => (rest.unit = reader.string()),
  })
  return { identity: Identity.of('metadata', name, [], { kind: metricTypeOf(type), ...rest }), payload: {} }
}
