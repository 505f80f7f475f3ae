// The writer of a recording: lines in blocks, each a gzip member of its own, so that a file is whole up to its last
// block whenever its writer is killed (RFC 1952, 2.2: members follow one another).

import { type FileHandle, mkdir, open } from 'node:fs/promises'
import type { Server } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import type { Clock, Log, Tap } from '../component.js'
import { EXIT, Problem } from '../diag/problem.js'
import type { Batch } from '../record/batch.js'
import { ByteBuffer } from '../record/bytes.js'
import { lockFolder, unlock } from '../spool/lock.js'
import { syncFolder } from '../state/replace.js'
import { type Entry, fileName, prune, readIndex, type Retention, writeIndex } from './catalogue.js'

const pack = promisify(gzip)

/** Bytes of a block before it is packed. */
const BLOCK = 1 << 20
/** How long a full disk is left alone, and how often it is told, milliseconds. */
const RETRY_EVERY = 1000
const TELL_EVERY = 10_000
/** The disk or a quota is full, or a limit met: there may be room later. */
const FULL = new Set(['ENOSPC', 'EDQUOT', 'EFBIG'])

export interface RecorderOptions {
  folder: string
  /** Packed bytes that a file holds at most, if it has more than a block. */
  rotateBytes: number
  /** Milliseconds of a period, counted from 1970 in UTC: a file holds what came in one period. */
  rotateEvery: number
  retention: Retention
  /** Milliseconds that a line waits for others before they are written. */
  flushEvery: number
  whenFull: 'block' | 'skip'
}

/** A file under way. */
interface Current {
  handle: FileHandle
  entry: Entry
  period: number
}

/** Lines that are written together. */
interface Block {
  from: bigint | null
  to: bigint | null
  records: number
}

const emptyBlock = (): Block => ({ from: null, to: null, records: 0 })

export class Recorder implements Tap {
  readonly #buffer = new ByteBuffer()
  #block = emptyBlock()
  #entries = new Map<string, Entry>()
  #current: Current | null = null
  #timer: AbortController | null = null
  /** Blocks are written one after the other. */
  #turn: Promise<void> = Promise.resolve()
  #skipped = 0
  #told = -Infinity
  #lastTs = ''
  #lock: Server | null = null

  /** @param stop aborts when the process is asked to stop: a full disk is not waited for from then on */
  private constructor(
    private readonly options: RecorderOptions,
    private readonly clock: Clock,
    private readonly log: Log,
    private readonly stop: AbortSignal,
  ) {}

  /** Makes the folder, or goes on in it with a new file. Throws a Problem. */
  static async open(options: RecorderOptions, clock: Clock, log: Log, stop: AbortSignal): Promise<Recorder> {
    const recorder = new Recorder(options, clock, log, stop)
    const { folder } = options
    try {
      await mkdir(folder, { recursive: true })
      recorder.#lock = await lockFolder(folder)
      recorder.#entries = await readIndex(folder)
    } catch (cause) {
      if (cause instanceof Problem) throw cause
      const { code } = cause as NodeJS.ErrnoException
      throw new Problem(`cannot record to ${folder}: ${code}`, { cause, expected: 'a folder' })
    }
    return recorder
  }

