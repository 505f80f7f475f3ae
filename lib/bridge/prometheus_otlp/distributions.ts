// The series of a classic histogram or a summary at one time, put together as one point of OTLP.

import { fieldOf, type Json, numberOf } from '../../record/json.js'
import type { Payload, Record } from '../../record/record.js'
import { NO_RECORDED_VALUE } from '../../wire/otlp/points.js'
import { decimalText } from '../otlp_prometheus/samples.js'
import { otlpExemplars } from './exemplars.js'
import type { Part } from './families.js'
import type { Origin } from './origins.js'

export type Kind = 'histogram' | 'summary'

/** A series of the group, and its sample. */
export interface Piece {
  part: Exclude<Part, { role: 'point' | 'created' | 'native' }>
  origin: Origin
  record: Record
}

export interface Distribution {
  payload: Payload
  /** The values of `le` or `quantile` as they were written, where the numbers would be written otherwise. */
  numbers: readonly string[] | null
}

/** Throws an Error where the pieces make no point. */
export function distributionOf(kind: Kind, ts: string, pieces: readonly Piece[]): Distribution {
  const living = pieces.filter(({ record }) => record.payload.stale !== true)
  // Where a part of the series has ended, those that go on count.
  const stale = living.length === 0
  const used = stale ? pieces : living
  const of = (role: Piece['part']['role']) => used.find(({ part }) => part.role === role)?.record.payload
  const count = of('count')
  if (count === undefined) throw new Error(`a ${kind} without the series _count`)
  const start = used.find(({ record }) => record.payload.start !== undefined)?.record.payload.start
  const payload: Payload = { ts, ...(start !== undefined && { start }) }
  if (stale) payload.flags = NO_RECORDED_VALUE
  const total = stale ? 0n : wholeOf(count.value, '_count')
  const sum = of('sum')
  if (kind === 'summary') return summaryOf(used, payload, { count: total, sum: stale ? 0 : valueOf(sum) ?? 0 })
  return histogramOf(used, payload, { count: total, sum: stale && sum !== undefined ? 0 : valueOf(sum) })
}

interface Totals<S> {
  count: bigint
  sum: S
}

function histogramOf(pieces: readonly Piece[], payload: Payload, told: Totals<Json | undefined>): Distribution {
  const stale = payload.flags !== undefined
  const exemplars = pieces.flatMap(({ record }) => otlpExemplars(record.payload.exemplars))
  const buckets = numbered(pieces, 'bucket').filter(({ number }) => number !== Infinity)
  const counts: Json[] = []
  let before = 0n
  for (const { record } of buckets) {
    const upTo = stale ? 0n : wholeOf(record.payload.value, '_bucket')
    counts.push(countField(upTo - before))
    before = upTo
  }
  if (pieces.some(({ part }) => part.role === 'bucket')) counts.push(countField(told.count - before))
  payload.explicit_histogram = {
    count: told.count.toString(),
    ...(told.sum !== undefined && { sum: told.sum }),
    ...(buckets.length > 0 && { bounds: buckets.map(({ number }) => fieldOf(number)) }),
    ...(counts.length > 0 && { counts }),
  }
  if (exemplars.length > 0) payload.exemplars = exemplars
  return { payload, numbers: unusual(buckets) }
}

function summaryOf(pieces: readonly Piece[], payload: Payload, told: Totals<Json>): Distribution {
  const stale = payload.flags !== undefined
  const quantiles = numbered(pieces, 'quantile')
  payload.summary = {
    count: told.count.toString(),
    sum: told.sum,
    ...(quantiles.length > 0 && {
      quantiles: quantiles.map(({ number, record }) => {
        return { quantile: fieldOf(number), value: stale ? 0 : valueOf(record.payload)! }
      }),
    }),
  }
  return { payload, numbers: unusual(quantiles) }
}

interface Numbered {
  number: number
  text: string
  record: Record
}

/** Pieces with a number in their labels, in the order of the numbers, each once. */
function numbered(pieces: readonly Piece[], role: 'bucket' | 'quantile'): Numbered[] {
  const found = pieces.flatMap(({ part, record }) => {
    return part.role === role ? [{ number: part.number, text: part.text, record }] : []
  })
  found.sort((a, b) => a.number - b.number)
  for (const [i, { number, text }] of found.entries()) {
    if (Number.isNaN(number)) throw new Error(`${role === 'bucket' ? 'le' : 'quantile'} ${text} is no number`)
    if (i > 0 && found[i - 1].number === number)
      throw new Error(`two series for ${found[i - 1].text} and ${text}, which are the same number`)
  }
  return found
}

function unusual(numbers: readonly { number: number; text: string }[]): readonly string[] | null {
  return numbers.every(({ number, text }) => decimalText(number) === text) ? null : numbers.map(({ text }) => text)
}

function valueOf(payload: Payload | undefined): Json | undefined {
  return payload?.value
}

function wholeOf(value: Json | undefined, series: string): bigint {
  const number = numberOf(value)
  if (number === undefined || !Number.isInteger(number) || number < 0 || number >= 2 ** 64)
    throw new Error(`${series} is ${String(value)}: OTLP has whole numbers of observations`)
  return BigInt(number)
}

/** Throws an Error where a bucket holds less than the one before it. */
function countField(count: bigint): Json {
  if (count < 0n) throw new Error('a bucket holds less than a smaller one, or the count less than a bucket')
  const number = Number(count)
  return Number.isSafeInteger(number) ? number : count.toString()
}
