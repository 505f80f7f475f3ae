// Connections that undici keeps: to hosts, through proxies, over Unix sockets. When a TLS file changes, new ones are made.

import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { isIP, type Socket } from 'node:net'
import type { ConnectionOptions } from 'node:tls'
import { Agent, buildConnector } from 'undici'
import { HttpError } from './client.js'
import { CONNECT_MS } from './connection.js'
import { transportOf } from './dispatch.js'
import { KEEP_MS } from './head.js'
import type { Proxy } from './proxy.js'
import type { Route } from './route.js'
import type { ClientTls } from './tls.js'

/** Unix sockets and proxies with connections of their own; of more, the oldest are closed. */
const MAX_AGENTS = 1024

type Build = buildConnector.BuildOptions
type Connector = ReturnType<typeof buildConnector>

export class Pools {
  #agents = new Map<string, Agent>()
  #tls: ConnectionOptions | null = null

  constructor(
    private readonly tls: ClientTls,
    private readonly maxHeaderBytes: number,
  ) {}

  /** Where a request for a URL goes. */
  route(url: URL, socketPath: string | undefined, proxy: Proxy | null): Route {
    const { origin, protocol } = url
    const path = `${url.pathname}${url.search}`
    const secure = protocol === 'https:'
    if (proxy === null) {
      const key = socketPath === undefined ? protocol : `${protocol} unix ${socketPath}`
      const agent = this.#agent(key, secure, (tls) => this.#toHost(tls, socketPath))
      return { transport: transportOf(agent, origin), path, headers: [] }
    }
    if (secure) {
      const agent = this.#agent(`tunnel ${proxy.origin}`, true, (tls) => this.#tunnel(proxy, tls))
      return { transport: transportOf(agent, origin), path, headers: [] }
    }
    // RFC 9112, section 3.2.2: a proxy is asked for the whole URL.
    const agent = this.#agent(`proxy ${proxy.origin}`, proxy.origin.startsWith('https:'), (tls) => connectorOf(tls, sni))
    return {
      transport: transportOf(agent, proxy.origin),
      path: `${origin}${path}`,
      headers: proxy.authorization === undefined ? [] : ['proxy-authorization', proxy.authorization],
    }
  }

  async close(): Promise<void> {
    const agents = [...this.#agents.values()]
    this.#agents.clear()
    await Promise.all(agents.map((agent) => agent.destroy()))
  }

  #agent(key: string, secure: boolean, connector: (tls: ConnectionOptions) => Connector): Agent {
    const tls = secure ? this.#renewed() : {}
    const found = this.#agents.get(key)
    if (found !== undefined) return found
    const agent = new Agent({
      connect: connector(tls),
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

  #renewed(): ConnectionOptions {
    const tls = this.tls.current()
    if (tls !== this.#tls) {
      this.#tls = tls
      // What is under way on the old connections ends there.
      for (const agent of this.#agents.values()) agent.close().catch(() => {})
      this.#agents.clear()
    }
    return tls
  }

  #toHost(tls: ConnectionOptions, socketPath?: string): Connector {
    return connectorOf({ ...tls, ...this.tls.identity }, (hostname) => sni(this.tls.name ?? hostname), socketPath)
  }

  /** TLS inside a CONNECT tunnel (RFC 9110, section 9.3.6). */
  #tunnel(proxy: Proxy, tls: ConnectionOptions): Connector {
    const secure = this.#toHost(tls)
    return (target, callback) => {
      const authority = target.port === '' ? `${target.host}:443` : `${target.host}`
      openTunnel(proxy, authority, tls).then(
        (httpSocket) => secure({ ...target, httpSocket }, callback),
        (error: Error) => callback(error, null),
      )
    }
  }
}

/** An address is no name (RFC 6066, section 3). */
function sni(name: string): string | undefined {
  return isIP(name) === 0 ? name : undefined
}

/** @param nameOf undici would take the name from the Host header, which may be another */
function connectorOf(
  tls: ConnectionOptions,
  nameOf: (hostname: string) => string | undefined,
  socketPath?: string,
): Connector {
  const connect = buildConnector({ ...tls, socketPath, timeout: CONNECT_MS } as Build)
  return (target, callback) => connect({ ...target, servername: nameOf(target.hostname) }, callback)
}

function openTunnel(proxy: Proxy, authority: string, tls: ConnectionOptions): Promise<Socket> {
  const { protocol, host } = new URL(proxy.origin)
  const start = protocol === 'https:' ? httpsRequest : httpRequest
  return new Promise((resolve, reject) => {
    const request = start(proxy.origin, {
      ...(protocol === 'https:' ? tls : {}),
      method: 'CONNECT',
      path: authority,
      headers: {
        host: authority,
        ...(proxy.authorization !== undefined && { 'proxy-authorization': proxy.authorization }),
      },
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
    request.on('timeout', () =>
      request.destroy(new HttpError('connect', `proxy ${host}: no answer to CONNECT ${authority}`)),
    )
    request.on('error', reject)
    request.end()
  })
}
