// A file of lines that grows, is set aside by size or time, and is continued after a crash.

import { type FileHandle, mkdir, open, rename, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Clock, Log } from '../component.js'
import { EXIT, Problem } from '../diag/problem.js'
import { decodeLine } from '../record/decode.js'
import { syncFolder } from '../state/replace.js'
import { Archive } from './archive.js'

const LF = 10
/** Every record's line begins with this in canonical form. */
const LINE_HEAD = Buffer.from('{"type":"')
/** How often the path is looked at for having been moved or deleted by somebody else, milliseconds. */
const LOOK_EVERY = 1000
/** Errors of a disk or a quota: nothing is wrong with the command, and it may work later. */
const TEMPORARY = new Set(['ENOSPC', 'EDQUOT', 'EFBIG', 'EIO', 'ENFILE', 'EMFILE'])

export interface RotationOptions {
  /** Bytes that a file holds at most (a longer line stands alone); undefined: any. */
  bytes: number | undefined
  /** Milliseconds of a period, counted from 1970 in UTC; a file holds lines of one period. */
  every: number | undefined
  /** Files set aside that are kept; undefined: all. */
  keep: number | undefined
  gzip: boolean
}

export interface RotatingFileOptions extends RotationOptions {
  /** Make missing folders. */
  mkdir: boolean
  /** When data is forced to the disk: never, when a file is closed, or after every write. */
  fsync: 'never' | 'close' | 'write'
}

/** What was done about the end of a file that is continued. */
export type Repair = 'none' | 'completed' | 'cut'

interface Opened {
  file: RotatingFile
  repair: Repair
}

export class RotatingFile {
  #handle!: FileHandle
  #size = 0
  #written = 0
  #period = 0
  #looked = 0
  #inode = 0n
  /** The file's name is on the disk. */
  #named = false
  /** Pipes and devices are written to as they are: no repair, no rotation. */
  #regular = true
  readonly #archive: Archive

  private constructor(
    readonly path: string,
    private readonly options: RotatingFileOptions,
    private readonly clock: Clock,
    private readonly log: Log,
  ) {
    this.#archive = new Archive(path, options, log)
  }

  /** Opens a file to append to it. Throws a Problem. `repair` tells what was done to a last line that was torn. */
  static async open(path: string, options: RotatingFileOptions, clock: Clock, log: Log): Promise<Opened> {
    const file = new RotatingFile(path, options, clock, log)
    try {
      if (options.mkdir) await mkdir(dirname(path), { recursive: true })
      await file.#open()
      const repair = file.#regular ? await file.#repair() : 'none'
      if (file.#regular) await file.#archive.recover()
      return { file, repair }
    } catch (error) {
      throw problemOf(error, `cannot open ${path}`)
    }
  }

  /** Bytes of whole lines appended so far. */
  get written(): number {
    return this.#written
  }

  /** Appends whole lines; resolves when the system has them all. Throws a Problem: `written` tells how far it came. */
  async append(lines: Buffer): Promise<void> {
    if (this.#regular) await this.#lookAfterPath()
    let from = 0
    while (from < lines.length) {
      if (this.#regular && this.#due()) await this.#rotate()
      let to = this.#regular ? this.#fit(lines, from) : lines.length
      if (to === from) {
        if (this.#size > 0) {
          await this.#rotate()
          continue
        }
        to = lines.indexOf(LF, from) + 1
      }
      await this.#write(lines.subarray(from, to))
      from = to
    }
    if (this.options.fsync === 'write') await this.sync()
  }

  /** Forces what was appended to the disk, and the name of the file as well. Not to be called while lines are appended. */
  async sync(): Promise<void> {
    if (!this.#regular) return
    try {
      await this.#handle.sync()
      if (!this.#named) await syncFolder(dirname(this.path))
      this.#named = true
    } catch (error) {
      throw problemOf(error, `cannot write ${this.path}`)
    }
  }

  async close(): Promise<void> {
    await this.#closeHandle()
    await this.#archive.idle()
  }

  async #open(): Promise<void> {
    const there = await stat(this.path).catch(() => null)
    this.#regular = there === null || there.isFile()
    // Reading is for the repair of the last line. A pipe opened both ways would never tell that its reader went.
    this.#handle = await open(this.path, this.#regular ? 'a+' : 'a', 0o644)
    const found = await this.#handle.stat({ bigint: true })
    this.#size = Number(found.size)
    this.#inode = found.ino
    this.#named = false
    this.#looked = this.clock.monotonic()
    this.#period = this.#periodOf(this.#size > 0 ? Number(found.mtimeMs) : this.clock.millis())
  }

  /** What a kill or a full disk left behind a last newline. */
  async #repair(): Promise<Repair> {
    const tail = await this.#tail()
    if (tail.length === 0) return 'none'
    // Only what can be nothing but the beginning of a record is cut.
    const begins = tail.subarray(0, LINE_HEAD.length).equals(LINE_HEAD.subarray(0, tail.length))
    const torn = begins && 'reason' in decodeLine(tail)
    if (torn) {
      await this.#handle.truncate(this.#size - tail.length)
      this.#size -= tail.length
    } else this.#size += (await this.#handle.write('\n')).bytesWritten
    const done = torn ? `cut ${tail.length} bytes of a torn record` : 'newline added'
    this.log.warn(`${this.path}: the last line was not ended: ${done}`)
    return torn ? 'cut' : 'completed'
  }

  /** The bytes after the last newline. */
  async #tail(): Promise<Buffer> {
    const piece = Buffer.alloc(1 << 16)
    const pieces: Buffer[] = []
    let end = this.#size
    while (end > 0) {
      const start = Math.max(0, end - piece.length)
      const { bytesRead } = await this.#handle.read(piece, 0, end - start, start)
      const newline = piece.subarray(0, bytesRead).lastIndexOf(LF)
      pieces.unshift(Buffer.from(piece.subarray(newline + 1, bytesRead)))
      if (newline >= 0 || bytesRead === 0) break
      end = start
    }
    return Buffer.concat(pieces)
  }

  #periodOf(millis: number): number {
    return this.options.every === undefined ? 0 : Math.floor(millis / this.options.every)
  }

  #due(): boolean {
    return this.#size > 0 && this.#period !== this.#periodOf(this.clock.millis())
  }

