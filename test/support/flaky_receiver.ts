// A receiver of remote write 1.0 and 2.0 that fails in every way that a seeded schedule can think of, and remembers
// what it stored and what it said about it. Requests are decoded by protobufjs from the schemas, with nothing of the
// code under test.

import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { uncompressSync } from 'snappy'
import type { Random } from './random.js'
import { decodeMessage, type Received, samplesOf } from './remote_write.js'
import { decodeRequestMessage, labelsAt } from './remote_write_v2.js'

/** What becomes of a request, and how often. */
const WAYS = {
  /** Stored and answered. */
  taken: 50,
  /** The same, read in small pieces and answered late. */
  slow: 8,
  /** 429, with and without Retry-After. */
  busy: 6,
  busy_until: 4,
  /** 500. */
  error: 8,
  /** 413, for what is not small. */
  too_large: 4,
  /** Never answered. */
  hang: 2,
  /** The connection is reset before the request is read, or behind it. */
  reset: 6,
  cut: 4,
  /** Stored, but the connection is gone before the answer. */
  lost_answer: 8,
  /** Stored when the sender has given up waiting. */
  late: 2,
} as const

/** Bytes below which a 413 would not be about size. */
const SMALL = 1500

export type Way = keyof typeof WAYS

/** `well`: it takes everything. `down`: it answers 503. */
export type Mood = 'flaky' | 'well' | 'down'

/** The header by which a test tells its runs apart. */
export const RUN_HEADER = 'x-run'

interface Told {
  samples: readonly Received[]
  /** Of the request that brought them. */
  run: string
}

export class FlakyReceiver {
  mood: Mood = 'flaky'
  /** Requests so far. */
  requests = 0
  /** What became of them. */
  readonly ways = new Map<Way, number>()
  /** Requests that cannot be read. */
  readonly faults: string[] = []
  readonly #acknowledged = new Map<string, number>()
  #waiting: (() => void)[] = []

  private constructor(
    private readonly server: Server,
    readonly url: string,
    private readonly random: Random,
    private readonly stored: (told: Told) => void,
    private readonly knowsTwo: boolean,
  ) {}

  /**
   * @param stored told of samples when they are stored, whatever is answered
   * @param knowsTwo whether it takes remote write 2.0 as well
   */
  static async start(random: Random, stored: (told: Told) => void, knowsTwo = true): Promise<FlakyReceiver> {
    const server = createServer()
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/v1/write`
    const receiver = new FlakyReceiver(server, url, random, stored, knowsTwo)
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      // Whoever sends may be killed at any time.
      request.on('error', () => {})
      response.on('error', () => {})
      void receiver.#answer(request, response).catch(() => {})
    })
    return receiver
  }

  /** Samples of a run that were stored and answered so, as far as the system took the answer. */
  acknowledged(run: string): number {
    return this.#acknowledged.get(run) ?? 0
  }

  /** Resolves when the condition holds, which is looked at after every request. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.#waiting.push(resolve))
  }

  /** Has the conditions of `until` looked at. */
  wake(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const resolve of waiting) resolve()
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections()
    this.server.close()
    await once(this.server, 'close')
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.requests++
    this.wake()
    if (this.mood === 'down') return void response.writeHead(503).end()
    const way = this.mood === 'well' ? 'taken' : this.random.weighted(WAYS)
    this.ways.set(way, (this.ways.get(way) ?? 0) + 1)
    if (way === 'reset') return void request.socket.resetAndDestroy()
    const body = await bodyOf(request, way === 'slow')
    if (body === null) return
    if (way === 'busy') return void response.writeHead(429).end('slow down\n')
    if (way === 'busy_until') return void response.writeHead(429, { 'retry-after': '1' }).end()
    if (way === 'too_large' && body.length > SMALL) return void response.writeHead(413).end()
    if (way === 'error') return void response.writeHead(500).end('on fire\n')
    if (way === 'cut') return void request.socket.destroy()
    if (way === 'hang') return
    if (way === 'late') await once(request.socket, 'close')
    const run = String(request.headers[RUN_HEADER] ?? '')
    const two = String(request.headers['content-type']).includes('io.prometheus.write.v2')
    if (two && !this.knowsTwo) return void response.writeHead(415).end()
    const samples = this.#decode(body, two)
    if (samples === null) return void response.writeHead(400).end('cannot be read\n')
    this.stored({ samples, run })
    if (way === 'lost_answer') return void request.socket.resetAndDestroy()
    if (way === 'late') return
    response.once('finish', () => this.#acknowledged.set(run, this.acknowledged(run) + samples.length))
    if (two) response.setHeader('x-prometheus-remote-write-samples-written', samples.length)
    response.writeHead(204).end()
  }

  #decode(body: Buffer, two: boolean): Received[] | null {
    try {
      return samplesIn(uncompressSync(body) as Buffer, two)
    } catch (error) {
      this.faults.push((error as Error).message)
      return null
    }
  }
}

/** The samples of a request of either version. */
export function samplesIn(message: Buffer, two: boolean): Received[] {
  if (!two) return samplesOf([decodeMessage(message)])
  const { symbols, timeseries } = decodeRequestMessage(message)
  return timeseries.flatMap(({ labels_refs, samples }) => {
    const labels = Object.fromEntries(labelsAt(labels_refs, symbols).map(({ name, value }) => [name, value]))
    return samples.map(({ value, timestamp }) => ({ labels, value, stale: false, ms: Number(timestamp) }))
  })
}

/** null where the sender went away. */
async function bodyOf(request: IncomingMessage, slowly: boolean): Promise<Buffer | null> {
  const chunks: Buffer[] = []
  try {
    for await (const chunk of request) {
      chunks.push(chunk as Buffer)
      if (slowly) await new Promise((resolve) => setTimeout(resolve, 20))
    }
  } catch {
    return null
  }
  return Buffer.concat(chunks)
}
