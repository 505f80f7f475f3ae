// A receiver of remote write on one port that can go away, so that connections are refused, come back, and fail; it
// remembers the samples that it stored, in their order.

import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { uncompressSync } from 'snappy'
import { samplesIn } from './flaky_receiver.js'
import type { Received } from './remote_write.js'

/** `gone`: nobody listens. `failing`: 500 for every request. `refusing`: 400. */
export type Health = 'well' | 'failing' | 'refusing' | 'gone'

interface Test {
  teardown(end: () => unknown): void
}

export class OutageReceiver {
  /** Answered with 204, and nothing of anything else. */
  readonly stored: Received[] = []
  /** Requests that were answered with 500 so far. */
  failed = 0
  #health: Health = 'well'
  #server: Server | null = null
  #port = 0

  /** Listens until the test ends. */
  static async start(t: Test, health: Health = 'well'): Promise<OutageReceiver> {
    const receiver = new OutageReceiver()
    await receiver.#listen()
    await receiver.be(health)
    t.teardown(() => receiver.be('gone'))
    return receiver
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}/api/v1/write`
  }

  /** Is so when the promise resolves. */
  async be(health: Health): Promise<void> {
    this.#health = health
    if (health === 'gone') await this.#close()
    else if (this.#server === null) await this.#listen()
  }

  async #listen(): Promise<void> {
    const server = createServer((request, response) => {
      // Whoever sends may be killed at any time.
      request.on('error', () => {})
      response.on('error', () => {})
      void this.#answer(request, response).catch(() => {})
    })
    server.listen(this.#port, '127.0.0.1')
    await once(server, 'listening')
    this.#server = server
    this.#port = (server.address() as AddressInfo).port
  }

  async #close(): Promise<void> {
    const server = this.#server
    this.#server = null
    if (server === null) return
    const closed = once(server, 'close')
    server.close()
    server.closeAllConnections()
    await closed
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    if (this.#health === 'failing') {
      this.failed++
      return void response.writeHead(500).end('on fire\n')
    }
    if (this.#health === 'refusing') return void response.writeHead(400).end('no\n')
    this.stored.push(...samplesIn(uncompressSync(Buffer.concat(chunks)) as Buffer, false))
    response.writeHead(204).end()
  }
}

/** What is wrong with the order of each series: samples whose time is not behind that of the one before. */
export function disordered(samples: readonly Received[]): string[] {
  const newest = new Map<string, number>()
  return samples.flatMap(({ labels, ms }) => {
    const series = JSON.stringify(labels)
    const before = newest.get(series) ?? -Infinity
    newest.set(series, ms)
    return ms > before ? [] : [`${series}: ${ms} behind ${before}`]
  })
}
