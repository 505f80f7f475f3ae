// Spans or log entries in the bytes of the request that they came in, decoded when somebody asks what they say.

import type { Batch } from '../../record/batch.js'
import type { ByteBuffer } from '../../record/bytes.js'
import type { Identity } from '../../record/identity.js'
import { entryOf, type Json } from '../../record/json.js'
import { type Payload, tailText } from '../../record/record.js'
import { millisOf } from '../../record/time.js'
import { partOf, payloadOf } from './item_part.js'

/** Called with a run of items of one identity, from `row` on, that stand side by side in `bytes[start, end)`, each with its tag. */
type Run = (id: Identity, start: number, end: number, row: number, items: number) => void

export class ItemBatch implements Batch {
  readonly layout = null
  readonly column = null
  readonly markers = false
  readonly #bounds: Int32Array
  readonly #payloads: (Payload | undefined)[]

  /** @param bounds three offsets a row: the tag of an item, its first field, its end */
  constructor(
    readonly signal: 'traces' | 'logs',
    readonly bytes: Buffer,
    private readonly ids: readonly Identity[],
    bounds: Int32Array,
    payloads: (Payload | undefined)[] = [],
  ) {
    this.#bounds = bounds
    this.#payloads = payloads
  }

  get length(): number {
    return this.ids.length
  }
  id(row: number): Identity {
    return this.ids[row]
  }
  payload(row: number): Payload {
    return (this.#payloads[row] ??= payloadOf(this.signal, this.bytes.subarray(this.#bounds[3 * row + 1], this.#bounds[3 * row + 2])))
  }
  part(row: number, field: string, key?: string): Json | undefined {
    const known = this.#payloads[row]
    if (known === undefined) return partOf(this.signal, this.bytes, this.#bounds[3 * row + 1], this.#bounds[3 * row + 2], field, key)
    return key === undefined ? known[field] : entryOf(known[field], key)
  }
  plain(): boolean {
    return false
  }
  value(): number {
    return NaN
  }
  ts(row: number): string {
    return this.part(row, 'ts') as string
  }
  millis(row: number): number {
    return millisOf(this.ts(row))
  }
  select(ids: readonly Identity[], take: Int32Array): ItemBatch {
    const bounds = new Int32Array(3 * take.length)
    const payloads: (Payload | undefined)[] = []
    for (let i = 0; i < take.length; i++) {
      const from = 3 * take[i]
      for (let k = 0; k < 3; k++) bounds[3 * i + k] = this.#bounds[from + k]
      payloads.push(this.#payloads[take[i]])
    }
    return new ItemBatch(this.signal, this.bytes, ids, bounds, payloads)
  }
  write(out: ByteBuffer): void {
    for (const [row, id] of this.ids.entries()) {
      out.bytes(id.prefix)
      out.text(tailText(id, this.payload(row)))
    }
  }

  /** Tells all rows in runs as long as may be, of at most so many items and about so many bytes. */
  runs(room: (id: Identity) => { items: number; bytes: number }, run: Run): void {
    const bounds = this.#bounds
    for (let row = 0; row < this.length; ) {
      const id = this.ids[row]
      const start = bounds[3 * row]
      const { items, bytes } = room(id)
      let last = row
      const most = Math.min(this.length, row + items)
      while (last + 1 < most && this.ids[last + 1] === id && bounds[3 * last + 3] === bounds[3 * last + 2] && bounds[3 * last + 2] - start < bytes) last++
      run(id, start, bounds[3 * last + 2], row, last + 1 - row)
      row = last + 1
    }
  }
}
