// A file that is read again when it has changed.

import { readFileSync, statSync } from 'node:fs'

export class WatchedFile {
  #stamp = ''
  #bytes = Buffer.alloc(0)

  constructor(readonly path: string) {}

  /** The content as it is now. One stat a call; throws what the file system throws. */
  read(): Buffer {
    const { mtimeMs, size, ino } = statSync(this.path)
    const stamp = `${ino} ${size} ${mtimeMs}`
    if (stamp !== this.#stamp) {
      this.#bytes = readFileSync(this.path)
      this.#stamp = stamp
    }
    return this.#bytes
  }
}

/** The file system's complaint without call and path: `no such file or directory`. */
export function fileComplaint(error: unknown): string {
  const { message } = error as NodeJS.ErrnoException
  return /^[A-Z]+: (.*?)(?:, [a-z]+(?: '.*')?)?$/.exec(message)?.[1] ?? message
}
