// Where a server takes its connections: the addresses, TLS, and how many may be open.

import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import { EXIT, Problem } from '../diag/problem.js'
import { type Door, doorOpener } from './door.js'
import { listenAddress } from './listen.js'
import type { ServerTls } from './server_tls.js'
import { reasonOf } from './tls.js'

export interface ListenerOptions {
  readonly max_connections: number
  /** Milliseconds for a handshake. */
  readonly header_timeout: number
}

/** Says something about what is wrong, under a word for what it is. */
export type Tell = (what: string, message: string) => void

export class Listener {
  /** Open connections that have been given on. */
  readonly sockets = new Set<Socket>()
  /** Connections whose handshake is not over: they count as well. */
  #shaking = 0
  readonly #servers: Server[] = []
  readonly #doors: Door[] = []
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
    this.#take = tls === null ? (socket) => this.#full(socket) || this.#serve(socket) : this.#overTls(tls, protocols)
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

  #overTls(tls: ServerTls, protocols: readonly string[]): (socket: Socket) => void {
    const client = { requestCert: tls.mutual, rejectUnauthorized: tls.mutual }
    const handshakeTimeout = this.options.header_timeout
    const server = createTlsServer({ ...tls.changed(), ...client, handshakeTimeout, ALPNProtocols: [...protocols] })
    server.on('secureConnection', (socket) => {
      this.#shaking--
      this.#serve(socket)
    })
    server.on('tlsClientError', (error, socket) => {
      this.#shaking--
      socket.destroy()
      this.tell('handshake', `TLS: ${reasonOf(error)}`)
    })
    return (socket) => {
      if (this.#full(socket)) return
      try {
        const changed = tls.changed()
        if (changed !== null) server.setSecureContext(changed)
      } catch (error) {
        this.tell('tls', `--tls-cert, --tls-key: ${reasonOf(error)}: going on with those before`)
      }
      this.#shaking++
      server.emit('connection', socket)
    }
  }

  /** Closes what is beyond the bound. */
  #full(socket: Socket): boolean {
    const { max_connections: max } = this.options
    if (this.sockets.size + this.#shaking < max) return false
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
