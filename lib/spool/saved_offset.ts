// The offset of a reader on disk: written soon after it has changed, but not at each change.

import type { Clock, Log } from '../component.js'
import { type Offset, saveOffset } from './offset.js'

/** Milliseconds between two writes of the offset: an answer each millisecond is no file each millisecond. */
const SAVE_EVERY = 500
const SAVE_AGAIN = 1000
/** A disk that cannot take it is told about this often, milliseconds. */
const TELL_EVERY = 10_000

export class SavedOffset {
  #unsaved = false
  #told = -Infinity
  #saving: Promise<void> | null = null
  #writing: Promise<void> = Promise.resolve()

  /**
   * @param now the offset as it is
   * @param sync to force it to the disk, and to write each change
   * @param stop ends writing by itself
   */
  constructor(
    private readonly path: string,
    private readonly now: () => Offset,
    private readonly sync: boolean,
    private readonly stop: AbortSignal,
    private readonly clock: Clock,
    private readonly log: Log,
  ) {}

  /** It is another one now. */
  changed(): void {
    this.#unsaved = true
    this.#saving ??= this.#save().finally(() => (this.#saving = null))
  }

  /** Writes it; on disk when the promise resolves. */
  async write(): Promise<void> {
    this.#unsaved = false
    const offset = this.now()
    this.#writing = this.#writing.catch(() => {}).then(() => saveOffset(this.path, offset, this.sync))
    await this.#writing
  }

  /** Resolves when nothing is being written by itself; once `stop` has aborted. */
  async settled(): Promise<void> {
    await this.#saving
  }

  async #save(): Promise<void> {
    // The first answer after a quiet time is remembered at once.
    while (this.#unsaved && !this.stop.aborted) {
      const wait = await this.write().then(
        () => (this.sync ? 0 : SAVE_EVERY),
        (error: unknown) => {
          this.#tell(`${this.path}: ${(error as Error).message}: trying again`)
          this.#unsaved = true
          return SAVE_AGAIN
        },
      )
      if (wait > 0) await this.clock.sleep(wait, this.stop)
    }
  }

  #tell(message: string): void {
    const now = this.clock.monotonic()
    if (now - this.#told < TELL_EVERY) return
    this.#told = now
    this.log.warn(message)
  }
}
