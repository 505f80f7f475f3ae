// Which pages of other origins may send to a server (Fetch, "HTTP extensions": CORS).

import type { ServerAnswer, ServerRequest } from '../net/server.js'

/** Headers that senders of telemetry need. */
const HEADERS = ['authorization', 'content-encoding', 'content-type']
/** Seconds for which a browser need not ask again. */
const MAX_AGE = 7200

export class CrossOrigin {
  readonly #allowed: readonly RegExp[]
  readonly #headers: string

  /** @param origins such as `https://shop.example`; `*` stands for any characters */
  constructor(origins: readonly string[], headers: readonly string[]) {
    this.#allowed = origins.map((origin) => {
      const parts = origin.toLowerCase().split('*')
      return new RegExp(`^${parts.map((part) => part.replace(/[^\w]/g, '\\$&')).join('.*')}$`)
    })
    this.#headers = [...HEADERS, ...headers.map((name) => name.toLowerCase())].join(', ')
  }

  /** Headers of an answer. */
  headers({ headers: { origin } }: Pick<ServerRequest, 'headers'>): { [name: string]: string } {
    if (this.#allowed.length === 0) return {}
    if (origin === undefined || !this.#allowed.some((one) => one.test(origin.toLowerCase()))) return { vary: 'origin' }
    return { 'access-control-allow-origin': origin, vary: 'origin' }
  }

  /** What a browser is told that asks first. */
  preflight(request: Pick<ServerRequest, 'headers'>): ServerAnswer {
    const headers = this.headers(request)
    if (headers['access-control-allow-origin'] === undefined) return { status: 403, text: 'this origin may not send (--cors-origin)' }
    return {
      status: 204,
      headers: {
        ...headers,
        'access-control-allow-methods': 'POST',
        'access-control-allow-headers': this.#headers,
        'access-control-max-age': String(MAX_AGE),
      },
    }
  }
}
