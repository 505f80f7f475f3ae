// How a server of this process gets its connections: from a socket of its own, or from whoever listens in its stead.

import type { Socket } from 'node:net'

export interface Door {
  /** `HOST:PORT` that is listened on. */
  readonly address: string
  /** No more connections come. */
  close(): void
}

/**
 * Opens an address (`HOST:PORT`); throws as listen(2) does.
 * @param connection called with every connection, nothing of which has been read
 */
export type OpenDoor = (address: string, connection: (socket: Socket) => void) => Promise<Door>

let opened: OpenDoor | null = null

/** From now on this process asks another one to listen. */
export function listenThrough(open: OpenDoor): void {
  opened = open
}

/** null where this process listens itself. */
export function doorOpener(): OpenDoor | null {
  return opened
}
