// A trace that waits for its decision: its spans, and what its policies have to know of them.

import type { Payload, Record } from '../../record/record.js'

/** A condition on single spans: a trace fulfils it as soon as one of its spans does. */
export type SpanTest = (span: Record) => boolean

/** Spans held, with what was found in each when it came: the order in which they come changes nothing. */
export class Trace {
  readonly spans: Record[] = []
  /** Bytes of what the spans say, without the names of their fields. */
  bytes = 0
  /** Bytes that it takes in memory, estimated. */
  memory = 0
  /** Which tests a span of it has passed, by number. */
  readonly passed: Uint8Array
  /** How many of the first spans another process left. */
  inherited = 0
  #start: string | null = null
  #end: string | null = null

  /**
   * @param id 32 hexadecimal digits
   * @param order that of its first span, see `StatefulTransform`
   * @param due milliseconds of `Clock.monotonic`
   */
  constructor(readonly id: string, readonly order: number, public due: number, tests: number) {
    this.passed = new Uint8Array(tests)
  }

  add(span: Record, tests: readonly SpanTest[]): void {
    const { payload } = span
    this.spans.push(span)
    for (let i = 0; i < tests.length; i++) if (this.passed[i] === 0 && tests[i](span)) this.passed[i] = 1
    const { ts } = payload
    const end = endOf(payload)
    if (ts !== undefined && (this.#start === null || later(this.#start, ts))) this.#start = ts
    if (end !== null && (this.#end === null || later(end, this.#end))) this.#end = end
  }

  /** Milliseconds, rounded down, from the earliest start to the latest end. */
  get duration(): number {
    if (this.#start === null || this.#end === null) return 0
    return Number((BigInt(this.#end) - BigInt(this.#start)) / 1_000_000n)
  }
}

function endOf({ end, ts }: Payload): string | null {
  return typeof end === 'string' && /^\d{1,20}$/.test(end) ? end : (ts ?? null)
}

/** Decimal texts without zeros at the start. */
function later(a: string, b: string): boolean {
  return a.length === b.length ? a > b : a.length > b.length
}
