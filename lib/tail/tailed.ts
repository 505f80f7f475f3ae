// A file that is followed: what is known of it, and how its bytes become lines.

import type { FileHandle } from 'node:fs/promises'
import type { Context } from '../component.js'
import type { BlockRule } from '../logs/block.js'
import type { Identity } from '../record/identity.js'
import { countCut, TRUNCATED } from '../receive/text_lines.js'
import type { Target } from './follow.js'
import { Joiner, type PlacedLine } from './joiner.js'
import type { Outlet } from './outlet.js'
import type { Packing } from './packed.js'
import { Place } from './place.js'
import type { Position, Slot } from './positions.js'
import type { Seen } from './seen.js'
import { type Text, textOf } from './text.js'

/** Bytes of a file that tell its encoding. */
const MARK_BYTES = 4
/** Binary files mostly show a NUL this early. */
const BINARY_BYTES = 1024

/** What all files have in common. */
export interface Reading {
  readonly context: Pick<Context, 'log' | 'account' | 'reject'>
  readonly outlet: Outlet
  /** A label of the Encoding standard, or `auto`. */
  readonly encoding: string
  readonly maxLine: number
  /** Which lines belong together; null: each one stands alone. */
  readonly blocks: BlockRule | null
}

export class Tailed {
  readonly device: string
  readonly inode: string
  /** The path that its lines are labelled with. */
  name: string
  identity: Identity
  /** Bytes that it had when its target was first looked at; 0 for a file that came later. */
  old: number
  /** Where it is; null where its name was taken away from it. */
  path: string | null
  /** Where it was last. */
  lastPath: string
  place = new Place()
  handle: FileHandle | null = null
  text: Text | null = null
  /** Within a line that was cut: what is read up to the next newline is left out. */
  cutting = false
  /** Whether nothing was read of it yet, so that it may be a copy of another one. */
  fresh = true
  /** What joins its lines, if they are joined. */
  readonly joiner: Joiner | null
  /** Bytes behind the place that make no whole line or block, and since when they are the same, milliseconds. */
  partial = 0
  quietSince = 0
  /** Of them, those of the whole lines of a block. */
  held = 0
  /** How it is packed; null: not at all, or not known yet. */
  packing: Packing | null = null
  /** Size of a packed file that was read to its end; null: not yet. */
  packedSize: number | null = null
  /** What is in a packed file that is being read. */
  pieces: AsyncGenerator<Buffer> | null = null
  /** Of those, what makes no whole line. */
  rest: Buffer = Buffer.alloc(0)
  /** Nothing of it is text. */
  refused = false
  /** The place in the file that this one is a copy of; what is behind it is read there, for as long as that goes. */
  original: Tailed | null = null
  originalPlace: Place | null = null
  /** When to look at it again, milliseconds. */
  nextLook = 0
  /** As it was at the last look. */
  size = 0
  /** As it was when it was read to its end, so that what has not changed is not read again. */
  readSize = -1
  readChanged = -1
  /** Not to be opened: told once. */
  denied = false
  #repaired = false
  #cutTold = false

  /** @param slot where its position is kept */
  constructor(
    seen: Seen,
    path: string,
    readonly target: Target,
    public slot: Slot,
    private readonly reading: Reading,
  ) {
    this.device = seen.device
    this.inode = seen.inode
    this.path = this.lastPath = this.name = path
    this.identity = target.identity(path)
    this.old = target.known ? 0 : seen.size
    this.joiner = reading.blocks === null ? null : new Joiner(reading.blocks)
  }

  /** Whether the name that it was found under leads elsewhere now: nobody should write to it any more. */
  get rotated(): boolean {
    return this.path !== this.name
  }

  /** It goes on with what was found first under another name. */
  rename(name: string): void {
    this.name = name
    this.identity = this.target.identity(name)
  }

  is(seen: Pick<Seen, 'device' | 'inode'>): boolean {
    return seen.inode === this.inode && seen.device === this.device
  }

  get position(): Position {
    const { device, inode, name, lastPath: path, packedSize } = this
    return {
      ...this.place.mark,
      device,
      inode,
      name,
      path,
      ...(packedSize === null ? {} : { packed: packedSize }),
      ...(this.cutting ? { cut: true } : {}),
      ...(this.joiner?.begun === true ? { joined: true } : {}),
    }
  }

  /** Begins anew: what was read before is elsewhere, or nowhere. */
  restart(): void {
    this.old = 0
    this.place = new Place()
    this.text = null
    this.cutting = false
    this.partial = this.held = 0
    if (this.joiner !== null) this.joiner.begun = false
    this.packing = this.packedSize = this.pieces = null
    this.refused = false
    this.readSize = -1
    this.fresh = true
  }

  /** Takes the whole lines that `data`, the bytes behind the place, begins with; returns their bytes. */
  take(data: Buffer): number {
    const { maxLine } = this.reading
    const text = (this.text ??= textOf(data.subarray(0, MARK_BYTES), this.reading.encoding))
    let from = this.place.offset === 0 ? Math.min(text.mark, data.length) : 0
    if (this.cutting) {
      const end = text.firstEnd(data, from)
      if (end === 0) return this.#advance(data, text.boundary(data, data.length))
      this.cutting = false
      from = end
    }
    if (text.unit === 1) from = skipZeros(data, from, maxLine)
    if (this.joiner !== null) return this.#advance(data, this.#join(this.joiner, text, data, from, false))
    const end = text.lastEnd(data)
    if (end > from) {
      this.#lines(text, data.subarray(from, end))
      from = end
    } else if (data.length - from > maxLine) from = this.#cut(text, data, from)
    return this.#advance(data, from)
  }

