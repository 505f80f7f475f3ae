// Batches: records on their way between stages. Carriers behind one interface: columns of samples over a layout, decoded
// records, lines still in the bytes they came in (./line_batch.ts), text (./text_batch.ts), fields found in either (./extracted.ts).

import type { ByteBuffer } from './bytes.js'
import { type Identity, memoSlot } from './identity.js'
import { fieldOf, type Json, numberOf } from './json.js'
import { Layout } from './layout.js'
import { Prefixes } from './prefixes.js'
import { isPlain, type Payload, tailText } from './record.js'
import { millisOf } from './time.js'
import { viewOf } from './words.js'

export interface Batch {
  readonly length: number
  /** Set where the rows are those of a shared layout, in its order. */
  readonly layout: Layout | null
  /** The values of all rows, where all are plain samples of one time over the layout; else null. */
  readonly column: Float64Array | null
  /** Whether all rows are staleness markers of one time over the layout. */
  readonly markers: boolean
  /** undefined for a line that is passed on unread (`--on-bad pass`). */
  id(row: number): Identity | undefined
  /** The payload, decoded; the caller must not change it. */
  payload(row: number): Payload
  /**
   * A field of the payload, or what stands under `key` in it, by itself; undefined where it is not there. A batch whose
   * payloads are decoded does not have it.
   */
  part?(row: number, field: string, key?: string): Json | undefined
  /** Whether the row is a metric sample with `ts` and `value` alone. */
  plain(row: number): boolean
  /** Value of a plain sample. */
  value(row: number): number
  /** Unix nanoseconds; undefined for types without. */
  ts(row: number): string | undefined
  /** Unix milliseconds, rounded down; 0 for types without `ts`. */
  millis(row: number): number
  /** Rows `take`, in order, under new identities (`layout` when the caller shares one). */
  select(ids: readonly (Identity | undefined)[], take: Int32Array, layout: Layout | null): Batch
  /** Appends the canonical lines of all rows. */
  write(out: ByteBuffer): void
}

/** Decoded records. */
export class RecordBatch implements Batch {
  readonly layout = null
  readonly column = null
  readonly markers = false
  constructor(
    readonly ids: readonly (Identity | undefined)[],
    readonly payloads: readonly Payload[],
  ) {}

  get length(): number {
    return this.ids.length
  }
  id(row: number): Identity | undefined {
    return this.ids[row]
  }
  payload(row: number): Payload {
    return this.payloads[row]
  }
  plain(row: number): boolean {
    return isPlain(this.ids[row], this.payloads[row])
  }
  value(row: number): number {
    return numberOf(this.payloads[row].value) ?? NaN
  }
  ts(row: number): string | undefined {
    return this.payloads[row].ts
  }
  millis(row: number): number {
    const ts = this.payloads[row].ts
    return ts === undefined ? 0 : millisOf(ts)
  }
  select(ids: readonly (Identity | undefined)[], take: Int32Array): Batch {
    const payloads = new Array<Payload>(take.length)
    for (let i = 0; i < take.length; i++) payloads[i] = this.payloads[take[i]]
    return new RecordBatch(ids, payloads)
  }
  write(out: ByteBuffer): void {
    for (let row = 0; row < this.ids.length; row++) {
      const id = this.ids[row]
      if (id === undefined) continue
      out.bytes(id.prefix)
      out.text(tailText(id, this.payloads[row]))
    }
  }
}

const CLOSE = 125
const LF = 10

const PREFIXES = memoSlot()

/** A layout that does not come back: its identities hold their bytes, for the next one. */
function passingLayout(ids: readonly Identity[]): Layout {
  const layout = new Layout(ids)
  layout.memo = []
  layout.memo[PREFIXES] = null
  return layout
}

/**
 * The canonical bytes of a layout's identities by row, made when it is first written as lines. Writing from them takes
 * half of the time that a buffer for each identity takes, and a third less memory. null: each identity has its own.
 */
