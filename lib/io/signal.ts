// SIGTERM and SIGINT: the first asks to stop and drain, the second ends the process as the signal does by itself.

import { setMaxListeners } from 'node:events'

/** Why a signal aborted: another process goes on at once, and what lies on the disk is for that one. */
export const HAND_OVER = new DOMException('handed over to another process', 'AbortError')

export function stopSignal(): AbortSignal {
  const controller = new AbortController()
  // Every wait and every request of a stage listens to it.
  setMaxListeners(0, controller.signal)
  const signals = ['SIGTERM', 'SIGINT'] as const
  for (const signal of signals) {
    process.on(signal, () => {
      if (controller.signal.aborted) {
        process.removeAllListeners(signal)
        process.kill(process.pid, signal)
      } else controller.abort()
    })
  }
  return controller.signal
}
