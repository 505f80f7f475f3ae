// One entry as bytes: a head with a checksum of its own, so that a damaged length harms one entry only, and the body.
//
//   offset  bytes  field (numbers are little-endian)
//   0       4      magic: 9e 53 50 4c
//   4       4      CRC-32C of the head from here to its end
//   8       4      length of the body
//   12      4      CRC-32C of the body
//   16      8      sequence number, from 1
//   24      8      Unix milliseconds at which the entry was made
//   32      2      lane
//   34      2      lanes that there were
//   36      4      records in the body
//   40      4      format of the body; what it means is up to the writer

import { crc32c } from './crc32c.js'

export const HEAD_BYTES = 44
export const MAGIC = Buffer.from([0x9e, 0x53, 0x50, 0x4c])
const CHECKED_FROM = 8

export interface EntryHead {
  readonly seq: number
  /** Unix milliseconds. */
  readonly time: number
  /** Entries of one lane belong behind each other, for as long as there are as many lanes. */
  readonly lane: number
  readonly lanes: number
  readonly records: number
  readonly format: number
}

export interface Entry extends EntryHead {
  readonly body: Buffer
}

/** A head as it was found, with what the frame says about its body. */
export interface FoundHead extends EntryHead {
  readonly length: number
  readonly bodyCrc: number
}

/** The head that goes before the body. */
export function encodeHead(entry: Entry): Buffer {
  const head = Buffer.allocUnsafe(HEAD_BYTES)
  MAGIC.copy(head)
  head.writeUInt32LE(entry.body.length, 8)
  head.writeUInt32LE(crc32c(entry.body), 12)
  writeWide(head, entry.seq, 16)
  writeWide(head, entry.time, 24)
  head.writeUInt16LE(entry.lane, 32)
  head.writeUInt16LE(entry.lanes, 34)
  head.writeUInt32LE(entry.records, 36)
  head.writeUInt32LE(entry.format, 40)
  head.writeUInt32LE(crc32c(head, CHECKED_FROM), 4)
  return head
}

/** The head at `at`, of which all bytes must be there; null if there is none. */
export function decodeHead(bytes: Buffer, at: number): FoundHead | null {
  if (bytes.readUInt32BE(at) !== 0x9e53504c) return null
  if (bytes.readUInt32LE(at + 4) !== crc32c(bytes, at + CHECKED_FROM, at + HEAD_BYTES)) return null
  const seq = readWide(bytes, at + 16)
  const time = readWide(bytes, at + 24)
  if (!Number.isSafeInteger(seq) || seq < 1 || !Number.isSafeInteger(time)) return null
  return {
    seq,
    time,
    length: bytes.readUInt32LE(at + 8),
    bodyCrc: bytes.readUInt32LE(at + 12),
    lane: bytes.readUInt16LE(at + 32),
    lanes: bytes.readUInt16LE(at + 34),
    records: bytes.readUInt32LE(at + 36),
    format: bytes.readUInt32LE(at + 40),
  }
}

const HIGH = 0x1_0000_0000

function writeWide(bytes: Buffer, value: number, at: number): void {
  bytes.writeUInt32LE(value % HIGH, at)
  bytes.writeUInt32LE(Math.floor(value / HIGH), at + 4)
}

function readWide(bytes: Buffer, at: number): number {
  return bytes.readUInt32LE(at) + bytes.readUInt32LE(at + 4) * HIGH
}
