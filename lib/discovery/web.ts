// Discovery from a URL that answers with target groups (Prometheus's HTTP service discovery).

import { isUtf8 } from 'node:buffer'
import { EXIT, type ExitCode, Problem } from '../diag/problem.js'
import { type HttpClient, HttpError, type HttpResponse } from '../net/client.js'
import { parseGroups } from './group.js'
import type { Known, PlacedGroup } from './known.js'

export interface WebOptions {
  url: string
  /** Milliseconds between refreshes, told to the server. */
  every: number
  timeout: number
  maxBytes: number
}

const CONTENT_TYPE = /^application\/json(?:;\s*charset=(?:"utf-8"|utf-8))?$/i

export function acceptsContentType(header: string): boolean {
  return CONTENT_TYPE.test(header.trim())
}

export class Web {
  /** The URL as labels and errors show it: without user and password. */
  readonly place: string
  #last: Buffer | null = null

  constructor(
    private readonly options: WebOptions,
    private readonly known: Known,
    private readonly client: HttpClient,
  ) {
    this.place = publicUrl(options.url)
  }

  /**
   * Asks once: the groups that there are, and those that went. Throws a Problem (or several), and then what was known
   * stays; its exit code says whether a retry is sensible.
   */
  async refresh(signal?: AbortSignal): Promise<readonly PlacedGroup[]> {
    const { body, headers } = await this.#ask(signal)
    const type = headers.get('content-type') ?? ''
    if (!acceptsContentType(type)) {
      throw this.#problem(`content type ${JSON.stringify(type)}`, EXIT.failed, 'application/json, in UTF-8')
    }
    if (this.#last?.equals(body) === true) return this.known.groups(this.place)
    if (!isUtf8(body)) throw this.#problem('the body is not UTF-8', EXIT.failed)
    const groups = await parseGroups(body.toString(), 'json', this.place)
    this.#last = body
    return this.known.set(this.place, groups)
  }

  async #ask(signal: AbortSignal | undefined): Promise<HttpResponse> {
    const { url, every, timeout, maxBytes } = this.options
    const headers = {
      accept: 'application/json',
      'accept-encoding': 'gzip',
      'x-prometheus-refresh-interval-seconds': String(every / 1000),
    }
    let answer: HttpResponse
    try {
      answer = await this.client.request({ method: 'GET', url, headers, timeout, maxBytes, signal })
    } catch (error) {
      if (!(error instanceof HttpError)) throw error
      const bound = error.reason === 'too_large' ? ' (--max-body-bytes)' : ''
      throw this.#problem(
        `${error.message}${bound}`,
        error.reason === 'connect' || error.reason === 'timeout' ? EXIT.temporary : EXIT.failed,
      )
    }
    if (answer.status === 200) return answer
    const temporary = answer.status === 429 || answer.status >= 500
    throw this.#problem(`status ${answer.status}`, temporary ? EXIT.temporary : EXIT.failed, '200')
  }

  #problem(message: string, exit: ExitCode, expected?: string): Problem {
    return new Problem(message, { place: { file: this.place }, exit, expected })
  }
}

function publicUrl(text: string): string {
  const url = new URL(text)
  if (url.username === '' && url.password === '') return text
  url.username = ''
  url.password = ''
  return url.href
}
