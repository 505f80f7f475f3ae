// Connections that are kept: to hosts, through proxies, over Unix sockets. When a TLS file changes, new ones are made.

import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import type { Socket } from 'node:net'
import type { ConnectionOptions } from 'node:tls'
import { Agent, buildConnector, type Dispatcher } from 'undici'
import { HttpError } from './client.js'
import type { Proxy, ProxyRule } from './proxy.js'
import type { ClientTls } from './tls.js'

/** How long a connection may take to be made, milliseconds. */
const CONNECT_MS = 10_000
/** How long an idle connection is kept, unless the server says otherwise: longer than usual scrape intervals. */
const KEEP_MS = 300_000
/** Unix sockets with connections of their own; of more, the oldest are closed. */
const MAX_AGENTS = 1024

export interface Route {
  dispatcher: Dispatcher
  origin: string
  path: string
  /** Names and values in turn, to be sent besides. */
  headers: string[]
}

type Connector = ReturnType<typeof buildConnector>

export class Pools {
  #agents = new Map<string, Agent>()
  #tls: ConnectionOptions

  constructor(
    private readonly tls: ClientTls,
    private readonly proxies: ProxyRule,
    private readonly maxHeaderBytes: number,
  ) {
    this.#tls = tls.current()
  }

  /** Where a request for a URL goes. */
  route(url: URL, socketPath: string | undefined): Route {
    const { origin } = url
    const path = `${url.pathname}${url.search}`
    const proxy = socketPath === undefined ? this.proxies(url) : null
    if (url.protocol === 'https:' || proxy?.origin.startsWith('https:') === true) this.#renew()
    if (socketPath !== undefined) {
      const connector = () => this.#connector({ socketPath })
      return { dispatcher: this.#agent(`unix:${socketPath}`, connector), origin, path, headers: [] }
    }
    if (proxy === null) return { dispatcher: this.#agent('', () => this.#connector({})), origin, path, headers: [] }
    if (url.protocol === 'https:') {
      const dispatcher = this.#agent(`tunnel:${proxy.origin}`, () => this.#tunnel(proxy))
      return { dispatcher, origin, path, headers: [] }
    }
    // RFC 9112, section 3.2.2: a proxy is asked for the whole URL.
    const headers = proxy.authorization === undefined ? [] : ['proxy-authorization', proxy.authorization]
    return { dispatcher: this.#agent('', () => this.#connector({})), origin: proxy.origin, path: `${origin}${path}`, headers }
  }

  async close(): Promise<void> {
    const agents = [...this.#agents.values()]
    this.#agents.clear()
    await Promise.all(agents.map((agent) => agent.destroy()))
  }

  #renew(): void {
    const tls = this.tls.current()
    if (tls === this.#tls) return
    this.#tls = tls
    // What is under way on the old connections ends there.
    for (const agent of this.#agents.values()) agent.close().catch(() => {})
    this.#agents.clear()
  }

  #agent(key: string, connector: () => Connector): Agent {
    const found = this.#agents.get(key)
    if (found !== undefined) return found
    const agent = new Agent({
      connect: connector(),
      keepAliveTimeout: KEEP_MS,
      keepAliveMaxTimeout: KEEP_MS,
      maxHeaderSize: this.maxHeaderBytes,
    })
    this.#agents.set(key, agent)
    if (this.#agents.size > MAX_AGENTS) {
      const [oldest, dropped] = this.#agents.entries().next().value!
      this.#agents.delete(oldest)
      dropped.close().catch(() => {})
    }
    return agent
  }

  #connector(options: { socketPath?: string }): Connector {
    const connect = buildConnector({ ...this.#tls, ...options, timeout: CONNECT_MS } as buildConnector.BuildOptions)
    // undici takes the name from the Host header, which may be another.
    return (target, callback) => connect({ ...target, servername: this.tls.sniOf(target.hostname) }, callback)
  }

  /** TLS inside a CONNECT tunnel (RFC 9110, section 9.3.6). */
  #tunnel(proxy: Proxy): Connector {
    const secure = this.#connector({})
    return (target, callback) => {
      const authority = target.port === '' ? `${target.host}:443` : `${target.host}`
      openTunnel(proxy, authority, this.#tls).then(
        (httpSocket) => secure({ ...target, httpSocket }, callback),
        (error: Error) => callback(error, null),
      )
    }
  }
}

function openTunnel(proxy: Proxy, authority: string, tls: ConnectionOptions): Promise<Socket> {
  const { protocol, host } = new URL(proxy.origin)
  const start = protocol === 'https:' ? httpsRequest : httpRequest
  return new Promise((resolve, reject) => {
    const request = start(proxy.origin, {
      ...(protocol === 'https:' ? tls : {}),
      method: 'CONNECT',
      path: authority,
      headers: { host: authority, ...(proxy.authorization !== undefined && { 'proxy-authorization': proxy.authorization }) },
      agent: false,
      timeout: CONNECT_MS,
    })
    request.on('connect', (response, socket, head) => {
      if (response.statusCode === 200) {
        socket.setTimeout(0)
        if (head.length > 0) socket.unshift(head)
        return resolve(socket)
      }
      socket.destroy()
      const what = `proxy ${host}: CONNECT ${authority}: ${response.statusCode} ${response.statusMessage}`
      reject(new HttpError(response.statusCode === 407 ? 'auth' : 'connect', what.trim()))
    })
    request.on('timeout', () => request.destroy(new HttpError('connect', `proxy ${host}: no answer to CONNECT ${authority}`)))
    request.on('error', reject)
    request.end()
  })
}
