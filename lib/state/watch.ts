// The way back from the sink of a pipe to its source: what the sink commits, the source sees in the folder of --state.

import { type FSWatcher, watch } from 'node:fs'
import { basename } from 'node:path'
import type { Clock, Log } from '../component.js'
import type { Json } from '../record/json.js'
import type { State } from './state.js'

/** Milliseconds between looks without being told: some file systems tell nothing. */
const LOOK_EVERY = 500

export class CommitWatch {
  readonly #file: string
  #watcher: FSWatcher | null = null
  #looking: Promise<void> | null = null
  #again = false
  #polling = false
  readonly #closed = new AbortController()

  /**
   * @param moved told what was committed last, perhaps several times
   * @param awaited whether anybody waits for a commit
   */
  constructor(
    private readonly state: State,
    private readonly source: string,
    private readonly moved: (position: Json) => void,
    private readonly awaited: () => boolean,
    private readonly clock: Clock,
    private readonly log: Log,
  ) {
    this.#file = basename(state.path(source))
  }

  /** Makes the folder where it is missing, and listens to it. Throws a Problem. */
  async open(): Promise<void> {
    await this.state.make()
    try {
      this.#watcher = watch(this.state.folder, { persistent: false }, (_, name) => {
        if (name === this.#file || name === null) this.#look()
      })
      this.#watcher.on('error', () => this.#watcher?.close())
    } catch {
      // No inotify handle is left, or the file system has none: looking from time to time is enough.
    }
  }

  /** To be called when somebody begins to wait. */
  wait(): void {
    if (!this.#polling) void this.#poll()
  }

  close(): void {
    this.#closed.abort()
    this.#watcher?.close()
  }

  async #poll(): Promise<void> {
    this.#polling = true
    while (this.awaited() && !this.#closed.signal.aborted) {
      await this.clock.sleep(LOOK_EVERY, this.#closed.signal)
      this.#look()
    }
    this.#polling = false
  }

  /** Reads the file; once more where it changes meanwhile. */
  #look(): void {
    this.#again = true
    this.#looking ??= this.#read().finally(() => (this.#looking = null))
  }

  async #read(): Promise<void> {
    while (this.#again) {
      this.#again = false
      const position = await this.state.read(this.source, this.log).catch((error: Error) => {
        this.log.warn(error.message)
        return null
      })
      if (position !== null) this.moved(position)
    }
  }
}
