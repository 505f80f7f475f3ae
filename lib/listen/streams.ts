// A listener for connections: TCP, TLS or a Unix socket, its own or from whoever listens in its stead.

import { renameSync, rmSync, statSync } from 'node:fs'
import { connect, createServer, type Server, type Socket } from 'node:net'
import type { AddressInfo } from 'node:net'
import { dirname, join } from 'node:path'
import { doorOpener } from '../net/door.js'
import { Handshakes } from '../net/handshakes.js'
import { listenAddress } from '../net/listen.js'
import type { ServerTls } from '../net/server_tls.js'
import { type Endpoint, endpointText } from './address.js'
import { Connection } from './connection.js'
import { peerOf } from './peer.js'
import type { Told } from '../io/told.js'

export interface StreamOptions {
  readonly max_connections: number
  /** Milliseconds. */
  readonly idle_timeout: number
}

/** Milliseconds for the handshake of TLS. */
const HANDSHAKE = 10_000

export class StreamListener {
  readonly #open = new Map<Connection, Promise<void>>()
  /** Null without TLS. */
  readonly #handshakes: Handshakes | null
  /** Takes connections before their handshake. */
  readonly #take: (socket: Socket) => void
  #close: () => void = () => {}

  /**
   * @param tls for endpoints of TLS
   * @param serve reads a connection to its end; what it throws goes to `fail`
   */
  constructor(
    private readonly endpoint: Endpoint,
    private readonly options: StreamOptions,
    tls: ServerTls | null,
    private readonly serve: (connection: Connection) => Promise<void>,
    private readonly fail: (error: Error) => void,
    private readonly told: Told,
  ) {
    const shaken = (socket: Socket) => this.#serve(socket)
    const tell = (what: string, message: string) => told.warn(what, message)
    const handshakes = tls === null ? null : new Handshakes(tls, { handshakeTimeout: HANDSHAKE }, shaken, tell)
    this.#handshakes = handshakes
    this.#take = handshakes === null ? shaken : (socket) => this.#full(socket) || handshakes.begin(socket)
  }

  /** Where it listens. Throws as listen(2) does. */
  async listen(): Promise<string> {
    const { transport, place } = this.endpoint
    if (transport === 'unix') return this.#listenAtPath(place)
    const opener = doorOpener()
    if (opener !== null) {
      const door = await opener(place, this.#take)
      this.#close = () => door.close()
      return endpointText({ transport, place: door.address })
    }
    const server = await this.#listen(listenAddress(place))
    const { address, port } = server.address() as AddressInfo
    return endpointText({ transport, place: `${address.includes(':') ? `[${address}]` : address}:${port}` })
  }

  /** Takes no more connections; resolves when what was on its way in those that are open has been served. */
  async end(): Promise<void> {
    this.#close()
    for (const connection of this.#open.keys()) connection.stop()
    await Promise.all(this.#open.values())
  }

  /** Also over the name of a socket that nobody listens on any more. */
  async #listenAtPath(path: string): Promise<string> {
    if (await answers(path)) throw Object.assign(new Error('in use'), { code: 'EADDRINUSE' })
    if (statSync(path, { throwIfNoEntry: false })?.isSocket() === false) {
      throw Object.assign(new Error('exists'), { code: 'EEXIST' })
    }
    // A name that was killed with its process is replaced, not taken away first: somebody may just be connecting.
    const beside = join(dirname(path), `.${process.pid}.sock`)
    const server = await this.#listen({ path: beside })
    renameSync(beside, path)
    const { ino } = statSync(path)
    this.#close = () => {
      server.close()
      if (statSync(path, { throwIfNoEntry: false })?.ino === ino) rmSync(path)
    }
    return endpointText(this.endpoint)
  }

  async #listen(where: { path: string } | { host: string | undefined; port: number }): Promise<Server> {
    const server = createServer(this.#take)
    await new Promise<void>((resolve, reject) => server.once('error', reject).listen(where, resolve))
    server.on('error', (error) => this.told.warn('listener', error.message))
    this.#close = () => void server.close()
    return server
  }

  /** Closes what is beyond the bound, in which handshakes count as well. */
  #full(socket: Socket): boolean {
    const { max_connections: max } = this.options
    if (this.#open.size + (this.#handshakes?.underWay ?? 0) < max) return false
    socket.destroy()
    this.told.warn('connections', `more than ${max} connections (--max-connections): closed`)
    return true
  }

  #serve(socket: Socket): void {
    socket.on('error', () => {})
    if (this.#full(socket)) return
    const { idle_timeout: idle } = this.options
    const peer = peerOf(socket.remoteAddress ?? '')
    const connection = new Connection(socket, peer, idle, () =>
      this.told.warn('idle', `${peer}: silent for longer than --idle-timeout: closed`),
    )
    const served = this.serve(connection)
      .catch(this.fail)
      .finally(() => {
        connection.close()
        this.#open.delete(connection)
      })
    this.#open.set(connection, served)
  }
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path)
    socket.on('connect', () => resolve(true)).on('error', () => resolve(false))
    socket.on('connect', () => socket.destroy())
  })
}
