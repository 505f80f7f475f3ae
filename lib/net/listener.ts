// Where a server takes its connections: the addresses, TLS, and how many may be open.

import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { EXIT, Problem } from '../diag/problem.js'
import { type Door, doorOpener } from './door.js'
import { Handshakes, type Tell } from './handshakes.js'
import { listenAddress } from './listen.js'
import type { ServerTls } from './server_tls.js'

export interface ListenerOptions {
  readonly max_connections: number
  /** Milliseconds for a handshake. */
  readonly header_timeout: number
}

export class Listener {
  /** Open connections that have been given on. */
  readonly sockets = new Set<Socket>()
  readonly #servers: Server[] = []
  readonly #doors: Door[] = []
  /** Null without TLS. */
  readonly #handshakes: Handshakes | null
  /** Takes connections before their handshake. */
  readonly #take: (socket: Socket) => void

  /**
   * @param tls null: without
   * @param protocols offered in handshakes, the best first
   * @param serve is given connections that have shaken hands
   * @param closed is called when one of them is closed
   */
  constructor(
    private readonly options: ListenerOptions,
    private readonly tls: ServerTls | null,
    protocols: readonly string[],
    private readonly serve: (socket: Socket) => void,
    private readonly closed: () => void,
    private readonly tell: Tell,
  ) {
    const shaken = (socket: Socket) => this.#serve(socket)
    const how = { handshakeTimeout: options.header_timeout, ALPNProtocols: [...protocols] }
    const handshakes = tls === null ? null : new Handshakes(tls, how, shaken, tell)
    this.#handshakes = handshakes
    const next = handshakes === null ? shaken : handshakes.begin.bind(handshakes)
    this.#take = (socket) => this.#full(socket) || next(socket)
  }

  /** Whether another process listens in this one's stead. */
  get throughDoors(): boolean {
    return this.#doors.length > 0
  }

  /** Listens on an address; its URL without path. Throws a Problem where it cannot be had. */
  async listen(text: string): Promise<string> {
    const address = await this.#open(text).catch((cause: NodeJS.ErrnoException) => {
      const hint = cause.code === 'EADDRINUSE' ? 'another process listens there' : undefined
      const message = `--listen: cannot listen on ${text}: ${cause.code ?? cause.message}`
      throw new Problem(message, { cause, exit: EXIT.temporary, hint })
    })
    return `${this.tls === null ? 'http' : 'https'}://${address}`
  }

  /** No more connections come. */
  close(): void {
    for (const door of this.#doors) door.close()
    for (const server of this.#servers) server.close()
  }

  /** `HOST:PORT` that is listened on. */
  async #open(text: string): Promise<string> {
    const opener = doorOpener()
    if (opener !== null) {
      const door = await opener(text, this.#take)
      this.#doors.push(door)
      return door.address
    }
    const { host, port } = listenAddress(text)
    const server = createServer({ allowHalfOpen: this.tls === null, noDelay: true }, this.#take)
    await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, host, resolve))
    server.on('error', (error) => this.tell('listener', error.message))
    this.#servers.push(server)
    const { address, port: got } = server.address() as AddressInfo
    return `${address.includes(':') ? `[${address}]` : address}:${got}`
  }

  /** Closes what is beyond the bound, in which handshakes count as well. */
  #full(socket: Socket): boolean {
    const { max_connections: max } = this.options
    if (this.sockets.size + (this.#handshakes?.underWay ?? 0) < max) return false
    socket.destroy()
    this.tell('drop', `more than ${max} connections (--max-connections): closed`)
    return true
  }

  #serve(socket: Socket): void {
    this.sockets.add(socket)
    socket.once('close', () => {
      this.sockets.delete(socket)
      this.closed()
    })
    this.serve(socket)
  }
}
