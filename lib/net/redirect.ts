// Where a redirect leads, by the rules of Go's net/http, which operators know from Prometheus.

export interface Redirect {
  location: string
  method: string
  keepsBody: boolean
}

/** The next step of an answer; null where it is final (a 3xx without `Location` is). */
export function redirectOf(status: number, headers: ReadonlyMap<string, string>, method: string): Redirect | null {
  const location = headers.get('location')
  if (location === undefined || location === '') return null
  switch (status) {
    case 301:
    case 302:
    case 303:
      return { location, method: method === 'HEAD' ? 'HEAD' : 'GET', keepsBody: false }
    case 307:
    case 308:
      return { location, method, keepsBody: true }
    default:
      return null
  }
}

/** Whether what was meant for one URL's host may be shown to another's: the same or one below it, no TLS given up. */
export function keepsCredentials(from: URL, to: URL): boolean {
  if (from.protocol === 'https:' && to.protocol !== 'https:') return false
  return from.hostname === to.hostname || (to.hostname.endsWith(`.${from.hostname}`) && /[a-z]$/.test(from.hostname))
}
