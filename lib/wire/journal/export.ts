// The export format of systemd's journal (systemd.io/JOURNAL_EXPORT_FORMATS): fields of text or bytes, entries with an
// empty line behind them.

const LF = 10
const LENGTH_BYTES = 8

/** A field's values, as they stand in the entry: one may come several times. */
export type Entry = ReadonlyMap<string, readonly Buffer[]>

/** Told of each entry, and whether the bound has cut it. */
export type TakeEntry = (entry: Entry, cut: boolean) => void

export class ExportReader {
  #fields = new Map<string, Buffer[]>()
  /** Bytes of values in the entry under way. */
  #bytes = 0
  #cut = false
  #mode: 'line' | 'length' | 'data' | 'end' = 'line'
  #held: Buffer[] = []
  #heldBytes = 0
  /** Whether what is held is all that came. */
  #whole = true
  #name = ''
  /** Of a field of bytes: those to come. */
  #left = 0

  private readonly maxBytes: number

  /** @param maxBytes of names and values of an entry that are kept */
  constructor(maxBytes: number) {
    this.maxBytes = Math.max(maxBytes, LENGTH_BYTES)
  }

  push(chunk: Buffer, take: TakeEntry): void {
    let at = 0
    while (at < chunk.length) {
      if (this.#mode === 'line') at = this.#line(chunk, at, take)
      else if (this.#mode === 'length') at = this.#length(chunk, at)
      else if (this.#mode === 'data') at = this.#data(chunk, at)
      else {
        // The newline behind bytes.
        this.#mode = 'line'
        at++
      }
    }
  }

  /** The last entry, where the output ended before its empty line. */
  end(take: TakeEntry): void {
    this.#entry(take)
  }

  #line(chunk: Buffer, from: number, take: TakeEntry): number {
    const found = chunk.indexOf(LF, from)
    this.#hold(chunk.subarray(from, found < 0 ? chunk.length : found))
    if (found < 0) return chunk.length
    const whole = this.#whole
    const line = this.#release()
    if (line.length === 0) this.#entry(take)
    else {
      const equals = line.indexOf(61)
      if (equals >= 0) this.#add(line.latin1Slice(0, equals), line.subarray(equals + 1), whole)
      else {
        this.#name = line.latin1Slice(0, line.length)
        this.#mode = 'length'
      }
    }
    return found + 1
  }

  #length(chunk: Buffer, from: number): number {
    const to = Math.min(chunk.length, from + LENGTH_BYTES - this.#heldBytes)
    this.#hold(chunk.subarray(from, to))
    if (this.#heldBytes < LENGTH_BYTES) return to
    this.#left = Number(this.#release().readBigUInt64LE(0))
    this.#mode = 'data'
    if (this.#left === 0) this.#value()
    return to
  }

  #data(chunk: Buffer, from: number): number {
    const to = Math.min(chunk.length, from + this.#left)
    this.#hold(chunk.subarray(from, to))
    this.#left -= to - from
    if (this.#left === 0) this.#value()
    return to
  }

  #value(): void {
    const whole = this.#whole
    this.#add(this.#name, this.#release(), whole)
    this.#mode = 'end'
  }

  #add(name: string, value: Buffer, whole: boolean): void {
    const room = this.maxBytes - this.#bytes
    if (!whole || value.length > room) this.#cut = true
    if (room <= 0) return
    const kept = value.length > room ? value.subarray(0, room) : value
    this.#bytes += name.length + kept.length
    const values = this.#fields.get(name)
    if (values === undefined) this.#fields.set(name, [kept])
    else values.push(kept)
  }

  #entry(take: TakeEntry): void {
    if (this.#fields.size === 0) return
    const [fields, cut] = [this.#fields, this.#cut]
    this.#fields = new Map()
    this.#bytes = 0
    this.#cut = false
    take(fields, cut)
  }

  #hold(bytes: Buffer): void {
    const room = this.maxBytes - this.#heldBytes
    if (bytes.length > room) this.#whole = false
    if (room <= 0 || bytes.length === 0) return
    const kept = Buffer.from(bytes.length > room ? bytes.subarray(0, room) : bytes)
    this.#held.push(kept)
    this.#heldBytes += kept.length
  }

  #release(): Buffer {
    const bytes = this.#held.length === 1 ? this.#held[0] : Buffer.concat(this.#held)
    this.#held = []
    this.#heldBytes = 0
    this.#whole = true
    return bytes
  }
}
