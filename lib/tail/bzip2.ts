// What bzip2 data unpack to. A block takes a tenth of a second and more, so it is done in a thread of its own.

import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { DamagedFile } from '../recording/lines.js'

/** What the thread is given. */
export interface Work {
  readonly fd: number
  /** Pieces that it has sent and that were not taken yet; it waits above MOST_PIECES. */
  readonly waiting: Int32Array
}

/** What it sends: a piece, the end, or why it cannot go on. */
export type Message =
  | { readonly piece: Uint8Array }
  | { readonly end: true }
  | { readonly message: string; readonly torn: boolean }

/** Pieces that may wait to be taken. */
export const MOST_PIECES = 4

/** Throws DamagedFile behind the last piece. */
export async function* bunzipped(fd: number): AsyncGenerator<Buffer> {
  const waiting = new Int32Array(new SharedArrayBuffer(4))
  const workerData: Work = { fd, waiting }
  const worker = new Worker(new URL('./bzip2_thread.js', import.meta.url), { workerData })
  const ready: Message[] = []
  worker.on('message', (message: Message) => ready.push(message))
  try {
    for (;;) {
      while (ready.length === 0) await once(worker, 'message')
      const message = ready.shift()!
      if ('end' in message) return
      if ('message' in message) throw new DamagedFile(message.message, message.torn)
      Atomics.sub(waiting, 0, 1)
      Atomics.notify(waiting, 0)
      yield Buffer.from(message.piece.buffer, message.piece.byteOffset, message.piece.byteLength)
    }
  } finally {
    await worker.terminate()
  }
}
