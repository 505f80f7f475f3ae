// The way that a URL is reached: plain http by connections of our own, TLS and proxies by undici, which is loaded when it is needed.

import { Direct } from './direct.js'
import type { Transport } from './exchange.js'
import type { Pools } from './pool.js'
import type { Proxy, ProxyRule } from './proxy.js'
import type { ClientTls } from './tls.js'

export interface Route {
  transport: Transport
  /** Path and query; the whole URL for a proxy. */
  path: string
  /** Names and values in turn, to be sent besides; the list is for the caller to go on with. */
  headers: string[]
}

export class Routes {
  readonly #direct: Direct | null
  #pools: Promise<Pools> | null = null

  /** @param direct false: undici for everything */
  constructor(
    private readonly tls: ClientTls,
    private readonly proxies: ProxyRule,
    private readonly maxHeaderBytes: number,
    direct: boolean,
  ) {
    this.#direct = direct ? new Direct(maxHeaderBytes) : null
  }

  /** Where a request for a URL goes. */
  of(url: URL, socketPath: string | undefined): Route | Promise<Route> {
    const proxy = socketPath === undefined ? this.proxies(url) : null
    if (proxy !== null || url.protocol === 'https:' || this.#direct === null) return this.#pooled(url, socketPath, proxy)
    return { transport: this.#direct.to(url, socketPath), path: `${url.pathname}${url.search}`, headers: [] }
  }

  async close(): Promise<void> {
    this.#direct?.close()
    await (await this.#pools)?.close()
  }

  async #pooled(url: URL, socketPath: string | undefined, proxy: Proxy | null): Promise<Route> {
    this.#pools ??= import('./pool.js').then(({ Pools }) => new Pools(this.tls, this.maxHeaderBytes))
    return (await this.#pools).route(url, socketPath, proxy)
  }
}
