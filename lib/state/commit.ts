// A sink's side of checkpoints: they are taken out of the stream and committed once all that came before them is stored.

import type { Context, Sink } from '../component.js'
import type { Batch } from '../record/batch.js'
import type { Json } from '../record/json.js'
import { isFull } from '../spool/writer.js'
import { type Checkpoint, withoutCheckpoints } from './checkpoint.js'
import type { State } from './state.js'

/** A full disk is tried again, and told about, this often, milliseconds. */
const LOOK_AGAIN = 1000
const TELL_EVERY = 10_000

export class Commits {
  /** Taken from the batch under way; what came before them is not written yet. */
  #taken: Checkpoint[] = []
  /** The newest one of each source that waits for its commit, and how many it stands for. */
  #waiting = new Map<string, { position: Json; count: number }>()
  #running: Promise<void> | null = null
  #ending = false
  #warned = false
  #toldFull = -Infinity
  #fail!: (error: Error) => void
  /** Rejects when a commit fails; never resolves. */
  readonly failed: Promise<never>

  /** @param state null: nothing is committed, checkpoints end here */
  constructor(
    private readonly sink: Sink,
    private readonly state: State | null,
    private readonly context: Pick<Context, 'account' | 'log' | 'clock' | 'signal'>,
  ) {
    this.failed = new Promise<never>((_, reject) => (this.#fail = reject))
    this.failed.catch(() => {})
  }

  /** The batch without its checkpoints; to be written before `written` is called. */
  take(batch: Batch): Batch {
    return withoutCheckpoints(batch, (checkpoint) => void this.#taken.push(checkpoint))
  }

  /** What was taken stands for records that the sink has now. They are committed while more is written. */
  written(): void {
    if (this.#taken.length === 0) return
    if (this.state === null) return this.#passOver()
    for (const { source, position } of this.#taken) {
      const count = (this.#waiting.get(source)?.count ?? 0) + 1
      this.#waiting.set(source, { position, count })
    }
    this.#taken = []
    this.#running ??= this.#run(this.state).catch(this.#fail)
  }

  /** While the sink ends: what still waits is committed as soon as it is stored, be it delivered or not. */
  async end(): Promise<void> {
    this.#ending = true
    await Promise.race([this.#running, this.failed])
  }

  #passOver(): void {
    const { account, log } = this.context
    account.out += this.#taken.length
    this.#taken = []
    if (this.#warned || this.sink.sync === undefined) return
    this.#warned = true
    log.warn('checkpoints came and are not committed: there is no --state')
  }

  /** One commit after another; those that come meanwhile wait together. */
  async #run(state: State): Promise<void> {
    while (this.#waiting.size > 0) {
      const now = this.#waiting
      this.#waiting = new Map()
      await this.sink.sync!()
      for (const [source, { position, count }] of now) {
        await this.#commit(state, { source, position })
        this.context.account.out += count
      }
    }
    this.#running = null
  }

  /** Waits where the disk is full, but not when a stop was asked for and all else is done. */
  async #commit(state: State, checkpoint: Checkpoint): Promise<void> {
    const { clock, log, signal } = this.context
    for (;;) {
      try {
        return await state.commit(checkpoint)
      } catch (error) {
        const { message, cause } = error as Error
        if (cause === undefined || !isFull(cause) || (this.#ending && signal.aborted)) throw error
        const now = clock.monotonic()
        if (now - this.#toldFull >= TELL_EVERY) {
          this.#toldFull = now
          log.warn(`${message}: waiting until there is room`)
        }
        await clock.sleep(LOOK_AGAIN)
      }
    }
  }
}
