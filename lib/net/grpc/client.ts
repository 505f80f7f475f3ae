// Unary calls of gRPC to one server (gRPC over HTTP/2), over a connection that is made when it is needed and made again when it
// is lost.

import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants, type IncomingHttpHeaders } from 'node:http2'
import { isIP } from 'node:net'
import { Problem, throwAll } from '../../diag/problem.js'
import { version } from '../../io/version.js'
import type { OptionValues } from '../../option/table.js'
import { durationText } from '../../option/value.js'
import { type Auth, authOf } from '../auth.js'
import type { HttpClient } from '../client.js'
import { failureOf } from '../failure.js'
import { type ExtraHeaders, extraHeadersOf } from '../header.js'
import { clientOf } from '../http.js'
import type { CLIENT_OPTIONS } from '../options.js'
import { ClientTls } from '../tls.js'
import { frameOf, FrameReader, unpacked } from './frame.js'
import { GrpcError, type GrpcStatus, STATUS, statusOf } from './status.js'

type ClientValues = OptionValues<typeof CLIENT_OPTIONS>

export interface GrpcCall {
  /** `/package.Service/Method`. */
  readonly path: string
  readonly message: Buffer
  /** Whether the message is packed with gzip. */
  readonly gzip: boolean
  readonly metadata: { readonly [name: string]: string }
  /** Milliseconds. */
  readonly timeout: number
  readonly signal: AbortSignal
}

export interface GrpcAnswer {
  /** Not being answered at all is a status, too. */
  readonly status: GrpcStatus
  /** Empty where there is none. */
  readonly message: Buffer
}

/** Bytes of an answer. */
const MAX_ANSWER = 1 << 20
const BOUND = 'no answer may be longer'
/** MB that a connection may hold of what is on its way; node's own bound is below what some exports take together. */
const SESSION_MEMORY = 256
/** Most digits that a timeout may have. */
const LONGEST_TIMEOUT = 99_999_999

/** gRPC over HTTP/2, "HTTP2 status to gRPC status": what something in between answers. */
const OF_HTTP = new Map<number, number>([
  [400, STATUS.internal], [401, STATUS.unauthenticated], [403, STATUS.permission_denied], [404, STATUS.unimplemented],
  [429, STATUS.unavailable], [502, STATUS.unavailable], [503, STATUS.unavailable], [504, STATUS.unavailable],
])

/** @param url grpc or grpcs. Throws every Problem at once. */
export function grpcClientOf(url: string, options: ClientValues): GrpcClient {
  const problems: Problem[] = []
  const auth = authOf(options, problems)
  const extra = extraHeadersOf(options.header, problems)
  const tls = new ClientTls(options, problems)
  if (options.proxy_url !== undefined || options.proxy_from_environment) {
    const flag = options.proxy_url !== undefined ? '--proxy-url' : '--proxy-from-environment'
    problems.push(new Problem(`${flag} is not for gRPC`, { expected: 'an http or https URL' }))
  }
  throwAll(problems)
  return new GrpcClient(new URL(url), options, auth, extra, tls)
}

export class GrpcClient {
  #session: ClientHttp2Session | null = null
  /** Fetches tokens. */
  #http: Promise<HttpClient> | null = null

  constructor(
    private readonly url: URL,
    private readonly options: ClientValues,
    private readonly auth: Auth,
    private readonly extra: ExtraHeaders,
    private readonly tls: ClientTls,
  ) {}

