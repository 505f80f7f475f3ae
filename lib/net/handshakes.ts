// Handshakes of TLS in front of a server: with the certificate of the moment, and counted while they are under way.

import type { Socket } from 'node:net'
import { createServer, type Server, type TLSSocket, type TlsOptions } from 'node:tls'
import type { ServerTls } from './server_tls.js'
import { reasonOf } from './tls.js'

/** Says something about what is wrong, under a word for what it is. */
export type Tell = (what: string, message: string) => void

export class Handshakes {
  readonly #server: Server
  #underWay = 0

  /** @param serve is given connections that have shaken hands */
  constructor(
    private readonly tls: ServerTls,
    options: Required<Pick<TlsOptions, 'handshakeTimeout'>> & Pick<TlsOptions, 'ALPNProtocols'>,
    serve: (socket: TLSSocket) => void,
    private readonly tell: Tell,
  ) {
    const client = { requestCert: tls.mutual, rejectUnauthorized: tls.mutual }
    this.#server = createServer({ ...tls.changed(), ...client, ...options })
    this.#server.on('secureConnection', (socket) => {
      this.#underWay--
      serve(socket)
    })
    this.#server.on('tlsClientError', (error, socket) => {
      this.#underWay--
      socket.destroy()
      tell('handshake', `TLS: ${reasonOf(error)}`)
    })
  }

  get underWay(): number {
    return this.#underWay
  }

  begin(socket: Socket): void {
    try {
      const changed = this.tls.changed()
      if (changed !== null) this.#server.setSecureContext(changed)
    } catch (error) {
      this.tell('tls', `--tls-cert, --tls-key: ${reasonOf(error)}: going on with those before`)
    }
    this.#underWay++
    this.#server.emit('connection', socket)
  }
}