  /** Takes what is there as it is: what stands behind the last newline as a line, and a block though it may go on. */
  takeRest(data: Buffer): number {
    if (this.text !== null && !this.cutting && data.length > 0) {
      if (this.joiner === null) this.#lines(this.text, data)
      else this.#join(this.joiner, this.text, data, 0, true)
    }
    return this.#advance(data, data.length)
  }

  /** Whether bytes from the start of the file are those of no text. */
  isBinary(data: Buffer): boolean {
    if (this.reading.encoding !== 'auto' || textOf(data, 'auto').unit === 2) return false
    const from = skipZeros(data, 0, 0)
    return data.subarray(from, from + BINARY_BYTES).includes(0)
  }

  #advance(data: Buffer, to: number): number {
    this.place.advance(data.subarray(0, to))
    return to
  }

  #decode(text: Text, data: Buffer): readonly string[] {
    const { lines, repaired } = text.decode(data)
    if (repaired > 0) this.#tellRepaired()
    return data.includes(0) ? lines.map((line) => line.replace(/^\0+/, '')) : lines
  }

  #lines(text: Text, data: Buffer): void {
    const { outlet, maxLine } = this.reading
    if (data.length <= maxLine && !data.includes(0) && text.isUtf8(data)) return outlet.addBytes(this.identity, data)
    const whole = this.#decode(text, data)
    if (data.length <= maxLine || whole.every((line) => fits(line, maxLine))) {
      return outlet.add(this.identity, whole, data.length)
    }
    for (const line of whole) {
      if (fits(line, maxLine)) outlet.add(this.identity, [line], line.length)
      else this.#addCut(cutTo(Buffer.from(line), UTF8, maxLine), UTF8)
    }
  }

  /** Passes on the entries that the lines behind `from` make; returns where what is left begins. */
  #join(joiner: Joiner, text: Text, data: Buffer, from: number, all: boolean): number {
    const { outlet, context } = this.reading
    const end = all ? data.length : Math.max(from, text.lastEnd(data))
    const start = joiner.join(this.#placed(text, data, from, end), from, all, ({ text: body, lines, bytes, cut }) => {
      outlet.add(this.identity, [body], bytes, cut ? TRUNCATED : undefined)
      context.account.made += lines - 1
      if (lines > 1) context.account.drop('joined', lines - 1)
      if (cut) this.#tellCut()
    })
    this.held = Math.max(0, end - start)
    return start
  }

  /** The lines up to `end`, and the first part of one that is too long and has no end yet. */
  *#placed(text: Text, data: Buffer, from: number, end: number): Generator<PlacedLine> {
    const { maxLine } = this.reading
    let at = from
    for (const line of this.#decode(text, data.subarray(from, end))) {
      at = text.firstEnd(data, at) || end
      const cut = !fits(line, maxLine)
      yield { text: cut ? (UTF8.decode(cutTo(Buffer.from(line), UTF8, maxLine)).lines[0] ?? '') : line, end: at, cut }
    }
    if (data.length - end <= maxLine) return
    this.cutting = true
    const part = cutTo(data.subarray(end), text, maxLine)
    yield { text: this.#decode(text, part)[0] ?? '', end: end + part.length, cut: true }
  }

  /** The first part of a line that is too long; the rest is left out as it comes. */
  #cut(text: Text, data: Buffer, from: number): number {
    this.cutting = true
    const part = cutTo(data.subarray(from), text, this.reading.maxLine)
    this.#addCut(part, text)
    return from + part.length
  }

  #addCut(part: Buffer, text: Text): void {
    this.reading.outlet.add(this.identity, text.decode(part).lines, part.length, TRUNCATED)
    this.#tellCut()
  }

  #tellCut(): void {
    const { maxLine, context } = this.reading
    countCut(context.account)
    if (!this.#cutTold) context.log.warn(`${this.lastPath}: a line is longer than --max-entry-bytes ${maxLine}: cut`)
    this.#cutTold = true
  }

  #tellRepaired(): void {
    const encoding = this.reading.encoding === 'auto' ? 'UTF-8' : this.reading.encoding
    const told = `${this.lastPath}: not all of it is ${encoding}: what is not stands as U+FFFD`
    if (!this.#repaired) this.reading.context.log.warn(told)
    this.#repaired = true
  }
}

const UTF8 = textOf(Buffer.alloc(0), 'utf-8')

/** The beginning of a line that is longer than that. */
function cutTo(line: Buffer, text: Text, bytes: number): Buffer {
  const part = line.subarray(0, bytes + 1)
  return part.subarray(0, text.boundary(part, bytes))
}

/**
 * Where text begins behind a region of NULs, as a crash or a truncation leaves it. Those at the very end may yet be
 * written.
 */
function skipZeros(data: Buffer, from: number, keep: number): number {
  let at = from
  while (at < data.length && data[at] === 0) at++
  return at < data.length || data.length - from > keep ? at : from
}

function fits(line: string, maxLine: number): boolean {
  return line.length * 3 <= maxLine || (line.length <= maxLine && Buffer.byteLength(line) <= maxLine)
}
