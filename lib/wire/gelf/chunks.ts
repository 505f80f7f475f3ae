// Chunked GELF: a message over several datagrams (docs.graylog.org, GELF via UDP).

const HEAD = 12
const MAX_CHUNKS = 128

/** Whether a datagram is a chunk. */
export function isChunk(bytes: Buffer): boolean {
  return bytes.length >= HEAD && bytes[0] === 0x1e && bytes[1] === 0x0f
}

interface Partial {
  readonly chunks: (Buffer | undefined)[]
  missing: number
  bytes: number
  /** Milliseconds. */
  readonly began: number
}

export interface ChunkBounds {
  /** Bytes of chunks that wait for others, all together. */
  maxBytes: number
  /** Milliseconds that the first chunk of a message waits for the last. */
  timeout: number
}

export class Chunks {
  /** By sender and id, the oldest first. */
  readonly #partial = new Map<string, Partial>()
  #bytes = 0

  /** @param lost told of each message that was given up, and why */
  constructor(
    private readonly bounds: ChunkBounds,
    private readonly lost: (reason: 'incomplete' | 'bound') => void,
  ) {}

  /** The message, once its last chunk has come; null before, and a complaint for a chunk that is none. */
  add(bytes: Buffer, peer: string, now: number): Buffer | string | null {
    this.expire(now)
    const [number, count] = [bytes[10], bytes[11]]
    if (count === 0 || count > MAX_CHUNKS || number >= count) return `chunk ${number} of ${count}: expected at most ${MAX_CHUNKS}`
    const key = `${peer} ${bytes.latin1Slice(2, 10)}`
    let partial = this.#partial.get(key)
    if (partial === undefined) {
      partial = { chunks: new Array<undefined>(count).fill(undefined), missing: count, bytes: 0, began: now }
      this.#partial.set(key, partial)
    }
    if (partial.chunks.length !== count) return `chunk ${number} of ${count}: the others were of ${partial.chunks.length}`
    if (partial.chunks[number] !== undefined) return null
    partial.chunks[number] = Buffer.from(bytes.subarray(HEAD))
    partial.bytes += bytes.length
    this.#bytes += bytes.length
    if (--partial.missing > 0) {
      this.#keepBound()
      return null
    }
    this.#forget(key, partial)
    return Buffer.concat(partial.chunks as Buffer[])
  }

  /** Gives up what has waited for too long. */
  expire(now: number): void {
    for (const [key, partial] of this.#partial) {
      if (now - partial.began < this.bounds.timeout) return
      this.#forget(key, partial)
      this.lost('incomplete')
    }
  }

  /** Gives up everything. */
  end(): void {
    this.expire(Infinity)
  }

  #keepBound(): void {
    for (const [key, partial] of this.#partial) {
      if (this.#bytes <= this.bounds.maxBytes) return
      this.#forget(key, partial)
      this.lost('bound')
    }
  }

  #forget(key: string, { bytes }: Partial): void {
    this.#partial.delete(key)
    this.#bytes -= bytes
  }
}
