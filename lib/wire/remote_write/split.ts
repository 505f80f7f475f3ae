// A request that is too large, in two. Messages of series are copied as they are; in 2.0 their references are those of a
// symbol table with what each half needs.

import { bytesKey, fields, type Reader, readerOf, varintKey } from './read.js'
import type { Version } from './version.js'
import { ProtoWriter, varintTag } from './writer.js'

export interface Half {
  readonly bytes: Buffer
  /** Samples, and metadata that stands by itself. */
  readonly records: number
}

/**
 * The halves of a request, uncompressed, in its order; null where it holds one series. Throws an Error where the bytes
 * are no such request.
 */
export function halvesOf(bytes: Buffer, version: Version): [Half, Half] | null {
  const { parts, encode } = version === 1 ? partsOne(bytes) : partsTwo(bytes)
  if (parts.length < 2) return null
  const half = Math.ceil(parts.length / 2)
  const join = (some: readonly Part[]) => {
    const records = some.reduce((sum, part) => sum + part.records, 0)
    return { bytes: encode(some.map((part) => part.bytes)), records }
  }
  return [join(parts.slice(0, half)), join(parts.slice(half))]
}

interface Part {
  bytes: Buffer
  records: number
}

interface Parts {
  parts: Part[]
  encode(parts: readonly Buffer[]): Buffer
}

/** Series (field 1) and metadata (field 3), each with its tag and length. */
function partsOne(bytes: Buffer): Parts {
  const parts: Part[] = []
  const part = (field: number, count: (message: Buffer) => number) => (reader: Reader) => {
    const message = bytesOf(reader)
    const writer = new ProtoWriter(message.length + 16)
    writer.message(field, message)
    parts.push({ bytes: writer.take(), records: count(message) })
  }
  fields(readerOf(bytes), {
    [bytesKey(1)]: part(1, (message) => countFields(message, [bytesKey(2), bytesKey(4)])),
    [bytesKey(3)]: part(3, () => 1),
  })
  return { parts, encode: Buffer.concat }
}

/** Series (field 5), and what their references mean (field 4). */
function partsTwo(bytes: Buffer): Parts {
  const symbols: Buffer[] = []
  const parts: Part[] = []
  fields(readerOf(bytes), {
    [bytesKey(4)]: (reader) => symbols.push(bytesOf(reader)),
    [bytesKey(5)]: (reader) => {
      const message = bytesOf(reader)
      parts.push({ bytes: message, records: countFields(message, [bytesKey(2), bytesKey(3)]) })
    },
  })
  return { parts, encode: (series) => encodeTwo(series, symbols) }
}

function encodeTwo(series: readonly Buffer[], symbols: readonly Buffer[]): Buffer {
  const table = new SymbolTable(symbols)
  const messages = new ProtoWriter(1 << 16)
  for (const one of series) messages.message(5, seriesWith(one, table))
  table.writer.bytes(messages.view())
  return table.writer.take()
}

/** The symbols that are used, in the order of their first use, behind the empty one. */
class SymbolTable {
  readonly writer = new ProtoWriter(1 << 14)
  readonly #refs = new Map<number, number>([[0, 0]])

  constructor(private readonly symbols: readonly Buffer[]) {
    this.writer.message(4, Buffer.alloc(0))
  }

  /** The new reference for an old one. */
  ref(old: number): number {
    const known = this.#refs.get(old)
    if (known !== undefined) return known
    if (old >= this.symbols.length) throw new Error(`symbol ${old} of ${this.symbols.length}`)
    const ref = this.#refs.size
    this.#refs.set(old, ref)
    this.writer.message(4, this.symbols[old])
    return ref
  }
}

function seriesWith(series: Buffer, table: SymbolTable): Buffer {
  return copied(series, (writer) => ({
    [bytesKey(1)]: (reader) => writer.message(1, refsWith(bytesOf(reader), table)),
    [bytesKey(4)]: (reader) => writer.message(4, exemplarWith(bytesOf(reader), table)),
    [bytesKey(5)]: (reader) => writer.message(5, metadataWith(bytesOf(reader), table)),
  }))
}

function exemplarWith(exemplar: Buffer, table: SymbolTable): Buffer {
  return copied(exemplar, (writer) => ({
    [bytesKey(1)]: (reader) => writer.message(1, refsWith(bytesOf(reader), table)),
  }))
}

function metadataWith(metadata: Buffer, table: SymbolTable): Buffer {
  return copied(metadata, (writer) => {
    const ref = (field: number) => (reader: Reader) => {
      writer.uint(varintTag(field))
      writer.uint(table.ref(reader.uint32()))
    }
    return { [varintKey(3)]: ref(3), [varintKey(4)]: ref(4) }
  })
}

/** Packed references. */
function refsWith(refs: Buffer, table: SymbolTable): Buffer {
  const writer = new ProtoWriter(refs.length + 16)
  const reader = readerOf(refs)
  while (reader.pos < reader.len) writer.uint(table.ref(reader.uint32()))
  return writer.take()
}

/** A message whose fields are copied, but for those with a way of their own. */
function copied(message: Buffer, change: (writer: ProtoWriter) => { [key: number]: (reader: Reader) => void }): Buffer {
  const writer = new ProtoWriter(message.length + 64)
  const own = change(writer)
  const reader = readerOf(message)
  while (reader.pos < reader.len) {
    const from = reader.pos
    const tag = reader.uint32()
    if (own[tag] !== undefined) own[tag](reader)
    else {
      reader.skipType(tag & 7)
      writer.bytes(message.subarray(from, reader.pos))
    }
  }
  return writer.take()
}

function countFields(message: Buffer, keys: readonly number[]): number {
  let count = 0
  const reader = readerOf(message)
  while (reader.pos < reader.len) {
    const tag = reader.uint32()
    if (keys.includes(tag)) count++
    reader.skipType(tag & 7)
  }
  return count
}

function bytesOf(reader: Reader): Buffer {
  const { buffer, byteOffset, length } = reader.bytes()
  return Buffer.from(buffer, byteOffset, length)
}
