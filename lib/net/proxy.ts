// Which proxy a URL is reached through: one proxy with exceptions, or those of the environment.
// The rules are those of Go's net/http and golang.org/x/net/http/httpproxy, which operators know from Prometheus.

import { BlockList, isIP, isIPv6 } from 'node:net'
import { Problem } from '../diag/problem.js'
import type { OptionValues } from '../option/table.js'
import { basicOfUrl } from './basic.js'
import type { CLIENT_OPTIONS } from './options.js'

type ProxyOptions = Pick<OptionValues<typeof CLIENT_OPTIONS>, 'proxy_url' | 'no_proxy' | 'proxy_from_environment'>

export interface Proxy {
  /** Without user and password. */
  origin: string
  /** `Proxy-Authorization`, if it has credentials. */
  authorization: string | undefined
}

/** null: no proxy. */
export type ProxyRule = (url: URL) => Proxy | null

const DIRECT: ProxyRule = () => null

export function proxyRuleOf(options: ProxyOptions, problems: Problem[]): ProxyRule {
  const { proxy_url: url, no_proxy: except, proxy_from_environment: environment } = options
  if (url !== undefined && environment)
    problems.push(new Problem('--proxy-url and --proxy-from-environment exclude each other'))
  if (except.length > 0 && url === undefined) problems.push(new Problem('--no-proxy needs --proxy-url'))
  try {
    if (environment) return fromEnvironment()
    if (url === undefined) return DIRECT
    const proxy = proxyOf(url, '--proxy-url')
    if (except.length === 0) return () => proxy
    const excepted = exceptionsOf(except.join(','))
    return (target) => (excepted(target) ? null : proxy)
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    problems.push(error)
    return DIRECT
  }
}

function fromEnvironment(): ProxyRule {
  const read = (name: string) => process.env[name] || process.env[name.toLowerCase()] || ''
  const [http, https] = ['HTTP_PROXY', 'HTTPS_PROXY'].map((name) => {
    const value = read(name)
    return value === '' ? null : proxyOf(value.includes('://') ? value : `http://${value}`, name)
  })
  const excepted = exceptionsOf(read('NO_PROXY'))
  return (target) => (excepted(target) ? null : target.protocol === 'https:' ? https : http)
}

function proxyOf(text: string, flag: string): Proxy {
  const url = URL.canParse(text) ? new URL(text) : null
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw new Problem(`${flag}: not a proxy this client can use`, {
      expected: 'http://[USER:PASSWORD@]HOST:PORT or https://…',
    })
  }
  return { origin: url.origin, authorization: basicOfUrl(url) }
}

type Exception = (host: string, port: string) => boolean

/** True for URLs to be reached directly; localhost and loopback addresses always are. */
function exceptionsOf(list: string): (url: URL) => boolean {
  const exceptions = list
    .split(',')
    .map((entry) => entry.trim().toLowerCase())
    .filter((entry) => entry !== '')
    .map(exceptionOf)
  return (url) => {
    const host = url.hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '')
    const port = url.port === '' ? (url.protocol === 'https:' ? '443' : '80') : url.port
    return host === 'localhost' || isLoopback(host) || exceptions.some((matches) => matches(host, port))
  }
}

function isLoopback(host: string): boolean {
  return isIP(host) !== 0 && (host.startsWith('127.') || host === '::1')
}

function exceptionOf(entry: string): Exception {
  if (entry === '*') return () => true
  const network = /^([0-9a-f.:]+)\/(\d+)$/.exec(entry)
  if (network !== null && isIP(network[1]) !== 0) {
    const list = new BlockList()
    const family = isIPv6(network[1]) ? 'ipv6' : 'ipv4'
    try {
      list.addSubnet(network[1], Number(network[2]), family)
    } catch {
      throw new Problem(`--no-proxy: '${entry}' is no network`, { expected: 'ADDRESS/BITS' })
    }
    return (host) => isIP(host) !== 0 && list.check(host, isIPv6(host) ? 'ipv6' : 'ipv4')
  }
  const [, name, port] = isIPv6(entry) ? [entry, entry, undefined] : /^(.*?)(?::(\d+))?$/.exec(entry)!
  const bare = name.replace(/^\[|\]$/g, '').replace(/^\*\./, '.')
  const samePort: Exception = (_, actual) => port === undefined || port === actual
  if (isIP(bare) !== 0) return (host, actual) => host === bare && samePort(host, actual)
  const suffix = bare.startsWith('.') ? bare : `.${bare}`
  return (host, actual) => (host.endsWith(suffix) || host === bare) && samePort(host, actual)
}
