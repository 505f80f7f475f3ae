// Samples of remote write 1.0 that come line by line, mostly in the order of last time: a series' message is kept where it was
// put first, behind the one that came before. Some messages in a row are a chunk; one that comes whole again is compressed once
// (./block.ts), other runs leave in one copy. Measured in a shell pipe, this takes a seventh of the CPU time of `write prometheus` away.

import { BlockBuilder, MOST_SAMPLES, type SeriesBlock } from './block.js'
import { sixBytes, TAIL_BYTES, TIME_BYTES, TIME_TAG } from './series.js'
import { MOST_BYTES } from './squeeze.js'
import type { Tail, WriteRequest } from './v1.js'
import { NORMAL_NAN } from './value.js'

const INITIAL = 1 << 12

/** Messages that came in a row when they came first, with one time. */
class Chunk {
  samples = 1
  /** No more messages come to it. */
  closed = false
  /** Whether it has come whole. */
  whole = false
  block: SeriesBlock | null = null

  constructor(
    readonly start: number,
    public end: number,
  ) {}
}

/** The messages of one lane's series, and the run of them that has samples now, all of one time and one chunk. */
export class MessageRun implements Tail {
  #bytes = Buffer.allocUnsafeSlow(INITIAL)
  #length = 0
  readonly #chunks: Chunk[] = []
  /** The chunk of the run. */
  #at = 0
  #start = 0
  /** Where the next message of the run begins; -1 where there is none. */
  #next = -1
  /** Where its chunk ends; -1 where that is open. */
  #stop = -1
  #millis = 0
  readonly #values: Float64Array
  readonly #ends: Uint32Array
  /** The time of the series that was added last, and whether it has no sample yet. */
  #addedMillis = 0
  #fresh = false
  readonly #mostSamples: number
  readonly #mostBytes: number
  /** Samples in the run. */
  records = 0

  /** @param samples, bytes bounds of a chunk, in which the first message has room in any case */
  constructor(samples: number, bytes: number) {
    this.#mostSamples = Math.min(samples, MOST_SAMPLES)
    this.#mostBytes = Math.min(bytes, MOST_BYTES)
    this.#values = new Float64Array(this.#mostSamples)
    this.#ends = new Uint32Array(this.#mostSamples)
  }

  /** Bytes of the run. */
  get bytes(): number {
    return this.records === 0 ? 0 : this.#ends[this.records - 1] - this.#start
  }

  /** A series by its `head`: where its message ends. @param millis the time of its first sample */
  add(head: Buffer, millis: number): number {
    const start = this.#length
    const at = start + head.length
    this.#length = at + TAIL_BYTES
    if (this.#length > this.#bytes.length) this.#grow()
    head.copy(this.#bytes, start)
    this.#bytes[at + 8] = TIME_TAG
    const last = this.#chunks.at(-1)
    const full = last === undefined || last.samples === this.#mostSamples || this.#length - last.start > this.#mostBytes
    if (full || last.closed || millis !== this.#addedMillis) this.#open(start)
    else {
      last.samples++
      last.end = this.#length
    }
    this.#addedMillis = millis
    this.#fresh = true
    return this.#length
  }

  #open(start: number): void {
    const last = this.#chunks.at(-1)
    if (last !== undefined) last.closed = true
    this.#chunks.push(new Chunk(start, this.#length))
    // A run of the one before ends there.
    this.#next = -1
  }

  /** Whether a message goes on with the run. @param millis its time */
  follows(start: number, millis: number): boolean {
    return start === this.#next && millis === this.#millis
  }

  /**
   * Begins a run, after the one before has gone: how much may come to it.
   *
   * @param millis a time whose varint takes six bytes, see `hasSixBytes`
   */
  begin(start: number, millis: number): { samples: number; bytes: number } {
    this.#at = this.#chunkOf(start)
    const chunk = this.#chunks[this.#at]
    // Whoever comes back to it has seen all of it.
    if (!this.#fresh) chunk.closed = true
    this.#start = this.#next = start
    this.#stop = chunk.closed ? chunk.end : -1
    this.#millis = millis
    return chunk.closed ? { samples: chunk.samples, bytes: chunk.end - start } : { samples: this.#mostSamples, bytes: this.#mostBytes }
  }

  /** The message that ends there has a sample: whether it was the last one of the run. */
  put(end: number, value: number): boolean {
    this.#values[this.records] = value
    this.#ends[this.records++] = end
    this.#fresh = false
    this.#next = end === this.#stop ? -1 : end
    return this.#next < 0
  }

  /** Adds the messages of the run to a request. The next run may begin. */
  into(request: WriteRequest): void {
    const { records } = this
    if (records === 0) return
    const end = this.#ends[records - 1]
    this.records = 0
    this.#next = -1
    const chunk = this.#chunks[this.#at]
    const block = this.#start === chunk.start && end === this.#stop ? this.#blockOf(chunk) : null
    if (block === null) {
      this.#fill(records)
      request.addMessages(this.#bytes.subarray(this.#start, end), records)
    } else {
      block.patch(this.#values, this.#millis)
      request.addPacked(block.slice(0, block.parts.length))
    }
  }

  /** null the first time: what does not come again is not worth it. */
  #blockOf(chunk: Chunk): SeriesBlock | null {
    if (!chunk.whole) {
      chunk.whole = true
      return null
    }
    return (chunk.block ??= this.#built(chunk))
  }

  #built({ start, samples }: Chunk): SeriesBlock {
    const builder = new BlockBuilder(this.#mostSamples, this.#mostBytes)
    for (let i = 0; i < samples; i++) {
      builder.add(this.#bytes, i, start, this.#ends[i] - TAIL_BYTES)
      start = this.#ends[i]
    }
    return builder.finish()
  }

  /** Puts values and time into the messages. */
  #fill(records: number): void {
    const bytes = this.#bytes
    const [low, high] = sixBytes(this.#millis)
    for (let i = 0; i < records; i++) {
      const end = this.#ends[i]
      const value = this.#values[i]
      if (value === value) bytes.writeDoubleLE(value, end - TAIL_BYTES)
      else NORMAL_NAN.copy(bytes, end - TAIL_BYTES)
      bytes.writeInt32LE(low, end - TIME_BYTES)
      bytes.writeUInt16LE(high, end - 2)
    }
  }

  /** The last chunk that begins at `start` or before. */
  #chunkOf(start: number): number {
    let [from, to] = [0, this.#chunks.length]
    while (to - from > 1) {
      const middle = (from + to) >>> 1
      if (this.#chunks[middle].start <= start) from = middle
      else to = middle
    }
    return from
  }

  #grow(): void {
    const larger = Buffer.allocUnsafeSlow(Math.max(this.#length, this.#bytes.length + (this.#bytes.length >> 1)))
    this.#bytes.copy(larger)
    this.#bytes = larger
  }
}
