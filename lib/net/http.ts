// The HTTP client from the options that every client takes: authentication, TLS, proxies, redirects, bounds.

import { type Problem, throwAll } from '../diag/problem.js'
import { durationText } from '../option/value.js'
import type { OptionValues } from '../option/table.js'
import { version } from '../io/version.js'
import { type Auth, authOf } from './auth.js'
import { basicOfUrl } from './basic.js'
import { type HttpClient, HttpError, type HttpRequest, type HttpResponse } from './client.js'
import { exchange, type Hop } from './exchange.js'
import { ConnectionLost } from './failure.js'
import { type ExtraHeaders, extraHeadersOf } from './header.js'
import type { CLIENT_OPTIONS } from './options.js'
import { proxyRuleOf } from './proxy.js'
import { keepsCredentials, redirectOf } from './redirect.js'
import { Routes } from './route.js'
import { Stop } from './stop.js'
import { ClientTls } from './tls.js'

export interface ClientDefaults {
  /** `solder/VERSION` if absent. */
  userAgent?: string
  /** Milliseconds, where a request names none; 30 s if absent. */
  timeout?: number
  /** Bytes of a body, where a request names none; 64 MiB if absent. */
  maxBytes?: number
  /** False: plain http goes through undici, too, as TLS and proxies do. */
  direct?: boolean
}

/** Checks everything, and reads every file, before anything is opened. Throws all problems at once. */
export async function clientOf(
  options: OptionValues<typeof CLIENT_OPTIONS>,
  defaults: ClientDefaults = {},
): Promise<HttpClient> {
  const problems: Problem[] = []
  const auth = authOf(options, problems)
  const extra = extraHeadersOf(options.header, problems)
  const tls = new ClientTls(options, problems)
  const proxies = proxyRuleOf(options, problems)
  throwAll(problems)
  const routes = new Routes(tls, proxies, options.max_header_bytes, defaults.direct ?? true)
  return new Client(routes, auth, extra, options.follow_redirects ? options.max_redirects : null, {
    userAgent: `solder/${version()}`,
    timeout: 30_000,
    maxBytes: 64 << 20,
    ...defaults,
  })
}

/** One place to ask, of those that redirects lead to. */
interface Step {
  url: URL
  method: string
  body: Buffer | string | undefined
  /** Whether it is still the host that the credentials are for. */
  trusted: boolean
}

/** Milliseconds. */
const LONGEST_TIMER = 0x7fffffff
const BUSY = 50

const BODY_HEADERS = /^content-/i

class Client implements HttpClient {
  #closed = false
  readonly #running = new Map<Stop, string>()

  constructor(
    private readonly routes: Routes,
    private readonly auth: Auth,
    private readonly extra: ExtraHeaders,
    private readonly maxRedirects: number | null,
    private readonly defaults: Required<Omit<ClientDefaults, 'direct'>>,
  ) {}

  async request(request: HttpRequest): Promise<HttpResponse> {
    const url = urlOf(request.url)
    return this.#within(request, url, async (stop) => {
      const header = await unless(stop, this.auth.header(this.#sendBare))
      const answer = await this.#follow(request, url, stop, header ?? basicOfUrl(url), true)
      if (answer.status !== 401 || header === undefined || !this.auth.refused(header)) return answer
      return this.#follow(request, url, stop, await unless(stop, this.auth.header(this.#sendBare)), true)
    })
  }

  close(): Promise<void> {
    this.#closed = true
    // undici's agent may have forgotten a pool that still has requests waiting.
    for (const [stop, host] of this.#running) stop.now(new HttpError('aborted', `request to ${host} given up`))
    return this.routes.close()
  }

  readonly #sendBare = (request: HttpRequest): Promise<HttpResponse> => {
    const url = urlOf(request.url)
    return this.#within(request, url, (stop) => this.#follow(request, url, stop, undefined, false))
  }

