// Where a pipe parts: each branch has a bounded store of its own, in memory and maybe on the disk, so that one that
// takes nothing stalls nobody but itself.

import type { Clock, Log } from '../component.js'
import { StageAccount } from '../io/account.js'
import { ReaderGone } from '../io/output.js'
import type { StageInput, StageOutput } from '../io/run.js'
import type { Batch } from '../record/batch.js'
import { isEntries } from '../record/entries.js'
import { ByteBuffer } from '../record/bytes.js'
import { LineReader } from '../record/reader.js'
import { BranchSpool, type BranchSpoolOptions } from './branch_spool.js'

export interface BranchOptions {
  /** Bytes that may wait in memory. */
  readonly buffer: number
  /** What happens when so many wait: the pipe waits, the oldest records are given up, or they go to the disk. */
  readonly full: 'block' | 'drop_oldest' | 'spool'
  /**
   * Milliseconds for which a branch that takes nothing is waited for; then its records are given up, or go to the disk.
   */
  readonly patience: number
}

/** A batch that is good for as long as it is needed. */
interface Held {
  readonly batch: Batch | null
  readonly lines: Buffer | null
  readonly records: number
  /** In memory. */
  readonly bytes: number
  /** Where it is on the disk: it is not read again. */
  readonly done?: () => void
}

/** Milliseconds that what waits in memory has when the pipe is asked to stop; then it goes to the disk. */
const LAST_MS = 2000

/** Memory of a sample in columns, bytes: value, time, its share of the layout. */
const SAMPLE_BYTES = 32

const READER = { maxLineBytes: 1 << 30, maxDepth: 1000, maxIdentities: 500_000, onBad: () => true }

/** One each: whoever waits for it is forgotten with it. */
function never(): Promise<never> {
  return new Promise(() => {})
}

export class Branch {
  /** What came, what was read, what was given up; what was read twice is made. */
  readonly account = new StageAccount()
  /** Behind what the reader has. */
  readonly #held: Held[] = []
  /** What the reader has, or what was taken from the disk for it. */
  #hand: Held | null = null
  /** Whether it was handed over. */
  #read = false
  /** Of both. */
  #bytes = 0
  #disk: BranchSpool | null = null
  readonly #buffer = new ByteBuffer()
  #fetching: Promise<void> | null = null
  /** Batches that were taken so far. */
  #taken = 0
  #watching = false
  /** How many readers there were: one that failed may still be waiting, and gets nothing any more. */
  #readers = 0
  #ended = false
  #closed = false
  readonly #over = new AbortController()
  /** It took nothing for so long, or its disk does not, that nobody waits for it. */
  #stuck = false
  #wake: () => void = () => {}
  #room: (() => void)[] = []

  /** @param stop aborts when the pipe is asked to stop: what is on the disk stays there then */
  constructor(
    private readonly options: BranchOptions,
    private readonly clock: Clock,
    private readonly stop: AbortSignal,
  ) {}

  /** Opens where the records go that find no room. Throws a Problem. */
  async spool(folder: string, options: BranchSpoolOptions, log: Log): Promise<void> {
    this.#disk = await BranchSpool.open(folder, options, { clock: this.clock, log, account: this.account })
  }

