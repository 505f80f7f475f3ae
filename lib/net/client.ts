// What components ask of an HTTP client. `clientOf` makes one from the options that every client takes.

/** One request. */
export interface HttpRequest {
  method: 'GET' | 'POST' | 'PUT' | 'HEAD'
  url: string
  headers?: { readonly [name: string]: string }
  body?: Buffer | string
  /** Milliseconds for the whole exchange, body included. */
  timeout?: number
  signal?: AbortSignal
  /** Bytes of the decompressed body accepted; more fails with reason `too_large`. */
  maxBytes?: number
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

export class HttpError extends Error {
  override readonly name = 'HttpError'
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
