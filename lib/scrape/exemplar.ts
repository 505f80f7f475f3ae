// Exemplars of one series, scrape after scrape: in order of time, and each one once.

import type { Exemplar } from '../record/record.js'

/** Of a scrape's exemplars those that are worth passing on, and the newest, to be known again. */
export interface Fresh {
  exemplars: readonly Exemplar[]
  newest: Exemplar | null
}

/**
 * In order of time. Those of native histograms need a time, for there is no telling otherwise whether one is new. Where
 * the newest is the one of the scrape before, nothing is.
 *
 * @param before `newest` of the scrape before
 */
export function freshExemplars(exemplars: readonly Exemplar[], native: boolean, before: Exemplar | null): Fresh {
  let kept = native ? exemplars.filter(({ ts }) => ts !== undefined) : exemplars
  if (kept.length > 1) {
    kept = [...kept].sort((a, b) => compareTimes(a.ts ?? '0', b.ts ?? '0') || Number(a.value) - Number(b.value))
  }
  const newest = kept.length === 0 ? null : kept[kept.length - 1]
  const known = newest !== null && before !== null && newest.ts !== undefined && isSame(newest, before)
  return { exemplars: known ? [] : kept, newest: newest ?? before }
}

/** Orders nanosecond strings; without a sign the shorter one is the smaller number. */
function compareTimes(a: string, b: string): number {
  if (a.startsWith('-') || b.startsWith('-')) return Number(BigInt(a) - BigInt(b))
  return a.length - b.length || (a < b ? -1 : a > b ? 1 : 0)
}

function isSame(a: Exemplar, b: Exemplar): boolean {
  if (a.ts !== b.ts || !Object.is(a.value, b.value)) return false
  const own = a.labels ?? {}
  const other = b.labels ?? {}
  const names = Object.keys(own)
  const same = (name: string) => Object.hasOwn(other, name) && own[name] === other[name]
  return names.length === Object.keys(other).length && names.every(same)
}