function prefixesOf(layout: Layout): Prefixes | null {
  const known = layout.memo?.[PREFIXES] as Prefixes | null | undefined
  if (known !== undefined) return known
  const before = layout.before<Prefixes | null>(PREFIXES)
  const old = before?.answer ?? null
  const prefixes = new Prefixes()
  for (const [row, id] of layout.ids.entries()) {
    const at = old === null ? -1 : before!.rows[row]
    const prefix = at < 0 ? id.passingPrefix : old!.slice(at)
    prefixes.set(row, prefix, 0, prefix.length)
  }
  ;(layout.memo ??= [])[PREFIXES] = prefixes
  return prefixes
}

/** Columns of metric samples: a layout, times and values; what few samples have beside (histogram, exemplars, start) apart. */
export class SampleBatch implements Batch {
  /**
   * @param ts Unix nanoseconds of every row that `times` does not override
   * @param times Unix nanoseconds by row; an empty string means `ts`
   * @param stale rows that are staleness markers are non-zero; or all rows are
   * @param extra payload fields beside `ts`, `value` and `stale`; a row whose extra has `histogram` or `summary` has no value
   */
  constructor(
    readonly layout: Layout,
    readonly stamp: string,
    readonly values: Float64Array,
    readonly times: readonly string[] | null = null,
    readonly stale: Uint8Array | 'all' | null = null,
    readonly extra: ReadonlyMap<number, Payload> | null = null,
  ) {}

  get length(): number {
    return this.layout.ids.length
  }
  get column(): Float64Array | null {
    return this.times === null && this.stale === null && this.extra === null ? this.values : null
  }
  get markers(): boolean {
    return this.stale === 'all' && this.times === null && this.extra === null
  }
  #isStale(row: number): boolean {
    return this.stale !== null && (this.stale === 'all' || this.stale[row] !== 0)
  }
  id(row: number): Identity {
    return this.layout.ids[row]
  }
  payload(row: number): Payload {
    const ts = this.ts(row)
    const extra = this.extra?.get(row)
    if (this.#isStale(row)) return { ts, stale: true, ...extra }
    if (extra === undefined) return { ts, value: fieldOf(this.values[row]) }
    if (extra.histogram !== undefined || extra.summary !== undefined) return { ts, ...extra }
    return { ts, value: fieldOf(this.values[row]), ...extra }
  }
  plain(row: number): boolean {
    return !this.#isStale(row) && (this.extra === null || !this.extra.has(row))
  }
  value(row: number): number {
    return this.values[row]
  }
  ts(row: number): string {
    return this.times === null || this.times[row] === '' ? this.stamp : this.times[row]
  }
  millis(row: number): number {
    return millisOf(this.ts(row))
  }
  select(ids: readonly Identity[], take: Int32Array, layout: Layout | null): Batch {
    const n = take.length
    const values = new Float64Array(n)
    for (let i = 0; i < n; i++) values[i] = this.values[take[i]]
    let times: string[] | null = null
    let stale = this.stale
    let extra: Map<number, Payload> | null = null
    if (this.times !== null) {
      times = new Array<string>(n)
      for (let i = 0; i < n; i++) times[i] = this.times[take[i]]
    }
    if (this.stale instanceof Uint8Array) {
      stale = new Uint8Array(n)
      for (let i = 0; i < n; i++) stale[i] = this.stale[take[i]]
    }
    if (this.extra !== null) {
      extra = new Map()
      for (let i = 0; i < n; i++) {
        const fields = this.extra.get(take[i])
        if (fields !== undefined) extra.set(i, fields)
      }
    }
    return new SampleBatch(layout ?? passingLayout(ids), this.stamp, values, times, stale, extra)
  }
  write(out: ByteBuffer): void {
    const { ids } = this.layout
    const prefixes = prefixesOf(this.layout)
    const tail = viewOf(Buffer.from(`${this.stamp}","value":`))
    for (let row = 0; row < ids.length; row++) {
      if (prefixes === null) out.bytes(ids[row].prefix)
      else prefixes.write(row, out)
      if (!this.plain(row)) out.text(tailText(ids[row], this.payload(row)))
      else {
        if (this.times === null || this.times[row] === '') out.piece(tail, 0, tail.byteLength)
        else out.ascii(`${this.times[row]}","value":`)
        out.number(this.values[row])
        out.two(CLOSE, LF)
      }
    }
  }
}
