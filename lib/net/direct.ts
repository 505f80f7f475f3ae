// Plain HTTP over connections of its own, which are kept: one request at a time on each, as many as there are requests at once.

import { Connection, type Errand, type Place } from './connection.js'
import type { Answer, Hop, Transport } from './exchange.js'
import { requestHead } from './request_head.js'
import { ResponseReader } from './response.js'

interface Way {
  /** The same for connections that may stand for one another. */
  key: string
  place: Place
}

export class Direct {
  /** Those that wait, by place; the last to come back is the first to go. */
  readonly #idle = new Map<string, Connection[]>()
  readonly #all = new Set<Connection>()

  constructor(private readonly maxHeaderBytes: number) {}

  /** The way to a host of an http URL, or to a Unix socket. */
  to(url: URL, socketPath: string | undefined): Transport {
    const key = socketPath === undefined ? url.host : `unix ${socketPath}`
    const place =
      socketPath === undefined
        ? { host: url.hostname.replace(/^\[|\]$/g, ''), port: Number(url.port || 80) }
        : { path: socketPath }
    return { send: (hop, answer) => this.#send({ key, place }, this.#errand(hop, answer), hop.fresh) }
  }

  close(): void {
    for (const connection of this.#all) connection.close()
  }

  #errand(hop: Hop, answer: Answer): Errand {
    const { method, host, body: given } = hop
    const body = given === undefined || given.length === 0 ? null : typeof given === 'string' ? Buffer.from(given) : given
    const length = body === null && (method === 'GET' || method === 'HEAD') ? null : (body?.length ?? 0)
    return {
      head: requestHead(hop, length),
      body,
      reader: new ResponseReader(method, this.maxHeaderBytes, answer),
      answer,
      host,
    }
  }

  #send(way: Way, errand: Errand, fresh: boolean): void {
    const kept = fresh ? undefined : this.#take(way.key)
    if (kept !== undefined) {
      errand.answer.carried(() => kept.close())
      kept.wake()
      // Two turns hold one whole look at the sockets: a connection that the server has closed, or has written to unasked, is
      // found out before anything is sent on it.
      setImmediate(() =>
        setImmediate(() => {
          if (errand.answer.over) return
          if (kept.closed) this.#send(way, errand, false)
          else kept.send(errand)
        }),
      )
      return
    }
    const made = this.#connect(way)
    errand.answer.carried(() => made.close())
    made.open(errand)
  }

  /** Apart from the errand: what a connection remembers would keep the first one, with its body, for as long as it lives. */
  #connect({ key, place }: Way): Connection {
    const made = new Connection(
      place,
      (connection) => this.#keep(key, connection),
      (connection) => this.#forget(key, connection),
    )
    this.#all.add(made)
    return made
  }

  #take(key: string): Connection | undefined {
    const waiting = this.#idle.get(key)
    const taken = waiting?.pop()
    if (waiting?.length === 0) this.#idle.delete(key)
    return taken
  }

  #keep(key: string, connection: Connection): void {
    const waiting = this.#idle.get(key)
    if (waiting === undefined) this.#idle.set(key, [connection])
    else waiting.push(connection)
  }

  #forget(key: string, connection: Connection): void {
    this.#all.delete(connection)
    const waiting = this.#idle.get(key)
    const at = waiting?.indexOf(connection) ?? -1
    if (at >= 0) waiting!.splice(at, 1)
    if (waiting?.length === 0) this.#idle.delete(key)
  }
}
