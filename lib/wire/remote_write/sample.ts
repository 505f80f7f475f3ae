// The payload of a metric record as a sample of remote write, checked.

import { numberOf } from '../../record/json.js'
import type { Exemplar, NativeHistogram, Payload } from '../../record/record.js'
import { millisOf } from '../../record/time.js'
import { checkHistogram } from './histogram.js'
import { checkExemplars, type Sample } from './v1.js'

/** @param ms Unix milliseconds of the sample @returns the sample, or what is wrong with it */
export function sampleOf(payload: Payload, ms: number, withExemplars = true): Sample | string {
  const { value, stale, histogram, summary, exemplars, start } = payload
  const sample: Sample = { ms }
  if (stale === true) sample.stale = true
  else if (histogram !== undefined) {
    const checked = checkHistogram(histogram as unknown as NativeHistogram)
    if (typeof checked === 'string') return `histogram: ${checked}`
    sample.histogram = checked
  } else if (summary !== undefined) return 'a summary is no single series: expected its quantiles, sum and count'
  else sample.value = numberOf(value)
  if (exemplars !== undefined && withExemplars) {
    const checked = checkExemplars(exemplars as unknown as Exemplar[], ms)
    if (typeof checked === 'string') return checked
    sample.exemplars = checked
  }
  if (start !== undefined) {
    if (typeof start !== 'string' || !/^-?\d{1,20}$/.test(start)) return 'start: expected nanoseconds'
    const began = millisOf(start)
    // 0 says that the start is not known.
    if (began !== 0) sample.start = began
  }
  return sample
}
