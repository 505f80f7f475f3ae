// Requests under construction, one a lane: closed when they are full, or old enough.

import type { Clock } from '../component.js'
import type { SeriesBlock } from '../wire/remote_write/block.js'
import type { WriteRequest } from '../wire/remote_write/v1.js'
import type { Outbox, Outgoing } from './outbox.js'

/** A request that still grows. */
export interface Growing {
  readonly records: number
  /** Bytes so far, before compression. */
  readonly bytes: number
  /** Whether it takes no more, whatever its size. */
  readonly full?: boolean
}

export interface BatchLimits {
  records: number
  /** Before compression. */
  bytes: number
  /** Milliseconds that a record waits for others. */
  wait: number
}

export class Batches<G extends Growing> {
  readonly #growing: G[]
  /** By lane: when the request under construction is old enough, in milliseconds of the clock that never jumps; or null. */
  readonly #due: (number | null)[]
  /** Ends the wait for the first of these moments: one for all lanes, since a timer of its own costs more than a request. */
  #wait: AbortController | null = null

  /** @param close makes the request of what has grown, which is then as new */
  constructor(
    lanes: number,
    open: () => G,
    private readonly close: (growing: G) => Outgoing,
    private readonly limits: BatchLimits,
    private readonly outbox: Pick<Outbox, 'push'>,
    private readonly clock: Clock,
  ) {
    this.#growing = Array.from({ length: lanes }, open)
    this.#due = this.#growing.map(() => null)
  }

  /** The request of a lane, to add to; then call `added`. */
  at(lane: number): G {
    return this.#growing[lane]
  }

  added(lane: number): void {
    const { records, bytes, full } = this.#growing[lane]
    if (records >= this.limits.records || bytes >= this.limits.bytes || full === true) this.#flush(lane)
    else if (this.#due[lane] === null) this.#start(lane)
  }

  /** The request of a lane, handed over before where it has no room for so much more. */
  withRoom(lane: number, records: number, bytes: number): G {
    const request = this.#growing[lane]
    if (request.records + records > this.limits.records || request.bytes + bytes > this.limits.bytes) this.#flush(lane)
    return request
  }

  /** Adds samples that are ready, over as many requests as it takes. */
  addBlock(this: Batches<WriteRequest>, lane: number, block: SeriesBlock): void {
    const { limits } = this
    for (let from = 0; from < block.parts.length; ) {
      const request = this.at(lane)
      const to = block.upTo(from, limits.records - request.records, limits.bytes - request.bytes)
      if (to === from && request.records > 0) {
        this.#flush(lane)
        continue
      }
      // One that is too large by itself goes by itself.
      const next = Math.max(to, from + 1)
      request.addPacked(block.slice(from, next))
      this.added(lane)
      from = next
    }
  }

  /** Hands over everything. */
  flush(): void {
    this.#wait?.abort()
    this.#wait = null
    for (let lane = 0; lane < this.#growing.length; lane++) this.#flush(lane)
  }

  #start(lane: number): void {
    this.#due[lane] = this.clock.monotonic() + this.limits.wait
    if (this.#wait === null) void this.#keepTime((this.#wait = new AbortController()))
  }

  /** Flushes lanes as they fall due, until none is left. */
  async #keepTime(wait: AbortController): Promise<void> {
    for (;;) {
      const first = Math.min(...this.#due.map((due) => due ?? Infinity))
      if (first === Infinity) break
      await this.clock.sleep(Math.max(1, first - this.clock.monotonic()), wait.signal)
      if (wait.signal.aborted) return
      const now = this.clock.monotonic()
      for (const [lane, due] of this.#due.entries()) if (due !== null && due <= now) this.#flush(lane)
    }
    this.#wait = null
  }

  #flush(lane: number): void {
    this.#due[lane] = null
    if (this.#growing[lane].records > 0) this.outbox.push(lane, this.close(this.#growing[lane]))
  }
}
