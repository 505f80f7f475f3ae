// Whether a server answers, asked with a request that changes nothing.

import { Problem } from '../diag/problem.js'
import { type HttpClient, HttpError, type HttpRequest } from './client.js'

/** Milliseconds for a server to answer. */
const TIMEOUT = 10_000

/**
 * Asks each URL; throws a Problem that names the host of one that does not answer as it should.
 * @param fine statuses below 300 are fine, and these
 */
export async function reach(client: HttpClient, request: HttpRequest, fine: readonly number[] = []): Promise<void> {
  const host = hostOf(request.url)
  let status: number
  try {
    status = (await client.request({ timeout: TIMEOUT, ...request })).status
  } catch (error) {
    if (!(error instanceof HttpError)) throw error
    throw new Problem(`cannot reach ${host}: ${error.message}`, { cause: error })
  }
  if (status < 300 || fine.includes(status)) return
  const hint = HINTS.get(status)
  throw new Problem(`${host} answers ${status}`, { hint })
}

const HINTS = new Map([
  [401, 'it wants other credentials'],
  [403, 'it wants other credentials'],
  [404, 'the path of the URL may be another one'],
  [405, 'the path of the URL may be another one'],
])

/** Without user and password. */
function hostOf(url: string): string {
  const { protocol, host } = new URL(url)
  return `${protocol}//${host}`
}