  /** Any end of a call is a status; never throws. */
  async call(call: GrpcCall): Promise<GrpcAnswer> {
    try {
      const header = await this.auth.header(async (request) => (await this.#fetcher()).request(request))
      const answer = await this.#exchange(call, header)
      if (answer.status.code !== STATUS.unauthenticated || header === undefined || !this.auth.refused(header)) return answer
      return await this.#exchange(call, await this.auth.header(async (request) => (await this.#fetcher()).request(request)))
    } catch (error) {
      return ended(STATUS.unavailable, failureOf(error, this.url.host, false).message)
    }
  }

  async close(): Promise<void> {
    this.#session?.destroy()
    this.#session = null
    await (await this.#http)?.close()
  }

  #fetcher(): Promise<HttpClient> {
    const bare = { basic_user: undefined, basic_password: undefined, bearer: undefined, header: new Map<string, string>() }
    const none = { oauth2_client_id: undefined, oauth2_client_secret: undefined, oauth2_token_url: undefined }
    return (this.#http ??= clientOf({ ...this.options, ...bare, ...none, oauth2_scopes: [], oauth2_params: new Map() }))
  }

  #exchange(call: GrpcCall, authorization: string | undefined): Promise<GrpcAnswer> {
    if (call.signal.aborted) return Promise.resolve(ended(STATUS.cancelled, 'given up'))
    const session = this.#open()
    const stream = session.request(this.#headers(call, authorization))
    stream.end(frameOf(call.message, call.gzip))
    return new Promise((resolve) => {
      const { host } = this.url
      const stop = (answer: GrpcAnswer) => {
        clearTimeout(timer)
        call.signal.removeEventListener('abort', abort)
        stream.close(constants.NGHTTP2_CANCEL)
        resolve(answer)
      }
      const abort = () => stop(ended(STATUS.cancelled, `call to ${host} given up`))
      const timer = setTimeout(() => {
        // A connection on which nothing comes may be gone without a word.
        if (!answerOf.begun) session.destroy()
        stop(ended(STATUS.deadline_exceeded, `no complete answer from ${host} within ${durationText(call.timeout)}`))
      }, call.timeout)
      call.signal.addEventListener('abort', abort)
      const answerOf = new Reading(stream, host)
      void answerOf.answer.then(stop)
    })
  }

  #headers({ path, gzip, metadata, timeout }: GrpcCall, authorization: string | undefined): { [name: string]: string } {
    const headers = new Map(Object.entries(metadata))
    if (authorization !== undefined) headers.set('authorization', authorization)
    this.extra.addTo(headers)
    const { host = this.url.host, ...others } = Object.fromEntries(headers)
    return {
      ...others,
      ':method': 'POST',
      ':path': path,
      ':authority': host,
      'content-type': 'application/grpc',
      te: 'trailers',
      'user-agent': `solder/${version()}`,
      'grpc-timeout': `${Math.min(Math.ceil(timeout), LONGEST_TIMEOUT)}m`,
      'grpc-accept-encoding': 'identity,gzip',
      ...(gzip && { 'grpc-encoding': 'gzip' }),
    }
  }

  #open(): ClientHttp2Session {
    if (this.#session !== null && !this.#session.closed && !this.#session.destroyed) return this.#session
    const { protocol, host } = this.url
    const secure = protocol === 'grpcs:'
    const { name } = this.tls
    const tls = secure && { ...this.tls.current(), ...this.tls.identity, ...(name !== undefined && isIP(name) === 0 && { servername: name }) }
    const session = connect(`${secure ? 'https' : 'http'}://${host}`, {
      ...tls,
      settings: { enablePush: false },
      maxSessionMemory: SESSION_MEMORY,
    })
    // Its calls are told.
    session.on('error', () => {})
    session.on('goaway', () => this.#forget(session))
    session.on('close', () => this.#forget(session))
    return (this.#session = session)
  }

  #forget(session: ClientHttp2Session): void {
    if (this.#session === session) this.#session = null
  }
}

/** What comes on the stream of a call. */
class Reading {
  readonly answer: Promise<GrpcAnswer>
  /** Whether anything has come. */
  begun = false
  readonly #frame = new FrameReader(MAX_ANSWER, BOUND)
  #headers: IncomingHttpHeaders = {}
  #trailers: IncomingHttpHeaders = {}
  #failure: GrpcStatus | null = null

  constructor(stream: ClientHttp2Stream, host: string) {
    stream.on('response', (headers) => {
      this.begun = true
      this.#headers = headers
    })
    stream.on('trailers', (trailers) => (this.#trailers = trailers))
    stream.on('data', (chunk: Buffer) => {
      try {
        this.#frame.push(chunk)
      } catch (error) {
        this.#fail(error, stream)
      }
    })
    stream.on('error', (error) => (this.#failure ??= { code: STATUS.unavailable, message: failureOf(error, host, this.begun).message }))
    this.answer = new Promise((resolve) => stream.on('close', () => void this.#end(host).then(resolve)))
  }

  async #end(host: string): Promise<GrpcAnswer> {
    const told = statusOf(this.#trailers) ?? statusOf(this.#headers)
    if (told !== null) return { status: told, message: told.code === STATUS.ok ? await this.#message() : Buffer.alloc(0) }
    if (this.#failure !== null) return { status: this.#failure, message: Buffer.alloc(0) }
    const http = Number(this.#headers[':status'] ?? 0)
    if (http === 0) return ended(STATUS.unavailable, `${host} closed the connection without a response`)
    if (http !== 200) return ended(OF_HTTP.get(http) ?? STATUS.unknown, `${host} answers ${http}, which is not gRPC`)
    return ended(STATUS.unknown, `${host} ends the call without a status`)
  }

  /** What is done is done, whatever is wrong with the message about it. */
  async #message(): Promise<Buffer> {
    try {
      return await unpacked(this.#frame.end(), String(this.#headers['grpc-encoding'] ?? 'identity'), MAX_ANSWER, BOUND)
    } catch (error) {
      if (error instanceof GrpcError) return Buffer.alloc(0)
      throw error
    }
  }

  #fail(error: unknown, stream: ClientHttp2Stream): void {
    if (!(error instanceof GrpcError)) throw error
    this.#failure ??= error.status
    stream.close(constants.NGHTTP2_CANCEL)
  }
}

function ended(code: number, message: string): GrpcAnswer {
  return { status: { code, message }, message: Buffer.alloc(0) }
}
