// Thrift's binary protocol (Apache Thrift, "Thrift Binary protocol encoding"), as much as reading takes, within bounds.

import { Budget, textOf } from '../remote_write/read.js'
import { type Bounds, TooDeep } from '../otlp/protobuf.js'

const STOP = 0
export const BOOL = 2
const BYTE = 3
export const DOUBLE = 4
const I16 = 6
export const I32 = 8
export const I64 = 10
export const STRING = 11
export const STRUCT = 12
const MAP = 13
const SET = 14
export const LIST = 15

/** Bytes of values that have a fixed number of them. */
const WIDTHS: ReadonlyMap<number, number> = new Map([[BOOL, 1], [BYTE, 1], [DOUBLE, 8], [I16, 2], [I32, 4], [I64, 8]])

/** What is done with a field, by `fieldKey`. Others are skipped. */
export interface FieldReaders {
  readonly [key: number]: () => void
}

/** A field's number and the type that it must have. */
export const fieldKey = (id: number, type: number): number => (id << 8) | type

/** Everything throws a RangeError where the bytes end too early. */
export class ThriftReader {
  #at = 0
  readonly #budget: Budget
  readonly #depth: number

  constructor(
    private readonly bytes: Buffer,
    { max_elements, max_depth }: Bounds,
  ) {
    this.#budget = new Budget(max_elements)
    this.#depth = max_depth
  }

  get ended(): boolean {
    return this.#at === this.bytes.length
  }

  struct(read: FieldReaders): void {
    this.#budget.take()
    for (let type = this.#byte(); type !== STOP; type = this.#byte()) {
      const id = this.bytes.readInt16BE(this.#move(2))
      const known = read[fieldKey(id, type)]
      if (known !== undefined) known()
      else this.#skip(type, this.#depth)
    }
  }

  /** Structs of a list; of elements of another type there are none. */
  list(one: () => void): void {
    const { type, count } = this.#elements()
    for (let i = 0; i < count; i++) {
      if (type === STRUCT) one()
      else this.#skip(type, this.#depth)
    }
  }

  bool(): boolean {
    return this.#byte() !== 0
  }

  i32(): number {
    return this.bytes.readInt32BE(this.#move(4))
  }

  i64(): bigint {
    return this.bytes.readBigInt64BE(this.#move(8))
  }

  /** 64 bits in hex. */
  id(): string {
    const at = this.#move(8)
    return this.bytes.toString('hex', at, at + 8)
  }

  double(): number {
    return this.bytes.readDoubleBE(this.#move(8))
  }

  /** What is not UTF-8 becomes U+FFFD. */
  text(): string {
    return textOf(this.binary()).toWellFormed()
  }

  binary(): Buffer {
    const length = this.i32()
    if (length < 0) throw new RangeError('a negative length')
    const at = this.#move(length)
    return this.bytes.subarray(at, at + length)
  }

  #elements(): { type: number; count: number } {
    const type = this.#byte()
    const count = this.i32()
    if (count < 0) throw new RangeError('a negative count')
    // Of whatever type, an element takes a byte.
    if (count > this.bytes.length - this.#at) throw new RangeError('the message is cut off')
    this.#budget.take(count)
    return { type, count }
  }

  #byte(): number {
    return this.bytes.readUInt8(this.#move(1))
  }

  /** Where the next bytes begin, which are read. */
  #move(bytes: number): number {
    const at = this.#at
    if (bytes > this.bytes.length - at) throw new RangeError('the message is cut off')
    this.#at += bytes
    return at
  }

  #skip(type: number, depth: number): void {
    if (depth <= 0) throw new TooDeep('nested too deep')
    const width = WIDTHS.get(type)
    if (width !== undefined) this.#move(width)
    else if (type === STRING) this.binary()
    else if (type === STRUCT) this.#skipStruct(depth)
    else if (type === LIST || type === SET) {
      const { type: inner, count } = this.#elements()
      for (let i = 0; i < count; i++) this.#skip(inner, depth - 1)
    } else if (type === MAP) this.#skipMap(depth)
    else throw new Error(`unknown type ${type}`)
  }

  #skipStruct(depth: number): void {
    this.#budget.take()
    for (let type = this.#byte(); type !== STOP; type = this.#byte()) {
      this.#move(2)
      this.#skip(type, depth - 1)
    }
  }

  #skipMap(depth: number): void {
    const key = this.#byte()
    const { type, count } = this.#elements()
    for (let i = 0; i < count; i++) {
      this.#skip(key, depth - 1)
      this.#skip(type, depth - 1)
    }
  }
}
