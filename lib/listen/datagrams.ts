// A listener for UDP. Nothing makes a sender of datagrams wait: what is too much is dropped, and counted.

import { createSocket, type Socket } from 'node:dgram'
import type { Account, Clock } from '../component.js'
import { listenAddress } from '../net/listen.js'
import { type Endpoint, endpointText } from './address.js'
import { peerOf } from './peer.js'
import type { Told } from '../io/told.js'

export interface Datagram {
  readonly bytes: Buffer
  /** Address of the sender. */
  readonly peer: string
}

export interface DatagramOptions {
  readonly udp_buffer_bytes: number
  readonly udp_queue_bytes: number
}

/** A stopping source listens on until it has been quiet for so long, and at most so long, milliseconds. */
const QUIET_MS = 50
const DRAIN_MS = 1000
/** What a datagram without bytes takes. */
const LEAST = 64

export class DatagramListener {
  readonly #socket: Socket
  #queue: Datagram[] = []
  #bytes = 0
  #count = 0
  #serving: Promise<void> | null = null

  /** @param serve takes what has come; what it throws goes to `fail` */
  constructor(
    private readonly endpoint: Endpoint,
    private readonly options: DatagramOptions,
    private readonly serve: (datagrams: readonly Datagram[]) => void | Promise<void>,
    private readonly fail: (error: Error) => void,
    private readonly context: { readonly account: Account; readonly clock: Clock },
    private readonly told: Told,
  ) {
    const { host } = listenAddress(endpoint.place)
    const type = host === undefined || host.includes(':') ? 'udp6' : 'udp4'
    this.#socket = createSocket({ type, recvBufferSize: options.udp_buffer_bytes })
  }

  /** Where it listens. Throws as bind(2) does. */
  async listen(): Promise<string> {
    const { host, port } = listenAddress(this.endpoint.place)
    const socket = this.#socket
    await new Promise<void>((resolve, reject) => socket.once('error', reject).bind(port, host, resolve))
    socket.on('error', (error) => this.told.warn('listener', error.message))
    socket.on('message', (bytes, { address }) => this.#take(bytes, address))
    const { address, port: got } = socket.address()
    return endpointText({ ...this.endpoint, place: `${address.includes(':') ? `[${address}]` : address}:${got}` })
  }

  /** Resolves when what was on its way has been served. */
  async end(): Promise<void> {
    const { clock } = this.context
    const deadline = clock.monotonic() + DRAIN_MS
    for (let before = -1; before !== this.#count && clock.monotonic() < deadline; ) {
      before = this.#count
      await clock.sleep(QUIET_MS)
    }
    this.#socket.close()
    await this.#serving
  }

  #take(bytes: Buffer, address: string): void {
    this.#count++
    this.context.account.in_bytes += bytes.length
    const size = bytes.length + LEAST
    if (this.#bytes + size > this.options.udp_queue_bytes) {
      this.context.account.in++
      this.context.account.drop('queue_full', 1)
      return this.told.warn('queue', 'the reader is slow and the queue full (--udp-queue-bytes): datagrams are dropped')
    }
    this.#bytes += size
    this.#queue.push({ bytes, peer: peerOf(address) })
    this.#serving ??= this.#serve()
      .catch(this.fail)
      .finally(() => (this.#serving = null))
  }

  async #serve(): Promise<void> {
    // Those that the system has ready come in this turn.
    await new Promise(setImmediate)
    while (this.#queue.length > 0) {
      const queue = this.#queue
      this.#queue = []
      await this.serve(queue)
      for (const { bytes } of queue) this.#bytes -= bytes.length + LEAST
    }
  }
}
