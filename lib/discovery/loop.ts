// Again and again: at an interval, and sooner when woken.

import type { Clock, SourceContext } from '../component.js'
import { Problem, Problems, renderProblem } from '../diag/problem.js'

/** Changes come in groups, and a file is seldom written at once: this long one is waited for the next, milliseconds. */
const SETTLE_MS = 50

export class Waker {
  #woken = new AbortController()

  /** Ends the current wait, or the next one. */
  wake(): void {
    this.#woken.abort()
  }

  /** Resolves after `ms`, soon after `wake`, or at once when the signal aborts. */
  async wait(clock: Clock, ms: number, stop: AbortSignal): Promise<void> {
    if (stop.aborted) return
    const onStop = () => this.wake()
    stop.addEventListener('abort', onStop)
    await clock.sleep(ms, this.#woken.signal)
    stop.removeEventListener('abort', onStop)
    if (this.#woken.signal.aborted) await clock.sleep(SETTLE_MS, stop)
    this.#woken = new AbortController()
  }
}

/**
 * Does the work now, at every interval and when woken, until the stage stops. Problems are told, and it goes on.
 *
 * @param every milliseconds to the next time, asked after each
 */
export async function repeat(
  every: () => number,
  context: SourceContext,
  work: () => Promise<void>,
  waker = new Waker(),
): Promise<void> {
  while (!context.signal.aborted) {
    try {
      await work()
    } catch (error) {
      tell(error, context)
    }
    await waker.wait(context.clock, every(), context.signal)
  }
}

/** Logs a Problem or several; throws what is none. */
function tell(error: unknown, { log, stage }: SourceContext): void {
  const problems = error instanceof Problems ? error.list : error instanceof Problem ? [error] : null
  if (problems === null) throw error
  for (const problem of problems) log.error(renderProblem(problem, stage).trimEnd())
}
