// Records on their way from a source: put together while a piece of input is read, passed on as one batch.

import type { SourceContext } from '../component.js'
import { RecordBatch } from '../record/batch.js'
import type { Identity } from '../record/identity.js'
import type { Payload } from '../record/record.js'
import type { Acks } from './acks.js'

export class Rows {
  #ids: Identity[] = []
  #payloads: Payload[] = []

  get length(): number {
    return this.#ids.length
  }

  add(id: Identity, payload: Payload): void {
    this.#ids.push(id)
    this.#payloads.push(payload)
  }

  /** Passes on what there is, which is none afterwards. Wait for the promise, if there is one. */
  pass({ emit }: Pick<SourceContext, 'emit'>): void | Promise<void> {
    if (this.#ids.length === 0) return
    const batch = new RecordBatch(this.#ids, this.#payloads)
    this.#ids = []
    this.#payloads = []
    return emit(batch)
  }

  /** The same for answers that may wait for the sink. False where nothing was committed in time. */
  async store(acks: Acks | null, context: Pick<SourceContext, 'emit'>): Promise<boolean> {
    if (this.#ids.length > 0 && acks !== null) return acks.pass(this.#ids, this.#payloads)
    await this.pass(context)
    return true
  }
}
