// Appends entries to segment files; waits where the disk is full; forces to the disk what the policy says.

import { type FileHandle, open } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock, Log } from '../component.js'
import { EXIT, Problem } from '../diag/problem.js'
import { encodeHead, type Entry, HEAD_BYTES } from './frame.js'
import { segmentName } from './segment.js'

export interface Segment {
  readonly path: string
  readonly first: number
  /** Bytes of whole entries. */
  size: number
  /** Unix milliseconds of its newest entry. */
  newest: number
}

export interface WriterOptions {
  /** When appended entries are forced to the disk: before they count as stored, every `fsyncInterval`, or never. */
  fsync: 'always' | 'interval' | 'never'
  /** Milliseconds. */
  fsyncInterval: number
  /** A file is not appended to beyond this, but a larger entry stands alone. */
  segmentBytes: number
}

/** No room, for now: of the disk, a quota, or RLIMIT_FSIZE. */
const FULL = new Set(['ENOSPC', 'EDQUOT', 'EFBIG'])
const LOOK_AGAIN_MS = 1000
const TELL_EVERY_MS = 10_000

export function isFull(error: unknown): boolean {
  return FULL.has(String((error as NodeJS.ErrnoException).code))
}

/** Bytes that entries take in a file. */
export function sizeOf(entries: readonly Entry[]): number {
  return entries.reduce((sum, { body }) => sum + HEAD_BYTES + body.length, 0)
}

export class SegmentWriter {
  /** The file that is appended to; none before the first entry, and after `seal`. */
  current: Segment | null = null
  #handle: FileHandle | null = null
  #dirty = false
  #syncing: Promise<void> = Promise.resolve()
  #failure: Error | null = null
  #told = -Infinity

  /** @param stop ends waiting for room */
  constructor(
    private readonly folder: string,
    private readonly options: WriterOptions,
    private readonly clock: Clock,
    private readonly log: Log,
    private readonly stop: AbortSignal,
  ) {}

  /**
   * Stores entries, which are then in `current`: as many of them as there is room for, or the first one when there is.
   * Returns how many. Throws a Problem where the disk is full and waiting was ended.
   *
   * @param room resolves when it is worth another try
   */
  async append(entries: readonly Entry[], room: () => Promise<void>): Promise<number> {
    let count = entries.length
    for (;;) {
      try {
        await this.#append(entries.slice(0, count))
        return count
      } catch (error) {
        if (!isFull(error)) throw problemOf(error, `cannot write to ${this.folder}`)
        // The file ends here, and may go when it is read; beside it there may be room for less.
        const ended = await this.#cut()
        if (count > 1) count >>= 1
        else if (!ended || (error as NodeJS.ErrnoException).code !== 'EFBIG') await this.#full(error as NodeJS.ErrnoException, room)
      }
    }
  }

  /** Ends the file; the next entry begins another one. */
  async seal(): Promise<void> {
    const handle = this.#handle
    if (handle === null) return
    if (this.options.fsync !== 'never') await this.#sync()
    this.#handle = null
    this.current = null
    await handle.close()
  }

  async #append(entries: readonly Entry[]): Promise<void> {
    if (this.#failure !== null) throw this.#failure
    const parts = entries.flatMap((entry) => [encodeHead(entry), entry.body])
    const size = sizeOf(entries)
    if (this.current !== null && this.current.size + size > this.options.segmentBytes) await this.seal()
    if (this.#handle === null) await this.#begin(entries[0].seq)
    const current = this.current!
    // One copy less than in one piece, which is what remains where there was room for a part only.
    let { bytesWritten: done } = await this.#handle!.writev(parts, current.size)
    const bytes = done < size ? Buffer.concat(parts) : null
    while (done < size) done += (await this.#handle!.write(bytes!, done, size - done, current.size + done)).bytesWritten
    this.#dirty = true
    if (this.options.fsync === 'always') await this.#sync()
    else if (this.options.fsync === 'interval') this.#syncSoon()
    current.size += size
    current.newest = entries[entries.length - 1].time
  }

  async #begin(first: number): Promise<void> {
    const path = join(this.folder, segmentName(first))
    // A file of that name holds nothing: an attempt before this one failed.
    this.#handle = await open(path, 'w', 0o644)
    this.current = { path, first, size: 0, newest: 0 }
    if (this.options.fsync !== 'never') await syncFolder(this.folder)
  }

  #scheduled = false

  #syncSoon(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    const { clock, options, stop } = this
    void clock.sleep(options.fsyncInterval, stop).then(() => {
      this.#scheduled = false
      // Whoever appends or asks next is told.
      void this.#sync().catch(() => {})
    })
  }

  /**
   * Forces what was appended to the disk. Throws a Problem; so does all that comes behind it: nobody knows what is
   * there.
   */
  sync(): Promise<void> {
    return this.#sync()
  }

  /** One after another: whoever asks waits for what is under way. */
  #sync(): Promise<void> {
    const turn = this.#syncing.then(() => this.#force())
    this.#syncing = turn.catch((error: Error) => void (this.#failure = error))
    return turn
  }

  async #force(): Promise<void> {
    if (this.#failure !== null) throw this.#failure
    if (!this.#dirty || this.#handle === null) return
    this.#dirty = false
    await this.#handle.datasync().catch((cause: NodeJS.ErrnoException) => {
      throw new Problem(`${this.folder}: fsync failed (${cause.code})`, { cause, exit: EXIT.temporary })
    })
  }

  /** Takes back what was written in part, and ends a file that holds something; whether there was one. */
  async #cut(): Promise<boolean> {
    const { current } = this
    if (current === null) return false
    await this.#handle!.truncate(current.size)
    if (current.size === 0) return false
    await this.seal()
    return true
  }

  async #full(error: NodeJS.ErrnoException, room: () => Promise<void>): Promise<void> {
    const what = `${this.folder}: no room on the disk (${error.code})`
    if (this.stop.aborted) throw new Problem(what, { cause: error, exit: EXIT.temporary })
    const now = this.clock.monotonic()
    if (now - this.#told >= TELL_EVERY_MS) {
      this.#told = now
      this.log.warn(`${what}: waiting until there is some`)
    }
    await Promise.race([this.clock.sleep(LOOK_AGAIN_MS, this.stop), room()])
  }
}

async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

export function problemOf(error: unknown, what: string): Error {
  const { code, message } = error as NodeJS.ErrnoException
  if (error instanceof Problem || code === undefined) return error as Error
  const reason = message.replace(/^[A-Z0-9]+: /, '').replace(/, \w+( '.*)?$/, '')
  const temporary = isFull(error) || code === 'EIO' || code === 'EMFILE' || code === 'ENFILE'
  const exit = temporary ? EXIT.temporary : EXIT.usage
  return new Problem(`${what}: ${reason} (${code})`, { cause: error, exit })
}
