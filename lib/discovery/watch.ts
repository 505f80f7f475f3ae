// Changes in folders. Loads chokidar: import it when something is to be watched.

import { statSync } from 'node:fs'
import { resolve } from 'node:path'
import { type FSWatcher, watch } from 'chokidar'

/**
 * Calls `changed` when anything directly in one of the folders may have changed, and once when watching has begun.
 * Links are followed: a ConfigMap's files change by the link of their folder.
 */
export class FolderWatch {
  readonly #watcher: FSWatcher
  /** The inode under which a folder is watched, null while it is not there. */
  readonly #folders = new Map<string, number | null>()
  #stirred = false

  constructor(folders: readonly string[], changed: () => void, failed: (error: Error) => void) {
    for (const folder of folders) this.#folders.set(resolve(folder), null)
    const stir = () => {
      this.#stirred = true
      changed()
    }
    this.#watcher = watch([], { depth: 0, ignoreInitial: true })
    this.#watcher
      .on('all', stir)
      .on('ready', stir)
      .on('error', (error) => failed(error as Error))
  }

  /**
   * Begins to watch the folders that have come, or come anew. False where one is missing, was not watched until now, or
   * had a change, which may have been the first sign of its end: look again soon.
   */
  renew(): boolean {
    let settled = !this.#stirred
    this.#stirred = false
    for (const [folder, watched] of this.#folders) {
      const there = inodeOf(folder)
      if (there === null || there !== watched) settled = false
      if (there === watched) continue
      if (watched !== null) this.#watcher.unwatch(folder)
      if (there !== null) this.#watcher.add(folder)
      this.#folders.set(folder, there)
    }
    return settled
  }

  close(): Promise<void> {
    return this.#watcher.close()
  }
}

/** null where it is not there, or cannot be seen. */
function inodeOf(folder: string): number | null {
  try {
    return statSync(folder).ino
  } catch {
    return null
  }
}
