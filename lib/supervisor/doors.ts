// The addresses that the process of a pipe has its supervisor listen on.

import type { Socket } from 'node:net'
import type { Door } from '../net/door.js'
import type { FromPipe } from './protocol.js'

interface Asked {
  connection: (socket: Socket) => void
  resolve: (door: Door) => void
  reject: (error: Error) => void
}

export class Doors {
  readonly #asked = new Map<number, Asked>()
  #next = 0
  #open = 0
  #awaited: { count: number; resolve: () => void }[] = []

  constructor(private readonly send: (message: FromPipe) => void) {}

  open(address: string, connection: (socket: Socket) => void): Promise<Door> {
    const id = this.#next++
    this.send({ type: 'listen', id, address })
    return new Promise((resolve, reject) => this.#asked.set(id, { connection, resolve, reject }))
  }

  /** Resolves when so many addresses are listened on. */
  reached(count: number): Promise<void> {
    return this.#open >= count ? Promise.resolve() : new Promise((resolve) => this.#awaited.push({ count, resolve }))
  }

  /** The supervisor's answer: the address, or the code of what went wrong. */
  opened(id: number, address: string | null, code: string | null): void {
    const { resolve, reject } = this.#asked.get(id)!
    if (address === null) return reject(Object.assign(new Error(code!), { code }))
    this.#open++
    for (const { count, resolve } of this.#awaited) if (this.#open >= count) resolve()
    resolve({ address, close: () => this.send({ type: 'closed', id }) })
  }

  /** A client that has gone on its way here leaves no socket. */
  connection(id: number, number: number, socket: Socket | undefined): void {
    this.send({ type: 'taken', socket: number })
    if (socket !== undefined) this.#asked.get(id)!.connection(socket)
  }
}
