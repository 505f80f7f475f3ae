// One process at a time: a lock that the system lets go of when its holder dies, however it dies.

import { stat } from 'node:fs/promises'
import { createServer, type Server } from 'node:net'
import { EXIT, Problem } from '../diag/problem.js'

/**
 * Holds a folder for this process. Node has no flock; a socket in Linux's abstract namespace (unix(7)) is bound by one
 * process alone, atomically, and leaves nothing behind, not even after kill -9. It is named by the folder's device and
 * inode. Containers that share a volume but no network namespace do not see each other's.
 *
 * Throws a Problem where another process holds it.
 */
export async function lockFolder(path: string): Promise<Server> {
  const { dev, ino } = await stat(path, { bigint: true })
  const server = createServer((socket) => socket.destroy())
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen({ path: `\0solder-spool-${dev}-${ino}` }, resolve)
  }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EADDRINUSE') throw error
    throw new Problem(`${path} is in use by another process`, {
      exit: EXIT.temporary,
      hint: 'give every command a --state folder of its own, or wait until the other one has ended',
    })
  })
  return server.unref()
}

export function unlock(lock: Server): Promise<void> {
  return new Promise((resolve) => lock.close(() => resolve()))
}