  /** Runs with a stop that comes when the time is up or the caller gives up. */
  async #within<T>(request: HttpRequest, url: URL, work: (stop: Stop) => Promise<T>): Promise<T> {
    const { timeout = this.defaults.timeout, signal } = request
    const { host } = url
    const stop = new Stop()
    const time = Math.min(timeout, LONGEST_TIMER)
    const due = performance.now() + time
    const expire = () => stop.now(new HttpError('timeout', `no complete answer from ${host} within ${durationText(timeout)}`))
    // A timer that is late says that this process was busy: the answer may be there, unread, and gets that time as well.
    let timer = setTimeout(() => {
      const late = performance.now() - due
      if (late < BUSY) expire()
      else timer = setTimeout(expire, Math.min(late, time))
    }, time)
    const onAbort = () => stop.now(new HttpError('aborted', `request to ${host} given up`))
    if (this.#closed || signal?.aborted === true) onAbort()
    else signal?.addEventListener('abort', onAbort)
    this.#running.set(stop, host)
    try {
      return await work(stop)
    } finally {
      clearTimeout(timer)
      signal?.removeEventListener('abort', onAbort)
      this.#running.delete(stop)
    }
  }

  async #follow(
    request: HttpRequest,
    url: URL,
    stop: Stop,
    authorization: string | undefined,
    extra: boolean,
  ): Promise<HttpResponse> {
    let step: Step = { url, method: request.method, body: request.body, trusted: true }
    for (let hops = 0; ; hops++) {
      const answer = await this.#ask(
        request,
        step,
        stop,
        step.trusted ? authorization : basicOfUrl(step.url),
        extra && step.trusted,
      )
      const next = this.maxRedirects === null ? null : redirectOf(answer.status, answer.headers, step.method)
      if (next === null || (request.keepBody === true && !next.keepsBody)) return answer
      if (hops === this.maxRedirects)
        throw new HttpError('protocol', `${url.host}: more redirects than --max-redirects ${hops}`)
      const target = urlOf(next.location, step.url)
      step = {
        url: target,
        method: next.method,
        body: next.keepsBody ? step.body : undefined,
        trusted: step.trusted && keepsCredentials(url, target),
      }
    }
  }

  async #ask(
    request: HttpRequest,
    step: Step,
    stop: Stop,
    authorization: string | undefined,
    extra: boolean,
  ): Promise<HttpResponse> {
    const { url, method, body } = step
    const route = await this.routes.of(url, step.trusted ? request.socketPath : undefined)
    const headers = this.#headers(request, step, authorization, extra)
    // Field by field: spreading an object here costs 20 µs.
    const hop: Hop = {
      transport: route.transport,
      fresh: false,
      path: route.path,
      method,
      body,
      headers: route.headers,
      host: url.host,
      maxBytes: request.maxBytes ?? this.defaults.maxBytes,
      buffers: request.buffers,
      discards: (status, answered) => this.maxRedirects !== null && redirectOf(status, answered, method) !== null,
    }
    for (const [name, value] of headers) hop.headers.push(name, value)
    try {
      return await exchange(hop, stop)
    } catch (error) {
      // A server may close an idle connection while the request is on its way: once more, where repeating is harmless.
      if (!(error instanceof ConnectionLost) || (method !== 'GET' && method !== 'HEAD')) throw error
      hop.fresh = true
      return exchange(hop, stop)
    }
  }

  #headers(
    request: HttpRequest,
    { url, body, trusted }: Step,
    authorization: string | undefined,
    extra: boolean,
  ): Map<string, string> {
    const headers = new Map([['user-agent', this.defaults.userAgent]])
    for (const [name, value] of Object.entries(request.headers ?? {})) {
      if (body !== undefined || request.body === undefined || !BODY_HEADERS.test(name))
        headers.set(name.toLowerCase(), value)
    }
    if (!trusted) for (const name of ['authorization', 'cookie']) headers.delete(name)
    if (authorization !== undefined) headers.set('authorization', authorization)
    if (extra) this.extra.addTo(headers)
    if (!headers.has('host')) headers.set('host', url.host)
    return headers
  }
}

function urlOf(text: string, base?: URL): URL {
  const url = URL.canParse(text, base?.href) ? new URL(text, base) : null
  if (url !== null && (url.protocol === 'http:' || url.protocol === 'https:')) return url
  throw new HttpError(
    'protocol',
    base === undefined ? 'not an http or https URL' : `${base.host}: redirect to what is no http or https URL`,
  )
}

/** A promise that is not waited for any longer than the request may go on. */
function unless<T>(stop: Stop, promise: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const off = stop.on(reject)
    promise.then(resolve, reject).finally(off)
  })
}
