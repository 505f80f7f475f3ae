// The way from encoded requests to a destination: lanes that keep their order, a bounded buffer, retries, draining.
// What it holds is encoded and compressed already, so that a buffer on disk can take the place of the one in memory.

import { setMaxListeners } from 'node:events'
import { EXIT, Problem } from '../diag/problem.js'
import { durationText } from '../option/value.js'
import { Backoff } from './backoff.js'
import { Concurrency } from './concurrency.js'
import type { DeliveryContext, DeliveryOptions, Outbox, Outgoing } from './outbox.js'
import type { Outcome } from './outcome.js'

/** A failing destination is told about this often, milliseconds. */
const TELL_EVERY = 10_000

/** A request in its lane, with its place among all. */
interface Queued<R> {
  readonly request: R
  readonly order: number
}

export class Delivery<R extends Outgoing = Outgoing> implements Outbox {
  readonly #lanes: Queued<R>[][]
  readonly #running: boolean[]
  readonly #abandon = new AbortController()
  readonly #concurrency: Concurrency
  #held = 0
  #heldRecords = 0
  #droppedRecords = 0
  #order = 0
  #failure: Error | null = null
  #waiting: (() => void)[] = []
  #deadlineSet = false
  /** Set while the destination does not take anything. */
  #failingSince: number | null = null
  #told = -Infinity
  #toldFull = -Infinity

