// stdin as chunks. After the request to stop, what is still in the pipe is read, until it is idle or the time is up.

import { fstatSync, read } from 'node:fs'
import { Socket } from 'node:net'
import { isatty } from 'node:tty'

/** Quiet time on stdin after which a stopping stage counts it as drained, milliseconds. */
const IDLE_MS = 500
/** Longest time that a stopping stage goes on reading, milliseconds. */
const DRAIN_MS = 5000
const FILE_CHUNK = 1 << 18
/** What a pipe of Linux holds. */
const PIPE_CHUNK = 1 << 16

function kindOf(fd: number): 'none' | 'file' | 'pipe' {
  try {
    const stat = fstatSync(fd)
    // Devices such as /dev/null read like files.
    return stat.isFIFO() || stat.isSocket() || isatty(fd) ? 'pipe' : 'file'
  } catch {
    return 'none'
  }
}

/** The chunks of stdin until its end, or until the drain after `stop`. A chunk is good until the next one is asked for. */
export async function* stdinChunks(stop: AbortSignal): AsyncGenerator<Buffer> {
  const kind = kindOf(0)
  if (kind === 'none') return
  const feed = kind === 'file' ? new FileFeed(0) : new PipeFeed(0)
  const drain = new Drain(stop, () => feed.wake())
  try {
    for (;;) {
      const chunk = await feed.next()
      if (chunk !== null) yield chunk
      else if (feed.ended || drain.over()) return
      // A file is never quiet; what is left of it is no loss.
      if (drain.timeUp() || (kind === 'file' && stop.aborted)) return
    }
  } finally {
    drain.close()
    feed.close()
  }
}

/** After the request to stop: over when stdin has been quiet for a while; time is up when it never is. */
class Drain {
  #deadline = Infinity
  #timer: NodeJS.Timeout | undefined

  constructor(
    private readonly stop: AbortSignal,
    private readonly wake: () => void,
  ) {
    stop.addEventListener('abort', this.#begin)
    if (stop.aborted) this.#begin()
  }

  readonly #begin = (): void => {
    this.#deadline = Date.now() + DRAIN_MS
    this.#idle()
  }

  #idle(): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(this.wake, IDLE_MS)
  }

  /** Nothing came although it was waited for. */
  over(): boolean {
    return this.stop.aborted
  }

  timeUp(): boolean {
    if (this.#deadline === Infinity) return false
    this.#idle()
    return Date.now() >= this.#deadline
  }

  close(): void {
    clearTimeout(this.#timer)
    this.stop.removeEventListener('abort', this.#begin)
  }
}

interface Feed {
  readonly ended: boolean
  /** The next bytes; null at the end or when woken. */
  next(): Promise<Buffer | null>
  wake(): void
  close(): void
}

/** Files: large reads into one buffer. */
class FileFeed implements Feed {
  ended = false
  readonly #buffer = Buffer.allocUnsafeSlow(FILE_CHUNK)
  constructor(private readonly fd: number) {}

  next(): Promise<Buffer | null> {
    return new Promise((resolve, reject) => {
      read(this.fd, this.#buffer, 0, FILE_CHUNK, null, (error, bytes) => {
        if (error !== null) return reject(error)
        this.ended = bytes === 0
        resolve(bytes === 0 ? null : this.#buffer.subarray(0, bytes))
      })
    })
  }
  wake(): void {}
  close(): void {}
}

/** Pipes, sockets and terminals; for the first two one buffer serves all reads, so that no chunk becomes garbage. */
class PipeFeed implements Feed {
  ended = false
  readonly #socket: Socket
  #chunk: Buffer | null = null
  #failure: Error | null = null
  #resume: () => void = () => {}

  constructor(fd: number) {
    this.#socket = isatty(fd) ? this.#terminal() : this.#pipe(fd)
    const end = () => {
      this.ended = true
      this.#resume()
    }
    this.#socket.on('end', end).on('close', end)
    this.#socket.on('error', (error) => {
      this.#failure = error
      this.#resume()
    })
  }

  #pipe(fd: number): Socket {
    const buffer = Buffer.allocUnsafeSlow(PIPE_CHUNK)
    const callback = (bytes: number) => {
      this.#chunk = buffer.subarray(0, bytes)
      this.#resume()
      return false
    }
    // `onread` is documented; the types know it for connect() only.
    const options = { fd, readable: true, writable: false, onread: { buffer, callback } }
    return new Socket(options)
  }

  #terminal(): Socket {
    return process.stdin.on('data', (chunk: Buffer) => {
      this.#chunk = chunk
      process.stdin.pause()
      this.#resume()
    })
  }

  async next(): Promise<Buffer | null> {
    if (this.#chunk === null && !this.ended && this.#failure === null) {
      await new Promise<void>((resolve) => {
        this.#resume = resolve
        this.#socket.resume()
      })
    }
    if (this.#failure !== null) throw this.#failure
    const chunk = this.#chunk
    this.#chunk = null
    return chunk
  }

  wake(): void {
    this.#resume()
  }

  close(): void {
    this.#socket.destroy()
  }
}
