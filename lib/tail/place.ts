// A place in a file, known again by the bytes before it, whatever the file is called then.

import { createHash } from 'node:crypto'
import type { FileHandle } from 'node:fs/promises'

/** Bytes at the head of a file, and right before the place, that tell it from others. */
const HEAD_BYTES = 1024
const TAIL_BYTES = 256

/** A place as it is kept. */
export interface Mark {
  /** Bytes before the place; of a packed file those that are in it. */
  readonly offset: number
  /** Hash of the first kilobyte of them. */
  readonly head: string
  /** Hash of the last 256 of them. */
  readonly tail: string
}

export class Place {
  offset = 0
  /** The first bytes, until there are enough of them. */
  #head: Buffer | null = Buffer.alloc(0)
  #headHash = ''
  #tail = Buffer.alloc(0)
  /** As it was kept, where the bytes are not known. */
  #kept: Mark | null = null

  /** @param bytes what follows; the place is behind it then */
  advance(bytes: Buffer): void {
    if (bytes.length === 0) return
    if (this.#head !== null) {
      const head = Buffer.concat([this.#head, bytes.subarray(0, HEAD_BYTES - this.#head.length)])
      this.#headHash = hashOf(head)
      this.#head = head.length < HEAD_BYTES ? head : null
    }
    const last = bytes.subarray(-TAIL_BYTES)
    const whole = last.length === TAIL_BYTES
    this.#tail = whole ? Buffer.from(last) : Buffer.concat([this.#tail, last]).subarray(-TAIL_BYTES)
    this.offset += bytes.length
  }

  /** How many bytes before the place are remembered. */
  get overlap(): number {
    return this.#tail.length
  }

  /** Whether these are the bytes right before the place, as many as are remembered. */
  follows(bytes: Buffer): boolean {
    return this.#tail.equals(bytes)
  }

  get mark(): Mark {
    if (this.#kept !== null) return this.#kept
    return { offset: this.offset, head: this.#headHash, tail: this.offset === 0 ? '' : hashOf(this.#tail) }
  }

  matches({ offset, head, tail }: Mark): boolean {
    const mark = this.mark
    return mark.offset === offset && mark.head === head && mark.tail === tail
  }

  clone(): Place {
    const place = new Place()
    place.offset = this.offset
    place.#head = this.#head
    place.#headHash = this.#headHash
    place.#tail = this.#tail
    return place
  }

  /** A place that nothing is read behind any more. */
  static of({ offset, head, tail }: Mark): Place {
    const place = new Place()
    place.offset = offset
    place.#kept = { offset, head, tail }
    return place
  }

  /** The place at `offset` of a plain file; null where the file is shorter. */
  static async at(handle: FileHandle, offset: number): Promise<Place | null> {
    const place = new Place()
    const head = await bytesAt(handle, 0, Math.min(HEAD_BYTES, offset))
    const from = Math.max(head.length, offset - TAIL_BYTES)
    const tail = await bytesAt(handle, from, offset - from)
    if (Math.max(from, head.length) + tail.length !== offset) return null
    place.advance(head)
    place.offset = from
    place.advance(tail)
    return place
  }

  /** The places at these offsets, ascending, of what pieces make up together; fewer where it is shorter. */
  static async *along(pieces: AsyncIterable<Buffer>, offsets: readonly number[]): AsyncGenerator<Place> {
    const place = new Place()
    let next = 0
    for await (const piece of pieces) {
      let used = 0
      while (next < offsets.length && offsets[next] <= place.offset + piece.length - used) {
        const end = used + offsets[next] - place.offset
        place.advance(piece.subarray(used, end))
        used = end
        next++
        yield place.clone()
      }
      if (next === offsets.length) return
      place.advance(piece.subarray(used))
    }
  }
}

function hashOf(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex').slice(0, 32)
}

async function bytesAt(handle: FileHandle, from: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, from)
  return buffer.subarray(0, bytesRead)
}
