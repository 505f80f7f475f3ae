// A connection, read frame by frame to its end.

import type { Account } from '../component.js'
import type { Connection } from '../listen/connection.js'

type Take = (frame: Buffer, cut: boolean) => void

/** Cuts bytes into frames. */
export interface Framing {
  /** False where the bytes cannot be cut. */
  push(chunk: Buffer, take: Take): boolean | void
  /** What nothing ended. */
  end(take: Take): void
}

export interface FrameReader {
  /** Before the frames of each piece. */
  begin(): void
  /** A frame, good during the call, and whether it was cut at the bound. */
  take: Take
  /** After the frames of each piece. Wait for the promise, if there is one. */
  pass(): void | Promise<void>
}

/** The piece that could not be cut into frames, behind which nothing was read; null at the end of the connection. */
export async function readFrames(
  connection: Connection, framing: Framing, reader: FrameReader, account: Account,
): Promise<Buffer | null> {
  const take: Take = (frame, cut) => reader.take(frame, cut)
  for await (const chunk of connection.chunks()) {
    account.in_bytes += chunk.length
    reader.begin()
    const framed = framing.push(chunk, take)
    await reader.pass()
    if (framed === false) return chunk
  }
  reader.begin()
  framing.end(take)
  await reader.pass()
  return null
}
