// What an HTTP answer means for the request: stored, to be sent again, or refused for good.

import { STATUS_CODES } from 'node:http'
import { type HttpClient, HttpError } from '../net/client.js'
import type { Written } from '../wire/remote_write/version.js'
import { retryAfter } from './backoff.js'

export type Outcome =
  | { kind: 'stored' }
  /** `after`: milliseconds that the destination asked for, 0 if it left that to us. */
  | { kind: 'retry'; words: string; after: number }
  | { kind: 'refused'; words: string }
  /** It was too large; its parts in order. */
  | { kind: 'divided'; parts: readonly Part[] }

/** What became of a part of a request that was too large as a whole. */
export interface Part {
  readonly body: Buffer
  readonly records: number
  /** Why it was refused; null where it is stored. */
  readonly words: string | null
}

/** An outcome with what the answer said, if there was one. */
export type Reply = Exclude<Outcome, { kind: 'divided' }> & {
  status?: number
  /** Bytes of the body as it was sent. */
  sent?: number
  /** What a receiver of remote write 2.0 says that it has written. */
  written?: Written
}

/** Characters of the destination's own words that are shown. */
const SHOWN = 300
const BODY_BYTES = 1 << 20
const CONTROLS = /[\u0000-\u001f\u007f-\u009f]+/g

/**
 * The outcome of a status. 5xx may pass, and 429 unless the caller says otherwise; any other than 2xx will not change
 * by asking again.
 *
 * @param after the Retry-After header
 * @param now Unix milliseconds
 */
export function outcomeOf(
  status: number,
  body: Buffer,
  after: string | undefined,
  retry429: boolean,
  now: number,
): Reply {
  if (status >= 200 && status < 300) return { kind: 'stored' }
  const words = statusWords(status, body)
  if (status < 500 && !(status === 429 && retry429)) return { kind: 'refused', words }
  return { kind: 'retry', words, after: after === undefined ? 0 : retryAfter(after, now) }
}

/** `429 too many requests: the first line of the body`. */
export function statusWords(status: number, body: Buffer): string {
  const reason = STATUS_CODES[status]?.toLowerCase()
  const said = body
    .subarray(0, 4 * SHOWN)
    .toString()
    .split('\n', 1)[0]
    .replace(CONTROLS, ' ')
    .trim()
  const shown = said.length > SHOWN ? `${said.slice(0, SHOWN)}…` : said
  const line = [status, reason].filter((part) => part !== undefined).join(' ')
  return shown === '' || shown.toLowerCase() === reason ? line : `${line}: ${shown}`
}

/** A URL as messages show it: scheme and host, which hold no secret. */
export function shownUrl(url: string): string {
  return new URL(url).origin
}

export interface PostOptions {
  client: HttpClient
  url: string
  headers: { readonly [name: string]: string }
  /** Milliseconds for one attempt. */
  timeout: number
  retry429: boolean
  /** Unix milliseconds now. */
  now(): number
}

/** The counts that a receiver of remote write 2.0 answers; one of them is enough to know it by. */
function writtenOf(header: (name: string) => string | undefined): Written | undefined {
  const [samples, histograms, exemplars] = ['samples', 'histograms', 'exemplars'].map((kind) => {
    const text = header(`x-prometheus-remote-write-${kind}-written`)?.trim()
    return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined
  })
  if (samples === undefined && histograms === undefined && exemplars === undefined) return undefined
  return { samples: samples ?? 0, histograms: histograms ?? 0, exemplars: exemplars ?? 0 }
}

/** Sends a body once. No answer at all may pass, too. */
export async function post(body: Buffer, options: PostOptions, signal: AbortSignal): Promise<Reply> {
  const { client, url, headers, timeout, retry429 } = options
  try {
    // A GET to where a redirect leads could be answered with 200 and store nothing.
    const answer = await client.request({
      method: 'POST',
      url,
      headers,
      body,
      keepBody: true,
      timeout,
      signal,
      maxBytes: BODY_BYTES,
    })
    const { status, headers: said } = answer
    const outcome = outcomeOf(status, answer.body, said.get('retry-after'), retry429, options.now())
    return { ...outcome, status, written: writtenOf((name) => said.get(name)) }
  } catch (error) {
    if (!(error instanceof HttpError)) throw error
    // The status says all; whether the body is endless, broken or slow does not matter.
    if (error.status !== undefined) return outcomeOf(error.status, Buffer.alloc(0), undefined, retry429, options.now())
    return { kind: 'retry', words: error.message, after: 0 }
  }
}
