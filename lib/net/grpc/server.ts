// Calls of gRPC, unary ones, over streams of HTTP/2: who calls, which method, its message, and how the call ends.

import { constants, type Http2ServerRequest, type Http2ServerResponse, type IncomingHttpHeaders } from 'node:http2'
import type { Clock } from '../../component.js'
import type { Guard } from '../guard.js'
import { ENCODINGS, type Frame, frameOf, FrameReader, unpacked } from './frame.js'
import { GrpcError, type GrpcStatus, STATUS, statusHeaders } from './status.js'

export interface GrpcRequest {
  readonly headers: IncomingHttpHeaders
  readonly message: Buffer
  /** Bytes on the wire. */
  readonly size: number
}

/** The message of the answer. Throws a GrpcError for any other end of a call; what else it throws ends the server. */
export type GrpcMethod = (request: GrpcRequest) => Promise<Buffer>

export interface GrpcOptions {
  /** Largest message on the wire. */
  readonly max_body_bytes: number
  /** And unpacked. */
  readonly max_request_bytes: number
  /** Milliseconds in which a request must be there as a whole. */
  readonly request_timeout: number
}

const HEADERS = { 'content-type': 'application/grpc', 'grpc-accept-encoding': ENCODINGS.join(',') }

const UNITS = new Map([['H', 3_600_000], ['M', 60_000], ['S', 1000], ['m', 1], ['u', 1e-3], ['n', 1e-6]])

export class GrpcCalls {
  /**
   * @param methods by path, `/PACKAGE.SERVICE/METHOD`
   * @param fail is told what a method threw
   */
  constructor(
    private readonly methods: ReadonlyMap<string, GrpcMethod>,
    private readonly options: GrpcOptions,
    private readonly guard: Guard,
    private readonly clock: Clock,
    private readonly fail: (error: Error) => void,
  ) {}

  /** Never rejects. */
  async answer(request: Http2ServerRequest, response: Http2ServerResponse): Promise<void> {
    const { stream } = request
    let answer: Buffer | GrpcStatus
    const over = new AbortController()
    try {
      answer = await this.#answerOf(request, over.signal)
    } catch (error) {
      if (error instanceof GrpcError) answer = error.status
      else {
        answer = { code: STATUS.unavailable, message: 'stopping after a failure' }
        this.fail(error as Error)
      }
    }
    over.abort()
    if (stream.destroyed || stream.closed) return
    if (Buffer.isBuffer(answer)) {
      response.addTrailers({ 'grpc-status': '0' })
      response.writeHead(200, HEADERS)
      response.end(frameOf(answer))
    } else {
      // Headers alone, which are the trailers as well.
      stream.respond({ ':status': 200, ...HEADERS, ...statusHeaders(answer) }, { endStream: true })
      // The rest of what is refused is not wanted.
      if (!request.complete) stream.close(constants.NGHTTP2_NO_ERROR)
    }
  }

  async #answerOf(request: Http2ServerRequest, over: AbortSignal): Promise<Buffer> {
    const { headers } = request
    this.#admit(headers)
    const { ':path': path = '', 'grpc-encoding': encoding = 'identity', 'grpc-timeout': timeout } = headers
    const method = this.methods.get(path)
    if (method === undefined) {
      const served = [...this.methods.keys()].join(', ')
      throw wrong(STATUS.unimplemented, `unknown method ${path.slice(0, 200)}; served are ${served}`)
    }
    if (typeof encoding !== 'string' || !(ENCODINGS as readonly string[]).includes(encoding)) {
      const unknown = `unknown grpc-encoding '${String(encoding).slice(0, 40)}'`
      throw wrong(STATUS.unimplemented, `${unknown}: expected ${ENCODINGS.join(', ')}`)
    }
    if (timeout === undefined) return this.#called(request, method, encoding, over)
    const milliseconds = timeoutOf(String(timeout))
    const late = () => wrong(STATUS.deadline_exceeded, `not done within the grpc-timeout of ${String(timeout)}`)
    if (milliseconds === 0) throw late()
    const answer = this.#called(request, method, encoding, over)
    // Who loses is told nothing more.
    answer.catch(() => {})
    const end = await Promise.race([answer, this.clock.sleep(milliseconds, over)])
    if (end === undefined) throw late()
    return end
  }

  async #called(request: Http2ServerRequest, method: GrpcMethod, encoding: string, over: AbortSignal): Promise<Buffer> {
    const frame = await this.#read(request, over)
    const message = await unpacked(frame, encoding, this.options.max_request_bytes, '--max-request-bytes')
    return method({ headers: request.headers, message, size: frame.message.length })
  }

  #admit({ authorization }: IncomingHttpHeaders): void {
    let admitted: boolean
    try {
      admitted = this.guard.admits(authorization)
    } catch (error) {
      throw wrong(STATUS.unavailable, `cannot check who is asking: ${(error as Error).name}`)
    }
    if (!admitted) throw wrong(STATUS.unauthenticated, 'wrong or missing credentials')
  }

  #read(request: Http2ServerRequest, over: AbortSignal): Promise<Frame> {
    const { max_body_bytes, request_timeout } = this.options
    const reader = new FrameReader(max_body_bytes, '--max-body-bytes')
    return new Promise((resolve, reject) => {
      const refuse = (error: unknown) => {
        request.pause()
        request.off('data', take)
        reject(error as Error)
      }
      const take = (chunk: Buffer) => {
        try {
          reader.push(chunk)
        } catch (error) {
          refuse(error)
        }
      }
      request.on('data', take)
      request.once('end', () => {
        try {
          resolve(reader.end())
        } catch (error) {
          reject(error as Error)
        }
      })
      request.once('close', () => reject(wrong(STATUS.cancelled, 'the caller went away')))
      void this.clock.sleep(request_timeout, over).then(() => {
        const message = `the request was not there within ${request_timeout} ms (--request-timeout)`
        if (!over.aborted) refuse(wrong(STATUS.deadline_exceeded, message))
      })
    })
  }
}

/** Milliseconds. Throws a GrpcError. */
function timeoutOf(text: string): number {
  const [, digits, unit] = /^(\d{1,8})([HMSmun])$/.exec(text) ?? []
  if (unit === undefined) {
    const message = `grpc-timeout '${text.slice(0, 40)}': expected digits and H, M, S, m, u or n`
    throw wrong(STATUS.invalid_argument, message)
  }
  // As long as a timer can wait.
  return Math.min(Number(digits) * UNITS.get(unit)!, 2 ** 31 - 1)
}

function wrong(code: number, message: string): GrpcError {
  return new GrpcError({ code, message })
}
