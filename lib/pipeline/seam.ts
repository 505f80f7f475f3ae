// Where two stages of one process meet. What a pipe of the kernel does for processes: order, backpressure, an end, and
// an error for whoever writes when nobody reads any more.

import { ReaderGone } from '../io/output.js'
import type { StageInput, StageOutput } from '../io/run.js'
import type { Batch } from '../record/batch.js'
import { ByteBuffer } from '../record/bytes.js'
import { isEntries } from '../record/entries.js'

/** Samples in columns that may wait for a reader, 8 bytes each and some more where they have times of their own. */
const HIGH_WATER = 20_000

/** The end at which one stage writes, and the end at which the next one reads. */
export interface Seam {
  readonly output: StageOutput
  readonly input: StageInput
  /** Records that were handed in and not taken yet. */
  readonly waiting: number
  /** The writer is done. */
  end(): void
  /** The reader is done. */
  close(): void
}

/** Passes batches as they are. */
export function batchSeam(): Seam {
  const queue = new Queue<Batch>()
  const { failed } = queue
  const output = {
    bytes: 0,
    failed,
    // The lines of a batch are overwritten when its reader is asked for more. Records may be large: one batch may wait.
    batch: (batch: Batch) =>
      queue.push(batch, batch.layout === null ? HIGH_WATER : batch.length, isEntries(batch), batch.length),
    flush: () => queue.flush(),
  }
  return seamOf(queue, output, { batches: () => queue.items() })
}

/** Passes the lines of batches: the next stage reads them again. */
export function lineSeam(): Seam {
  const queue = new Queue<Buffer>()
  const buffer = new ByteBuffer()
  let bytes = 0
  const output = {
    get bytes() {
      return bytes
    },
    failed: queue.failed,
    async batch(batch: Batch) {
      batch.write(buffer)
      const lines = buffer.take()
      bytes += lines.length
      await queue.push(lines, HIGH_WATER, true, batch.length)
      buffer.recycle(lines)
    },
    flush: () => queue.flush(),
  }
  return seamOf(queue, output, { chunks: () => queue.items() })
}

function seamOf<T>(queue: Queue<T>, output: StageOutput, input: StageInput): Seam {
  return {
    output,
    input,
    get waiting() {
      return queue.records
    },
    end: () => queue.end(),
    close: () => queue.close(),
  }
}

interface Waiting<T> {
  item: T
  size: number
  records: number
  /** Tells the writer that the reader is done with the item. */
  done: () => void
}

class Queue<T> {
  readonly #waiting: Waiting<T>[] = []
  /** Records of the items that nobody took yet. */
  records = 0
  #size = 0
  #ended = false
  #closed = false
  #wake: () => void = () => {}
  #fail!: (error: Error) => void
  readonly failed: Promise<never>

  constructor() {
    this.failed = new Promise<never>((_, reject) => (this.#fail = reject))
    this.failed.catch(() => {})
  }

  /**
   * @param size what it counts of HIGH_WATER; beyond that, only the first item does not make its writer wait
   * @param lent whether the item is good only until the promise resolves, which it then does when the reader is done
   *   with it
   */
  push(item: T, size: number, lent: boolean, records: number): void | Promise<void> {
    if (this.#closed) throw new ReaderGone()
    let done = () => {}
    const full = this.#size > 0 && this.#size + size > HIGH_WATER
    const wait = lent || full ? new Promise<void>((resolve) => (done = resolve)) : undefined
    this.#waiting.push({ item, size, records, done })
    this.#size += size
    this.records += records
    this.#wake()
    return wait === undefined ? undefined : Promise.race([wait, this.failed])
  }

  /** What waits stays for the reader, as in a pipe. */
  flush(): Promise<void> {
    return this.#closed ? Promise.reject(new ReaderGone()) : Promise.resolve()
  }

  /** The items until the end. An item is done with when the next one is asked for. */
  async *items(): AsyncGenerator<T> {
    for (;;) {
      const [first] = this.#waiting
      if (first === undefined) {
        if (this.#ended) return
        await new Promise<void>((resolve) => (this.#wake = resolve))
        continue
      }
      this.records -= first.records
      yield first.item
      this.#waiting.shift()
      this.#size -= first.size
      first.done()
    }
  }

  end(): void {
    this.#ended = true
    this.#wake()
  }

  close(): void {
    this.#closed = true
    this.#fail(new ReaderGone())
  }
}
