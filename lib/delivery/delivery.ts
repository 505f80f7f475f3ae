// The way from encoded requests to a destination: lanes that keep their order, a bounded buffer, retries, draining.
// What it holds is encoded and compressed already, so that a buffer on disk can take the place of the one in memory.

import type { Clock, Log } from '../component.js'
import { EXIT, Problem } from '../diag/problem.js'
import { durationText } from '../option/value.js'
import { Backoff } from './backoff.js'
import type { Outcome } from './outcome.js'

/** A request ready for the wire. */
export interface Outgoing {
  readonly body: Buffer
  /** Records that this request accounts for. */
  readonly records: number
}

export interface DeliveryOptions {
  /** What messages call the destination. */
  destination: string
  /** Requests that may be under way at once; those of one lane go one after another. */
  lanes: number
  /** Bytes held before a writer has to wait. */
  bufferBytes: number
  /** Milliseconds. */
  minBackoff: number
  maxBackoff: number
  /** Longest wait that the destination may ask for, milliseconds. */
  maxRetryAfter: number
  /** Milliseconds for what is held when there is no more to come. */
  drainTimeout: number
  /** One attempt. */
  send(body: Buffer, signal: AbortSignal): Promise<Outcome>
  stored(request: Outgoing): void
  /** Refused for good. May throw, which ends the delivery. */
  refused(request: Outgoing, words: string): void | Promise<void>
  /** Given up because the time to drain is over. */
  dropped(request: Outgoing): void
}

/** Where the delivery runs. */
export interface DeliveryContext {
  readonly clock: Clock
  readonly log: Log
  /** Aborts when the process is asked to stop: draining is bounded from then on. */
  readonly signal: AbortSignal
}

/** A failing destination is told about this often, milliseconds. */
const TELL_EVERY = 10_000

export class Delivery {
  readonly #lanes: Outgoing[][]
  readonly #running: boolean[]
  readonly #abandon = new AbortController()
  #held = 0
  #heldRecords = 0
  #droppedRecords = 0
  #failure: Error | null = null
  #waiting: (() => void)[] = []
  #deadlineSet = false
  /** Set while the destination does not take anything. */
  #failingSince: number | null = null
  #told = -Infinity

  constructor(
    private readonly options: DeliveryOptions,
    private readonly context: DeliveryContext,
  ) {
    this.#lanes = Array.from({ length: options.lanes }, () => [])
    this.#running = this.#lanes.map(() => false)
    if (context.signal.aborted) this.#setDeadline()
    else context.signal.addEventListener('abort', () => this.#setDeadline(), { once: true })
  }

  /** Bytes held. */
  get held(): number {
    return this.#held
  }

  /** Whether a lane has nothing to send. */
  idle(lane: number): boolean {
    return this.#lanes[lane].length === 0
  }

  /** Takes a request, whatever is held already: see `room`. */
  push(lane: number, request: Outgoing): void {
    if (this.#abandon.signal.aborted) return this.#drop(request)
    this.#lanes[lane].push(request)
    this.#held += request.body.length
    this.#heldRecords += request.records
    if (!this.#running[lane]) void this.#run(lane)
  }

  /** Resolves when there is room for more; nothing if there is already. */
  room(): void | Promise<void> {
    if (this.#failure !== null) throw this.#failure
    if (this.#held > this.options.bufferBytes) return this.#until(() => this.#held <= this.options.bufferBytes)
  }

  /** Everything is stored or refused when it resolves; throws where some had to be given up. */
  async drain(): Promise<void> {
    this.#setDeadline()
    await this.#until(() => this.#running.every((running) => !running))
    this.#abandon.abort()
    if (this.#droppedRecords === 0) return
    const { destination, drainTimeout } = this.options
    const time = durationText(drainTimeout)
    throw new Problem(
      `${destination}: ${recordsText(this.#droppedRecords)} dropped: not delivered within ${time} (--drain-timeout)`,
      {
        exit: EXIT.temporary,
      },
    )
  }

  async #until(done: () => boolean): Promise<void> {
    while (!done() && this.#failure === null) await new Promise<void>((resolve) => this.#waiting.push(resolve))
    if (this.#failure !== null) throw this.#failure
  }

  #wake(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const resolve of waiting) resolve()
  }

  #setDeadline(): void {
    if (this.#deadlineSet) return
    this.#deadlineSet = true
    const { clock } = this.context
    void clock.sleep(this.options.drainTimeout, this.#abandon.signal).then(() => this.#abandon.abort())
  }

  async #run(lane: number): Promise<void> {
    const queue = this.#lanes[lane]
    this.#running[lane] = true
    try {
      while (queue.length > 0) {
        const request = queue[0]
        if (!(await this.#deliver(request))) this.#drop(request)
        queue.shift()
        this.#held -= request.body.length
        this.#heldRecords -= request.records
        this.#wake()
      }
    } catch (error) {
      this.#failure ??= error as Error
      this.#abandon.abort()
    }
    this.#running[lane] = false
    this.#wake()
  }

  /** Attempts until there is an answer that counts; false if the time was over before. */
  async #deliver(request: Outgoing): Promise<boolean> {
    const { options, context } = this
    const stop = this.#abandon.signal
    const backoff = new Backoff(options.minBackoff, options.maxBackoff)
    while (!stop.aborted) {
      const outcome = await options.send(request.body, stop)
      if (outcome.kind !== 'retry') this.#answered()
      if (outcome.kind === 'stored') options.stored(request)
      else if (outcome.kind === 'refused') await options.refused(request, outcome.words)
      if (outcome.kind !== 'retry') return true
      if (stop.aborted) return false
      const asked = Math.min(outcome.after, options.maxRetryAfter)
      const wait = asked > 0 ? asked : backoff.next()
      if (asked > 0) backoff.waited(asked)
      this.#tell(outcome.words, wait)
      await context.clock.sleep(wait, stop)
    }
    return false
  }

  #drop(request: Outgoing): void {
    this.#droppedRecords += request.records
    this.options.dropped(request)
  }

  #tell(words: string, wait: number): void {
    const now = this.context.clock.monotonic()
    this.#failingSince ??= now
    if (now - this.#told < TELL_EVERY) return
    this.#told = now
    const held = `${recordsText(this.#heldRecords)} held`
    this.context.log.warn(
      `${this.options.destination}: ${words}, retrying in ${durationText(Math.round(wait))} (${held})`,
    )
  }

  #answered(): void {
    if (this.#failingSince === null) return
    const lasted = Math.round((this.context.clock.monotonic() - this.#failingSince) / 1000)
    this.#failingSince = null
    if (lasted > 0)
      this.context.log.info(`${this.options.destination}: answers again after ${durationText(lasted * 1000)}`)
  }
}

function recordsText(count: number): string {
  return `${count} record${count === 1 ? '' : 's'}`
}
