// A sink's side of checkpoints: they are taken out of the stream and committed once all that came before them is stored.

import type { Account, Log, Sink } from '../component.js'
import type { Batch } from '../record/batch.js'
import type { Json } from '../record/json.js'
import { type Checkpoint, withoutCheckpoints } from './checkpoint.js'
import type { State } from './state.js'

export class Commits {
  /** Taken from the batch under way; what came before them is not written yet. */
  #taken: Checkpoint[] = []
  /** The newest one of each source that waits for its commit, and how many it stands for. */
  #waiting = new Map<string, { position: Json; count: number }>()
  #running: Promise<void> | null = null
  #ending = false
  #warned = false
  #fail!: (error: Error) => void
  /** Rejects when a commit fails; never resolves. */
  readonly failed: Promise<never>

  /** @param state null: nothing is committed, checkpoints end here */
  constructor(
    private readonly sink: Sink,
    private readonly state: State | null,
    private readonly account: Account,
    private readonly log: Log,
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

  /** The sink is about to end, which is a `sync` of its own. */
  ending(): void {
    this.#ending = true
  }

  /** After the sink's end: what still waits is committed. */
  async end(): Promise<void> {
    await Promise.race([this.#running, this.failed])
    if (this.state !== null) await this.#commit(this.state, this.#waiting)
  }

  #passOver(): void {
    this.account.out += this.#taken.length
    this.#taken = []
    if (this.#warned || this.sink.sync === undefined) return
    this.#warned = true
    this.log.warn('checkpoints came and are not committed: there is no --state')
  }

  /** One commit after another; those that come meanwhile wait together. */
  async #run(state: State): Promise<void> {
    while (this.#waiting.size > 0 && !this.#ending) {
      const now = this.#waiting
      this.#waiting = new Map()
      await this.sink.sync!()
      await this.#commit(state, now)
    }
    this.#running = null
  }

  async #commit(state: State, checkpoints: ReadonlyMap<string, { position: Json; count: number }>): Promise<void> {
    for (const [source, { position, count }] of checkpoints) {
      await state.commit({ source, position })
      this.account.out += count
    }
  }
}
