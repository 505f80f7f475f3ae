// What components ask of an HTTP client. `clientOf` makes one from the options that every client takes.

import type { BodyBuffers } from './buffers.js'

/** One request. */
export interface HttpRequest {
  method: 'GET' | 'POST' | 'PUT' | 'HEAD'
  /** http or https; a user and password in it are sent as basic authentication where no other is configured. */
  url: string
  /** `accept-encoding` is sent only where it stands here. */
  headers?: { readonly [name: string]: string }
  body?: Buffer | string
  /** A redirect that would leave the body behind (301, 302, 303) is the answer, instead of being followed with GET. */
  keepBody?: boolean
  /** Milliseconds for the whole exchange: token, connection, redirects and body included. */
  timeout?: number
  signal?: AbortSignal
  /** Bytes of the decompressed body accepted; more fails with reason `too_large`. Infinity for no bound. */
  maxBytes?: number
  /** Where the body's memory comes from; whoever asked gives it back when it has been read. */
  buffers?: BodyBuffers
  /** Path of a Unix socket to connect to instead of the URL's host. */
  socketPath?: string
}

export interface HttpResponse {
  status: number
  /** Lower-case names; repeated headers joined by `, `. */
  headers: ReadonlyMap<string, string>
  /** Decompressed (gzip, deflate, br). */
  body: Buffer
}

/** Why there is no answer. */
export type HttpFailure = 'timeout' | 'connect' | 'too_large' | 'aborted' | 'protocol' | 'tls' | 'auth'

/** The message is a sentence for people that names the host, and never holds a secret. */
export class HttpError extends Error {
  override readonly name = 'HttpError'
  /** What was answered, where it is the rest of the answer that failed. */
  status: number | undefined
  constructor(
    readonly reason: HttpFailure,
    message: string,
    options?: { cause?: unknown },
  ) {
    super(message, options)
  }
}

export interface HttpClient {
  /** Any status is an answer; throws HttpError where there is none. */
  request(request: HttpRequest): Promise<HttpResponse>
  close(): Promise<void>
}
