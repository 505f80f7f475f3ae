// The system's clock.

import type { Clock } from '../component.js'

export const systemClock: Clock = {
  now: () => (BigInt(Math.round((performance.timeOrigin + performance.now()) * 1e3)) * 1000n).toString(),
  millis: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: (ms, signal) =>
    new Promise((resolve) => {
      if (signal?.aborted === true) return resolve()
      const done = () => {
        clearTimeout(timer)
        signal?.removeEventListener('abort', done)
        resolve()
      }
      const timer = setTimeout(done, ms)
      signal?.addEventListener('abort', done)
    }),
}
