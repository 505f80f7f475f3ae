// The addresses that pipes listen on. The supervisor accepts, reads nothing, and hands each connection to the process
// that serves it; while there is none, connections wait.

import { createServer, type Server, type Socket } from 'node:net'
import type { AddressInfo } from 'node:net'
import { listenAddress } from '../net/listen.js'

/** Connections of an address that wait for a process; beyond, the kernel's own queue is all there is. */
const WAITING = 1024

/** Hands a connection over; false where nobody is there any more. */
type Deliver = (socket: Socket) => boolean

class Listener {
  #serving: Deliver | null = null
  readonly #waiting: Socket[] = []

  constructor(
    readonly server: Server,
    /** `HOST:PORT` */
    readonly address: string,
  ) {
    server.on('connection', (socket) => {
      // One that gave up meanwhile is closed by whoever gets it.
      socket.on('error', () => {})
      if (this.#serving?.(socket) === true) return
      if (this.#waiting.length >= WAITING) return void socket.destroy()
      this.#waiting.push(socket)
    })
  }

  get serving(): boolean {
    return this.#serving !== null
  }

  serve(deliver: Deliver): void {
    this.#serving = deliver
    for (const socket of this.#waiting.splice(0)) if (!deliver(socket)) this.#waiting.push(socket)
  }

  /** Whoever was replaced meanwhile takes nothing from its successor. */
  release(deliver: Deliver): void {
    if (this.#serving === deliver) this.#serving = null
  }

  close(): void {
    this.server.close()
    for (const socket of this.#waiting) socket.destroy()
  }
}

export class Sockets {
  /** By the address that was asked for; port 0 is one of each pipe's own. */
  readonly #listeners = new Map<string, Listener>()
  /** Handed over by whoever started this process, by the address that they are bound to. */
  readonly #inherited = new Map<string, Listener>()

  /** Takes sockets that are listening already (sd_listen_fds(3)); their addresses. */
  async inherit(fds: readonly number[]): Promise<string[]> {
    for (const fd of fds) {
      const listener = await listen({ fd })
      this.#inherited.set(listener.address, listener)
    }
    return [...this.#inherited.keys()]
  }

  /**
   * Listens, or goes on listening, and delivers connections until `release`. Throws as listen(2) does, and EADDRINUSE
   * where another process of this supervisor has the address.
   */
  async claim(pipe: string, text: string, deliver: Deliver): Promise<{ address: string; release: () => void }> {
    const { host, port } = listenAddress(text)
    const key = port === 0 ? `${pipe} ${text}` : text
    const listener =
      this.#listeners.get(key) ?? this.#inherited.get(addressText(host ?? '::', port)) ?? (await listen({ host, port }))
    this.#listeners.set(key, listener)
    if (listener.serving) throw Object.assign(new Error('in use'), { code: 'EADDRINUSE' })
    listener.serve(deliver)
    return { address: listener.address, release: () => listener.release(deliver) }
  }

  /** Closes what no process serves. */
  tidy(): void {
    for (const [key, listener] of this.#listeners) {
      if (listener.serving) continue
      listener.close()
      this.#listeners.delete(key)
    }
  }

  close(): void {
    for (const listener of [...this.#listeners.values(), ...this.#inherited.values()]) listener.close()
  }
}

async function listen(where: { fd: number } | { host: string | undefined; port: number }): Promise<Listener> {
  const server = createServer({ pauseOnConnect: true })
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(where, resolve))
  server.on('error', () => {})
  const { address, port } = server.address() as AddressInfo
  return new Listener(server, addressText(address, port))
}

function addressText(host: string, port: number): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`
}
