// A backend with a script: a server on a free port that keeps what it was sent and answers as the test wants.

import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Answer {
  status: number
  headers?: { [name: string]: string }
  body?: string
}

export interface Arrival<Message> {
  path: string
  headers: IncomingMessage['headers']
  message: Message
  /** What it was answered. */
  status: number
}

/** `read` takes a request apart; `answer` is asked for every one, by its number from 0. */
export class Collector<Message> {
  readonly arrivals: Arrival<Message>[] = []
  /** `http://HOST:PORT`, from the first `listen()` on. */
  origin = ''
  readonly #server = createServer()
  #waiting: (() => void)[] = []

  constructor(
    read: (request: IncomingMessage, body: Buffer) => Message,
    answer: (index: number, message: Message) => Answer | Promise<Answer>,
  ) {
    let requests = 0
    this.#server.on('request', async (request, response) => {
      const index = requests++
      const chunks: Buffer[] = []
      for await (const chunk of request) chunks.push(chunk as Buffer)
      const message = read(request, Buffer.concat(chunks))
      const { status, headers = {}, body = '' } = await answer(index, message)
      this.arrivals.push({ path: request.url!, headers: request.headers, message, status })
      response.writeHead(status, headers).end(body)
      const waiting = this.#waiting
      this.#waiting = []
      for (const resolve of waiting) resolve()
    })
  }

  async listen(port = 0): Promise<this> {
    this.#server.listen(port, '127.0.0.1')
    await once(this.#server, 'listening')
    this.origin = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
    return this
  }

  /** What was answered with success, in order. */
  get taken(): Message[] {
    return this.arrivals.filter(({ status }) => status < 300).map(({ message }) => message)
  }

  /** Resolves when the condition holds after a request. */
  async until(condition: (collector: this) => boolean): Promise<void> {
    while (!condition(this)) await new Promise<void>((resolve) => this.#waiting.push(resolve))
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections()
    this.#server.close()
    await once(this.#server, 'close')
  }
}
