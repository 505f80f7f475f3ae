// What asks a running pipeline to end without a signal that says so.

import { isatty } from 'node:tty'

/** Calls `gone` when whoever started this process by Node's `fork`, or with a channel to it, has ended in any way. */
export function onStarterGone(gone: () => void): void {
  process.once('disconnect', gone)
  process.channel?.unref()
}

/** Tells a SIGHUP that asks for a reload from that of a terminal which is no longer there. */
export function onHangUp(reload: () => void, gone: () => void): void {
  const onTerminal = isatty(2)
  process.on('SIGHUP', () => (onTerminal && !isatty(2) ? gone() : reload()))
}
