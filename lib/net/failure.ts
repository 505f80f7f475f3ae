// What went wrong below an answer, as a reason and a sentence.

import { HttpError, type HttpFailure } from './client.js'

/** The connection ended after the request had left and before anything came back: repeat it where the method allows. */
export class ConnectionLost extends HttpError {}

/** What came is no answer of HTTP/1.1; the message says what is wrong with it. */
export class NotHttp extends Error {}

export class HeadersTooLarge extends Error {}

const CONNECT = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EADDRNOTAVAIL',
  'ETIMEDOUT',
  'ENOENT',
  'EACCES',
  'EMFILE',
  'ENFILE',
  'UND_ERR_CONNECT_TIMEOUT',
  'EAI_FAIL',
  'ENODATA',
  'EINVAL',
])
const LOST = new Set(['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE'])

interface Coded extends Error {
  code?: string
  errors?: readonly Error[]
}

/**
 * @param host as in the URL, for the sentence
 * @param answered whether the answer's headers were there already
 */
export function failureOf(error: unknown, host: string, answered: boolean): HttpError {
  if (error instanceof HttpError) return error
  const { code = '', message, errors } = error as Coded
  const options = { cause: error }
  if (code === 'UND_ERR_CONNECT_TIMEOUT') return notConnected(host, options)
  if (code === 'UND_ERR_HEADERS_OVERFLOW' || error instanceof HeadersTooLarge) {
    return new HttpError('too_large', `${host}: response headers are larger than --max-header-bytes`, options)
  }
  if (LOST.has(code)) return connectionLost(host, answered, options)
  if (CONNECT.has(code)) {
    // A name with several addresses fails with all their errors and no message.
    const text = errors === undefined ? message : errors.map((one) => one.message).join(', ')
    return new HttpError(
      'connect',
      text.includes(hostName(host)) || errors !== undefined ? text : `${host}: ${text}`,
      options,
    )
  }
  const notHttp = error instanceof NotHttp || (error as Error).name === 'HTTPParserError'
  const what = notHttp ? `not HTTP: ${message}` : complaint(message)
  return new HttpError(isTls(code, message) ? 'tls' : reasonOf(code), `${host}: ${what}`, options)
}

export function notConnected(host: string, options?: ErrorOptions): HttpError {
  return new HttpError('connect', `connect to ${host}: no answer`, options)
}

/** @param answered whether some of the answer was there already */
export function connectionLost(host: string, answered: boolean, options?: ErrorOptions): HttpError {
  if (answered) return new HttpError('protocol', `${host} closed the connection in the middle of the response`, options)
  return new ConnectionLost('connect', `${host} closed the connection without a response`, options)
}

function hostName(host: string): string {
  return host.replace(/:\d+$/, '').replace(/^\[|\]$/g, '')
}

function isTls(code: string, message: string): boolean {
  return (
    /CERT|ERR_TLS|ERR_SSL|ERR_OSSL|EPROTO|SELF_SIGNED|HOSTNAME_MISMATCH|UNABLE_TO|CRL_/.test(code) ||
    /TLS connection/.test(message)
  )
}

function reasonOf(code: string): HttpFailure {
  return code === 'UND_ERR_ABORTED' || code === 'UND_ERR_DESTROYED' || code === 'UND_ERR_CLOSED'
    ? 'aborted'
    : 'protocol'
}

function complaint(message: string): string {
  // OpenSSL's errors end with the function and source line that raised them.
  const ssl = /:SSL routines:[^:]*:([^:]+):/.exec(message)
  return ssl === null ? message : `TLS: ${ssl[1]}`
}
