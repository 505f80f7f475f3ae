// stdin as chunks. After the request to stop, what is still in the pipe is read, until it is idle or the time is up.

import { createReadStream, fstatSync } from 'node:fs'
import type { Readable } from 'node:stream'

/** Quiet time on stdin after which a stopping stage counts it as drained, milliseconds. */
const IDLE_MS = 500
/** Longest time that a stopping stage goes on reading, milliseconds. */
const DRAIN_MS = 5000
const FILE_CHUNK = 1 << 18

function openStdin(): Readable {
  // process.stdin reads files in small pieces.
  if (isFile(0)) return createReadStream('', { fd: 0, highWaterMark: FILE_CHUNK, autoClose: false })
  return process.stdin
}

function isFile(fd: number): boolean {
  try {
    return fstatSync(fd).isFile()
  } catch {
    return false
  }
}

/** The chunks of stdin until its end, or until the drain after `stop`. */
export async function* stdinChunks(stop: AbortSignal): AsyncGenerator<Buffer> {
  yield* chunksOf(openStdin(), stop)
}

export async function* chunksOf(stream: Readable, stop: AbortSignal): AsyncGenerator<Buffer> {
  const queue: Buffer[] = []
  let ended = false
  let failure: Error | null = null
  let wake: () => void = () => {}
  const onData = (chunk: Buffer) => {
    queue.push(chunk)
    stream.pause()
    wake()
  }
  const onEnd = () => {
    ended = true
    wake()
  }
  const onError = (error: Error) => {
    failure = error
    wake()
  }
  const onStop = () => wake()
  stream.on('data', onData).on('end', onEnd).on('close', onEnd).on('error', onError)
  stop.addEventListener('abort', onStop)
  let deadline = 0
  try {
    for (;;) {
      if (failure !== null) throw failure
      while (queue.length > 0) yield queue.shift()!
      if (ended) return
      if (stop.aborted) {
        if (deadline === 0) deadline = Date.now() + DRAIN_MS
        else if (Date.now() >= deadline) return
      }
      let timer: NodeJS.Timeout | undefined
      let idle = false
      await new Promise<void>((resolve) => {
        wake = resolve
        if (stop.aborted) {
          timer = setTimeout(() => {
            idle = true
            resolve()
          }, IDLE_MS)
        }
        stream.resume()
      })
      clearTimeout(timer)
      if (idle && queue.length === 0) return
    }
  } finally {
    stop.removeEventListener('abort', onStop)
    stream.off('data', onData).off('end', onEnd).off('close', onEnd)
    stream.pause()
  }
}
