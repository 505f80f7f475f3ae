// Where lines become records: those of many small files go on together, those of a busy one piece by piece.

import type { SourceContext } from '../component.js'
import { Stamps } from '../receive/stamps.js'
import { type Batch, RecordBatch } from '../record/batch.js'
import type { Identity } from '../record/identity.js'
import type { Payload } from '../record/record.js'
import { TextBatch, TextLines } from '../record/text_batch.js'

/** Bytes of lines, and lines, that go on at once. */
const BATCH_BYTES = 1 << 18
const BATCH_LINES = 4096

export class Outlet {
  /** What goes on with the next flush, in order. */
  #batches: Batch[] = []
  #ids: Identity[] = []
  #payloads: Payload[] = []
  readonly #text = new TextLines()
  /** Of those lines, how many are in batches. */
  #closed = 0
  #bytes = 0
  /** Why nothing goes on any more. */
  failure: unknown = null

  readonly #stamps: Stamps

  constructor(private readonly context: Pick<SourceContext, 'emit' | 'clock'>) {
    this.#stamps = new Stamps(context.clock)
  }

  /**
   * Lines of one file, read at one time.
   *
   * @param bytes their length
   * @param attributes of each of them
   */
  add(identity: Identity, lines: readonly string[], bytes: number, attributes?: Payload['attributes']): void {
    this.#closeText()
    const stamps = this.#stamps
    stamps.look()
    for (const body of lines) {
      const ts = stamps.next()
      this.#ids.push(identity)
      this.#payloads.push(attributes === undefined ? { ts, body } : { ts, body, attributes })
    }
    this.#bytes += bytes
  }

  /** The same in valid UTF-8, with their ends. Measured, 200 bytes: 0.15 µs a line, as strings 0.7. */
  addBytes(identity: Identity, data: Buffer): void {
    this.#closeRecords()
    this.#stamps.look()
    this.#text.add(identity, data, this.#stamps)
    this.#bytes += data.length
  }

  get full(): boolean {
    return this.#bytes >= BATCH_BYTES || this.#ids.length >= BATCH_LINES || this.#text.length >= BATCH_LINES
  }

  /** Passes on what is there. */
  async flush(): Promise<void> {
    this.#closeRecords()
    this.#closeText()
    const batches = this.#batches
    this.#batches = []
    this.#bytes = 0
    try {
      for (const batch of batches) await this.context.emit(batch)
    } catch (error) {
      this.failure = error
      throw error
    }
    this.#text.clear()
    this.#closed = 0
  }

  #closeRecords(): void {
    if (this.#ids.length === 0) return
    this.#batches.push(new RecordBatch(this.#ids, this.#payloads))
    this.#ids = []
    this.#payloads = []
  }

  #closeText(): void {
    const { length } = this.#text
    if (length === this.#closed) return
    this.#batches.push(TextBatch.of(this.#text, this.#closed, length))
    this.#closed = length
  }
}
