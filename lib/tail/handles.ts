// Open files, at most so many: those that were read longest ago are closed, and opened again when they grow.

import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import type { Tailed } from './tailed.js'

export class Handles {
  readonly #open = new Set<Tailed>()

  constructor(private readonly most: number) {}

  /** The file, open. Throws what the file system throws, ENOENT too if it was moved meanwhile. */
  async of(file: Tailed): Promise<FileHandle> {
    if (file.handle !== null) {
      this.#open.delete(file)
      this.#open.add(file)
      return file.handle
    }
    while (this.#open.size >= this.most) await this.#closeOldest()
    const handle = await this.#openNow(file)
    const { dev, ino } = await handle.stat({ bigint: true })
    if (!file.is({ device: String(dev), inode: String(ino) })) {
      await handle.close()
      throw Object.assign(new Error(`${file.lastPath} was moved`), { code: 'ENOENT' })
    }
    file.handle = handle
    this.#open.add(file)
    return handle
  }

  async #openNow(file: Tailed): Promise<FileHandle> {
    for (;;) {
      try {
        // A named pipe that has taken its place would wait for its writer.
        return await open(file.lastPath, constants.O_RDONLY | constants.O_NONBLOCK)
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException
        // The system has fewer than were allowed here.
        if ((code !== 'EMFILE' && code !== 'ENFILE') || this.#open.size === 0) throw error
        await this.#closeOldest()
      }
    }
  }

  /** One that lost its name would be lost itself: those are closed last. */
  async #closeOldest(): Promise<void> {
    for (const file of this.#open) if (file.path !== null && file.pieces === null) return this.close(file)
    for (const file of this.#open) return this.close(file)
  }

  async close(file: Tailed): Promise<void> {
    this.#open.delete(file)
    await file.pieces?.return(undefined)
    file.pieces = null
    const { handle } = file
    file.handle = null
    await handle?.close()
  }

  async closeAll(): Promise<void> {
    for (const file of [...this.#open]) await this.close(file)
  }
}
