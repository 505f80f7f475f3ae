// One series of a metric that is made here: what it is, and what was measured since it began.

import type { Identity } from '../record/identity.js'
import { type Measured, measuredOf } from '../bridge/temporality/measured.js'
import type { Json } from '../record/json.js'
import type { Payload, Record } from '../record/record.js'

/** What is measured. */
export interface Instrument {
  readonly name: string
  readonly kind: 'counter' | 'histogram'
  /** UCUM, as OTLP has it; `''` for none. */
  readonly unit: string
  readonly help: string
  /** A histogram without observations; of histograms. */
  histogram?(): Histogram
}

export interface Histogram {
  observe(value: number): void
  field(): Payload
  /** Takes over what `field` has told, with nothing observed yet; false where that was another kind of histogram. */
  restore(told: Measured): boolean
}

/** A span that stands for others with about its value. */
export interface SpanExemplar {
  value: number
  /** Unix nanoseconds. */
  ts: string
  trace_id: string
  span_id: string
}

export class Series {
  #value = 0
  readonly #histogram: Histogram | undefined
  #exemplars: SpanExemplar[] = []
  /** Milliseconds of `Clock.monotonic`. */
  changed = 0
  /** Whether something was measured that no sample has told. */
  untold = false

  /** @param start Unix nanoseconds: nothing was measured before */
  constructor(
    readonly identity: Identity,
    instrument: Instrument,
    private readonly start: string,
  ) {
    this.#histogram = instrument.histogram?.()
  }

  add(value: number): void {
    this.#value += value
  }

  observe(value: number): void {
    this.#histogram?.observe(value)
  }

  /** Takes over what a sample has told, with nothing measured yet; false where that was something else. Throws Unfit. */
  restore(payload: Payload): boolean {
    const told = measuredOf(payload)
    if (told === null) return false
    if (this.#histogram !== undefined) return this.#histogram.restore(told)
    if (told.form !== 'sum') return false
    this.#value = Number(told.value)
    return true
  }

  /** Kept until the next sample, as long as there are fewer than `max`. */
  exemplar(max: number, make: () => SpanExemplar): void {
    if (this.#exemplars.length < max) this.#exemplars.push(make())
  }

  /** What was measured until `ts`, Unix nanoseconds. */
  sample(ts: string): Record {
    const payload: Payload = { ts, start: this.start, ...(this.#histogram?.field() ?? { value: this.#value, int: true }) }
    if (this.#exemplars.length > 0) payload.exemplars = this.#exemplars as unknown as Json
    this.#exemplars = []
    this.untold = false
    return { identity: this.identity, payload }
  }

  /** That it is gone. */
  marker(ts: string): Record {
    return { identity: this.identity, payload: { ts, stale: true } }
  }
}
