// Lines over connections: text, JSON values, or records.

import type { SourceContext } from '../component.js'
import { Told } from '../io/told.js'
import type { Connection } from '../listen/connection.js'
import { RecordBatch } from '../record/batch.js'
import { scanDepth } from '../record/decode.js'
import { Identity } from '../record/identity.js'
import type { Json } from '../record/json.js'
import { type Labels, labelsOf } from '../record/labels.js'
import type { Payload } from '../record/record.js'
import { LineSplitter } from '../wire/lines/splitter.js'
import { Stamps } from './stamps.js'
import { TextLines } from './text_lines.js'

export interface TcpOptions {
  readonly format: 'lines' | 'json' | 'records'
  readonly label: ReadonlyMap<string, string>
  readonly peer_label: string | undefined
  readonly encoding: string
  readonly max_line_bytes: number
  readonly max_depth: number
}

/** What reads the bytes of a connection. */
interface Reader {
  push(chunk: Buffer): void | Promise<void>
  end(): void | Promise<void>
}

export class TcpReceiver {
  readonly #stamps: Stamps
  readonly #told: Told

  constructor(
    private readonly options: TcpOptions,
    private readonly context: SourceContext,
  ) {
    this.#stamps = new Stamps(context.clock)
    this.#told = new Told(context)
  }

  /** Reads a connection to its end. */
  async stream(connection: Connection): Promise<void> {
    const reader = this.#reader(connection.peer)
    for await (const chunk of connection.chunks()) {
      this.context.account.in_bytes += chunk.length
      await reader.push(chunk)
    }
    await reader.end()
  }

  #reader(peer: string): Reader {
    const { format, label, peer_label: name } = this.options
    if (format === 'records') return this.#records(peer)
    const labels = labelsOf([...label, ...(name === undefined || peer === '' ? [] : [[name, peer] as const])])
    return format === 'json' ? this.#values(labels, peer) : new TextLines(labels, this.options, this.#stamps, this.context)
  }

  #records(peer: string): Reader {
    const lines = this.context.lines(peer, 0)
    const pass = (batch: ReturnType<typeof lines.push>) => (batch === null ? undefined : this.context.emit(batch))
    return { push: (chunk) => pass(lines.push(chunk)), end: () => pass(lines.end()) }
  }

  #values(labels: Labels, peer: string): Reader {
    const { max_line_bytes: maxBytes } = this.options
    const identity = Identity.of('log', '', labels)
    const lines = new LineSplitter({ maxBytes })
    let payloads: Payload[] = []
    const take = (line: Buffer, cut: boolean) => {
      const body = this.#value(line, cut, peer)
      if (body !== undefined) payloads.push({ ts: this.#stamps.next(), body })
    }
    const pass = () => {
      const taken = payloads
      payloads = []
      if (taken.length > 0) return this.context.emit(new RecordBatch(taken.map(() => identity), taken))
    }
    return {
      push: (chunk) => {
        this.#stamps.look()
        lines.push(chunk, take)
        return pass()
      },
      end: () => {
        lines.end(take)
        return pass()
      },
    }
  }

  /** undefined for a line that is empty, or rejected. */
  #value(line: Buffer, cut: boolean, peer: string): Json | undefined {
    if (line.length === 0) return undefined
    const { max_line_bytes, max_depth } = this.options
    if (cut) {
      const detail = `longer than ${max_line_bytes} bytes (--max-line-bytes)`
      this.#told.warn('long', `${peer}: a line is ${detail}`)
      return this.#reject('line_too_long', detail, line, peer)
    }
    const deep = scanDepth(line, max_depth)
    if (deep !== null) return this.#reject(deep.reason, deep.detail, line, peer)
    try {
      return JSON.parse(line.utf8Slice(0, line.length)) as Json
    } catch (error) {
      return this.#reject('not_json', (error as Error).message, line, peer)
    }
  }

  #reject(reason: string, detail: string, line: Buffer, peer: string): undefined {
    this.context.account.in++
    this.context.reject({ reason, detail, where: peer, original: line.toString() })
  }
}