  constructor(
    private readonly options: DeliveryOptions<R>,
    private readonly context: DeliveryContext,
  ) {
    this.#lanes = Array.from({ length: options.lanes }, () => [])
    this.#running = this.#lanes.map(() => false)
    const { lanes, concurrency = { min: lanes, max: lanes } } = options
    this.#concurrency = new Concurrency(concurrency, () => context.clock.monotonic(), (limit, before) => {
      context.log.debug(`${options.destination}: requests under way at once: ${limit}, before ${before}`)
    })
    // Every request and every wait of a lane listens to it.
    setMaxListeners(0, this.#abandon.signal)
    this.#abandon.signal.addEventListener('abort', () => this.#concurrency.open(), { once: true })
    if (context.signal.aborted) this.limit()
    else context.signal.addEventListener('abort', () => this.limit(), { once: true })
  }

  /** Bytes held. */
  get held(): number {
    return this.#held
  }

  /** What ended the delivery before its time. */
  get failure(): Error | null {
    return this.#failure
  }

  /** Whether the time to drain is over: nothing is sent any more. */
  get over(): boolean {
    return this.#abandon.signal.aborted
  }

  /** Aborts when nothing is sent any more. */
  get abandoned(): AbortSignal {
    return this.#abandon.signal
  }

  idle(lane: number): boolean {
    return this.#lanes[lane].length === 0
  }

  push(lane: number, request: R): void {
    if (this.over) return this.#drop(request)
    this.#lanes[lane].push({ request, order: this.#order++ })
    this.#held += request.body.length
    this.#heldRecords += request.records
    if (!this.#running[lane]) void this.#run(lane)
    this.#keepBound()
  }

  room(): void | Promise<void> {
    if (this.#failure !== null) throw this.#failure
    if (this.#full()) return this.until(() => !this.#full())
  }

  sync(): Promise<void> {
    return this.empty()
  }

  /** Resolves when nothing is held. */
  empty(): Promise<void> {
    return this.until(() => this.#running.every((running) => !running))
  }

  async drain(): Promise<void> {
    this.limit()
    await this.empty()
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

  /** The time to drain begins to run, if it does not already. */
  limit(): void {
    if (this.#deadlineSet) return
    this.#deadlineSet = true
    const { clock } = this.context
    void clock.sleep(this.options.drainTimeout, this.#abandon.signal).then(() => this.abandon())
  }

  abandon(): void {
    this.#abandon.abort()
    this.wake()
  }

  /** Resolves when the condition holds, which is looked at after every change. Throws what ended the delivery. */
  async until(done: () => boolean): Promise<void> {
    while (!done() && this.#failure === null) await new Promise<void>((resolve) => this.#waiting.push(resolve))
    if (this.#failure !== null) throw this.#failure
  }

  wake(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const resolve of waiting) resolve()
  }

  get #drops(): boolean {
    const { whenFull } = this.options
    return whenFull === 'drop_oldest' || (whenFull === 'drop_failing' && this.#failingSince !== null)
  }

  #full(): boolean {
    return this.#held > this.options.bufferBytes && !this.#drops
  }

  /** Gives up the oldest of what is not under way, where that is the policy. */
  #keepBound(): void {
    let given = 0
    while (this.#drops && this.#held > this.options.bufferBytes) {
      const lane = this.#oldest()
      if (lane === null) break
      const [{ request }] = lane.splice(1, 1)
      this.#held -= request.body.length
      this.#heldRecords -= request.records
      given += request.records
      this.options.dropped(request, 'buffer_full')
    }
    const now = this.context.clock.monotonic()
    if (given === 0 || now - this.#toldFull < TELL_EVERY) return
    this.#toldFull = now
    const full = 'the buffer is full (--buffer-bytes): the oldest records are dropped'
    this.context.log.warn(`${this.options.destination}: ${full}`)
  }

  /** The lane whose second request is the oldest; the first one is under way. */
  #oldest(): Queued<R>[] | null {
    let best: Queued<R>[] | null = null
    for (const lane of this.#lanes) {
      if (lane.length > 1 && (best === null || lane[1].order < best[1].order)) best = lane
    }
    return best
  }

  async #run(lane: number): Promise<void> {
    const queue = this.#lanes[lane]
    this.#running[lane] = true
    try {
      while (queue.length > 0) {
        const { request } = queue[0]
        if (!(await this.#deliver(request))) this.#drop(request)
        queue.shift()
        this.#held -= request.body.length
        this.#heldRecords -= request.records
        this.wake()
      }
    } catch (error) {
      this.#failure ??= error as Error
      this.#abandon.abort()
    }
    this.#running[lane] = false
    this.wake()
  }

  /** Attempts until there is an answer that counts; false if the time was over before. */
  async #deliver(request: R): Promise<boolean> {
    const { options, context } = this
    const stop = this.#abandon.signal
    const backoff = new Backoff(options.minBackoff, options.maxBackoff)
    for (;;) {
      const attempt = await this.#concurrency.begin()
      if (stop.aborted) return false
      const outcome = await options.send(request.body, stop)
      if (stop.aborted && outcome.kind === 'retry') return false
      this.#concurrency.end(attempt, outcome.kind !== 'retry')
      if (outcome.kind !== 'retry') this.#answered()
      if (outcome.kind !== 'retry') {
        await this.#settle(request, outcome)
        return true
      }
      const asked = Math.min(outcome.after, options.maxRetryAfter)
      const wait = asked > 0 ? asked : backoff.next()
      if (asked > 0) backoff.waited(asked)
      this.#tell(outcome.words, wait)
      await context.clock.sleep(wait, stop)
    }
  }

  async #settle(request: R, outcome: Exclude<Outcome, { kind: 'retry' }>): Promise<void> {
    const { options } = this
    if (outcome.kind === 'stored') options.stored(request)
    else if (outcome.kind === 'refused') await options.refused(request, outcome.words)
    else {
      for (const { body, records, words } of outcome.parts) {
        // What is not counted as a whole is not in parts.
        const part = { body, records: request.records === 0 ? 0 : records }
        if (words === null) options.stored(part)
        else await options.refused(part, words)
      }
    }
    options.settled?.(request)
  }

  #drop(request: R): void {
    this.#droppedRecords += request.records
    this.options.dropped(request, 'shutdown')
  }

  #tell(words: string, wait: number): void {
    const now = this.context.clock.monotonic()
    if (this.#failingSince === null) {
      this.#failingSince = now
      this.#keepBound()
      this.options.failing?.(true)
      this.wake()
    }
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
    this.options.failing?.(false)
    if (lasted > 0)
      this.context.log.info(`${this.options.destination}: answers again after ${durationText(lasted * 1000)}`)
  }
}

export function recordsText(count: number): string {
  return `${count} record${count === 1 ? '' : 's'}`
}
