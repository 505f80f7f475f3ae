// What systemd is told (sd_notify(3)), and what it hands over (sd_listen_fds(3)).

import { spawn } from 'node:child_process'
import { once } from 'node:events'

/** The first descriptor that systemd hands over. */
const FIRST_FD = 3

/** Tells systemd, if it waits to be told. Node has no datagram sockets of this kind: systemd's own program does it. */
export async function notify(...words: readonly string[]): Promise<void> {
  if (process.env.NOTIFY_SOCKET === undefined) return
  const child = spawn('systemd-notify', words, { stdio: 'ignore' })
  await once(child, 'exit').catch(() => {})
}

/** Sockets that were handed to this process, listening. */
export function inheritedSockets(): number[] {
  const { LISTEN_PID, LISTEN_FDS } = process.env
  if (LISTEN_PID !== String(process.pid)) return []
  return Array.from({ length: Number(LISTEN_FDS ?? 0) }, (_, i) => FIRST_FD + i)
}
