// HTTP/2 beside HTTP/1.1 on the same connections: told apart by how they begin. Calls of gRPC go to their methods,
// other requests are answered as those of HTTP/1.1 are.

import {
  constants, createServer, type Http2Server, type Http2ServerRequest, type Http2ServerResponse, type ServerHttp2Session,
} from 'node:http2'
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { GrpcCalls } from './grpc/server.js'
import type { ServerValues } from './server.js'

/** How every connection of HTTP/2 begins (RFC 9113, section 3.4); no method of HTTP/1.1 does. */
const PREFACE = 'PRI'
const GRPC = /^application\/grpc(\+proto)?(;|$)/i
/** Bytes that a sender may have on its way, in a stream and in a connection: by default 64 KiB, slow on long ways. */
const STREAM_WINDOW = 1 << 20
const CONNECTION_WINDOW = 4 << 20

export class Http2Side {
  readonly #server: Http2Server
  readonly #sessions = new Set<ServerHttp2Session>()

  /** @param listener answers what is no call */
  constructor(
    private readonly options: ServerValues & { max_streams: number },
    private readonly calls: GrpcCalls,
    private readonly listener: RequestListener,
  ) {
    const { max_streams, max_header_bytes, idle_timeout } = options
    const windows = { initialWindowSize: STREAM_WINDOW }
    const settings = { maxConcurrentStreams: max_streams, maxHeaderListSize: max_header_bytes, ...windows }
    this.#server = createServer({ settings }, (request, response) => this.#take(request, response))
    this.#server.on('session', (session) => {
      this.#sessions.add(session)
      session.setLocalWindowSize(CONNECTION_WINDOW)
      session.setTimeout(idle_timeout, () => session.close())
      session.once('close', () => this.#sessions.delete(session))
    })
    // What breaks the rules loses its connection, and nobody else does.
    this.#server.on('sessionError', () => {})
  }

  /** Looks at how a connection begins; false to `decided` where it is HTTP/1.1. */
  look(socket: Socket, decided: (http2: boolean) => void): void {
    socket.setTimeout(this.options.header_timeout, () => socket.destroy())
    socket.on('error', () => {})
    const decide = (http2: boolean) => {
      socket.setTimeout(0).removeAllListeners('timeout')
      decided(http2)
      if (!http2) return
      // No request can come on one that is half closed, and it would stay open.
      socket.allowHalfOpen = false
      this.#server.emit('connection', socket)
    }
    // Over TLS the handshake says so as well (RFC 9113, section 3.3).
    const { alpnProtocol } = socket as { alpnProtocol?: unknown }
    beginning(socket, (start) => decide(start === PREFACE && alpnProtocol !== false))
  }

  /** Takes no new requests; connections close when theirs are answered. */
  close(): void {
    for (const session of this.#sessions) session.close()
  }

  #take(request: Http2ServerRequest, response: Http2ServerResponse): void {
    const { stream, headers } = request
    const called = headers[':method'] === 'POST' && GRPC.test(headers['content-type'] ?? '')
    if (called) return void this.calls.answer(request, response)
    const late = setTimeout(() => stream.close(constants.NGHTTP2_CANCEL), this.options.request_timeout)
    request.once('end', () => clearTimeout(late)).once('close', () => clearTimeout(late))
    // The rest of what is refused is not wanted.
    response.once('finish', () => request.complete || stream.close(constants.NGHTTP2_NO_ERROR))
    const [asked, answer] = [request, response] as unknown[]
    this.listener(asked as IncomingMessage, answer as ServerResponse & { req: IncomingMessage })
  }
}

/** Calls back with the first characters of what comes, as many as the preface has, and leaves them to be read. */
function beginning(socket: Socket, decide: (start: string) => void): void {
  const gone = () => socket.destroy()
  let held = Buffer.alloc(0)
  const look = () => {
    const chunk = socket.read() as Buffer | null
    if (chunk === null) return
    held = Buffer.concat([held, chunk])
    const start = held.toString('latin1', 0, Math.min(PREFACE.length, held.length))
    if (start.length < PREFACE.length && PREFACE.startsWith(start)) return
    socket.off('readable', look).off('end', gone)
    socket.unshift(held)
    decide(start)
  }
  socket.on('readable', look).once('end', gone)
}
