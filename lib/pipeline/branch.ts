// Where a pipe parts: each branch has a bounded store of its own, so that one that takes nothing stalls nobody but itself.

import type { Clock } from '../component.js'
import { StageAccount } from '../io/account.js'
import { ReaderGone } from '../io/output.js'
import type { StageInput, StageOutput } from '../io/run.js'
import type { Batch } from '../record/batch.js'
import { LineBatch } from '../record/line_batch.js'
import { ByteBuffer } from '../record/bytes.js'
import { LineReader } from '../record/reader.js'

export interface BranchOptions {
  /** Bytes that may wait. */
  readonly buffer: number
  /** What happens when so many wait: the pipe waits, or the oldest records are given up. */
  readonly full: 'block' | 'drop_oldest'
  /** Milliseconds for which a branch that takes nothing is waited for before its oldest records are given up. */
  readonly patience: number
}

/** A batch that is good for as long as it is needed. */
interface Held {
  readonly batch: Batch | null
  readonly lines: Buffer | null
  readonly records: number
  readonly bytes: number
}

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
  readonly #held: Held[] = []
  #bytes = 0
  /** Whether the first one is in its reader's hands. */
  #reading = false
  /** How many readers there were: one that failed may still be waiting, and gets nothing any more. */
  #readers = 0
  #ended = false
  #closed = false
  /** It took nothing for so long that nobody waits for it. */
  #stuck = false
  #wake: () => void = () => {}
  #room: (() => void)[] = []

  constructor(
    private readonly options: BranchOptions,
    private readonly clock: Pick<Clock, 'sleep'>,
  ) {}

  /** Wait for the promise, if there is one, before bringing more. */
  push(held: Held): void | Promise<void> {
    this.account.in += held.records
    if (this.#closed) return this.account.drop('branch_ended', held.records)
    this.#held.push(held)
    this.#bytes += held.bytes
    this.#wake()
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
    return !this.#ended || this.#held.length > 0
  }

  end(): void {
    this.#ended = true
    this.#wake()
  }

  /** Nobody will read any more. */
  close(): void {
    this.#closed = true
    for (const { records } of this.#held.slice(this.#reading ? 1 : 0)) this.account.drop('branch_ended', records)
    this.#held.length = this.#bytes = 0
    this.#settle()
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
    if (this.#reading) this.account.made += this.#held[0].records
    for (;;) {
      const first = this.#held.at(0)
      if (first === undefined) {
        if (this.#ended) return
        await new Promise<void>((resolve) => (this.#wake = resolve))
        if (reader !== this.#readers) await never()
        continue
      }
      this.#reading = true
      this.account.out += first.records
      yield first
      if (reader !== this.#readers) await never()
      this.#reading = false
      if (this.#held.shift() === undefined) return
      this.#bytes -= first.bytes
      this.#stuck = false
      this.#settle()
    }
  }

  #untilRoom(): Promise<void> {
    const room = new AbortController()
    const found = new Promise<void>((resolve) => this.#room.push(resolve)).then(() => room.abort())
    if (this.options.full === 'block') return found
    const [first] = this.#held
    return Promise.race([found, this.clock.sleep(this.options.patience, room.signal)]).then(() => {
      // It is slow, and not stuck, while there is another one in front.
      if (room.signal.aborted || this.#held[0] !== first) return room.signal.aborted ? undefined : this.#untilRoom()
      this.#stuck = true
      this.#giveUp()
    })
  }

  #giveUp(): void {
    const from = this.#reading ? 1 : 0
    while (this.#bytes > this.options.buffer && this.#held.length > from + 1) {
      const [{ records, bytes }] = this.#held.splice(from, 1)
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
  const lent = batch instanceof LineBatch
  // Records are measured by what they are as lines.
  const held = { batch: lent ? null : batch, lines: lent ? Buffer.from(taken) : null, records, bytes }
  buffer.recycle(taken)
  return held
}
