// A flow at its place in time: what it holds goes on when it is due, whether more comes or not.

import type { Clock } from '../component.js'
import type { Flow } from '../flow.js'
import type { Batch } from '../record/batch.js'

/** Milliseconds of the longest sleep, which timers can take; what is due later is looked at again. */
const LONGEST = 1_000_000_000

/** What passes batches on, one after another. */
type Send = (batch: Batch) => void | Promise<void>

/**
 * Runs a flow to the end of its input.
 * @param signal aborted: a flow that is full is not waited for any more
 * @param push gives the flow a batch
 */
export async function runFlow(
  flow: Flow, batches: AsyncIterable<Batch>, clock: Clock, signal: AbortSignal, send: Send, push: Flow['push'],
): Promise<void> {
  const timer = new Timer(flow, clock, send)
  const consume = async () => {
    try {
      // Something may be held already, from an earlier run.
      timer.resume()
      for await (const batch of batches) {
        await timer.pause()
        await sendAll(push(batch), send)
        await room(flow, clock, signal, send)
        timer.resume()
      }
    } finally {
      await timer.pause()
      timer.stop()
    }
    await sendAll(flow.end(), send)
  }
  await Promise.race([consume(), timer.failed])
}

async function sendAll(batches: readonly Batch[], send: Send): Promise<void> {
  for (const batch of batches) {
    const wait = send(batch)
    if (wait !== undefined) await wait
  }
}

/** Waits until a flow takes more. */
async function room(flow: Flow, clock: Clock, signal: AbortSignal, send: Send): Promise<void> {
  while (flow.full() && !signal.aborted) {
    const due = wakeAt(flow, clock)
    await clock.sleep(due - clock.monotonic(), signal)
    if (!signal.aborted) await sendAll(flow.tick(Math.max(due, clock.monotonic())), send)
  }
}

function wakeAt(flow: Flow, clock: Clock): number {
  return Math.min(flow.due(), clock.monotonic() + LONGEST)
}

/** Ticks a flow while nothing comes; one sleep at a time. */
class Timer {
  #until = Infinity
  #sleep = new AbortController()
  #paused = false
  #ticking: Promise<void> | null = null
  #fail!: (error: unknown) => void
  /** Rejects when what was due cannot be passed on; never resolves. */
  readonly failed: Promise<never>

  constructor(
    private readonly flow: Flow,
    private readonly clock: Clock,
    private readonly send: Send,
  ) {
    this.failed = new Promise<never>((_, reject) => (this.#fail = reject))
    this.failed.catch(() => {})
  }

  /** Something came: a tick under way is finished first. */
  async pause(): Promise<void> {
    this.#paused = true
    if (this.#ticking !== null) await this.#ticking
  }

  resume(): void {
    this.#paused = false
    this.#arm()
  }

  stop(): void {
    this.#sleep.abort()
  }

  /** What is due later than the sleep ends needs no other one. */
  #arm(): void {
    if (this.flow.due() === Infinity || this.flow.due() >= this.#until) return
    const until = wakeAt(this.flow, this.clock)
    this.#sleep.abort()
    const { signal } = (this.#sleep = new AbortController())
    this.#until = until
    void this.clock.sleep(Math.max(0, until - this.clock.monotonic()), signal).then(() => {
      if (!signal.aborted) this.#wake(until)
    })
  }

  #wake(now: number): void {
    this.#until = Infinity
    if (!this.#paused) this.#ticking = this.#tick(Math.max(now, this.clock.monotonic())).catch(this.#fail)
  }

  async #tick(now: number): Promise<void> {
    await sendAll(this.flow.tick(now), this.send)
    this.#ticking = null
    if (!this.#paused) this.#arm()
  }
}
