// A sink behind a bridge: records of another kind are translated on their way in. The bridge is loaded when the first of
// them comes; who sends none pays for a look at each identity.

import type { Clock, Sink, StatefulTransform } from '../component.js'
import { type Batch, RecordBatch } from '../record/batch.js'
import type { Names } from '../record/dictionary.js'
import { type Identity, memoSlot } from '../record/identity.js'
import { LineBatch } from '../record/line_batch.js'
import type { Payload, Record } from '../record/record.js'

export interface Bridge {
  /** Whether it translates records of an identity. */
  concerns(id: Identity): boolean
  /** The translation; it passes on what does not concern it. */
  load(): Promise<StatefulTransform>
}

/** Someone who waits for what came before `order`. */
interface Waiting {
  readonly order: number
  readonly done: () => void
}

export class BridgedSink implements Sink {
  readonly #slot = memoSlot()
  #transform: StatefulTransform | null = null
  #order = 0
  #ids: Identity[] = []
  #payloads: Payload[] = []
  #waiting: Waiting[] = []
  #sleep: AbortController | null = null
  #failed: { error: unknown } | null = null
  readonly sync?: () => Promise<void>
  readonly abandon?: () => void | Promise<void>

  constructor(
    private readonly sink: Sink,
    private readonly bridge: Bridge,
    private readonly clock: Clock,
  ) {
    if (sink.sync !== undefined) this.sync = () => this.#sync()
    if (sink.abandon !== undefined) this.abandon = () => this.#abandon()
  }

  write(batch: Batch): void | Promise<void> {
    if (this.#failed !== null) throw this.#failed.error
    if (!this.#concerns(batch)) return this.sink.write(batch)
    return this.#translate(batch)
  }

  async end(): Promise<void> {
    this.#sleep?.abort()
    this.#transform?.flush(this.#pass)
    try {
      await this.#give()
      if (this.#failed !== null) throw this.#failed.error
    } finally {
      await this.sink.end()
    }
  }

  async #translate(batch: Batch): Promise<void> {
    this.#transform ??= await this.bridge.load()
    for (let row = 0; row < batch.length; row++) {
      const identity = batch.id(row)
      if (identity === undefined) continue
      this.#transform.take({ identity, payload: batch.payload(row) }, this.#order++, this.#pass)
    }
    await this.#give()
    if (this.#sleep !== null || this.#transform.due() === Infinity) return
    void this.#keepTime((this.#sleep = new AbortController()))
  }

  readonly #pass = ({ identity, payload }: Record): void => {
    this.#ids.push(identity)
    this.#payloads.push(payload)
  }

  /** Hands over what was passed on. */
  #give(): void | Promise<void> {
    const batch = new RecordBatch(this.#ids, this.#payloads)
    this.#ids = []
    this.#payloads = []
    const room = batch.length > 0 ? this.sink.write(batch) : undefined
    this.#release()
    return room
  }

  /** Passes on what is due, though nothing more comes. */
  async #keepTime(sleep: AbortController): Promise<void> {
    const transform = this.#transform!
    try {
      while (transform.due() !== Infinity) {
        await this.clock.sleep(Math.max(1, transform.due() - this.clock.monotonic()), sleep.signal)
        if (sleep.signal.aborted) return
        transform.tick(this.clock.monotonic(), this.#pass)
        await this.#give()
      }
    } catch (error) {
      this.#failed = { error }
      for (const { done } of this.#waiting.splice(0)) done()
    }
    this.#sleep = null
  }

  async #sync(): Promise<void> {
    await new Promise<void>((done) => {
      this.#waiting.push({ order: this.#order, done })
      this.#release()
    })
    if (this.#failed !== null) throw this.#failed.error
    await this.sink.sync!()
  }

  #release(): void {
    if (this.#waiting.length === 0) return
    const held = this.#transform?.held() ?? Infinity
    this.#waiting = this.#waiting.filter(({ order, done }) => {
      if (held < order) return true
      done()
      return false
    })
  }

  async #abandon(): Promise<void> {
    this.#sleep?.abort()
    await this.sink.abandon!()
  }

  #concerns(batch: Batch): boolean {
    if (batch instanceof LineBatch) return this.#concernsLines(batch)
    const { layout } = batch
    if (layout === null) {
      for (let row = 0; row < batch.length; row++) if (this.#ask(batch.id(row))) return true
      return false
    }
    const memo = (layout.memo ??= [])
    return (memo[this.#slot] ??= layout.ids.some((id) => this.bridge.concerns(id))) as boolean
  }

  #ask(id: Identity | undefined): boolean {
    if (id === undefined) return false
    return ((id.memo ??= [])[this.#slot] ??= this.bridge.concerns(id)) as boolean
  }

  #concernsLines(batch: LineBatch): boolean {
    const known = (batch.names.memo[this.#slot] ??= new Answers(batch.names, this.bridge)) as Answers
    for (let row = 0; row < batch.length; row++) if (known.answer(batch.number(row))) return true
    return false
  }
}

/** By the numbers of lines: a byte each, since asking the identity of each line would cost as much as all the rest. */
class Answers {
  #answers = new Uint8Array(1024)

  constructor(
    private readonly names: Names,
    private readonly bridge: Bridge,
  ) {}

  answer(number: number): boolean {
    if (number === 0) return false
    if (number >= this.#answers.length) {
      const larger = new Uint8Array(2 * number)
      larger.set(this.#answers)
      this.#answers = larger
    }
    if (this.#answers[number] === 0) this.#answers[number] = this.bridge.concerns(this.names.passing(number)) ? 2 : 1
    return this.#answers[number] === 2
  }
}
