// The head of a request as it is sent (RFC 9112, section 3), free of anything that could end it early.

import { HttpError } from './client.js'
import type { Hop } from './exchange.js'
import { NO_VALUE, TOKEN } from './head.js'

/** What frames the message or belongs to the connection is said here alone. */
const OWN = new Set(['connection', 'content-length', 'expect', 'keep-alive', 'transfer-encoding', 'upgrade'])

/** @param length bytes of the body, null for a method that has none */
export function requestHead({ method, path, headers, host }: Hop, length: number | null): string {
  const complain = (what: string) => new HttpError('protocol', `${host}: ${what}`)
  if (!TOKEN.test(method)) throw complain('invalid request method')
  if (!/^\/[\x21-\x7e]*$/.test(path)) throw complain('invalid request path')
  let head = `connection: ${method === 'HEAD' ? 'close' : 'keep-alive'}\r\n`
  let to = ''
  for (let i = 0; i < headers.length; i += 2) {
    const [name, value] = [headers[i], headers[i + 1]]
    const lower = name.toLowerCase()
    if (!TOKEN.test(name) || NO_VALUE.test(value) || OWN.has(lower)) throw complain(`invalid ${shown(name)} header`)
    if (lower !== 'host') head += `${name}: ${value}\r\n`
    else if (to === '') to = `host: ${value}\r\n`
    else throw complain('duplicate host header')
  }
  if (length !== null) head += `content-length: ${length}\r\n`
  return `${method} ${path} HTTP/1.1\r\n${to}${head}\r\n`
}

function shown(name: string): string {
  return TOKEN.test(name) ? name : JSON.stringify(name)
}