  tap(batch: Batch): void | Promise<void> {
    batch.write(this.#buffer)
    this.#note(batch)
    if (this.#buffer.length >= BLOCK) return this.flush()
    if (this.#timer === null) this.#start()
  }

  async end(): Promise<void> {
    await this.flush()
    await this.#close()
    await unlock(this.#lock!)
    if (this.#skipped === 0) return
    throw new Problem(`${this.#skipped} records passed and are not recorded`, { exit: EXIT.failed })
  }

  /** The times of a batch; neighbours often have the same one. */
  #note(batch: Batch): void {
    const block = this.#block
    block.records += batch.length
    for (let row = 0; row < batch.length; row++) {
      const text = batch.id(row) === undefined ? undefined : batch.ts(row)
      if (text === undefined || (text === this.#lastTs && block.from !== null)) continue
      this.#lastTs = text
      const ts = BigInt(text)
      if (block.from === null || ts < block.from) block.from = ts
      if (block.to === null || ts > block.to) block.to = ts
    }
  }

  #start(): void {
    const timer = new AbortController()
    this.#timer = timer
    void this.clock.sleep(this.options.flushEvery, timer.signal).then(() => {
      // A failure is met again by the next batch, or by the end.
      if (!timer.signal.aborted) this.flush().catch(() => {})
    })
  }

  /** Resolves when what came before is written, or skipped. */
  flush(): Promise<void> {
    this.#timer?.abort()
    this.#timer = null
    if (this.#buffer.length === 0) return this.#turn
    const bytes = this.#buffer.take()
    const block = this.#block
    this.#block = emptyBlock()
    return (this.#turn = this.#turn.then(() => this.#write(bytes, block)))
  }

  async #write(bytes: Buffer, block: Block): Promise<void> {
    const packed = await pack(bytes)
    for (;;) {
      try {
        return await this.#append(packed, block)
      } catch (error) {
        const { code, message } = error as NodeJS.ErrnoException
        if (code === undefined || !FULL.has(code)) throw this.#problem(error)
        if (this.options.whenFull === 'skip' || this.stop.aborted) return this.#skip(block, code)
        this.#tell(`${message}: the stream waits for room`)
        await this.clock.sleep(RETRY_EVERY, this.stop)
      }
    }
  }

  async #append(packed: Buffer, { from, to, records }: Block): Promise<void> {
    const period = Math.floor(this.clock.millis() / this.options.rotateEvery)
    const open = this.#current
    if (open !== null && (open.period !== period || open.entry.bytes + packed.length > this.options.rotateBytes)) {
      await this.#close()
    }
    const { handle, entry } = (this.#current ??= await this.#open(period))
    try {
      for (let done = 0; done < packed.length; ) {
        done += (await handle.write(packed, done, packed.length - done, entry.bytes + done)).bytesWritten
      }
    } catch (error) {
      await handle.truncate(entry.bytes).catch(() => {})
      throw error
    }
    entry.bytes += packed.length
    entry.records += records
    if (from !== null && (entry.from === undefined || from < BigInt(entry.from))) entry.from = String(from)
    if (to !== null && (entry.to === undefined || to > BigInt(entry.to))) entry.to = String(to)
  }

  /** Makes room for a whole file before it is begun, so that the bound holds at any time. */
  async #open(period: number): Promise<Current> {
    const { folder, retention, rotateBytes } = this.options
    const now = this.clock.millis()
    const deleted = await prune(folder, this.#entries, { ...retention, bytes: retention.bytes - rotateBytes }, now)
    if (deleted.length > 0) await writeIndex(folder, this.#entries)
    for (let at = now; ; at++) {
      const file = fileName(at)
      const handle = await open(join(folder, file), 'wx').catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'EEXIST') return null
        throw error
      })
      if (handle !== null) return { handle, entry: { file, records: 0, bytes: 0 }, period }
    }
  }

  async #close(): Promise<void> {
    if (this.#current === null) return
    const { handle, entry } = this.#current
    this.#current = null
    const { folder } = this.options
    try {
      await handle.sync()
      await handle.close()
      await syncFolder(folder)
      this.#entries.set(entry.file, entry)
      await writeIndex(folder, this.#entries)
    } catch (error) {
      // Without its line in the index a file is read whatever the times.
      this.log.warn(`${entry.file}: not in the index: ${(error as Error).message}`)
    }
  }

  #skip({ records }: Block, code: string): void {
    this.#skipped += records
    this.#tell(`no room in ${this.options.folder} (${code}): ${this.#skipped} records passed and are not recorded`)
  }

  #tell(message: string): void {
    const now = this.clock.monotonic()
    if (now - this.#told < TELL_EVERY) return
    this.#told = now
    this.log.warn(message)
  }

  #problem(cause: unknown): Error {
    if (cause instanceof Problem) return cause
    const { message } = cause as Error
    return new Problem(`cannot record to ${this.options.folder}: ${message}`, { cause, exit: EXIT.temporary })
  }
}
