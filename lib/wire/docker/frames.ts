// The logs of a container as the Docker Engine API sends them (docs.docker.com/engine/api, attach, "Stream format"):
// frames of stdout and stderr, each a message with its time in front, or part of one; of a container with a terminal,
// plain lines.

import { rfc3339 } from '../syslog/message.js'
import { LineSplitter, wholeCharacters } from '../lines/splitter.js'

export type StreamName = 'stdout' | 'stderr'

export interface DockerLine {
  stream: StreamName
  /** Unix nanoseconds, decimal; undefined where there is none in front. */
  ts: string | undefined
  body: string
  cut: boolean
}

/** Reads the bytes of a container's logs. */
export interface DockerReader {
  /** What is wrong with the bytes, where something is. */
  push(chunk: Buffer, take: (line: DockerLine) => void): string | null
  end(take: (line: DockerLine) => void): void
  /** Whether a message has come in part: a position behind what was taken would leave that part out. */
  readonly pending: boolean
}

const HEAD = 8
const LF = 10
const STREAMS: readonly StreamName[] = ['stdout', 'stdout', 'stderr']
/** An RFC 3339 time with nanoseconds, and its space. */
const TIME_BYTES = 40

/** @param terminal whether the container has one */
export function dockerReader(terminal: boolean, maxBytes: number): DockerReader {
  return terminal ? new PlainLines(maxBytes) : new Frames(maxBytes)
}

/** `2026-01-31T12:00:00.123456789Z text` */
function lineOf(stream: StreamName, bytes: Buffer, cut: boolean, maxBytes: number): DockerLine {
  const space = bytes.indexOf(32)
  const ts = space > 0 && space < TIME_BYTES ? rfc3339(bytes.latin1Slice(0, space)) : undefined
  const text = ts === undefined ? bytes : bytes.subarray(space + 1)
  return { stream, ts, body: wholeCharacters(text, maxBytes).toString(), cut: cut || text.length > maxBytes }
}

class PlainLines implements DockerReader {
  /** Lines come one after another: what has not ended is later than all that was taken. */
  readonly pending = false
  readonly #lines: LineSplitter
  constructor(private readonly maxBytes: number) {
    this.#lines = new LineSplitter({ maxBytes: maxBytes + TIME_BYTES })
  }
  push(chunk: Buffer, take: (line: DockerLine) => void): null {
    this.#lines.push(chunk, (line, cut) => take(lineOf('stdout', line, cut, this.maxBytes)))
    return null
  }
  end(take: (line: DockerLine) => void): void {
    this.#lines.end((line, cut) => take(lineOf('stdout', line, cut, this.maxBytes)))
  }
}

class Frames implements DockerReader {
  readonly #head = Buffer.alloc(HEAD)
  #headBytes = 0
  #left = 0
  #payload: Buffer[] = []
  #bytes = 0
  #cut = false
  /** Of each stream: a message whose last frame has not come. The daemon sends long ones in parts, each with its time. */
  readonly #partial = new Map<StreamName, DockerLine>()

  constructor(private readonly maxBytes: number) {}

  get pending(): boolean {
    return this.#partial.size > 0
  }

  push(chunk: Buffer, take: (line: DockerLine) => void): string | null {
    let at = 0
    while (at < chunk.length) {
      if (this.#headBytes < HEAD) {
        const step = Math.min(HEAD - this.#headBytes, chunk.length - at)
        chunk.copy(this.#head, this.#headBytes, at, at + step)
        this.#headBytes += step
        at += step
        if (this.#headBytes < HEAD) return null
        if (this.#head[0] > 2 || this.#head[1] !== 0) return 'no frame of the Docker Engine API'
        this.#left = this.#head.readUInt32BE(4)
      }
      const to = Math.min(chunk.length, at + this.#left)
      this.#hold(chunk.subarray(at, to))
      this.#left -= to - at
      at = to
      if (this.#left === 0) this.#frame(take)
    }
    return null
  }

  end(take: (line: DockerLine) => void): void {
    for (const line of this.#partial.values()) take(line)
    this.#partial.clear()
  }

  #hold(bytes: Buffer): void {
    const room = this.maxBytes + TIME_BYTES - this.#bytes
    if (bytes.length > room) this.#cut = true
    if (room <= 0 || bytes.length === 0) return
    const kept = Buffer.from(bytes.length > room ? bytes.subarray(0, room) : bytes)
    this.#payload.push(kept)
    this.#bytes += kept.length
  }

  #frame(take: (line: DockerLine) => void): void {
    const payload = Buffer.concat(this.#payload)
    const [stream, cut] = [STREAMS[this.#head[0]], this.#cut]
    this.#payload = []
    this.#bytes = 0
    this.#headBytes = 0
    this.#cut = false
    // Where it was cut, so was what ends it.
    const ended = cut || payload[payload.length - 1] === LF
    const text = payload[payload.length - 1] === LF ? payload.subarray(0, -1) : payload
    const line = lineOf(stream, text, cut, this.maxBytes)
    const whole = this.#joined(line)
    if (ended) {
      this.#partial.delete(stream)
      whole.body = whole.body.replace(/\r$/, '')
      take(whole)
    } else this.#partial.set(stream, whole)
  }

  #joined(line: DockerLine): DockerLine {
    const before = this.#partial.get(line.stream)
    if (before === undefined) return line
    const body = Buffer.from(before.body + line.body)
    const cut = before.cut || line.cut || body.length > this.maxBytes
    return { ...before, body: wholeCharacters(body, this.maxBytes).toString(), cut }
  }
}
