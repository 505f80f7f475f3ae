// Reading protobuf messages field by field, with a bound on what they may hold.

import { isUtf8 } from 'node:buffer'
import protobuf from 'protobufjs/minimal.js'
import { nanosOfMillis } from '../../record/time.js'

export type Reader = protobuf.Reader

/** Wire types. */
const VARINT = 0
const FIXED64 = 1
const BYTES = 2

/** Keys of `fields`: field number and wire type. */
export const varintKey = (field: number): number => (field << 3) | VARINT
export const doubleKey = (field: number): number => (field << 3) | FIXED64
export const bytesKey = (field: number): number => (field << 3) | BYTES

/** More in a message than the reader takes. */
export class TooMuch extends Error {}

/** Elements (messages, strings, numbers of lists) that a request may still hold: each takes more memory than bytes. */
export class Budget {
  constructor(private left: number) {}

  take(count = 1): void {
    if ((this.left -= count) < 0) throw new TooMuch('too many elements')
  }
}

/** What is done with a field, by its key. Fields of another number or wire type are skipped. */
export interface FieldReaders {
  readonly [key: number]: (reader: Reader) => void
}

/** Reads all fields. Throws a RangeError or Error where the bytes are no message. */
export function fields(reader: Reader, read: FieldReaders): void {
  while (reader.pos < reader.len) {
    const tag = reader.uint32()
    const known = read[tag]
    if (known !== undefined) known(reader)
    else if (tag >>> 3 === 0) throw new Error('field number 0')
    else reader.skipType(tag & 7)
  }
}

/** A reader of a message. */
export function readerOf(bytes: Uint8Array): Reader {
  return protobuf.Reader.create(bytes)
}

/** The bytes of an embedded message as a reader of their own. */
export function message(reader: Reader, budget: Budget): Reader {
  budget.take()
  return readerOf(reader.bytes())
}

/** A repeated number, packed or one by one, appended to what `to` gives. */
export function listReaders<T>(field: number, wire: 0 | 1, one: (reader: Reader) => T, to: () => T[], budget: Budget) {
  const take = (reader: Reader) => {
    budget.take()
    to().push(one(reader))
  }
  return {
    [(field << 3) | wire]: take,
    [bytesKey(field)]: (reader: Reader) => {
      const packed = readerOf(reader.bytes())
      while (packed.pos < packed.len) take(packed)
    },
  }
}

/** A string. What is not UTF-8 becomes lone surrogates, which `labelsComplaint` tells. */
export function text(reader: Reader): string {
  const { buffer, byteOffset, length } = reader.bytes()
  return textOf(Buffer.from(buffer, byteOffset, length))
}

/** The same of bytes. */
export function textOf(bytes: Buffer): string {
  const text = bytes.toString()
  if (!text.includes('\ufffd') || isUtf8(bytes)) return text
  return Array.from(bytes, (byte) => String.fromCharCode(byte < 0x80 ? byte : 0xdc00 + byte)).join('')
}

/** Unix milliseconds as nanoseconds. */
export function time(reader: Reader): string {
  return nanosOfMillis(Number(reader.int64().toString()))
}
