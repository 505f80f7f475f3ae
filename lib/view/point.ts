// What a point of a metric says, in colours: a number, a histogram, a summary, or that its series has ended.

import { type Json, numberOf } from '../record/json.js'
import type { NativeHistogram, Payload } from '../record/record.js'
import { histogramText } from './histogram.js'
import type { Paint } from './style.js'
import { GAP, jsonText, safe } from './text.js'
import { numberText } from './value.js'

/** A number with its unit. */
type Write = (value: number) => string

interface Summary {
  count?: number | string
  sum?: number | string
  quantiles?: { quantile: number; value: number | string }[]
}

export function pointText(payload: Payload, write: Write, paint: Paint): string {
  const { stale, histogram, summary, value } = payload
  if (stale === true) return paint('dim', 'stale')
  if (histogram !== undefined) return histogramLine(histogram as unknown as NativeHistogram, write, paint)
  if (summary !== undefined) return summaryLine(summary as unknown as Summary, write, paint)
  return numberColumn(write(numberOf(value) ?? NaN), paint)
}

/** The number ends at one column, its unit follows. */
export function numberColumn(text: string, paint: Paint): string {
  const space = text.indexOf(' ')
  const number = space < 0 ? text : text.slice(0, space)
  const before = ' '.repeat(Math.max(0, 10 - number.length))
  return before + paint('green', number) + (space < 0 ? '' : text.slice(space))
}

function histogramLine(histogram: NativeHistogram, write: Write, paint: Paint): string {
  const { count, sum, bars, range } = histogramText(histogram, write)
  const dim = (text: string) => paint('dim', text)
  const shape = bars === '' ? '' : `${GAP}${dim('[')}${paint('green', bars)}${dim(']')} ${dim(range)}`
  return `${dim('count')} ${paint('green', count)} ${dim('sum')} ${paint('green', sum)}${shape}`
}

function summaryLine({ count, sum, quantiles, ...rest }: Summary, write: Write, paint: Paint): string {
  const dim = (text: string) => paint('dim', text)
  const parts = []
  if (count !== undefined) parts.push(`${dim('count')} ${paint('green', safe(String(count)))}`)
  if (sum !== undefined) parts.push(`${dim('sum')} ${paint('green', write(numberOf(sum) ?? NaN))}`)
  for (const each of Array.isArray(quantiles) ? quantiles : []) {
    const percentile = `p${numberText(Number(each?.quantile) * 100)}`
    parts.push(`${dim(percentile)} ${paint('green', write(numberOf(each?.value) ?? NaN))}`)
  }
  if (Object.keys(rest).length > 0) parts.push(jsonText(rest as { [key: string]: Json }))
  return parts.join(' ')
}
