// Whether bytes are a message of a type, found out without decoding it.

import { isUtf8 } from 'node:buffer'
import type { Field, MessageType } from './schema.js'

/** What stands behind a tag; 0 for one that the type does not have. */
const VARINT = 1
const EIGHT = 2
const FOUR = 3
const TEXT = 4
const BYTES = 5
const MESSAGE = 6
/** Ids that have to be some: 16 or 8 bytes that are not all zero. */
const TRACE_ID = 7
const SPAN_ID = 8
const PARENT_ID = 9
const OWN_IDS = (1 << TRACE_ID) | (1 << SPAN_ID)

const VARINTS = new Set(['bool', 'uint32', 'int32', 'sint32', 'int64', 'uint64'])
const EIGHTS = new Set(['double', 'fixed64', 'sfixed64'])

/** The fields of a type by their tags, which are numbers with wire types. */
interface Shape {
  readonly codes: Uint8Array
  readonly inner: (Shape | undefined)[]
}

const known = new WeakMap<MessageType, Shape>()

function shapeOf(type: MessageType): Shape {
  const before = known.get(type)
  if (before !== undefined) return before
  const shape: Shape = { codes: new Uint8Array(8 * type.byNumber.length), inner: [] }
  known.set(type, shape)
  for (const field of type.fields) {
    const [code, wire] = codeOf(field)
    const tag = (field.number << 3) | wire
    shape.codes[tag] = code
    if (typeof field.kind !== 'string') shape.inner[tag] = shapeOf(field.kind)
  }
  return shape
}

function codeOf({ kind, list }: Field): readonly [code: number, wire: number] {
  if (typeof kind !== 'string') return [MESSAGE, 2]
  if (kind === 'string') return [TEXT, 2]
  if (kind === 'bytes' || kind === 'id') return [BYTES, 2]
  // Packed lists are in metrics alone.
  if (list) return [0, 2]
  if (VARINTS.has(kind)) return [VARINT, 0]
  return EIGHTS.has(kind) ? [EIGHT, 1] : [FOUR, 5]
}

/** The same for an item, a span or a log entry, whose own ids have to be good. */
function itemShape(type: MessageType): Shape {
  const { codes, inner } = shapeOf(type)
  const own = { codes: Uint8Array.from(codes), inner }
  for (const [name, code] of [['traceId', TRACE_ID], ['spanId', SPAN_ID], ['parentSpanId', PARENT_ID]] as const) {
    const field = type.byName.get(name)
    if (field !== undefined) own.codes[(field.number << 3) | 2] = code
  }
  return own
}

export class Walk {
  readonly #item: Shape
  /** Embedded messages that may still come. */
  left = 0
  /** Which ids the last item has. */
  #ids = 0

  constructor(
    private readonly bytes: Buffer,
    type: MessageType,
  ) {
    this.#item = itemShape(type)
  }

  /**
   * Whether `bytes[at, end)` is an item whose fields are known, each of its wire type, its text UTF-8, its ids good.
   *
   * @param identified whether it has to have a trace id and a span id
   */
  isItem(at: number, end: number, depth: number, identified: boolean): boolean {
    this.#ids = 0
    return this.#is(this.#item, at, end, depth) && (!identified || (this.#ids & OWN_IDS) === OWN_IDS)
  }

  #is({ codes, inner }: Shape, at: number, end: number, depth: number): boolean {
    if (depth <= 0) return false
    const { bytes } = this
    while (at < end) {
      let tag = bytes[at++]
      if (tag >= 0x80) tag = (tag & 0x7f) | (bytes[at++] << 7)
      const code = tag < codes.length ? codes[tag] : 0
      if (code === 0) return false
      if (code === VARINT) at = skipVarint(bytes, at)
      else if (code === EIGHT) at += 8
      else if (code === FOUR) at += 4
      else {
        let length = bytes[at++]
        if (length >= 0x80) {
          length = lengthAt(bytes, at - 1)
          at = skipVarint(bytes, at - 1)
        }
        const stop = at + length
        // Not so where the length is NaN, either.
        if (!(stop <= end)) return false
        if (code === MESSAGE) {
          if (--this.left < 0 || !this.#is(inner[tag]!, at, stop, depth - 1)) return false
        } else if (code === TEXT) {
          if (!isText(bytes, at, stop)) return false
        } else if (code !== BYTES && !this.#isId(code, at, stop)) return false
        at = stop
      }
    }
    return at === end
  }

  #isId(code: number, at: number, stop: number): boolean {
    if (stop - at !== (code === TRACE_ID ? 16 : 8)) return false
    this.#ids |= 1 << code
    for (let i = at; i < stop; i++) if (this.bytes[i] !== 0) return true
    return false
  }
}

/** Where a varint ends; NaN where it is none. */
export function skipVarint(bytes: Buffer, at: number): number {
  for (let stop = at + 10; at < stop; ) if (bytes[at++] < 0x80) return at
  return NaN
}

/** The varint of a length: four bytes at most; NaN where it is another. */
export function lengthAt(bytes: Buffer, at: number): number {
  let length = 0
  for (let shift = 0; shift < 28; shift += 7) {
    const byte = bytes[at++]
    length |= (byte & 0x7f) << shift
    if (byte < 0x80) return length
  }
  return NaN
}

/** Whether it is UTF-8. Most text is ASCII, and short: a loop takes less time than a call. */
export function isText(bytes: Buffer, at: number, end: number): boolean {
  let all = 0
  for (let i = at; i < end; i++) all |= bytes[i]
  return all < 0x80 || isUtf8(bytes.subarray(at, end))
}
