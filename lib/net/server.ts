// HTTP servers: the one way to listen. TLS, who may come in, routes and bounds stand in front of what is done.

import {
  createServer, type IncomingHttpHeaders, type IncomingMessage, type Server, type ServerResponse,
} from 'node:http'
import type { Socket } from 'node:net'
import type { Context } from '../component.js'
import { type Problem, throwAll } from '../diag/problem.js'
import type { OptionValues } from '../option/table.js'
import { Guard } from './guard.js'
import type { Http2Side } from './http2.js'
import { addressProblems } from './listen.js'
import { Listener } from './listener.js'
import type { serverOptions } from './server_options.js'
import { ServerTls } from './server_tls.js'

type Typed = OptionValues<ReturnType<typeof serverOptions>>

/** One address, or several. */
export type ServerValues = Omit<Typed, 'listen'> & { readonly listen: string | readonly string[] }

export interface ServerRequest {
  readonly method: string
  readonly url: URL
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

export interface ServerAnswer {
  status: number
  headers?: { readonly [name: string]: string }
  /** Text for people; a newline is added. */
  text?: string
  /** Anything else, whose headers say what it is. */
  body?: string | Buffer
  /** What goes on as long as the client listens: called with where to write, which it ends. */
  stream?: (response: ServerResponse) => void
}

export interface Route {
  methods: readonly string[]
  /** Whether anybody may ask. */
  open?: boolean
  /** What it throws ends the server. */
  answer(request: ServerRequest): Promise<ServerAnswer>
}

export type ServerContext = Pick<Context, 'clock' | 'log' | 'signal'>

/** What a server shares with its other side, that of HTTP/2. */
export interface ServerParts {
  readonly guard: Guard
  readonly listener: (request: IncomingMessage, response: ServerResponse) => void
  /** Is told what ends the server. */
  readonly fail: (error: Error) => void
}

/** A client is told about what is wrong this often, milliseconds. */
const TELL_EVERY = 10_000
/** Milliseconds for which a client may bring one more request to a server that is replaced, and learn that it is. */
const LAST_REQUEST = 1000

export class HttpServer {
  readonly #options: ServerValues
  readonly #guard: Guard
  readonly #server: Server
  readonly #listener: Listener
  readonly #http2: Http2Side | null
  readonly #told = new Map<string, number>()
  /** Connections with a request that is not answered yet, and those that end by themselves. */
  readonly #busy = new Set<Socket>()
  #closed: () => void = () => {}
  #fail: (error: Error) => void = () => {}
  /** Rejects with what a route threw. */
  readonly #failed: Promise<never>

  /**
   * Checks everything, opens nothing. Throws the Problems of the options.
   *
   * @param routes by path
   * @param http2 makes the other side, where there is one
   */
  constructor(
    options: ServerValues,
    private readonly routes: ReadonlyMap<string, Route>,
    private readonly context: ServerContext,
    http2: ((parts: ServerParts) => Http2Side) | null = null,
  ) {
    const problems: Problem[] = []
    this.#options = options
    this.#guard = new Guard(options, problems)
    const tls = ServerTls.open(options, problems)
    problems.push(...addressProblems(options.listen))
    throwAll(problems)
    this.#failed = new Promise((_, reject) => (this.#fail = reject))
    this.#failed.catch(() => {})
    const listener = (request: IncomingMessage, response: ServerResponse) => void this.#answer(request, response)
    this.#server = this.#create(listener)
    this.#http2 = http2?.({ guard: this.#guard, listener, fail: this.#fail }) ?? null
    const protocols = this.#http2 === null ? ['http/1.1'] : ['h2', 'http/1.1']
    const serve = (socket: Socket) => this.#serve(socket)
    const tell = (what: string, message: string) => this.#tell(what, message)
    this.#listener = new Listener(options, tls, protocols, serve, () => this.#closed(), tell)
  }

  /** Listens; the URL without path of the first address. Throws a Problem where one cannot be had. */
  async listen(): Promise<string> {
    const [url] = await this.listenAll()
    return url
  }

