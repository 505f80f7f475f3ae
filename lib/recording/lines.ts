// The bytes of a recorded file, plain or gzip, from any place; and how a place is known again.

import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { Problem } from '../diag/problem.js'

const LF = 10
/** Bytes read at once. Of packed files less: a piece may unpack to a thousand times as much. */
const PLAIN_PIECE = 1 << 18
const PACKED_PIECE = 1 << 14
/** Bytes at the head of what was read, and at its end, that a fingerprint is made of. */
const PRINT_BYTES = 1024

/** The rest of a packed file cannot be read: it ends too early (its writer was killed), or holds something else. */
export class DamagedFile extends Error {
  override readonly name = 'DamagedFile'
  constructor(
    message: string,
    readonly torn: boolean,
  ) {
    super(message)
  }
}

/** Whether a file is gzip, by its first bytes. Throws a Problem if it cannot be read. */
export async function isPacked(path: string): Promise<boolean> {
  const head = Buffer.alloc(2)
  const handle = await open(path, 'r').catch((cause: NodeJS.ErrnoException) => {
    throw unreadable(path, cause)
  })
  try {
    await handle.read(head, 0, 2, 0)
  } catch (cause) {
    throw unreadable(path, cause as NodeJS.ErrnoException)
  } finally {
    await handle.close()
  }
  return head[0] === 0x1f && head[1] === 0x8b
}

function unreadable(path: string, cause: NodeJS.ErrnoException): Problem {
  return new Problem(`cannot read ${path}: ${cause.code}`, { cause, expected: 'a file' })
}

/** What is in a file from `offset` on, counted in unpacked bytes. Throws DamagedFile behind the last piece. */
export async function* pieces(path: string, packed: boolean, offset: number): AsyncGenerator<Buffer> {
  if (!packed) {
    yield* createReadStream(path, { start: offset, highWaterMark: PLAIN_PIECE }) as AsyncIterable<Buffer>
    return
  }
  let skip = offset
  for await (const piece of gunzipped(createReadStream(path, { highWaterMark: PACKED_PIECE }))) {
    if (skip >= piece.length) skip -= piece.length
    else {
      yield piece.subarray(skip)
      skip = 0
    }
  }
}

/**
 * What gzip data unpack to. A stream would throw away what it unpacked before an error; here that comes first, but for
 * the last piece. Throws DamagedFile behind it.
 */
export async function* gunzipped(packed: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const { createGunzip } = await import('node:zlib')
  const gunzip = createGunzip()
  const ready: Buffer[] = []
  let failure: NodeJS.ErrnoException | null = null
  let wake = () => {}
  gunzip.on('data', (piece: Buffer) => ready.push(piece))
  gunzip.on('error', (error) => {
    failure = error
    // A write that fails is not told of.
    wake()
  })
  try {
    for await (const chunk of packed) {
      await new Promise<void>((resolve) => gunzip.write(chunk, (wake = () => resolve())))
      yield* ready.splice(0)
      if (failure !== null) break
    }
    if (failure === null) await new Promise((resolve) => gunzip.once('close', resolve).end())
    yield* ready.splice(0)
  } finally {
    gunzip.destroy()
  }
  if (failure === null) return
  const { code, message } = failure as NodeJS.ErrnoException
  throw new DamagedFile(message, code === 'Z_BUF_ERROR')
}

/** Follows what is read, so that the place behind any whole line can be named. */
export class Place {
  #head = Buffer.alloc(0)
  #tail = Buffer.alloc(0)
  /** Bytes read. */
  offset = 0

  /** @param bytes what follows; the place is behind it then */
  advance(bytes: Buffer): void {
    if (this.#head.length < PRINT_BYTES) {
      this.#head = Buffer.concat([this.#head, bytes.subarray(0, PRINT_BYTES - this.#head.length)])
    }
    const end = bytes.subarray(-PRINT_BYTES)
    this.#tail = Buffer.concat([this.#tail, end]).subarray(-PRINT_BYTES)
    this.offset += bytes.length
  }

  /** Whether the place is behind a whole line, or at the very start. */
  get betweenLines(): boolean {
    return this.#tail.length === 0 || this.#tail[this.#tail.length - 1] === LF
  }

  /** Of the first and the last kilobyte before the place: tells whether a file holds what was read from it. */
  fingerprint(): string {
    return createHash('sha256').update(this.#head).update(this.#tail).digest('hex').slice(0, 32)
  }

  /** The place at `offset` of a file; null where the file is shorter. */
  static async at(path: string, packed: boolean, offset: number): Promise<Place | null> {
    const place = new Place()
    if (packed) {
      try {
        for await (const piece of pieces(path, packed, 0)) {
          place.advance(piece.subarray(0, offset - place.offset))
          if (place.offset === offset) break
        }
      } catch (error) {
        if (!(error instanceof DamagedFile)) throw error
      }
      return place.offset === offset ? place : null
    }
    const handle = await open(path, 'r')
    try {
      if ((await handle.stat()).size < offset) return null
      place.advance(await bytesAt(handle, 0, Math.min(PRINT_BYTES, offset)))
      const from = Math.max(place.offset, offset - PRINT_BYTES)
      const rest = await bytesAt(handle, from, offset - from)
      place.offset = from
      place.advance(rest)
      return place
    } finally {
      await handle.close()
    }
  }
}

async function bytesAt(handle: FileHandle, from: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, from)
  return buffer.subarray(0, bytesRead)
}
