// Series of StatsD and what they hold between two intervals: counts, values, distributions, members of sets.

import { Identity } from '../record/identity.js'
import { getLabel, type Labels, labelsOf, labelPairs } from '../record/labels.js'
import type { StatsdType } from '../wire/statsd/line.js'

/** What a series holds. */
export interface Held {
  /** Samples that it makes, in their order. */
  readonly identities: readonly Identity[]
  /** Takes a value, which stands for `1 / rate` of them. */
  take(value: number, rate: number, relative: boolean): void
  /** The values of its samples at the end of an interval. */
  values(into: Float64Array, from: number): void
}

export class Counter implements Held {
  #sum = 0
  readonly identities: readonly Identity[]

  constructor(name: string, labels: Labels) {
    this.identities = [Identity.of('metric', name, labels, { kind: 'counter' })]
  }

  take(value: number, rate: number): void {
    this.#sum += value / rate
  }

  values(into: Float64Array, from: number): void {
    into[from] = this.#sum
  }
}

export class Gauge implements Held {
  #value = 0
  readonly identities: readonly Identity[]

  constructor(name: string, labels: Labels) {
    this.identities = [Identity.of('metric', name, labels, { kind: 'gauge' })]
  }

  take(value: number, _rate: number, relative: boolean): void {
    this.#value = relative ? this.#value + value : value
  }

  values(into: Float64Array, from: number): void {
    into[from] = this.#value
  }
}

/** The number of different members of an interval. */
export class Members implements Held {
  readonly #members = new Set<string>()
  readonly identities: readonly Identity[]

  constructor(
    name: string,
    labels: Labels,
    private readonly max: number,
  ) {
    this.identities = [Identity.of('metric', name, labels, { kind: 'gauge' })]
  }

  /** False for a new member beyond the bound. */
  add(member: string): boolean {
    if (this.#members.size >= this.max && !this.#members.has(member)) return false
    this.#members.add(member)
    return true
  }

  take(): void {}

  values(into: Float64Array, from: number): void {
    into[from] = this.#members.size
    this.#members.clear()
  }
}

/** A classic histogram: cumulative counts of buckets, count and sum. */
export class Distribution implements Held {
  readonly #counts: Float64Array
  #sum = 0
  readonly identities: readonly Identity[]

  /** @param bounds ascending, without the last, infinite one */
  constructor(
    name: string,
    labels: Labels,
    private readonly bounds: readonly number[],
  ) {
    this.#counts = new Float64Array(bounds.length + 1)
    const own = [...labelPairs(labels)].filter(([label]) => label !== 'le')
    const kind = { kind: 'histogram' }
    const bucket = (le: string) => Identity.of('metric', `${name}_bucket`, labelsOf([...own, ['le', le]]), kind)
    const whole = getLabel(labels, 'le') === '' ? labels : labelsOf(own)
    this.identities = [
      ...bounds.map((bound) => bucket(Number.isInteger(bound) ? bound.toFixed(1) : String(bound))),
      bucket('+Inf'),
      Identity.of('metric', `${name}_count`, whole, kind),
      Identity.of('metric', `${name}_sum`, whole, kind),
    ]
  }

  take(value: number, rate: number): void {
    const { bounds } = this
    let at = 0
    while (at < bounds.length && value > bounds[at]) at++
    this.#counts[at] += 1 / rate
    this.#sum += value / rate
  }

  values(into: Float64Array, from: number): void {
    let count = 0
    let at = from
    for (const more of this.#counts) into[at++] = count += more
    into[at++] = count
    into[at] = this.#sum
  }
}

/** What names share: series of two of these under one name would be one for whoever stores them. */
export type Form = 'counter' | 'gauge' | 'histogram' | 'set'

export const FORMS: Readonly<Record<StatsdType, Form>> = {
  c: 'counter', g: 'gauge', ms: 'histogram', h: 'histogram', d: 'histogram', s: 'set',
}
