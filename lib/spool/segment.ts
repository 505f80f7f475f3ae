// A file of entries, read one after another; what is damaged is told and read past.

import { type FileHandle, open } from 'node:fs/promises'
import { crc32c } from './crc32c.js'
import { decodeHead, type FoundHead, HEAD_BYTES, MAGIC } from './frame.js'

const WINDOW = 1 << 16
const NAME = /^(\d{16})\.seg$/

/** The file of the entries from this sequence number on. */
export function segmentName(first: number): string {
  return `${String(first).padStart(16, '0')}.seg`
}

/** The first sequence number of a file by its name; undefined if it is no segment. */
export function segmentFirst(name: string): number | undefined {
  const match = NAME.exec(name)
  return match === null ? undefined : Number(match[1])
}

/** An entry, and the bytes of the file that it takes. */
export interface Found {
  readonly kind: 'entry'
  readonly head: FoundHead
  /** Empty if nobody wanted it. */
  readonly body: Buffer
  readonly from: number
  readonly to: number
}

/** Bytes that are no entry. */
export interface Damage {
  /** `torn`: the file ends within an entry, as after a crash. */
  readonly kind: 'torn' | 'corrupt'
  /** Where the head could be read. */
  readonly head: FoundHead | null
  readonly from: number
  readonly to: number
}

export class SegmentReader {
  #window: Buffer = Buffer.alloc(0)
  #windowAt = 0

  private constructor(
    private readonly handle: FileHandle,
    /** Where the next entry begins. */
    public offset: number,
    private readonly wants: (head: FoundHead) => boolean,
  ) {}

  /** @param wants whether an entry's body is read, and so checked */
  static async open(path: string, wants: (head: FoundHead) => boolean): Promise<SegmentReader> {
    return new SegmentReader(await open(path, 'r'), 0, wants)
  }

  async size(): Promise<number> {
    return (await this.handle.stat()).size
  }

  close(): Promise<void> {
    return this.handle.close()
  }

  /** What stands next, of the file's first `end` bytes; null behind the last. */
  async next(end: number): Promise<Found | Damage | null> {
    const from = this.offset
    if (from >= end) return null
    if (end - from < HEAD_BYTES) return this.#damage('torn', end, null)
    const at = await this.#fill(from, HEAD_BYTES, end)
    const head = at === null ? null : decodeHead(this.#window, at)
    if (head === null) return this.#damage('corrupt', await this.#resume(from + 1, end), null)
    const to = from + HEAD_BYTES + head.length
    // A head that came through whole, of an entry that did not: what follows, if anything, is another one.
    if (to > end) {
      const resume = await this.#resume(from + HEAD_BYTES, end)
      return this.#damage(resume === end ? 'torn' : 'corrupt', resume, head)
    }
    if (!this.wants(head)) return this.#found(head, Buffer.alloc(0), to)
    const body = await this.read(from + HEAD_BYTES, to)
    if (body.length < head.length || crc32c(body) !== head.bodyCrc) return this.#damage('corrupt', to, head)
    return this.#found(head, body, to)
  }

  /** The bytes from `from` up to `to`, fewer where the file ends before. */
  async read(from: number, to: number): Promise<Buffer> {
    const bytes = Buffer.allocUnsafe(to - from)
    let done = 0
    const known = this.#window.subarray(Math.max(0, from - this.#windowAt))
    if (from >= this.#windowAt) done = known.copy(bytes)
    while (done < bytes.length) {
      const { bytesRead } = await this.handle.read(bytes, done, bytes.length - done, from + done)
      if (bytesRead === 0) return bytes.subarray(0, done)
      done += bytesRead
    }
    return bytes
  }

  #found(head: FoundHead, body: Buffer, to: number): Found {
    const from = this.offset
    this.offset = to
    return { kind: 'entry', head, body, from, to }
  }

  #damage(kind: Damage['kind'], to: number, head: FoundHead | null): Damage {
    const from = this.offset
    this.offset = to
    return { kind, head, from, to }
  }

  /** Where the next head stands from `from` on, else the end. */
  async #resume(from: number, end: number): Promise<number> {
    let position = from
    while (end - position >= HEAD_BYTES) {
      const at = await this.#fill(position, HEAD_BYTES, end)
      if (at === null) return end
      const magic = this.#window.indexOf(MAGIC, at)
      if (magic < 0) position = this.#windowAt + this.#window.length - MAGIC.length + 1
      else {
        position = this.#windowAt + magic
        const whole = await this.#fill(position, HEAD_BYTES, end)
        if (whole !== null && decodeHead(this.#window, whole) !== null) return position
        position++
      }
    }
    return end
  }

  /** Makes `length` bytes from `position` stand in the window; where they stand there, null if the file is shorter. */
  async #fill(position: number, length: number, end: number): Promise<number | null> {
    const at = position - this.#windowAt
    if (at >= 0 && at + length <= this.#window.length) return at
    this.#window = Buffer.alloc(0)
    this.#window = await this.read(position, Math.min(end, position + WINDOW))
    this.#windowAt = position
    return this.#window.length < length ? null : 0
  }
}
