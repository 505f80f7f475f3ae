// Where lines become records: those of many small files go on together, those of a busy one piece by piece.

import type { SourceContext } from '../component.js'
import { Stamps } from '../receive/stamps.js'
import { RecordBatch } from '../record/batch.js'
import type { Identity } from '../record/identity.js'
import type { Payload } from '../record/record.js'

/** Bytes of lines, and lines, that go on at once. */
const BATCH_BYTES = 1 << 18
const BATCH_LINES = 4096

export class Outlet {
  #ids: Identity[] = []
  #payloads: Payload[] = []
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
    const stamps = this.#stamps
    stamps.look()
    for (const body of lines) {
      const ts = stamps.next()
      this.#ids.push(identity)
      this.#payloads.push(attributes === undefined ? { ts, body } : { ts, body, attributes })
    }
    this.#bytes += bytes
  }

  get full(): boolean {
    return this.#bytes >= BATCH_BYTES || this.#ids.length >= BATCH_LINES
  }

  /** Passes on what is there. */
  async flush(): Promise<void> {
    if (this.#ids.length === 0) return
    const batch = new RecordBatch(this.#ids, this.#payloads)
    this.#ids = []
    this.#payloads = []
    this.#bytes = 0
    try {
      await this.context.emit(batch)
    } catch (error) {
      this.failure = error
      throw error
    }
  }
}
