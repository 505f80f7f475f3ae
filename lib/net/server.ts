// HTTP servers: the one way to listen. TLS, who may come in, routes and bounds stand in front of what is done.

import {
  createServer, type IncomingHttpHeaders, type IncomingMessage, type RequestListener, type Server, type ServerResponse,
} from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import type { Context } from '../component.js'
import { EXIT, Problem, throwAll } from '../diag/problem.js'
import type { OptionValues } from '../option/table.js'
import { type Door, doorOpener, type OpenDoor } from './door.js'
import { Guard } from './guard.js'
import { type ListenAddress, listenAddress } from './listen.js'
import type { serverOptions } from './server_options.js'
import { ServerTls } from './server_tls.js'
import { reasonOf } from './tls.js'

export type ServerValues = OptionValues<ReturnType<typeof serverOptions>>

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

/** A client is told about what is wrong this often, milliseconds. */
const TELL_EVERY = 10_000
/** Milliseconds for which a client may bring one more request to a server that is replaced, and learn that it was the last. */
const LAST_REQUEST = 1000

export class HttpServer {
  readonly #options: ServerValues
  readonly #address: ListenAddress
  readonly #guard: Guard
  readonly #tls: ServerTls | null
  readonly #server: Server
  readonly #told = new Map<string, number>()
  /** Open connections, and those of them with a request that is not answered yet. */
  readonly #sockets = new Set<Socket>()
  readonly #busy = new Set<Socket>()
  #closed: () => void = () => {}
  /** What another process listens with in this one's stead. */
  #door: Door | null = null
  #fail: (error: Error) => void = () => {}
  /** Rejects with what a route threw. */
  readonly #failed: Promise<never>

  /**
   * Checks everything, opens nothing. Throws the Problems of the options.
   *
   * @param routes by path
   */
  constructor(
    options: ServerValues,
    private readonly routes: ReadonlyMap<string, Route>,
    private readonly context: ServerContext,
  ) {
    const problems: Problem[] = []
    this.#options = options
    this.#guard = new Guard(options, problems)
    this.#tls = ServerTls.open(options, problems)
    this.#address = { host: undefined, port: 0 }
    try {
      this.#address = listenAddress(options.listen)
    } catch (error) {
      problems.push(error as Problem)
    }
    throwAll(problems)
    this.#server = this.#create()
    this.#failed = new Promise((_, reject) => (this.#fail = reject))
    this.#failed.catch(() => {})
  }

  /** Listens; the URL without path. Throws a Problem where the address cannot be had. */
  async listen(): Promise<string> {
    const { listen } = this.#options
    const address = await this.#open(doorOpener()).catch((cause: NodeJS.ErrnoException) => {
      const hint = cause.code === 'EADDRINUSE' ? 'another process listens there' : undefined
      const message = `--listen: cannot listen on ${listen}: ${cause.code ?? cause.message}`
      throw new Problem(message, { cause, exit: EXIT.temporary, hint })
    })
    this.#server.on('error', (error) => this.#tell('listener', error.message))
    return `${this.#tls === null ? 'http' : 'https'}://${address}`
  }

  /** `HOST:PORT` that is listened on. */
  async #open(opener: OpenDoor | null): Promise<string> {
    if (opener !== null) {
      this.#door = await opener(this.#options.listen, (socket) => this.#server.emit('connection', socket))
      // Bounds on time are kept from then on.
      this.#server.emit('listening')
      return this.#door.address
    }
    const { host, port } = this.#address
    await new Promise<void>((resolve, reject) => this.#server.once('error', reject).listen(port, host, resolve))
    const { address, port: got } = this.#server.address() as AddressInfo
    return `${address.includes(':') ? `[${address}]` : address}:${got}`
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
    this.#door?.close()
    const drained = new Promise<void>((resolve) => (this.#closed = () => this.#sockets.size === 0 && resolve()))
    // Whoever takes over has no part in the connections that are open here.
    if (this.#door !== null && this.#sockets.size > 0) {
      await Promise.race([drained, clock.sleep(LAST_REQUEST), this.#failed])
    }
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve())).then(() => drained)
    // Node's own closeIdleConnections spares those that have not asked for anything yet.
    for (const socket of this.#sockets) if (!this.#busy.has(socket)) socket.destroy()
    this.#closed()
    const ended = new AbortController()
    void clock.sleep(this.#options.request_timeout, ended.signal).then(() => {
      for (const socket of this.#sockets) socket.destroy()
    })
    await Promise.race([closed, this.#failed]).finally(() => ended.abort())
  }

  #create(): Server {
    const { header_timeout, request_timeout, idle_timeout, max_header_bytes, max_connections } = this.#options
    const limits = {
      headersTimeout: header_timeout,
      requestTimeout: Math.max(header_timeout, request_timeout),
      keepAliveTimeout: idle_timeout,
      maxHeaderSize: max_header_bytes,
      connectionsCheckingInterval: Math.max(10, Math.min(1000, header_timeout)),
    }
    const listener = (request: IncomingMessage, response: ServerResponse) => void this.#answer(request, response)
    const server = this.#tls === null ? createServer(limits, listener) : this.#createTls(this.#tls, limits, listener)
    server.maxConnections = max_connections
    server.on(this.#tls === null ? 'connection' : 'secureConnection', (socket: Socket) => {
      this.#sockets.add(socket)
      socket.once('close', () => {
        this.#sockets.delete(socket)
        this.#closed()
      })
      if (this.#door !== null && this.#sockets.size > max_connections) {
        socket.destroy()
        server.emit('drop')
      }
    })
    server.on('drop', () => this.#tell('drop', `more than ${max_connections} connections (--max-connections): closed`))
    return server
  }

  #createTls(tls: ServerTls, limits: object, listener: RequestListener): Server {
    const client = { requestCert: tls.mutual, rejectUnauthorized: tls.mutual }
    const handshakeTimeout = this.#options.header_timeout
    const server = createTlsServer({ ...tls.changed(), ...client, handshakeTimeout, ...limits }, listener)
    // Before the handshake of every connection.
    server.prependListener('connection', () => {
      try {
        const changed = tls.changed()
        if (changed !== null) server.setSecureContext(changed)
      } catch (error) {
        this.#tell('tls', `--tls-cert, --tls-key: ${reasonOf(error)}: going on with those before`)
      }
    })
    server.on('tlsClientError', (error) => this.#tell('handshake', `TLS: ${reasonOf(error)}`))
    return server as unknown as Server
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let answer: ServerAnswer
    const { socket } = request
    this.#busy.add(socket)
    response.once('close', () => this.#busy.delete(socket))
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
    if (last) response.setHeader('connection', 'close')
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
