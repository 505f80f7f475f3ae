// Requests that are too large for the destination (413), sent in halves, and these in halves, as long as that may help.

import type { Log } from '../component.js'
import type { Outcome, Part, Reply } from './outcome.js'

/** A part to be sent; as a whole it is the request itself. */
interface Piece {
  body: Buffer
  records: number
}

/** What became of a request so far. */
interface Progress {
  /** To be sent, in order. */
  left: Piece[]
  done: Part[]
  divisions: number
}

/** A destination that takes no size at all is not asked for ever: enough for twenty single series among thousands. */
const MAX_DIVISIONS = 256
const TELL_EVERY = 10_000

export interface DividedOptions {
  /** What messages call the destination. */
  destination: string
  log: Log
  /** The options that would make requests smaller. */
  smaller: string
  /** Milliseconds of a clock that never jumps. */
  monotonic(): number
  attempt(body: Buffer, signal: AbortSignal): Promise<Reply>
  /** The halves of a request; null where it is not to be divided. */
  halves(body: Buffer): Promise<[Piece, Piece] | null>
}

export class Divided {
  /** Of requests that are to be sent again: what was answered is not repeated. */
  readonly #progress = new WeakMap<Buffer, Progress>()
  #told = -Infinity

  constructor(private readonly options: DividedOptions) {}

  /** One attempt, or several, each with a part of the request. */
  async send(body: Buffer, signal: AbortSignal): Promise<Outcome> {
    const progress = this.#progress.get(body) ?? { left: [{ body, records: 0 }], done: [], divisions: 0 }
    const { left, done } = progress
    while (left.length > 0) {
      const piece = left[0]
      const reply = await this.options.attempt(piece.body, signal)
      if (reply.kind === 'retry') {
        if (progress.divisions > 0) this.#progress.set(body, progress)
        return reply
      }
      const halves = reply.status === 413 ? await this.#halves(piece, progress, reply) : null
      if (halves === null && progress.divisions === 0) return reply
      left.splice(0, 1, ...(halves ?? []))
      if (halves === null) done.push({ ...piece, words: reply.kind === 'refused' ? reply.words : null })
    }
    return { kind: 'divided', parts: done }
  }

  async #halves({ body }: Piece, progress: Progress, reply: Reply): Promise<[Piece, Piece] | null> {
    if (reply.kind !== 'refused' || progress.divisions >= MAX_DIVISIONS) return null
    const halves = await this.options.halves(body)
    if (halves === null) return null
    progress.divisions++
    this.#tell(reply.words, body.length)
    return halves
  }

  #tell(words: string, bytes: number): void {
    const now = this.options.monotonic()
    if (now - this.#told < TELL_EVERY) return
    this.#told = now
    const how = `sending it in halves; ${this.options.smaller} would make requests smaller`
    this.options.log.warn(`${this.options.destination}: ${words}: a request of ${bytes} bytes: ${how}`)
  }
}
