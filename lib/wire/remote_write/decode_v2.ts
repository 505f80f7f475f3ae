// io.prometheus.write.v2.Request of remote write 2.0, read.

import type { Identity } from '../../record/identity.js'
import { fieldOf } from '../../record/json.js'
import type { Exemplar, Record } from '../../record/record.js'
import type { Memory } from './known.js'
import { type KnownString, type KnownStrings, KnownSymbolicSeries } from './known_v2.js'
import { metricTypeOf } from './metric_type.js'
import { histogram, sample, withStart } from './point.js'
import {
  Budget, bytesKey, doubleKey, fields, listReaders, message, type Reader, readerOf, textOf, time, varintKey,
} from './read.js'
import { type Family, type ReadRequest, type ReadSeries, recordsOfRequest } from './request.js'

/** The samples of a request, uncompressed, as records. Throws an Error where the bytes are no such message. */
export function decodeRequest(bytes: Buffer): Record[] {
  return recordsOfRequest(readRequest(bytes, new Budget(Infinity)))
}

/** What a receiver of 2.0 remembers from request to request. */
export interface Known {
  /** Identities by labels and metadata: a series that is known has its `identity`, another one a `key`. */
  readonly series: Memory<Identity>
  readonly strings: KnownStrings
}

/** A request, uncompressed. Throws as `decodeRequest`, and TooMuch. */
export function readRequest(bytes: Buffer, budget: Budget, known?: Known): ReadRequest {
  const symbols: string[] = []
  const strings: KnownString[] = []
  const found: { from: number; end: number }[] = []
  fields(readerOf(bytes), {
    [bytesKey(4)]: (reader) => {
      budget.take()
      const { from, end } = place(reader)
      const read = () => textOf(bytes.subarray(from, end))
      if (known === undefined) symbols.push(read())
      else symbols.push(strings[strings.push(known.strings.of(bytes, from, end, read)) - 1].text)
    },
    [bytesKey(5)]: (reader) => found.push(place(reader)),
  })
  if (symbols.length > 0 && symbols[0] !== '') throw new Error('the first symbol is not the empty string')
  // Symbols may stand after the series.
  const fast = known === undefined ? null : new KnownSymbolicSeries(bytes, known.series, strings, budget)
  const all = found.map(({ from, end }) => {
    const seen = fast?.read(from, end)
    return seen?.series ?? inFull(bytes.subarray(from, end), symbols, budget, seen?.key)
  })
  return { series: all, metadata: [] }
}

function inFull(bytes: Buffer, symbols: readonly string[], budget: Budget, key: string | undefined): ReadSeries {
  budget.take()
  const read = series(readerOf(bytes), symbols, budget)
  if (key !== undefined) read.key = key
  return read
}

/** Where the embedded message or string stands, which is skipped. */
function place(reader: Reader): { from: number; end: number } {
  const length = reader.uint32()
  const from = reader.pos
  reader.skip(length)
  return { from, end: reader.pos }
}

function symbol(symbols: readonly string[], ref: number): string {
  // Without symbols the reference of what is not there is 0 as well.
  if (ref < symbols.length) return symbols[ref]
  if (ref === 0) return ''
  throw new Error(`symbol ${ref} of ${symbols.length}`)
}

function series(reader: Reader, symbols: readonly string[], budget: Budget): ReadSeries {
  const refs: number[] = []
  const found: ReadSeries = { labels: [], points: [], exemplars: [] }
  let created = 0
  fields(reader, {
    ...listReaders(1, 0, uint32, () => refs, budget),
    [bytesKey(2)]: (reader) => found.points.push(sample(message(reader, budget))),
    [bytesKey(3)]: (reader) => found.points.push(histogram(message(reader, budget), budget)),
    [bytesKey(4)]: (reader) => found.exemplars.push(exemplar(message(reader, budget), symbols, budget)),
    [bytesKey(5)]: (reader) => (found.family = family(message(reader, budget), symbols)),
    // Before Prometheus 3.8 the start stood here.
    [varintKey(6)]: (reader) => (created = Number(reader.int64().toString())),
  })
  for (const point of found.points) if (point.start === undefined) withStart(point, created)
  found.labels = labelsOfRefs(refs, symbols)
  return found
}

function labelsOfRefs(refs: readonly number[], symbols: readonly string[]): string[] {
  if (refs.length % 2 !== 0) throw new Error(`${refs.length} label references: names and values are not in pairs`)
  return refs.map((ref) => symbol(symbols, ref))
}

function exemplar(reader: Reader, symbols: readonly string[], budget: Budget): Exemplar {
  const refs: number[] = []
  const found: Exemplar = { value: 0 }
  fields(reader, {
    ...listReaders(1, 0, uint32, () => refs, budget),
    [doubleKey(2)]: (reader) => (found.value = fieldOf(reader.double())),
    [varintKey(3)]: (reader) => (found.ts = time(reader)),
  })
  const labels = labelsOfRefs(refs, symbols)
  if (labels.length > 0) {
    found.labels = Object.fromEntries(
      Array.from({ length: labels.length / 2 }, (_, i) => [labels[2 * i], labels[2 * i + 1]]),
    )
  }
  return found
}

function family(reader: Reader, symbols: readonly string[]): Family {
  let type = 0
  let help = 0
  let unit = 0
  fields(reader, {
    [varintKey(1)]: (reader) => (type = reader.uint32()),
    [varintKey(3)]: (reader) => (help = reader.uint32()),
    [varintKey(4)]: (reader) => (unit = reader.uint32()),
  })
  return { kind: metricTypeOf(type), help: symbol(symbols, help), unit: symbol(symbols, unit) }
}

function uint32(reader: Reader): number {
  return reader.uint32()
}
