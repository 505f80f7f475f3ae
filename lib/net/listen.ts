// Addresses to listen on.

import { Problem, problemsOf } from '../diag/problem.js'

export interface ListenAddress {
  /** undefined: every address of the machine. */
  host: string | undefined
  port: number
}

/** `HOST:PORT`, `[IPV6]:PORT` or `:PORT`. Throws a Problem. */
export function listenAddress(text: string): ListenAddress {
  const match = /^(?:\[([\da-fA-F:.]+)\]|([^:[\]/\s]*)):(\d{1,5})$/.exec(text)
  const port = Number(match?.[3])
  if (match === null || port > 65535) {
    const expected = 'HOST:PORT, such as 127.0.0.1:9090, [::1]:9090 or :9090'
    throw new Problem(`--listen: '${text}' is not valid`, { expected })
  }
  const host = match[1] ?? match[2]
  return { host: host === '' ? undefined : host, port }
}

/** What is wrong with such addresses. */
export function addressProblems(listen: string | readonly string[]): Problem[] {
  return [listen].flat().flatMap((text) => {
    try {
      listenAddress(text)
      return []
    } catch (error) {
      return problemsOf(error)
    }
  })
}

/** How many places of a `--listen` are TCP, so that a supervisor can listen there in the stead of its processes. */
export function doorsOf(listen: unknown): number {
  return [listen].flat().filter((place) => typeof place === 'string' && !/^(udp|unix):/.test(place)).length
}
