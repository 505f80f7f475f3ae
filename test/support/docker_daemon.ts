// A stand-in for the Docker daemon: as much of its API as logs need, over a Unix socket, in the shapes of API version
// 1.41. No daemon runs where these tests do.

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import type { Test } from 'tap'

export interface FakeLine {
  stream: 'stdout' | 'stderr'
  /** RFC 3339 with nanoseconds, as the daemon writes it. */
  time: string
  text: string
  /** A part of a message: no newline. */
  part?: boolean
}

interface FakeContainer {
  name: string
  labels: { [name: string]: string }
  terminal: boolean
  running: boolean
  lines: FakeLine[]
  followers: Set<ServerResponse>
}

/** A frame of the daemon: one byte of stream, three zeros, four of length. */
export function frameOf({ stream, time, text, part = false }: FakeLine): Buffer {
  const payload = Buffer.from(`${time} ${text}${part ? '' : '\n'}`)
  const head = Buffer.from([stream === 'stdout' ? 1 : 2, 0, 0, 0, 0, 0, 0, 0])
  head.writeUInt32BE(payload.length, 4)
  return Buffer.concat([head, payload])
}

export class DockerDaemon {
  readonly containers = new Map<string, FakeContainer>()
  readonly asked: string[] = []
  readonly #events = new Set<ServerResponse>()
  #server = createServer((request, response) => this.#answer(request, response))

  constructor(
    t: Test,
    readonly path: string,
  ) {
    t.teardown(() => this.stop())
  }

  async listen(): Promise<this> {
    this.#server.listen(this.path)
    await once(this.#server, 'listening')
    return this
  }

  /** As a daemon that is killed. */
  async stop(): Promise<void> {
    if (!this.#server.listening) return
    const closed = once(this.#server, 'close')
    this.#server.close()
    this.#server.closeAllConnections()
    await closed
    rmSync(this.path, { force: true })
    for (const { followers } of this.containers.values()) followers.clear()
    this.#events.clear()
    this.#server = createServer((request, response) => this.#answer(request, response))
  }

  add(id: string, more: Partial<FakeContainer> = {}): void {
    this.containers.set(id, { name: id.slice(0, 3), labels: {}, terminal: false, running: true, lines: [], followers: new Set(), ...more })
    const event = { status: 'start', id, Type: 'container', Action: 'start', Actor: { ID: id, Attributes: {} }, time: 1 }
    for (const response of this.#events) response.write(`${JSON.stringify(event)}\n`)
  }

  say(id: string, ...lines: FakeLine[]): void {
    const container = this.containers.get(id)!
    container.lines.push(...lines)
    for (const response of container.followers) for (const line of lines) response.write(this.#bytes(container, line))
  }

  /** The container ends; so do its logs. */
  end(id: string): void {
    const container = this.containers.get(id)!
    container.running = false
    for (const response of container.followers) response.end()
    container.followers.clear()
  }

  #bytes({ terminal }: FakeContainer, line: FakeLine): Buffer {
    return terminal ? Buffer.from(`${line.time} ${line.text}\r\n`) : frameOf(line)
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url!, 'http://docker')
    this.asked.push(request.url!)
    const json = (value: unknown) => response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value))
    if (url.pathname === '/events') {
      response.writeHead(200, { 'content-type': 'application/json' }).flushHeaders()
      this.#events.add(response)
      return
    }
    if (url.pathname === '/containers/json') return void json([...this.containers].map(([Id, { name }]) => ({ Id, Names: [`/${name}`] })))
    const [, id, what] = /^\/containers\/([^/]+)\/(json|logs)$/.exec(url.pathname) ?? []
    const container = this.containers.get(id ?? '')
    if (container === undefined) return void response.writeHead(404).end('{"message":"No such container"}')
    if (what === 'json') {
      const { name, labels, terminal, running } = container
      return void json({ Id: id, Name: `/${name}`, Config: { Image: 'shop:1', Tty: terminal, Labels: labels }, State: { Running: running } })
    }
    response.writeHead(200, { 'content-type': 'application/vnd.docker.raw-stream' }).flushHeaders()
    const [seconds = '0', nanos = '0'] = (url.searchParams.get('since') ?? '').split('.')
    const since = BigInt(seconds || 0) * 1_000_000_000n + BigInt(nanos)
    for (const line of container.lines) if (nanosOf(line.time) >= since) response.write(this.#bytes(container, line))
    if (url.searchParams.get('follow') === 'true' && container.running) container.followers.add(response)
    else response.end()
  }
}

function nanosOf(time: string): bigint {
  const fraction = /\.(\d+)Z$/.exec(time)?.[1] ?? ''
  return BigInt(Date.parse(time.replace(/\.\d+Z$/, 'Z'))) * 1_000_000n + BigInt(fraction.padEnd(9, '0'))
}
