// Messages of OTLP as protobuf, read and written by the table of ./schema.ts.

import protobuf from 'protobufjs/minimal.js'
import { Budget, type Reader } from '../remote_write/read.js'
import { ProtoWriter } from '../remote_write/writer.js'
import type { Field, MessageType, Scalar } from './schema.js'

/** A message whose fields are known by its type. */
export interface Fields {
  [name: string]: unknown
}

export class TooDeep extends Error {}

/** What a message may hold. */
export interface Bounds {
  /** Embedded messages and elements of lists. */
  max_elements: number
  /** Levels of messages in one another. */
  max_depth: number
}

const WIRE: Readonly<Record<Scalar, number>> = {
  string: 2, bytes: 2, id: 2, bool: 0, uint32: 0, int32: 0, sint32: 0, int64: 0, uint64: 0,
  fixed32: 5, double: 1, fixed64: 1, sfixed64: 1,
}
const BYTES = 2

/** Decodes a message. Throws TooMuch, TooDeep, or an Error where the bytes are no such message. */
export function decodeMessage<T extends object>(bytes: Buffer, type: MessageType, bounds: Bounds): T {
  const reader = protobuf.Reader.create(bytes)
  const budget = new Budget(bounds.max_elements)
  const message: Fields = {}
  readInto(message, reader, bytes.length, type, budget, bounds.max_depth)
  return message as T
}

function readInto(message: Fields, reader: Reader, end: number, type: MessageType, budget: Budget, depth: number): void {
  if (depth <= 0) throw new TooDeep('nested too deep')
  const { byNumber } = type
  let chosen: string | undefined
  while (reader.pos < end) {
    const tag = reader.uint32()
    const number = tag >>> 3
    const wire = tag & 7
    const field = number < byNumber.length ? byNumber[number] : undefined
    if (number === 0) throw new Error('field number 0')
    if (type.exact !== null && field !== undefined && wire !== wireOf(field)) {
      throw new Error(`'${field.name}' is not as in ${type.exact}`)
    }
    if (field === undefined || !readField(message, reader, field, wire, budget, depth)) {
      reader.skipType(wire)
      continue
    }
    if (!field.choice) continue
    // Of a oneof the last one counts.
    if (chosen !== undefined && chosen !== field.name) delete message[chosen]
    chosen = field.name
  }
  if (reader.pos !== end) throw new RangeError('a field goes beyond the end of its message')
}

/** As a field is written: lists of numbers packed. */
function wireOf({ kind, list }: Field): number {
  return list || typeof kind !== 'string' ? BYTES : WIRE[kind]
}

/** Reads a field; false if it is of another wire type than it should be. */
function readField(message: Fields, reader: Reader, field: Field, wire: number, budget: Budget, depth: number): boolean {
  const { kind, name } = field
  if (typeof kind !== 'string') {
    if (wire !== BYTES) return false
    budget.take()
    const end = endOf(reader)
    // A single message that comes in pieces is put together.
    const known = field.list ? undefined : (message[name] as Fields | undefined)
    const inner = known ?? {}
    readInto(inner, reader, end, kind, budget, depth - 1)
    if (field.list) push(message, name, inner)
    else message[name] = inner
    return true
  }
  if (wire === WIRE[kind]) {
    const value = readScalar(reader, kind)
    if (field.list) {
      budget.take()
      push(message, name, value)
    } else if (field.present || !isDefault(value)) message[name] = value
    else delete message[name]
    return true
  }
  if (!field.list || wire !== BYTES) return false
  const end = endOf(reader)
  while (reader.pos < end) {
    budget.take()
    push(message, name, readScalar(reader, kind))
  }
  if (reader.pos !== end) throw new RangeError('a list goes beyond its end')
  return true
}

function push(message: Fields, name: string, value: unknown): void {
  const list = message[name] as unknown[] | undefined
  if (list === undefined) message[name] = [value]
  else list.push(value)
}

/** Where the bytes end whose length comes next. */
function endOf(reader: Reader): number {
  const length = reader.uint32()
  const end = reader.pos + length
  if (end > reader.len) throw new RangeError('the message is cut off')
  return end
}

function readScalar(reader: Reader, kind: Scalar): unknown {
  switch (kind) {
    case 'string': {
      const end = endOf(reader)
      const text = (reader.buf as Buffer).utf8Slice(reader.pos, end)
      reader.pos = end
      return text
    }
    case 'id': {
      const end = endOf(reader)
      const id = (reader.buf as Buffer).toString('hex', reader.pos, end)
      reader.pos = end
      return id
    }
    case 'bytes': {
      const end = endOf(reader)
      const bytes = (reader.buf as Buffer).toString('base64', reader.pos, end)
      reader.pos = end
      return bytes
    }
    case 'fixed64':
    case 'sfixed64':
      return fixed64(reader, kind === 'sfixed64')
    case 'int64':
    case 'uint64':
      return reader[kind]().toString()
    default:
      return reader[kind]()
  }
}

