// Why what somebody sent is not taken, and how each protocol says that.

import { HttpError } from '../net/client.js'
import { decodeBody } from '../net/encoding.js'
import { GrpcError, STATUS } from '../net/grpc/status.js'
import type { Bounds } from '../wire/otlp/protobuf.js'
import { TooDeep } from '../wire/otlp/protobuf.js'
import { TooMuch } from '../wire/remote_write/read.js'
import { RETRY_AFTER } from './answer.js'

/** What is `full` or `late` may be sent again. */
type Reason = 'malformed' | 'too_large' | 'unsupported' | 'full' | 'late'

export class NotTaken extends Error {
  constructor(
    readonly reason: Reason,
    message: string,
  ) {
    super(message)
  }

  /** The status of HTTP. */
  get httpStatus(): number {
    return { malformed: 400, too_large: 413, unsupported: 415, full: 503, late: 503 }[this.reason]
  }

  /** Of an answer of HTTP. */
  get httpHeaders(): { [name: string]: string } {
    return this.#again ? { 'retry-after': String(RETRY_AFTER) } : {}
  }

  /** The code of gRPC: what is exhausted is sent again only by those that are told when (OTLP 1.x, "Failures"). */
  get code(): number {
    return {
      malformed: STATUS.invalid_argument,
      too_large: STATUS.resource_exhausted,
      unsupported: STATUS.invalid_argument,
      full: STATUS.resource_exhausted,
      late: STATUS.unavailable,
    }[this.reason]
  }

  get grpcError(): GrpcError {
    const { code, message } = this
    return new GrpcError({ code, message, ...(this.#again && { retryAfter: RETRY_AFTER * 1000 }) })
  }

  get #again(): boolean {
    return this.reason === 'full' || this.reason === 'late'
  }
}

/** A body behind its `content-encoding`. Throws NotTaken. */
export async function unpackedBody(body: Buffer, encoding: string | undefined, max: number): Promise<Buffer> {
  if (encoding === undefined) return body
  try {
    return await decodeBody(body, encoding, max, 'body')
  } catch (error) {
    if (!(error instanceof HttpError)) throw error
    if (error.reason === 'too_large') throw new NotTaken('too_large', `more than ${max} bytes (--max-request-bytes)`)
    throw new NotTaken(error.message.includes('unknown content encoding') ? 'unsupported' : 'malformed', error.message)
  }
}

/**
 * What `read` makes of a message within bounds. Throws NotTaken.
 *
 * @param what it should be, for people
 */
export function readWithin<T>(
  bytes: Buffer, what: string, bounds: Bounds & { max_request_bytes: number }, read: () => T,
): T {
  const { max_request_bytes: max, max_elements, max_depth } = bounds
  if (bytes.length > max) throw new NotTaken('too_large', `more than ${max} bytes (--max-request-bytes)`)
  try {
    return read()
  } catch (error) {
    if (error instanceof TooMuch) throw new NotTaken('too_large', `more than ${max_elements} elements (--max-elements)`)
    const message =
      error instanceof TooDeep
        ? `nested deeper than ${max_depth} levels (--max-depth)`
        : `no ${what}: ${(error as Error).message}`
    throw new NotTaken('malformed', message)
  }
}
