// Records that a stage leaves for the next process, as lines in a file that is replaced as a whole, or grows in between.

import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Log } from '../component.js'
import { EXIT, Problem } from '../diag/problem.js'
import { decodeLine } from '../record/decode.js'
import type { Identity } from '../record/identity.js'
import { type Record, tailText } from '../record/record.js'
import { lockFolder } from '../spool/lock.js'
import { isFull } from '../spool/writer.js'

/** Characters written at once. */
const CHUNK = 1 << 20
const LF = 10

export class SavedRecords {
  readonly #path: string
  /** Open for what is appended. */
  #growing: number | null = null

  /**
   * @param folder that of `--state`
   * @param name of the stage
   */
  constructor(folder: string, name: string, private readonly log: Log) {
    this.#path = join(folder, 'saved', name, 'records.ndjson')
  }

  /** Makes the folder where it is missing, and holds it as long as this process lives. Throws a Problem. */
  async hold(): Promise<void> {
    this.#make()
    await lockFolder(dirname(this.#path))
  }

  /**
   * Makes the folder where it is missing, and tells what is in the file. Half a line at its end is what a kill has left of
   * the last `append`, which nobody was told had happened. Throws a Problem.
   */
  *read(): Generator<Record> {
    this.#make()
    let bytes: Buffer
    try {
      bytes = readFileSync(this.#path)
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException
      if (code === 'ENOENT') return
      throw new Problem(`--state: cannot read ${this.#path}: ${code}`, { cause })
    }
    let damaged = 0
    for (let from = 0, to; from < bytes.length; from = to + 1) {
      to = bytes.indexOf(LF, from)
      if (to < 0) to = bytes.length
      const record = decodeLine(bytes.subarray(from, to))
      if (!('reason' in record)) yield record
      else if (to < bytes.length) damaged++
    }
    if (damaged > 0) this.log.warn(`--state: ${damaged} lines of ${this.#path} are damaged, and left out`)
  }

  #make(): void {
    const folder = dirname(this.#path)
    try {
      mkdirSync(folder, { recursive: true })
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException
      const exit = isFull(cause) ? EXIT.temporary : EXIT.usage
      throw new Problem(`--state: cannot make ${folder}: ${code}`, { cause, expected: 'a folder', exit })
    }
  }

  /**
   * Durable when it returns: a kill or a power cut leaves the old file or the new one. It waits for the disk, since those who
   * call it have nothing else to do. False, with an error in the log, where it failed.
   */
  save(records: Iterable<Record>): boolean {
    const beside = `${this.#path}.new`
    try {
      this.#close()
      synced(beside, 'w', (file) => write(file, records))
      renameSync(beside, this.#path)
      synced(dirname(this.#path), 'r', () => {})
      return true
    } catch (error) {
      return this.#failed(error)
    }
  }

  /**
   * Adds to a file that `save` has made: a kill loses nothing of it, a power cut perhaps the last seconds. False, with an
   * error in the log, where it failed; there may be half a line then, and only `save` makes it good.
   */
  append(records: Iterable<Record>): boolean {
    try {
      this.#growing ??= openSync(this.#path, 'a')
      write(this.#growing, records)
      return true
    } catch (error) {
      return this.#failed(error)
    }
  }

  #failed(error: unknown): false {
    this.log.error(`--state: cannot write ${this.#path}: ${(error as NodeJS.ErrnoException).code}`)
    return false
  }

  #close(): void {
    const file = this.#growing
    this.#growing = null
    if (file !== null) closeSync(file)
  }
}

function write(file: number, records: Iterable<Record>): void {
  let text = ''
  let last: Identity | null = null
  let prefix = ''
  for (const { identity, payload } of records) {
    if (identity !== last) prefix = identity.prefix.toString()
    last = identity
    text += prefix + tailText(identity, payload)
    if (text.length < CHUNK) continue
    writeAll(file, text)
    text = ''
  }
  writeAll(file, text)
}

function writeAll(file: number, text: string): void {
  const bytes = Buffer.from(text)
  for (let at = 0; at < bytes.length;) at += writeSync(file, bytes, at)
}

function synced(path: string, flags: string, work: (file: number) => void): void {
  const file = openSync(path, flags)
  try {
    work(file)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}