/** Both halves of 64 bits: most numbers fit a double, and times take a bigint. */
function fixed64(reader: Reader, signed: boolean): string {
  const low = reader.fixed32()
  const high = reader.fixed32()
  if (high < 0x20_0000) return String(high * 0x1_0000_0000 + low)
  const bits = (BigInt(high) << 32n) | BigInt(low)
  return (signed ? BigInt.asIntN(64, bits) : bits).toString()
}

/** Whether a field that stands for itself where it is absent need not be told. Zero below zero is another value. */
export function isDefault(value: unknown): boolean {
  return value === '' || value === false || value === '0' || (value === 0 && !Object.is(value, -0))
}

/** The bytes of a message. Throws a RangeError where a number is out of the range of its field. */
export function encodeMessage(message: object, type: MessageType): Buffer {
  const writer = new ProtoWriter()
  writeFields(writer, message, type)
  return writer.view()
}

/** Appends the fields of a message. Throws as `encodeMessage`. */
export function writeFields(writer: ProtoWriter, message: object, type: MessageType): void {
  for (const field of type.fields) {
    const value = (message as Fields)[field.name]
    if (value === undefined) continue
    if (!field.list) writeOne(writer, field, value)
    else if (typeof field.kind !== 'string' || WIRE[field.kind] === BYTES) {
      for (const one of value as unknown[]) writeOne(writer, field, one, true)
    } else if ((value as unknown[]).length > 0) {
      framed(writer, field.number, () => {
        for (const one of value as unknown[]) writeScalar(writer, field.kind as Scalar, one)
      })
    }
  }
}

function writeOne(writer: ProtoWriter, { number, kind, present }: Field, value: unknown, always = present): void {
  if (typeof kind !== 'string') {
    framed(writer, number, () => writeFields(writer, value as object, kind))
    return
  }
  if (!always && isDefault(value)) return
  writer.uint((number << 3) | WIRE[kind])
  writeScalar(writer, kind, value)
}

/** Tag, length and what is written inside; the length is known afterwards, and mostly takes one byte. */
function framed(writer: ProtoWriter, number: number, inside: () => void): void {
  writer.uint((number << 3) | BYTES)
  const at = writer.length
  writer.uint(0)
  inside()
  const length = writer.length - at - 1
  const width = length < 0x80 ? 1 : length < 0x4000 ? 2 : length < 0x20_0000 ? 3 : length < 0x1000_0000 ? 4 : 5
  const end = writer.length + width - 1
  if (width > 1) writer.reserve(width - 1).copyWithin(at + width, at + 1, writer.length)
  writer.length = at
  writer.uint(length)
  writer.length = end
}

const RANGES: { readonly [kind: string]: readonly [bigint, bigint] } = {
  int64: [-(2n ** 63n), 2n ** 63n], sfixed64: [-(2n ** 63n), 2n ** 63n], uint64: [0n, 2n ** 64n], fixed64: [0n, 2n ** 64n],
  uint32: [0n, 2n ** 32n], fixed32: [0n, 2n ** 32n], int32: [-(2n ** 31n), 2n ** 31n], sint32: [-(2n ** 31n), 2n ** 31n],
}

function writeScalar(writer: ProtoWriter, kind: Scalar, value: unknown): void {
  switch (kind) {
    case 'string':
      return writeBytes(writer, Buffer.from(value as string))
    case 'bytes':
      return writeBytes(writer, Buffer.from(value as string, 'base64'))
    case 'id':
      return writeBytes(writer, Buffer.from(value as string, 'hex'))
    case 'double':
      return writer.double(value as number)
    case 'bool':
      return writer.uint(value === true ? 1 : 0)
    default: {
      const small = Number(value)
      // Most numbers need no bigint.
      const plain = small >= 0 && small <= MOST_PLAIN && Number.isInteger(small)
      if (plain && PLAIN_VARINTS.has(kind)) return writer.uint(small)
      return writeWhole(writer, kind, BigInt(value as number | string))
    }
  }
}

/** Written alike in all of these, up to the most of the least. */
const PLAIN_VARINTS = new Set<Scalar>(['uint32', 'int32', 'int64', 'uint64'])
const MOST_PLAIN = 0x7fff_ffff

function writeWhole(writer: ProtoWriter, kind: Scalar, value: bigint): void {
  const [low, beyond] = RANGES[kind]
  if (value < low || value >= beyond) throw new RangeError(`${value} is no ${kind}`)
  if (kind === 'fixed32') {
    writer.reserve(4).writeUInt32LE(Number(value), writer.length)
    writer.length += 4
  } else if (kind === 'fixed64' || kind === 'sfixed64') {
    writer.reserve(8).writeBigUInt64LE(BigInt.asUintN(64, value), writer.length)
    writer.length += 8
  } else if (kind === 'sint32') writer.zigzag(value)
  else writer.big(value)
}

function writeBytes(writer: ProtoWriter, bytes: Buffer): void {
  writer.uint(bytes.length)
  writer.bytes(bytes)
}
