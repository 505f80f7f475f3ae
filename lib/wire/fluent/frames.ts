// Where MessagePack values end in a stream, found without building them: what is decoded then is whole, and its arrays
// are as long as they say. A decoder that believes the lengths it reads can be made to take any amount of memory by a
// few bytes.

export interface FrameBounds {
  /** Bytes of a value. */
  maxBytes: number
  maxDepth: number
}

/** Told of each value: its bytes, good during the call. */
export type TakeValue = (value: Buffer) => void

/** What stands behind a first byte: bytes of length, bytes of value beside it; and whether values follow. */
interface Shape {
  length: number
  fixed: number
  children: 0 | 1 | 2
}

const plain = (fixed: number): Shape => ({ length: 0, fixed, children: 0 })
const sized = (length: number, fixed = 0): Shape => ({ length, fixed, children: 0 })
const holder = (length: number, children: 1 | 2): Shape => ({ length, fixed: 0, children })

/** Of the first bytes 0xc0 to 0xdf, in order (MessagePack's specification, formats); null for the one never used. */
const SHAPES: readonly (Shape | null)[] = [
  plain(0), null, plain(0), plain(0), sized(1), sized(2), sized(4), sized(1, 1),
  sized(2, 1), sized(4, 1), plain(4), plain(8), plain(1), plain(2), plain(4), plain(8),
  plain(1), plain(2), plain(4), plain(8), plain(2), plain(3), plain(5), plain(9),
  plain(17), sized(1), sized(2), sized(4), holder(2, 1), holder(4, 1), holder(2, 2), holder(4, 2),
]

export class ValueFrames {
  #held: Buffer[] = []
  #bytes = 0
  /** Bytes of the value under way that hold no further ones. */
  #skip = 0
  /** Of what has begun and not ended: values to come. The value itself stands for one. */
  #open: number[] = [1]
  /** The length that is being read. */
  #shape: Shape | null = null
  #digits = 0
  #length = 0

  constructor(private readonly bounds: FrameBounds) {}

  /** Bytes of a value that has not ended. */
  get held(): number {
    return this.#bytes
  }

  /** Takes the next bytes. What is wrong with them, where something is: nothing behind that can be told apart. */
  push(chunk: Buffer, take: TakeValue): string | null {
    let start = 0
    for (let at = 0; at < chunk.length; ) {
      if (this.#skip > 0) {
        const step = Math.min(this.#skip, chunk.length - at)
        this.#skip -= step
        at += step
      } else {
        const wrong = this.#byte(chunk[at++])
        if (wrong !== null) return wrong
      }
      if (this.#bytes + at - start + this.#skip > this.bounds.maxBytes) return `larger than ${this.bounds.maxBytes} bytes`
      if (this.#skip > 0 || this.#shape !== null || !this.#ends()) continue
      const piece = chunk.subarray(start, at)
      take(this.#bytes === 0 ? piece : Buffer.concat([...this.#held, piece]))
      this.#held = []
      this.#bytes = 0
      this.#open = [1]
      start = at
    }
    if (start < chunk.length) {
      this.#held.push(Buffer.from(chunk.subarray(start)))
      this.#bytes += chunk.length - start
    }
    return null
  }

  /** A first byte, or one of a length. */
  #byte(byte: number): string | null {
    if (this.#shape !== null) {
      this.#length = this.#length * 256 + byte
      return --this.#digits > 0 ? null : this.#begin(this.#shape, this.#length)
    }
    if (byte < 0x80 || byte >= 0xe0) return this.#begin(SHAPES[0]!, 0)
    if (byte < 0xa0) return this.#begin(byte < 0x90 ? holder(0, 2) : holder(0, 1), byte & 0x0f)
    if (byte < 0xc0) return this.#begin(plain(byte & 0x1f), 0)
    const shape = SHAPES[byte - 0xc0]
    if (shape === null) return `not MessagePack: byte 0x${byte.toString(16)}`
    if (shape.length === 0) return this.#begin(shape, 0)
    this.#shape = shape
    this.#digits = shape.length
    this.#length = 0
    return null
  }

  #begin({ fixed, children }: Shape, length: number): string | null {
    this.#shape = null
    this.#open[this.#open.length - 1]--
    if (children === 0) this.#skip = fixed + length
    else if (length > 0) {
      if (this.#open.length > this.bounds.maxDepth) return `nested deeper than ${this.bounds.maxDepth} levels`
      this.#open.push(length * children)
    }
    return null
  }

  /** Whether the value is whole. */
  #ends(): boolean {
    const open = this.#open
    while (open.length > 0 && open[open.length - 1] === 0) open.pop()
    return open.length === 0
  }
}
