// The way to a syslog receiver: a connection that is opened when there is something to send and kept while it lasts,
// or a socket for datagrams.

import { createSocket, type Socket as DatagramSocket } from 'node:dgram'
import { connect, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { Clock } from '../component.js'
import type { ClientTls } from '../net/tls.js'

export interface Address {
  readonly host: string
  readonly port: number
}

/** Sends frames; rejects where they, or some of them, may not have left. */
export interface SyslogWire {
  send(frames: readonly Buffer[], signal: AbortSignal): Promise<void>
  /** Resolves when what was sent has left. */
  end(): Promise<void>
}

/** TCP, or TLS where `tls` is given. */
export class StreamWire implements SyslogWire {
  #socket: Socket | null = null

  constructor(
    private readonly address: Address,
    private readonly tls: ClientTls | null,
    /** Milliseconds to connect and for each send. */
    private readonly timeout: number,
    private readonly clock: Clock,
  ) {}

  /** Resolves when the system has taken all bytes: that the receiver has read them, nothing says. */
  async send(frames: readonly Buffer[], signal: AbortSignal): Promise<void> {
    const over = new AbortController()
    const late = this.clock.sleep(this.timeout, over.signal).then(() => {
      throw new Error('timeout')
    })
    late.catch(() => {})
    const asked = new Promise<never>((_, reject) => {
      if (signal.aborted) reject(new Error('stopped'))
      else signal.addEventListener('abort', () => reject(new Error('stopped')), { signal: over.signal })
    })
    try {
      await Promise.race([this.#write(Buffer.concat(frames)), late, asked])
    } catch (error) {
      this.#socket?.destroy()
      this.#socket = null
      throw error
    } finally {
      over.abort()
    }
  }

  end(): Promise<void> {
    const socket = this.#socket
    this.#socket = null
    if (socket === null || socket.destroyed) return Promise.resolve()
    return new Promise((resolve) => {
      socket.on('close', () => resolve()).setTimeout(this.timeout, () => socket.destroy())
      socket.end()
    })
  }

  async #write(bytes: Buffer): Promise<void> {
    const socket = (this.#socket ??= await this.#open())
    await new Promise<void>((resolve, reject) => {
      const failed = (error?: Error | null) => reject(error ?? new Error('closed by the receiver'))
      if (socket.destroyed || socket.readableEnded) return failed()
      socket.once('error', failed).once('close', failed)
      socket.write(bytes, (error) => {
        socket.off('error', failed).off('close', failed)
        if (error === undefined || error === null) resolve()
        else failed(error)
      })
    })
  }

  #open(): Promise<Socket> {
    const { host, port } = this.address
    const { tls } = this
    return new Promise((resolve, reject) => {
      const name = tls?.name === undefined ? {} : { servername: tls.name }
      const secure = () => connectTls({ host, port, ...name, ...tls!.current(), ...tls!.identity })
      const socket = tls === null ? connect(port, host) : secure()
      // It is seen before the next write, not by it: what is written to one who has gone is lost.
      const gone = () => {
        socket.destroy()
        if (this.#socket === socket) this.#socket = null
      }
      socket.on('error', reject).on('end', gone).on('close', gone).resume()
      socket.once(tls === null ? 'connect' : 'secureConnect', () => resolve(socket))
    })
  }
}

/** UDP. A receiver that is not there is told of by the system when it can be told at all. */
export class DatagramWire implements SyslogWire {
  #socket: DatagramSocket | null = null
  #error: Error | null = null

  constructor(private readonly address: Address) {}

  async send(frames: readonly Buffer[], signal: AbortSignal): Promise<void> {
    const socket = (this.#socket ??= await this.#open())
    for (const frame of frames) {
      if (signal.aborted) throw new Error('stopped')
      await new Promise<void>((resolve, reject) => {
        socket.send(frame, (error) => (error === null ? resolve() : reject(error)))
      })
      const error = this.#error
      this.#error = null
      if (error !== null) throw error
    }
  }

  async end(): Promise<void> {
    this.#socket?.close()
    this.#socket = null
  }

  #open(): Promise<DatagramSocket> {
    const { host, port } = this.address
    const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4')
    return new Promise((resolve, reject) => {
      socket.once('error', reject)
      socket.connect(port, host, () => {
        socket.off('error', reject).on('error', (error) => (this.#error = error))
        resolve(socket)
      })
    })
  }
}