  /** The same of every address. */
  async listenAll(): Promise<string[]> {
    const urls: string[] = []
    try {
      for (const address of [this.#options.listen].flat()) urls.push(await this.#listener.listen(address))
    } catch (error) {
      this.#listener.close()
      throw error
    }
    // Bounds on time are kept from then on.
    this.#server.emit('listening')
    return urls
  }

  /** Answers until the signal; then whatever is under way, and resolves. */
  async run(): Promise<void> {
    const { signal } = this.context
    const stopped = new Promise<void>((resolve) => {
      if (signal.aborted) resolve()
      else signal.addEventListener('abort', () => resolve(), { once: true })
    })
    try {
      await Promise.race([stopped, this.#failed])
    } finally {
      await this.#close()
    }
  }

  async #close(): Promise<void> {
    const { clock } = this.context
    const { sockets } = this.#listener
    this.#listener.close()
    const drained = new Promise<void>((resolve) => (this.#closed = () => sockets.size === 0 && resolve()))
    this.#http2?.close()
    // Whoever takes over has no part in the connections that are open here.
    if (this.#listener.throughDoors && sockets.size > 0) {
      await Promise.race([drained, clock.sleep(LAST_REQUEST), this.#failed])
    }
    this.#server.close()
    // Node's own closeIdleConnections spares those that have not asked for anything yet.
    for (const socket of sockets) if (!this.#busy.has(socket)) socket.destroy()
    this.#closed()
    const ended = new AbortController()
    void clock.sleep(this.#options.request_timeout, ended.signal).then(() => {
      for (const socket of sockets) socket.destroy()
    })
    await Promise.race([drained, this.#failed]).finally(() => ended.abort())
  }

  #create(listener: (request: IncomingMessage, response: ServerResponse) => void): Server {
    const { header_timeout, request_timeout, idle_timeout, max_header_bytes } = this.#options
    const limits = {
      headersTimeout: header_timeout,
      requestTimeout: Math.max(header_timeout, request_timeout),
      keepAliveTimeout: idle_timeout,
      maxHeaderSize: max_header_bytes,
      connectionsCheckingInterval: Math.max(10, Math.min(1000, header_timeout)),
    }
    return createServer(limits, listener)
  }

  #serve(socket: Socket): void {
    if (this.#http2 === null) return void this.#server.emit('connection', socket)
    this.#http2.look(socket, (http2) => {
      if (!http2) return void this.#server.emit('connection', socket)
      // It ends by itself when its requests are answered.
      this.#busy.add(socket)
      socket.once('close', () => this.#busy.delete(socket))
    })
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let answer: ServerAnswer
    const { socket } = request
    const http2 = request.httpVersionMajor === 2
    if (!http2) this.#busy.add(socket)
    response.once('close', () => http2 || this.#busy.delete(socket))
    try {
      answer = await this.#answerOf(request)
    } catch (error) {
      answer = { status: 503, text: 'stopping after a failure' }
      this.#fail(error as Error)
    }
    if (response.destroyed) return
    const { status, headers, text, body = text === undefined ? undefined : `${text}\n`, stream } = answer
    // The rest of a request that was not read would be taken for the next one.
    const last = this.context.signal.aborted || !request.complete
    if (last && !http2) response.setHeader('connection', 'close')
    if (text !== undefined) response.setHeader('content-type', 'text/plain; charset=utf-8')
    response.writeHead(status, headers)
    if (stream !== undefined && request.method !== 'HEAD') stream(response)
    else response.end(request.method === 'HEAD' ? undefined : body)
    request.resume()
  }

  async #answerOf(request: IncomingMessage): Promise<ServerAnswer> {
    const { method = '', headers } = request
    const target = request.url ?? ''
    const url = URL.canParse(target, 'http://localhost') ? new URL(target, 'http://localhost') : null
    const route = url === null ? undefined : this.routes.get(url.pathname)
    let admitted: boolean
    try {
      // What a browser asks first says nothing of who asks (Fetch, section 3.2.5).
      const asked = method === 'OPTIONS' && route?.methods.includes('OPTIONS') === true
      admitted = route?.open === true || asked || this.#guard.admits(headers.authorization)
    } catch (error) {
      this.#tell('secret', `cannot check clients: ${(error as Error).message}`)
      return { status: 503, text: 'cannot check who is asking' }
    }
    if (!admitted) {
      const headers = { 'www-authenticate': this.#guard.challenge }
      return { status: 401, text: 'wrong or missing credentials', headers }
    }
    if (url === null) return { status: 400, text: 'not a URL' }
    if (route === undefined)
      return { status: 404, text: `nothing here; served are ${[...this.routes.keys()].join(', ')}` }
    if (!route.methods.includes(method)) {
      const allow = route.methods.join(', ')
      return { status: 405, text: `expected ${allow}`, headers: { allow } }
    }
    const body = await this.#bodyOf(request)
    if (body === null)
      return { status: 413, text: `larger than ${this.#options.max_body_bytes} bytes (--max-body-bytes)` }
    if (body === undefined) return { status: 400, text: 'the request ended too early' }
    return route.answer({ method, url, headers, body })
  }

  /** null where it is too large, undefined where its sender went away. */
  async #bodyOf(request: IncomingMessage): Promise<Buffer | null | undefined> {
    const limit = this.#options.max_body_bytes
    if (Number(request.headers['content-length'] ?? 0) > limit) return null
    const chunks: Buffer[] = []
    let bytes = 0
    return new Promise((resolve) => {
      request.on('data', (chunk: Buffer) => {
        bytes += chunk.length
        if (bytes > limit) resolve(null)
        else chunks.push(chunk)
      })
      request.on('end', () => resolve(Buffer.concat(chunks)))
      request.on('close', () => resolve(undefined))
      request.on('error', () => resolve(undefined))
    })
  }

  #tell(what: string, message: string): void {
    const now = this.context.clock.monotonic()
    if (now - (this.#told.get(what) ?? -Infinity) < TELL_EVERY) return
    this.#told.set(what, now)
    this.context.log.warn(message)
  }
}
