// The snappy block format, by the native library, loaded when it is needed.

import { Problem } from '../diag/problem.js'

export interface Snappy {
  compress(bytes: Buffer): Buffer
  uncompress(bytes: Buffer): Buffer
}

/** Throws a Problem where the library has no binary for this platform, or was installed without it. */
export async function loadSnappy(): Promise<Snappy> {
  try {
    const { compressSync, uncompressSync } = await import('snappy')
    // Without copyOutputData every result is an external buffer, which costs fifteen times as much.
    const options = { copyOutputData: true }
    return {
      compress: (bytes) => compressSync(bytes, options),
      uncompress: (bytes) => uncompressSync(bytes, { ...options, asBuffer: true }) as Buffer,
    }
  } catch (cause) {
    throw new Problem('the snappy library has no binary for this platform', {
      hint: 'its binaries are optional dependencies: install again without --omit=optional',
      cause,
    })
  }
}

/** Memory for so many bytes, and perhaps some more behind them. */
export type Take = (bytes: number) => Buffer

/** A block of its elements, which stand for `length` bytes. */
export function blockOf(length: number, elements: Buffer, take: Take = Buffer.allocUnsafe): Buffer {
  const front: number[] = []
  for (; length >= 0x80; length = Math.floor(length / 0x80)) front.push((length % 0x80) | 0x80)
  front.push(length)
  const size = front.length + elements.length
  const block = take(size).subarray(0, size)
  block.set(front)
  elements.copy(block, front.length)
  return block
}

/** Bytes of the length in front of a block. */
export function prefixLength(block: Buffer): number {
  let length = 1
  while (block[length - 1] >= 0x80) length++
  return length
}

/** Length of a block's content, as it says in front; undefined where there is none. */
export function lengthOf(block: Buffer): number | undefined {
  let length = 0
  for (let at = 0; at < 5; at++) {
    const byte = block[at]
    if (byte === undefined) return undefined
    length += (byte & 0x7f) * 2 ** (7 * at)
    if (byte < 0x80) return length < 2 ** 32 ? length : undefined
  }
  return undefined
}
