// A durable queue in a folder: entries in segment files, readers with an offset each, bounds in bytes and age.

import type { Server } from 'node:net'
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock, Log } from '../component.js'
import { Changes } from './changes.js'
import type { Entry } from './frame.js'
import { lockFolder, unlock } from './lock.js'
import type { Offset } from './offset.js'
import { SpoolReader } from './reader.js'
import { RecentEntries } from './recent.js'
import { partsOf, type Scan, scanFolder, setOffsetAside } from './scan.js'
import { type LossReason, type Store, TOO_OLD } from './store.js'
import { problemOf, type Segment, SegmentWriter, sizeOf, type WriterOptions } from './writer.js'

export interface SpoolOptions extends Omit<WriterOptions, 'segmentBytes'> {
  /** Bytes that the files may take. */
  bytes: number
  /** Milliseconds after which an entry that waits is given up; 0: never. */
  age: number
  /** At `bytes` the oldest entries are given up, or whoever appends has to wait: the former while `drops` is set. */
  drops: boolean
}

/** What is to be stored; the spool adds a sequence number and the time. */
export type NewEntry = Omit<Entry, 'seq' | 'time'>

/** Bytes not written yet at which whoever appends waits. */
const UNWRITTEN_BYTES = 4 << 20
/** Bounds are kept by deleting files: an eighth at a time. */
const SEGMENTS = 8
const SEGMENT_BYTES = { least: 1 << 12, most: 32 << 20 }

export class Spool implements Store {
  segments: Segment[]
  written: number
  /** Entries below were there when the spool was opened. */
  readonly first: number
  readonly stop: AbortSignal
  readonly #stop = new AbortController()
  readonly #segmentBytes: number
  readonly #writer: SegmentWriter
  readonly #readers = new Map<string, SpoolReader>()
  #nextSeq: number
  #unwritten: Entry[] = []
  #unwrittenBytes = 0
  readonly #recent = new RecentEntries()
  readonly #changes = new Changes()
  #isWriting = false
  #writing: Promise<void> = Promise.resolve()
  #releasing: Promise<void> = Promise.resolve()
  #failure: Error | null = null
  #toldFull = false
  #drops: boolean
  #bounded = true
  #removed: () => void = () => {}
  /** False where the file that is appended to is to be ended. */
  #sealed = true

  private constructor(
    readonly folder: string,
    private readonly options: SpoolOptions,
    private readonly clock: Clock,
    private readonly log: Log,
    private readonly lock: Server,
    found: Scan,
  ) {
    this.stop = this.#stop.signal
    this.#drops = options.drops
    this.#segmentBytes = Math.max(SEGMENT_BYTES.least, Math.min(SEGMENT_BYTES.most, options.bytes / SEGMENTS))
    this.#writer = new SegmentWriter(folder, { ...options, segmentBytes: this.#segmentBytes }, clock, log, this.stop)
    this.segments = found.segments
    this.written = found.last
    this.first = this.#nextSeq = found.last + 1
  }

  /**
   * Opens the spool in a folder, which is made if it is missing, and holds it for this process.
   *
   * Throws a Problem where it cannot be read or another process holds it.
   */
  static async open(folder: string, options: SpoolOptions, clock: Clock, log: Log): Promise<Spool> {
    try {
      await mkdir(folder, { recursive: true })
      const lock = await lockFolder(folder)
      const found = await scanFolder(folder)
      for (const path of found.empty) await rm(path, { force: true })
      for (const name of found.damaged) {
        log.warn(`${join(folder, name)} is corrupt: set aside; entries that were sent may be sent again`)
        await setOffsetAside(folder, name)
      }
      const spool = new Spool(folder, options, clock, log, lock, found)
      for (const [name, offset] of found.offsets) spool.#add(name, offset)
      return spool
    } catch (error) {
      throw problemOf(error, `cannot open ${folder}`)
    }
  }

  /** A reader by its name; a new one begins with the oldest entry. To be asked for before anything is appended. */
  async reader(name: string): Promise<SpoolReader> {
    const reader = this.#readers.get(name) ?? this.#add(name, { next: this.segments[0]?.first ?? this.first, open: [] })
    for (const segment of this.segments) {
      for await (const { head } of partsOf(segment)) {
        if (head === null || !reader.waits(head.seq)) continue
        reader.records += head.records
        reader.earlier += head.records
      }
    }
    return reader
  }