  /** End of the whole lines from `from` that the file has room for. */
  #fit(lines: Buffer, from: number): number {
    const { bytes } = this.options
    if (bytes === undefined || this.#size + lines.length - from <= bytes) return lines.length
    const room = bytes - this.#size
    return room <= 0 ? from : Math.max(from, lines.lastIndexOf(LF, from + room - 1) + 1)
  }

  async #rotate(): Promise<void> {
    try {
      await this.#closeHandle()
      await this.#archive.idle()
      await rename(this.path, await this.#archive.freeName(this.clock.millis()))
      await this.#open()
    } catch (error) {
      throw problemOf(error, `cannot rotate ${this.path}`)
    }
    this.#period = this.#periodOf(this.clock.millis())
    this.#archive.tidy()
  }

  async #closeHandle(): Promise<void> {
    if (this.options.fsync !== 'never') await this.sync()
    await this.#handle.close()
  }

  async #write(bytes: Buffer): Promise<void> {
    if (this.#size === 0) this.#period = this.#periodOf(this.clock.millis())
    let done = 0
    try {
      while (done < bytes.length) done += (await this.#handle.write(bytes, done)).bytesWritten
    } catch (error) {
      done = await this.#takeBack(bytes, done)
      throw problemOf(error, `cannot write ${this.path}`)
    } finally {
      this.#size += done
      this.#written += done
    }
  }

  /** Removes a line that was written in part; returns the bytes that stay. */
  async #takeBack(bytes: Buffer, done: number): Promise<number> {
    const whole = done === 0 ? 0 : bytes.lastIndexOf(LF, done - 1) + 1
    if (this.#regular && whole < done) await this.#handle.truncate(this.#size + whole).catch(() => {})
    return whole
  }

  /** Begins a new file where somebody moved or deleted ours. */
  async #lookAfterPath(): Promise<void> {
    const now = this.clock.monotonic()
    if (now - this.#looked < LOOK_EVERY) return
    this.#looked = now
    const there = await stat(this.path, { bigint: true }).catch(() => null)
    if (there?.ino === this.#inode) return
    this.log.info(`${this.path} was moved or deleted: starting it anew`)
    try {
      await this.#closeHandle()
      await this.#open()
    } catch (error) {
      throw problemOf(error, `cannot open ${this.path}`)
    }
  }
}

function problemOf(error: unknown, what: string): Error {
  const { code, message } = error as NodeJS.ErrnoException
  if (error instanceof Problem || code === undefined) return error as Error
  const reason = message.replace(/^[A-Z0-9]+: /, '').replace(/, \w+( '.*)?$/, '')
  const exit = TEMPORARY.has(code) ? EXIT.temporary : EXIT.usage
  return new Problem(`${what}: ${reason} (${code})`, { cause: error, exit })
}

/** The file that a path means: a folder (or what ends as one) holds `records.ndjson`. */
export async function fileOf(path: string): Promise<string> {
  const folder = path.endsWith('/') || (await stat(path).then((found) => found.isDirectory(), () => false))
  return folder ? join(path, 'records.ndjson') : path
}
