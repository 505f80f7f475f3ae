// The files of a spool as its format says, read by a decoder of the tests' own; see lib/spool/frame.ts for the fields.

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { uncompressSync } from 'snappy'
import { samplesIn } from './flaky_receiver.js'
import type { Received } from './remote_write.js'

const HEAD_BYTES = 44

export interface SpoolEntry {
  /** The file, and the bytes of it that the entry takes; `to` may be behind its end. */
  path: string
  from: number
  to: number
  seq: number
  records: number
  /** Null if it is damaged. */
  samples: Received[] | null
  /** Whether it is still to be sent, as the offset says. */
  waits: boolean
}

/** What the spools of a --state folder hold, oldest first. */
export function spoolEntries(state: string): SpoolEntry[] {
  return foldersIn(join(state, 'spool')).flatMap((folder) => {
    const waits = offsetOf(folder)
    return segmentsIn(folder).flatMap((path) => entriesOf(path, waits))
  })
}

/** Records that are still to be sent. */
export function waitingRecords(entries: readonly SpoolEntry[]): number {
  return entries.reduce((sum, { waits, records }) => sum + (waits ? records : 0), 0)
}

export function foldersIn(spool: string): string[] {
  return namesIn(spool).map((name) => join(spool, name))
}

/** The segment files of a spool, oldest first. */
export function segmentsIn(folder: string): string[] {
  return namesIn(folder)
    .filter((name) => name.endsWith('.seg'))
    .sort()
    .map((name) => join(folder, name))
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

function offsetOf(folder: string): (seq: number) => boolean {
  let text: string
  try {
    text = readFileSync(join(folder, 'sent.offset'), 'utf8')
  } catch {
    return () => true
  }
  const [, json, sum] = /^(.*) ([0-9a-f]{8})\n$/s.exec(text) ?? ['', '', '']
  if (crc(Buffer.from(json)) !== Number.parseInt(sum, 16)) return () => true
  const { next, open } = JSON.parse(json) as { next: number; open: number[] }
  const again = new Set(open)
  return (seq) => seq >= next || again.has(seq)
}

function entriesOf(path: string, waits: (seq: number) => boolean): SpoolEntry[] {
  const bytes = readFileSync(path)
  const entries: SpoolEntry[] = []
  let at = 0
  while (at + HEAD_BYTES <= bytes.length) {
    const head = bytes.subarray(at, at + HEAD_BYTES)
    if (head.readUInt32BE(0) !== 0x9e53504c || crc(head.subarray(8)) !== head.readUInt32LE(4)) {
      at++
      continue
    }
    const to = at + HEAD_BYTES + head.readUInt32LE(8)
    const seq = Number(head.readBigUInt64LE(16))
    const body = bytes.subarray(at + HEAD_BYTES, to)
    const whole = to <= bytes.length && crc(body) === head.readUInt32LE(12)
    const samples = whole ? samplesOfBody(body) : null
    entries.push({ path, from: at, to, seq, records: head.readUInt32LE(36), samples, waits: waits(seq) })
    at = to <= bytes.length ? to : at + HEAD_BYTES
  }
  return entries
}

function samplesOfBody(body: Buffer): Received[] {
  const message = uncompressSync(body) as Buffer
  // Requests of 2.0 begin with their symbols, field 4; those of 1.0 have fields 1 and 3 alone.
  return samplesIn(message, message[0] === 0x22)
}

/** For CRC-32C. */
const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte
  for (let bit = 0; bit < 8; bit++) value = (value >>> 1) ^ (value & 1 ? 0x82f63b78 : 0)
  return value
})

function crc(bytes: Uint8Array): number {
  let value = 0xffffffff
  for (const byte of bytes) value = (value >>> 8) ^ TABLE[(value ^ byte) & 0xff]
  return ~value >>> 0
}
