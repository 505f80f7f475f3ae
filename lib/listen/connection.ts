// One connection of a client: its bytes in order, as fast as they are taken, until it ends, is silent for too long, or
// all that was on its way when this process was asked to stop has come.

import type { Socket } from 'node:net'

/** Milliseconds of quiet after which a stopping source counts a connection as drained, and the most that it waits. */
const QUIET_MS = 500
const DRAIN_MS = 5000

export class Connection {
  #over = false
  #wake: (() => void) | null = null
  #stopping: NodeJS.Timeout | null = null

  /**
   * @param peer address of the client; a path's clients have none
   * @param idle told when it is closed because it was silent
   */
  constructor(
    private readonly socket: Socket,
    readonly peer: string,
    idleTimeout: number,
    idle: () => void,
  ) {
    const end = () => {
      this.#over = true
      this.#wake?.()
    }
    socket.on('readable', () => this.#wake?.())
    socket.on('end', end).on('close', end).on('error', end)
    socket.setTimeout(idleTimeout, () => {
      // Whoever has not taken what came is not waiting for more.
      if (this.#wake === null) return
      if (this.#stopping === null) idle()
      end()
    })
  }

  async *chunks(): AsyncGenerator<Buffer> {
    try {
      for (;;) {
        const chunk = this.socket.read() as Buffer | null
        if (chunk !== null) yield chunk
        else if (this.#over) return
        else {
          await new Promise<void>((resolve) => (this.#wake = resolve))
          this.#wake = null
        }
      }
    } finally {
      this.close()
    }
  }

  /** Bytes to the client; false where it does not take them now. */
  write(bytes: Uint8Array | string): boolean {
    return this.socket.writable && this.socket.write(bytes)
  }

  /** Tells the client to send no more, and takes what is on its way. */
  stop(): void {
    if (this.#stopping !== null || this.#over) return
    this.socket.end()
    this.socket.setTimeout(QUIET_MS)
    this.#stopping = setTimeout(() => {
      this.#over = true
      this.#wake?.()
    }, DRAIN_MS)
  }

  close(): void {
    this.#over = true
    if (this.#stopping !== null) clearTimeout(this.#stopping)
    this.socket.destroy()
  }
}
