// One scrape over HTTP: what is asked for, and the body or the reason why there is none.

import { STATUS_CODES } from 'node:http'
import type { BodyBuffers } from '../net/buffers.js'
import { type HttpClient, HttpError } from '../net/client.js'
import type { Target } from './target.js'

export interface FetchOptions {
  /** The Accept header. */
  accept: string
  compression: boolean
  /** Bytes of the decompressed body, 0 for any number. */
  bodySizeLimit: number
}

export interface Fetched {
  body: Buffer
  /** `''` where the target does not say. */
  contentType: string
}

/** The body is larger than `body_size_limit`. */
export class BodyTooLarge extends Error {}

/**
 * @param authorization header of a target that has its own credentials
 * @param buffers where the body's memory comes from; the caller gives it back
 */
export async function fetchBody(
  client: HttpClient,
  target: Target,
  options: FetchOptions,
  signal: AbortSignal,
  authorization?: string,
  buffers?: BodyBuffers,
): Promise<Fetched> {
  try {
    const { status, headers, body } = await client.request({
      method: 'GET',
      url: target.url,
      headers: {
        accept: options.accept,
        'accept-encoding': options.compression ? 'gzip' : 'identity',
        'x-prometheus-scrape-timeout-seconds': String(target.timeout / 1000),
        ...(authorization === undefined ? {} : { authorization }),
      },
      timeout: target.timeout,
      signal,
      maxBytes: options.bodySizeLimit > 0 ? options.bodySizeLimit : Infinity,
      buffers,
      ...(target.socket === '' ? {} : { socketPath: target.socket }),
    })
    if (status !== 200) {
      buffers?.give(body)
      throw new Error(`server returned HTTP status ${status} ${STATUS_CODES[status] ?? ''}`.trimEnd())
    }
    return { body, contentType: headers.get('content-type') ?? '' }
  } catch (error) {
    // Headers that are too large have their own bound, and say so.
    if (error instanceof HttpError && error.reason === 'too_large' && error.cause === undefined) {
      throw new BodyTooLarge(`body size limit exceeded (body_size_limit: ${options.bodySizeLimit})`, { cause: error })
    }
    throw error
  }
}
