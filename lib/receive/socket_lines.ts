// Lines over connections and datagrams, each line for itself.

import type { SourceContext } from '../component.js'
import type { Connection } from '../listen/connection.js'
import type { Datagram } from '../listen/datagrams.js'
import type { Handlers } from '../listen/listeners.js'
import { LineSplitter } from '../wire/lines/splitter.js'
import { readFrames } from './read_frames.js'

const LF = 10
const CR = 13

export interface LineReader {
  /** Before the lines of each piece that comes. */
  begin(): void
  /** What is wrong with the line; null where it was taken. */
  line(text: string): string | null
  /** After the lines of each piece. Wait for the promise, if there is one. */
  pass(): void | Promise<void>
}

export class SocketLines implements Handlers {
  /** @param maxBytes longest line, of --max-line-bytes */
  constructor(
    private readonly reader: LineReader,
    private readonly maxBytes: number,
    private readonly context: Pick<SourceContext, 'account' | 'reject'>,
  ) {}

  async stream(connection: Connection): Promise<void> {
    const { reader, context } = this
    const take = (line: Buffer, cut: boolean) => this.#take(line, cut, connection.peer)
    const frames = { begin: () => reader.begin(), take, pass: () => reader.pass() }
    await readFrames(connection, new LineSplitter({ maxBytes: this.maxBytes }), frames, context.account)
  }

  datagrams(datagrams: readonly Datagram[]): void | Promise<void> {
    this.reader.begin()
    for (const { bytes, peer } of datagrams) {
      for (let from = 0; from < bytes.length; ) {
        const lf = bytes.indexOf(LF, from)
        const end = lf < 0 ? bytes.length : lf
        const line = bytes.subarray(from, bytes[end - 1] === CR && end > from ? end - 1 : end)
        this.#take(line, line.length > this.maxBytes, peer)
        from = end + 1
      }
    }
    return this.reader.pass()
  }

  #take(line: Buffer, cut: boolean, peer: string): void {
    if (line.length === 0) return
    const text = line.utf8Slice(0, line.length)
    const detail = cut ? `longer than ${this.maxBytes} bytes (--max-line-bytes)` : this.reader.line(text)
    if (detail === null) return
    this.context.account.in++
    this.context.reject({ reason: cut ? 'line_too_long' : 'bad_line', detail, where: peer, original: text })
  }
}