  /** Wait for the promise, if there is one, before bringing more. */
  push(held: Held): void | Promise<void> {
    this.account.in += held.records
    if (this.#closed) return this.account.drop('branch_ended', held.records)
    const disk = this.#disk?.broken === false ? this.#disk : null
    if (disk !== null && (disk.waits || this.#bytes + held.bytes > this.options.buffer)) return this.#store(disk, held)
    this.#held.push(held)
    this.#bytes += held.bytes
    this.#wake()
    if (disk !== null && !this.#watching) void this.#watch(disk)
    if (this.#bytes <= this.options.buffer) return
    if (this.#stuck) this.#giveUp()
    else return this.#untilRoom()
  }

  /**
   * For one reader at a time. What it had in hand when it ended is read again by the next one.
   * @param again whether the reader reads lines, since it could refuse some
   */
  input(again: boolean): StageInput {
    return again ? { chunks: () => this.#lines() } : { batches: () => this.#batches() }
  }

  /** Whether nobody will read any more. */
  get closed(): boolean {
    return this.#closed
  }

  /** Lets go of a reader that failed; whether there is or may be something for another one in its place. */
  again(): boolean {
    this.#readers++
    return !this.#ended || this.#hand !== null || this.#held.length > 0 || this.#onDisk
  }

  end(): void {
    this.#ended = true
    this.#wake()
    if (this.#disk !== null && this.stop.aborted) void this.#leave(this.#disk)
  }

  /** Nobody will read any more. What is on the disk stays there. */
  close(): void {
    this.#closed = true
    for (const { records } of this.#held) this.account.drop('branch_ended', records)
    this.#held.length = this.#bytes = 0
    this.#settle()
  }

  /** Lets go of the disk. */
  async release(): Promise<void> {
    this.#over.abort()
    await this.#disk?.close()
  }

  async *#batches(): AsyncGenerator<Batch> {
    const reader = new LineReader(READER)
    for await (const { batch, lines } of this.#items()) yield batch ?? reader.push(lines!)!
  }

  async *#lines(): AsyncGenerator<Buffer> {
    const buffer = new ByteBuffer()
    for await (const { batch, lines } of this.#items()) {
      batch?.write(buffer)
      yield lines ?? buffer.take()
    }
  }

  async *#items(): AsyncGenerator<Held> {
    const reader = this.#readers
    for (;;) {
      this.#hand ??= this.#held.shift() ?? null
      if (this.#hand === null) {
        if (this.#onDisk) await (this.#fetching ??= this.#fetch())
        else if (this.#ended) return
        else await new Promise<void>((resolve) => (this.#wake = resolve))
        if (reader !== this.#readers) await never()
        continue
      }
      const hand = this.#hand
      if (this.#read) this.account.made += hand.records
      this.#read = true
      this.account.out += hand.records
      yield hand
      if (reader !== this.#readers) await never()
      this.#read = false
      hand.done?.()
      this.#hand = null
      if (this.#closed) return
      this.#taken++
      this.#bytes -= hand.bytes
      this.#stuck = false
      this.#settle()
    }
  }

  /** Whether there is something to be taken from the disk: not at the end of a pipe that was asked to stop. */
  get #onDisk(): boolean {
    return this.#disk?.waits === true && !(this.#ended && this.stop.aborted)
  }

  async #fetch(): Promise<void> {
    const stored = await this.#disk!.next()
    this.#fetching = null
    if (stored !== null) this.#hand = { ...stored, batch: null, bytes: 0 }
  }

  /** Behind what is in memory: all of that goes to the disk before. */
  #store(disk: BranchSpool, held: Held): void | Promise<void> {
    const { records } = held
    const wait = disk.room()
    if (wait !== undefined && this.#stuck) return this.account.drop('branch_full', records)
    this.#spill(disk)
    disk.append(this.#linesOf(held), records)
    this.#wake()
    if (wait === undefined) return
    // A disk that is full stalls the pipe no longer than a dead branch would.
    const late = new AbortController()
    const patience = this.clock.sleep(this.options.patience, late.signal).then(() => {
      this.#stuck ||= !late.signal.aborted
    })
    return Promise.race([wait.then(() => late.abort()), patience])
  }

  #spill(disk: BranchSpool): void {
    for (const held of this.#held.splice(0)) {
      disk.append(this.#linesOf(held), held.records)
      this.#bytes -= held.bytes
    }
  }

  /** For the disk, which keeps them for a while. */
  #linesOf({ batch, lines }: Held): Buffer {
    if (lines !== null) return lines
    batch!.write(this.#buffer)
    const taken = this.#buffer.take()
    const kept = Buffer.from(taken)
    this.#buffer.recycle(taken)
    return kept
  }

  /** What waits in memory goes to the disk when nothing is taken, where a kill does not cost it. */
  async #watch(disk: BranchSpool): Promise<void> {
    this.#watching = true
    while (this.#held.length > 0 && !this.#over.signal.aborted) {
      const taken = this.#taken
      await this.clock.sleep(this.options.patience, this.#over.signal)
      if (taken === this.#taken) this.#spill(disk)
    }
    this.#watching = false
  }

  /** The pipe was asked to stop: what is not taken soon stays. */
  async #leave(disk: BranchSpool): Promise<void> {
    await this.clock.sleep(LAST_MS, this.#over.signal)
    if (!disk.broken) this.#spill(disk)
  }

  #untilRoom(): Promise<void> {
    const room = new AbortController()
    const found = new Promise<void>((resolve) => this.#room.push(resolve)).then(() => room.abort())
    if (this.options.full === 'block') return found
    const taken = this.#taken
    return Promise.race([found, this.clock.sleep(this.options.patience, room.signal)]).then(() => {
      // It is slow, and not stuck, while it takes anything.
      if (room.signal.aborted || this.#taken !== taken) return room.signal.aborted ? undefined : this.#untilRoom()
      this.#stuck = true
      this.#giveUp()
    })
  }

  #giveUp(): void {
    while (this.#bytes > this.options.buffer && this.#held.length > 1) {
      const { records, bytes } = this.#held.shift()!
      this.#bytes -= bytes
      this.account.drop('branch_full', records)
    }
    this.#settle()
  }

  #settle(): void {
    if (this.#bytes > this.options.buffer && !this.#stuck) return
    const ready = this.#room
    this.#room = []
    for (const resolve of ready) resolve()
  }
}

/** The writer's end of all branches; what a branch that has ended does not take is in its account. */
export function splitOutput(branches: readonly Branch[]): StageOutput {
  const buffer = new ByteBuffer()
  const failed = new Promise<never>(() => {})
  return {
    bytes: 0,
    failed,
    batch(batch) {
      if (branches.every(({ closed }) => closed)) throw new ReaderGone()
      const held = hold(batch, buffer)
      const waits = branches.map((branch) => branch.push(held)).filter((wait) => wait !== undefined)
      if (waits.length > 0) return Promise.all(waits).then(() => {})
    },
    flush: () => Promise.resolve(),
  }
}

/** Columns and records stay as they are; lines lie in a buffer that is written again, and are copied. */
function hold(batch: Batch, buffer: ByteBuffer): Held {
  const records = batch.length
  if (batch.layout !== null) return { batch, lines: null, records, bytes: records * SAMPLE_BYTES }
  batch.write(buffer)
  const taken = buffer.take()
  const bytes = taken.length
  const lent = isEntries(batch)
  // Records are measured by what they are as lines.
  const held = { batch: lent ? null : batch, lines: lent ? Buffer.from(taken) : null, records, bytes }
  buffer.recycle(taken)
  return held
}
