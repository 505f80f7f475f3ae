// Packed files: how they are told from others, and what is in them, piece by piece.

import type { FileHandle } from 'node:fs/promises'
import { DamagedFile, gunzipped } from '../recording/lines.js'

export type Packing = 'gzip' | 'bzip2' | 'zstd'

/** Packed bytes read at once: they may unpack to a thousand times as much. */
const PIECE = 1 << 14

/** Forms that are known, and not read here. */
const UNREAD: readonly (readonly [head: string, name: string])[] = [
  ['fd377a585a00', 'xz'], ['04224d18', 'lz4'], ['504b0304', 'zip'], ['1f9d', 'compress'], ['4c5a4950', 'lzip'],
]

/** How the file is packed by its first bytes, whatever its name. */
export function packingOf(head: Buffer): Packing | null {
  const hex = head.toString('hex')
  if (hex.startsWith('1f8b08')) return 'gzip'
  if (/^425a683[1-9](314159265359|177245385090)/.test(hex)) return 'bzip2'
  return hex.startsWith('28b52ffd') ? 'zstd' : null
}

/** The name of the form, if it is one that is not read here. */
export function unreadPacking(head: Buffer): string | undefined {
  const hex = head.toString('hex')
  return UNREAD.find(([start]) => hex.startsWith(start))?.[1]
}

/** What is in an open file, from its start. Throws DamagedFile behind the last piece. */
export async function* unpacked(handle: FileHandle, packing: Packing): AsyncGenerator<Buffer> {
  if (packing === 'gzip') yield* gunzipped(bytesOf(handle))
  else if (packing === 'zstd') yield* unzstd(bytesOf(handle))
  else {
    const { bunzipped } = await import('./bzip2.js')
    yield* bunzipped(handle.fd)
  }
}

async function* bytesOf(handle: FileHandle): AsyncGenerator<Buffer> {
  for (let at = 0; ; ) {
    const { buffer, bytesRead } = await handle.read(Buffer.allocUnsafe(PIECE), 0, PIECE, at)
    if (bytesRead === 0) return
    at += bytesRead
    yield buffer.subarray(0, bytesRead)
  }
}

async function* unzstd(packed: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const { Decompress } = await import('fzstd')
  const ready: Buffer[] = []
  const stream = new Decompress((piece) => ready.push(Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength)))
  const push = (chunk: Uint8Array, last: boolean): DamagedFile | null => {
    try {
      stream.push(chunk, last)
      return null
    } catch (error) {
      const { message } = error as Error
      return new DamagedFile(message, /unexpected EOF/i.test(message))
    }
  }
  for await (const chunk of packed) {
    const failure = push(chunk, false)
    yield* ready.splice(0)
    if (failure !== null) throw failure
  }
  const failure = push(new Uint8Array(0), true)
  yield* ready.splice(0)
  if (failure !== null) throw failure
}
