// Answers that wait for the sink of the pipe: a checkpoint goes behind the records of a request, and whoever sent it is
// told that all is well when it has come back as committed.

import { randomBytes } from 'node:crypto'
import type { Clock, Log } from '../component.js'
import { type Batch, RecordBatch } from '../record/batch.js'
import type { Identity } from '../record/identity.js'
import type { Json } from '../record/json.js'
import type { Payload } from '../record/record.js'
import { checkpointIdentity } from '../state/checkpoint.js'
import { State } from '../state/state.js'
import { CommitWatch } from '../state/watch.js'

export interface AckOptions {
  state: State
  /** Whose checkpoints they are; a pipe has one source of that name. */
  source: string
  /** Milliseconds for passing on and being committed. */
  timeout: number
  /** Requests that may wait at once. */
  max: number
}

export interface AckContext {
  readonly clock: Clock
  readonly log: Log
  emit(batch: Batch): void | Promise<void>
}

/**
 * What `--ack` asks for: null where answers wait for nothing.
 *
 * @param source whose checkpoints they are
 */
export function acksOf(
  source: string,
  options: { state: string | undefined; ack_timeout: number; max_waiting: number },
  context: AckContext,
): Acks | null {
  const { state, ack_timeout: timeout, max_waiting: max } = options
  return state === undefined ? null : new Acks({ state: new State(state), source, timeout, max }, context)
}

/** Somebody who waits hears of it this often, milliseconds. */
const TELL_EVERY = 10_000

export class Acks {
  readonly #watch: CommitWatch
  readonly #identity: Identity
  /** Positions of an earlier process, which counted from the start as well, mean nothing. */
  readonly #run = randomBytes(6).toString('hex')
  #sent = 0
  #committed = 0
  /** Requests that wait for their commit, by number, in order. */
  readonly #waiting = new Map<number, () => void>()
  /** Requests that are in memory. */
  #held = 0
  #told = -Infinity

  constructor(
    private readonly options: AckOptions,
    private readonly context: AckContext,
  ) {
    const { state, source } = options
    this.#identity = checkpointIdentity(source)
    const moved = (position: Json) => this.#moved(position)
    this.#watch = new CommitWatch(state, source, moved, () => this.#waiting.size > 0, context.clock, context.log)
  }

  /** To be called before anything is passed on. Throws a Problem. */
  open(): Promise<void> {
    return this.#watch.open()
  }

  /** Whether no further request may wait. */
  get full(): boolean {
    return this.#held >= this.options.max
  }

  /** Passes on the records of a request. False where they were not committed in time, which they may be later. */
  pass(ids: readonly Identity[], payloads: readonly Payload[]): Promise<boolean> {
    return this.#pass((position) => [new RecordBatch([...ids, this.#identity], [...payloads, { position }])])
  }

  /** The same with a batch of them. */
  passBatch(batch: Batch): Promise<boolean> {
    return this.#pass((position) => [batch, new RecordBatch([this.#identity], [{ position }])])
  }

  async #pass(batches: (position: Json) => Batch[]): Promise<boolean> {
    const request = ++this.#sent
    const committed = new Promise<true>((resolve) => this.#waiting.set(request, () => resolve(true)))
    this.#watch.wait()
    this.#held++
    const passed = this.#emit(batches({ request, run: this.#run }))
    const over = new AbortController()
    const late = this.context.clock.sleep(this.options.timeout, over.signal).then(() => false)
    try {
      const inTime = await Promise.race([passed.then(() => committed), late])
      if (!inTime) this.#tell()
      return inTime
    } finally {
      over.abort()
      this.#waiting.delete(request)
      // What a slow reader has not taken yet is still in memory.
      const gone = () => void this.#held--
      passed.then(gone, gone)
    }
  }

  async #emit(batches: readonly Batch[]): Promise<void> {
    for (const batch of batches) await this.context.emit(batch)
  }

  close(): void {
    this.#watch.close()
  }

  /** Everything up to a position is committed with it. */
  #moved(position: Json): void {
    const { run, request } = (position ?? {}) as { [key: string]: unknown }
    if (run !== this.#run || typeof request !== 'number' || request <= this.#committed) return
    this.#committed = request
    for (const [waiting, resolve] of this.#waiting) {
      if (waiting > request) return
      this.#waiting.delete(waiting)
      resolve()
    }
  }

  #tell(): void {
    const now = this.context.clock.monotonic()
    if (now - this.#told < TELL_EVERY) return
    this.#told = now
    const missing = 'is there a sink with the same --state, and does it get on?'
    this.context.log.warn(`nothing was committed within the time of --ack-timeout: ${missing}`)
  }
}
