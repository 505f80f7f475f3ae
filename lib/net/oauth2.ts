// OAuth 2.0 client credentials (RFC 6749, section 4.4): a token is fetched once, kept until shortly before its end, and
// fetched again when a server refuses it.

import { basic } from './basic.js'
import { HttpError, type HttpRequest, type HttpResponse } from './client.js'

/** A request without authentication of its own. */
export type Send = (request: HttpRequest) => Promise<HttpResponse>

export interface Grant {
  url: string
  id: string
  secret: () => string
  scopes: readonly string[]
  params: ReadonlyMap<string, string>
}

/** A token is no longer used this long before its end, milliseconds. */
const EARLY_MS = 10_000
const FETCH_MS = 30_000
const MAX_BYTES = 1 << 20

interface Token {
  header: string
  /** Milliseconds of the monotonic clock. */
  until: number
  secret: string
}

export class TokenSource {
  #token: Token | null = null
  #fetching: Promise<Token> | null = null
  /** Whether the server takes id and secret in the body only; found out by trying, as section 2.3.1 leaves it open. */
  #inBody = false

  constructor(private readonly grant: Grant) {}

  async header(send: Send): Promise<string> {
    const token = this.#token
    if (token !== null && performance.now() < token.until && token.secret === this.grant.secret()) return token.header
    this.#fetching ??= this.#fetch(send).finally(() => (this.#fetching = null))
    this.#token = await this.#fetching
    return this.#token.header
  }

  refused(header: string): boolean {
    if (this.#token?.header === header) this.#token = null
    return true
  }

  async #fetch(send: Send): Promise<Token> {
    const secret = this.grant.secret()
    let answer = await this.#ask(send, secret, this.#inBody)
    if (!this.#inBody && (answer.status === 400 || answer.status === 401)) {
      answer = await this.#ask(send, secret, true)
      this.#inBody = answer.status === 200
    }
    return { ...tokenOf(answer, new URL(this.grant.url).host), secret }
  }

  #ask(send: Send, secret: string, inBody: boolean): Promise<HttpResponse> {
    const { url, id, scopes, params } = this.grant
    const form = new URLSearchParams({ grant_type: 'client_credentials' })
    if (scopes.length > 0) form.set('scope', scopes.join(' '))
    for (const [name, value] of params) form.set(name, value)
    const headers: { [name: string]: string } = {
      'content-type': 'application/x-www-form-urlencoded',
      accept: 'application/json',
    }
    if (inBody) {
      form.set('client_id', id)
      form.set('client_secret', secret)
    } else headers.authorization = basic(formText(id), formText(secret))
    return send({ method: 'POST', url, headers, body: form.toString(), timeout: FETCH_MS, maxBytes: MAX_BYTES })
  }
}

/** Section 2.3.1 wants form encoding inside basic. */
function formText(text: string): string {
  return new URLSearchParams([['', text]]).toString().slice(1)
}

function tokenOf(answer: HttpResponse, host: string): { header: string; until: number } {
  const complain = (what: string) => new HttpError('auth', `OAuth 2.0 token from ${host}: ${what}`)
  if (answer.status < 200 || answer.status > 299) throw complain(`status ${answer.status}${oauthError(answer)}`)
  const fields = fieldsOf(answer)
  const token = fields.get('access_token')
  if (typeof token !== 'string' || token === '' || /[^\x21-\x7e]/.test(token))
    throw complain('the answer holds no access_token')
  const seconds = Number(fields.get('expires_in') ?? 0)
  const until = seconds > 0 ? performance.now() + Math.max(seconds * 1000 - EARLY_MS, 0) : Infinity
  const type = fields.get('token_type')
  const word = typeof type !== 'string' || type === '' || type.toLowerCase() === 'bearer' ? 'Bearer' : type
  if (!/^[\w-]+$/.test(word)) throw complain('the answer holds no valid token_type')
  return { header: `${word} ${token}`, until }
}

/** Section 5.2: `error` is a word of a fixed form, the rest of the answer may repeat what was sent. */
function oauthError(answer: HttpResponse): string {
  const error = fieldsOf(answer).get('error')
  return typeof error === 'string' && /^[a-z_]{1,40}$/.test(error) ? `, ${error}` : ''
}

/** JSON, or the form encoding that some servers answer with. */
function fieldsOf(answer: HttpResponse): Map<string, unknown> {
  const text = answer.body.toString()
  if (answer.headers.get('content-type')?.startsWith('application/x-www-form-urlencoded') === true)
    return new Map(new URLSearchParams(text))
  try {
    const value: unknown = JSON.parse(text)
    return new Map(typeof value === 'object' && value !== null ? Object.entries(value) : [])
  } catch {
    return new Map()
  }
}
