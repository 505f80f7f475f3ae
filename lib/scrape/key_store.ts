// The bytes of exposed series, one after the other in one buffer, to be compared with a body four at a time: measured,
// 47 ns for 80 bytes, where a call of Buffer.compare takes 130 and a loop over a string 220.

/** A piece of the store. */
export interface Piece {
  start: number
  length: number
}

const INITIAL = 1 << 12

export class KeyStore {
  #bytes: Buffer = Buffer.alloc(0)
  #view = viewOf(this.#bytes)
  #used = 0
  #body: Buffer = this.#bytes
  #bodyView = this.#view

  /** Bytes held. */
  get used(): number {
    return this.#used
  }

  /** The body that `stands` compares with. */
  against(body: Buffer): void {
    this.#body = body
    this.#bodyView = viewOf(body)
  }

  add(buffer: Buffer, start: number, end: number): number {
    const at = this.#used
    this.#used += end - start
    if (this.#used > this.#bytes.length) this.#resize(Math.max(INITIAL, this.#used + (this.#used >> 2)))
    buffer.copy(this.#bytes, at, start, end)
    return at
  }

  /** Whether the piece stands in the body at `at`. */
  stands({ start, length }: Piece, at: number): boolean {
    if (length === 0 || at + length > this.#body.length) return false
    const own = this.#view
    const other = this.#bodyView
    let i = 0
    for (; i + 4 <= length; i += 4) if (own.getInt32(start + i) !== other.getInt32(at + i)) return false
    for (; i < length; i++) if (own.getUint8(start + i) !== other.getUint8(at + i)) return false
    return true
  }

  /** Whether the piece is these bytes; some formats have the bytes of a series in another buffer than the body. */
  equals(piece: Piece, buffer: Buffer, start: number, end: number): boolean {
    if (piece.length !== end - start) return false
    if (buffer === this.#body) return this.stands(piece, start)
    return piece.length > 0 && this.#bytes.compare(buffer, start, end, piece.start, piece.start + piece.length) === 0
  }

  /** Moves the pieces together where half of the store is of none of them. */
  compact(pieces: Iterable<Piece>): void {
    const kept = [...pieces]
    const live = kept.reduce((total, { length }) => total + length, 0)
    if (live * 2 > this.#used) return
    const before = this.#bytes
    this.#used = 0
    this.#bytes = Buffer.alloc(0)
    this.#resize(live)
    for (const piece of kept) piece.start = this.add(before, piece.start, piece.start + piece.length)
  }

  #resize(size: number): void {
    const bytes = Buffer.allocUnsafeSlow(size)
    this.#bytes.copy(bytes)
    this.#bytes = bytes
    this.#view = viewOf(bytes)
  }
}

function viewOf({ buffer, byteOffset, length }: Buffer): DataView {
  return new DataView(buffer, byteOffset, length)
}
