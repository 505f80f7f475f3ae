// Where a source of logs listens: the transport and the place.

import { Problem } from '../diag/problem.js'
import { listenAddress } from '../net/listen.js'

export type Transport = 'tcp' | 'tls' | 'udp' | 'unix'

export interface Endpoint {
  readonly transport: Transport
  /** `HOST:PORT`, or the path of a Unix socket. */
  readonly place: string
}

/** Bytes of a Unix socket's path that the system takes. */
const MAX_PATH = 107
const SCHEME = /^([a-z]+):(?:\/\/)?(.*)$/s

/**
 * `tcp://HOST:PORT`, `tls://…`, `udp://…`, `unix:PATH`, or `HOST:PORT` alone. Throws a Problem.
 * @param transports those that are spoken; the first is meant where none is named
 */
export function endpointOf(text: string, transports: readonly Transport[]): Endpoint {
  const match = SCHEME.exec(text)
  const scheme = match === null ? undefined : transports.find((transport) => transport === match[1])
  if (scheme === 'unix' && match![2] !== '') {
    if (Buffer.byteLength(match![2]) <= MAX_PATH) return { transport: scheme, place: match![2] }
    throw new Problem(`--listen: '${text}' is too long`, { expected: `a path of at most ${MAX_PATH} bytes` })
  }
  const place = scheme === undefined ? text : match![2]
  try {
    listenAddress(place)
  } catch (cause) {
    const expected = transports.map((transport) => (transport === 'unix' ? 'unix:PATH' : `${transport}://HOST:PORT`))
    throw new Problem(`--listen: '${text}' is not valid`, { cause, expected: expected.join(', ') })
  }
  return { transport: scheme ?? transports[0], place }
}

export function endpointText({ transport, place }: Endpoint): string {
  return transport === 'unix' ? `unix:${place}` : `${transport}://${place}`
}
