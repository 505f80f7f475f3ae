// Lines of text to log records of one stream.

import type { Account, SourceContext } from '../component.js'
import { Told } from '../io/told.js'
import { RecordBatch } from '../record/batch.js'
import { Identity } from '../record/identity.js'
import type { Labels } from '../record/labels.js'
import type { Payload } from '../record/record.js'
import { Utf8Stream } from '../wire/lines/encoding.js'
import { LineSplitter } from '../wire/lines/splitter.js'
import type { Stamps } from './stamps.js'

export interface TextOptions {
  encoding: string
  max_line_bytes: number
}

/** What a record says whose line was longer than the bound. */
export const TRUNCATED = { truncated: true } as const

/** What was cut off a line is lost: the account says how often. */
export function countCut(account: Account): void {
  account.made++
  account.drop('line_too_long', 1)
}

export class TextLines {
  readonly #identity: Identity
  readonly #text: Utf8Stream
  readonly #lines: LineSplitter
  #payloads: Payload[] = []
  readonly #told: Told

  constructor(
    labels: Labels,
    private readonly options: TextOptions,
    private readonly stamps: Stamps,
    private readonly context: Pick<SourceContext, 'account' | 'clock' | 'log' | 'emit'>,
  ) {
    this.#identity = Identity.of('log', '', labels)
    this.#text = new Utf8Stream(options.encoding)
    this.#told = new Told(context)
    this.#lines = new LineSplitter({ maxBytes: options.max_line_bytes })
  }

  /** Passes on the lines that the bytes end. Wait for the promise, if there is one. */
  push(chunk: Buffer): void | Promise<void> {
    this.stamps.look()
    this.#lines.push(this.#text.push(chunk), this.#take)
    return this.#emit()
  }

  /** The same for the last line, which nothing ended. */
  end(): void | Promise<void> {
    this.stamps.look()
    this.#lines.push(this.#text.end(), this.#take)
    this.#lines.end(this.#take)
    return this.#emit()
  }

  readonly #take = (line: Buffer, cut: boolean): void => {
    const payload: Payload = { ts: this.stamps.next(), body: line.utf8Slice(0, line.length) }
    if (cut) {
      payload.attributes = TRUNCATED
      countCut(this.context.account)
      const { max_line_bytes: max } = this.options
      this.#told.warn('cut', `a line is longer than ${max} bytes (--max-line-bytes): cut there`)
    }
    this.#payloads.push(payload)
  }

  #emit(): void | Promise<void> {
    const payloads = this.#payloads
    if (payloads.length === 0) return
    this.#payloads = []
    return this.context.emit(new RecordBatch(new Array<Identity>(payloads.length).fill(this.#identity), payloads))
  }
}
