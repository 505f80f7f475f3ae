// Samples and native histograms as both versions of remote write have them, to payloads.

import { fieldOf } from '../../record/json.js'
import type { NativeHistogram, Payload } from '../../record/record.js'
import { nanosOfMillis } from '../../record/time.js'
import {
  type Budget, bytesKey, doubleKey, fields, listReaders, message, type Reader, time, varintKey,
} from './read.js'

/** The payload of a sample. */
export interface Point extends Payload {
  ts: string
}

const RESET_WORDS = [undefined, 'yes', 'no', 'gauge'] as const
const STALE_NAN = 0x7ff0000000000002n

/** A Sample. `start_timestamp` (3) is known to 2.0 alone. */
export function sample(reader: Reader): Point {
  let value = 0
  let stale = false
  let ts = '0'
  let start = 0
  fields(reader, {
    [doubleKey(1)]: (reader) => {
      const at = reader.pos
      value = reader.double()
      // The bits are looked at where they are: a NaN may lose them on its way through a number.
      stale = Number.isNaN(value) && isStale(reader.buf, at)
    },
    [varintKey(2)]: (reader) => (ts = time(reader)),
    [varintKey(3)]: (reader) => (start = Number(reader.int64().toString())),
  })
  return withStart(stale ? { ts, stale: true } : { ts, value: fieldOf(value) }, start)
}

/** Sets `start` from Unix milliseconds; 0 says that it is not known. */
export function withStart(point: Point, ms: number): Point {
  if (ms !== 0) point.start = nanosOfMillis(ms)
  return point
}

function isStale(bytes: Uint8Array, at: number): boolean {
  return new DataView(bytes.buffer, bytes.byteOffset + at, 8).getBigUint64(0, true) === STALE_NAN
}

/** A Histogram. `start_timestamp` (17) is known to 2.0 alone. */
export function histogram(reader: Reader, budget: Budget): Point {
  const found: NativeHistogram = { schema: 0, count: 0, sum: 0 }
  let ts = '0'
  let start = 0
  let stale = false
  fields(reader, {
    [varintKey(1)]: (reader) => (found.count = reader.uint64().toString()),
    [doubleKey(2)]: (reader) => (found.count = fieldOf(reader.double())),
    [doubleKey(3)]: (reader) => {
      // As in Prometheus, it is the sum that tells of the end of a series of histograms.
      stale = isStale(reader.buf, reader.pos)
      found.sum = fieldOf(reader.double())
    },
    [varintKey(4)]: (reader) => (found.schema = reader.sint32()),
    [doubleKey(5)]: (reader) => (found.zero_threshold = reader.double()),
    [varintKey(6)]: (reader) => (found.zero_count = reader.uint64().toString()),
    [doubleKey(7)]: (reader) => (found.zero_count = fieldOf(reader.double())),
    [bytesKey(8)]: (reader) => (found.negative_spans ??= []).push(span(message(reader, budget))),
    ...listReaders(9, 0, delta, () => (found.negative_deltas ??= []), budget),
    ...listReaders(10, 1, double, () => (found.negative_counts ??= []), budget),
    [bytesKey(11)]: (reader) => (found.positive_spans ??= []).push(span(message(reader, budget))),
    ...listReaders(12, 0, delta, () => (found.positive_deltas ??= []), budget),
    ...listReaders(13, 1, double, () => (found.positive_counts ??= []), budget),
    [varintKey(14)]: (reader) => (found.reset = RESET_WORDS[reader.uint32()]),
    [varintKey(15)]: (reader) => (ts = time(reader)),
    ...listReaders(16, 1, double, () => (found.custom_values ??= []), budget),
    [varintKey(17)]: (reader) => (start = Number(reader.int64().toString())),
  })
  if (stale) return withStart({ ts, stale: true }, start)
  if (found.reset === undefined) delete found.reset
  return withStart({ ts, histogram: found as unknown as Payload['histogram'] }, start)
}

function span(reader: Reader): { offset: number; length: number } {
  const found = { offset: 0, length: 0 }
  fields(reader, {
    [varintKey(1)]: (reader) => (found.offset = reader.sint32()),
    [varintKey(2)]: (reader) => (found.length = reader.uint32()),
  })
  return found
}

function delta(reader: Reader): number | string {
  const text = reader.sint64().toString()
  return Number.isSafeInteger(Number(text)) ? Number(text) : text
}

function double(reader: Reader): number | string {
  return fieldOf(reader.double())
}

