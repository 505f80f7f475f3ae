// What is done again and again beside something else, and once more when that is over.

import type { Clock } from '../component.js'

/**
 * Resolves after the last time; throws what either throws.
 *
 * @param every milliseconds between two beginnings; one that would begin before the last has ended is left out
 */
export async function repeat(
  work: () => Promise<void>, every: number, beside: Promise<void>, clock: Pick<Clock, 'monotonic' | 'sleep'>,
): Promise<void> {
  const over = new AbortController()
  const ended = beside.finally(() => over.abort())
  const again = async () => {
    const late = (next: number) => Math.ceil((clock.monotonic() - next) / every)
    for (let next = clock.monotonic() + every; ; next += every * Math.max(1, late(next))) {
      await clock.sleep(Math.max(0, next - clock.monotonic()), over.signal)
      if (over.signal.aborted) return
      await work()
    }
  }
  await Promise.all([ended, again()])
  await work()
}
