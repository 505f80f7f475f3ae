// prometheus.WriteRequest of remote write 1.0, read.

import { Identity } from '../../record/identity.js'
import { fieldOf } from '../../record/json.js'
import { NO_LABELS } from '../../record/labels.js'
import type { Exemplar, Record } from '../../record/record.js'
import { metricTypeOf } from './metric_type.js'
import { KnownSeries, type Memory } from './known.js'
import { histogram, sample } from './point.js'
import { Budget, bytesKey, doubleKey, fields, message, type Reader, readerOf, text, time, varintKey } from './read.js'
import { type ReadRequest, type ReadSeries, recordsOfRequest } from './request.js'

/** The records of a request, uncompressed. Throws a RangeError or Error where the bytes are no such message. */
export function decodeWriteRequest(bytes: Buffer): Record[] {
  return recordsOfRequest(readWriteRequest(bytes, new Budget(Infinity)))
}

/**
 * A request, uncompressed. Throws as `decodeWriteRequest`, and TooMuch.
 *
 * @param memory identities by the bytes of their labels: a series that is known has its `identity`, another one a `key`
 */
export function readWriteRequest(bytes: Buffer, budget: Budget, memory?: Memory<Identity>): ReadRequest {
  const request: ReadRequest = { series: [], metadata: [] }
  const known = memory === undefined ? null : new KnownSeries(bytes, memory, budget)
  fields(readerOf(bytes), {
    [bytesKey(1)]: (reader) => {
      const length = reader.uint32()
      const from = reader.pos
      reader.skip(length)
      const found = known?.read(from, reader.pos)
      request.series.push(found?.series ?? inFull(bytes.subarray(from, reader.pos), budget, found))
    },
    [bytesKey(3)]: (reader) => request.metadata.push(metadata(message(reader, budget))),
  })
  return request
}

/** @param found what a look at its beginning has told */
function inFull(bytes: Buffer, budget: Budget, found?: { key: string | undefined; labels: number }): ReadSeries {
  budget.take()
  const read = series(readerOf(bytes), budget)
  // Labels that stand behind samples are not in the key.
  if (found?.key !== undefined && read.labels.length === 2 * found.labels) read.key = found.key
  return read
}

function series(reader: Reader, budget: Budget): ReadSeries {
  const found: ReadSeries = { labels: [], points: [], exemplars: [] }
  fields(reader, {
    [bytesKey(1)]: (reader) => found.labels.push(...label(message(reader, budget))),
    [bytesKey(2)]: (reader) => found.points.push(sample(message(reader, budget))),
    [bytesKey(3)]: (reader) => found.exemplars.push(exemplar(message(reader, budget), budget)),
    [bytesKey(4)]: (reader) => found.points.push(histogram(message(reader, budget), budget)),
  })
  return found
}

function label(reader: Reader): [string, string] {
  let name = ''
  let value = ''
  fields(reader, {
    [bytesKey(1)]: (reader) => (name = text(reader)),
    [bytesKey(2)]: (reader) => (value = text(reader)),
  })
  return [name, value]
}

function exemplar(reader: Reader, budget: Budget): Exemplar {
  const pairs: (readonly [string, string])[] = []
  const found: Exemplar = { value: 0 }
  fields(reader, {
    [bytesKey(1)]: (reader) => pairs.push(label(message(reader, budget))),
    [doubleKey(2)]: (reader) => (found.value = fieldOf(reader.double())),
    [varintKey(3)]: (reader) => (found.ts = time(reader)),
  })
  if (pairs.length > 0) found.labels = Object.fromEntries(pairs)
  return found
}

function metadata(reader: Reader): Record {
  let type = 0
  let name = ''
  const rest: { unit?: string; help?: string } = {}
  fields(reader, {
    [varintKey(1)]: (reader) => (type = reader.uint32()),
    [bytesKey(2)]: (reader) => (name = text(reader)),
    [bytesKey(4)]: (reader) => (rest.help = text(reader)),
    [bytesKey(5)]: (reader) => (rest.unit = text(reader)),
  })
  return { identity: Identity.of('metadata', name, NO_LABELS, { kind: metricTypeOf(type), ...rest }), payload: {} }
}