  /** Bytes that are held, on the disk or on the way to it. */
  get bytes(): number {
    return this.segments.reduce((sum, { size }) => sum + size, this.#unwrittenBytes)
  }

  /** The number that the next entry will have. */
  get end(): number {
    return this.#nextSeq
  }

  get version(): number {
    return this.#changes.version
  }

  get oldest(): number {
    return this.options.age === 0 ? -Infinity : this.clock.millis() - this.options.age
  }

  /** Changes what happens at the bound. */
  set drops(drops: boolean) {
    this.#drops = drops
    this.#changes.tell()
  }

  /** Nobody waits for room any more. */
  unbound(): void {
    this.#bounded = false
    this.#changes.tell()
  }

  /** Takes an entry, whatever is held already: see `room` and `flushed`. */
  append(entry: NewEntry): void {
    const stored = { ...entry, seq: this.#nextSeq++, time: this.clock.millis() }
    for (const reader of this.#readers.values()) reader.records += entry.records
    this.#unwritten.push(stored)
    this.#unwrittenBytes += sizeOf([stored])
    this.#startWriting()
  }

  /** Resolves when there is room for more; nothing if there is already. Throws what broke the spool. */
  room(): void | Promise<void> {
    if (this.#failure !== null) throw this.#failure
    if (this.#full() !== null) return this.#untilRoom()
  }

  /** Everything appended before is stored, as `fsync` says, when it resolves. Throws what broke the spool. */
  async flushed(): Promise<void> {
    // What is appended meanwhile is not waited for: there may be no end to it.
    const last = this.#nextSeq - 1
    while (this.written < last && this.#failure === null) await this.#changes.next()
    if (this.#failure !== null) throw this.#failure
  }

  /** The same, and on the disk, whatever `fsync` says. */
  async sync(): Promise<void> {
    await this.flushed()
    await this.#writer.sync()
  }

  recent(seq: number): Entry | undefined {
    return this.#recent.at(seq)
  }

  async changed(version: number): Promise<void> {
    while (version === this.version && !this.stop.aborted && this.#failure === null) await this.#changes.next()
    if (this.#failure !== null) throw this.#failure
  }

  release(): void {
    this.#releasing = this.#releasing.then(() => this.#release()).catch((error: unknown) => this.#fail(error))
  }

  /** Stores what was appended and what is done, and lets go of the folder. A disk without room is not waited for. */
  async close(): Promise<void> {
    this.#stop.abort()
    this.#changes.tell()
    await this.#writing
    await this.#releasing
    for (const reader of this.#readers.values()) await reader.close()
    await this.#writer.seal()
    await unlock(this.lock)
    if (this.#failure !== null) throw this.#failure
  }

  #add(name: string, offset: Offset): SpoolReader {
    const path = join(this.folder, `${name}.offset`)
    const reader = new SpoolReader(this, path, offset, this.options.fsync === 'always', this.clock, this.log)
    this.#readers.set(name, reader)
    return reader
  }

  #startWriting(): void {
    if (this.#isWriting) return
    this.#isWriting = true
    this.#writing = this.#write()
  }

  async #write(): Promise<void> {
    try {
      while (this.#unwritten.length > 0 || !this.#sealed) {
        if (!this.#sealed) {
          this.#sealed = true
          await this.#writer.seal()
          this.release()
          continue
        }
        const entries = this.#take()
        await this.#keepBounds(sizeOf(entries))
        const stored = await this.#writer.append(entries, () => this.#roomOnDisk())
        this.#unwritten.unshift(...entries.splice(stored))
        this.#unwrittenBytes -= sizeOf(entries)
        this.written = entries[entries.length - 1].seq
        const { current } = this.#writer
        if (current !== null && this.segments.at(-1) !== current) this.segments.push(current)
        this.#recent.add(entries)
        this.#changes.tell()
      }
    } catch (error) {
      this.#fail(error)
    } finally {
      // At once: what is appended from now on finds nobody writing.
      this.#isWriting = false
    }
  }

  /** One write's worth: no more than a segment, so that the bounds are kept between. */
  #take(): Entry[] {
    let count = 0
    let bytes = 0
    do bytes += sizeOf([this.#unwritten[count++]])
    while (count < this.#unwritten.length && bytes < this.#segmentBytes)
    return this.#unwritten.splice(0, count)
  }

  handed(): void {
    const next = Math.min(...[...this.#readers.values()].map(({ position }) => position))
    this.#recent.forgetBelow(next)
  }

  /** Makes room for new entries: what is too old goes, and what is beyond the bytes, where that is the policy. */
  async #keepBounds(more: number): Promise<void> {
    const { segments, options } = this
    while (segments.length > 1 && segments[0].newest < this.oldest) {
      await this.#giveUp('spool_age', TOO_OLD)
    }
    const sum = () => segments.reduce((total, { size }) => total + size, more)
    while (this.#drops && segments.length > 0 && sum() > options.bytes) {
      await this.#giveUp('spool_full', 'more than --spool-bytes')
    }
  }

  /** Gives up the oldest segment. What readers have in hand they keep. */
  async #giveUp(reason: LossReason, words: string): Promise<void> {
    const [segment] = this.segments
    if (segment === this.#writer.current) await this.#writer.seal()
    const end = this.#endOf(0)
    this.segments.shift()
    const givenUp = [...this.#readers.values()].map((reader) => ({ reader, waits: reader.skipTo(end), records: 0 }))
    for await (const { head } of partsOf(segment)) {
      if (head === null) continue
      for (const one of givenUp) if (one.waits(head.seq)) one.records += head.records
    }
    for (const { reader, records } of givenUp) reader.gaveUp({ reason, records, seq: segment.first, words })
    await this.#commitAll()
    await rm(segment.path, { force: true })
  }

  /**
   * An offset that a kill left behind would ask for what is not there. Where there is no room for it, removing makes
   * some.
   */
  async #commitAll(): Promise<void> {
    await Promise.all([...this.#readers.values()].map((reader) => reader.commit().catch(() => {})))
  }

  /** The first entry behind a segment. */
  #endOf(index: number): number {
    return this.segments[index + 1]?.first ?? this.written + 1
  }

  async #release(): Promise<void> {
    if (this.#readers.size === 0) return
    const low = Math.min(...[...this.#readers.values()].map((reader) => reader.low))
    const done = () => this.segments.length > 0 && this.segments[0] !== this.#writer.current && this.#endOf(0) <= low
    if (done()) await this.#commitAll()
    while (done()) await this.#remove()
    // Nothing waits: a file that fills the spool goes as well.
    const [last] = this.segments
    if (last !== undefined && low > this.written && last.size > this.options.bytes / SEGMENTS) {
      this.#sealed = false
      this.#startWriting()
    }
    this.#changes.tell()
  }

  async #remove(): Promise<void> {
    const [segment] = this.segments
    this.segments.shift()
    await rm(segment.path, { force: true })
    this.#removed()
  }

  /** Resolves when a file was removed, which may be one that can go already. */
  #roomOnDisk(): Promise<void> {
    this.release()
    return new Promise((resolve) => (this.#removed = resolve))
  }

  /** Why whoever appends has to wait. */
  #full(): 'bytes' | 'unwritten' | null {
    if (!this.#bounded) return null
    if (!this.#drops && this.bytes > this.options.bytes) return 'bytes'
    return this.#unwrittenBytes > UNWRITTEN_BYTES ? 'unwritten' : null
  }

  async #untilRoom(): Promise<void> {
    if (!this.#toldFull && this.#full() === 'bytes') {
      this.#toldFull = true
      this.log.warn(`${this.folder}: the spool is full (--spool-bytes): waiting until there is room`)
    }
    while (this.#full() !== null && !this.stop.aborted && this.#failure === null) await this.#changes.next()
    if (this.#failure !== null) throw this.#failure
  }

  #fail(error: unknown): void {
    this.#failure ??= error as Error
    this.#changes.tell()
  }
}
