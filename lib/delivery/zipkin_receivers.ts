// What the Zipkins of a command need, checked before anything is sent; and their sink.

import type { Context, Sink } from '../component.js'
import { collect, type Problem, throwAll } from '../diag/problem.js'
import type { HttpClient } from '../net/client.js'
import { reach } from '../net/reach.js'
import { ZIPKIN_POST } from './body.js'
import { checkBounds, checkUrls, clientsOf, type DestinationOptions, openDestinations } from './destinations.js'
import { headersOf, ZipkinSink, type ZipkinSinkOptions } from './zipkin.js'

type Made = 'url' | 'client' | 'outbox' | 'when_full'

export type ZipkinReceiverOptions = Omit<ZipkinSinkOptions, Made> & DestinationOptions

const OWN = new Set(['refused'])

/** A client for each URL. Throws every Problem at once. */
export async function prepareZipkins(urls: readonly string[], options: ZipkinReceiverOptions): Promise<HttpClient[]> {
  const problems: Problem[] = []
  await collect(problems, () => checkUrls(urls, 'http://127.0.0.1:9411/api/v2/spans'))
  await collect(problems, () => checkBounds(options))
  const clients = await collect(problems, () => clientsOf(urls, options))
  throwAll(problems)
  return clients!
}

/** The API of a URL: one without a path is that of Zipkin itself. */
function postUrl(url: string): string {
  const parsed = new URL(url)
  if (parsed.pathname !== '/') return url
  parsed.pathname = '/api/v2/spans'
  return parsed.href
}

/** The sink of all. Throws a Problem. */
export function openZipkins(
  urls: readonly string[], clients: readonly HttpClient[], options: ZipkinReceiverOptions, context: Context,
): Promise<Sink> {
  return openDestinations(urls.map(postUrl), clients, options, context, {
    format: ZIPKIN_POST,
    own: OWN,
    sink: (url, client, when_full, outbox, context) => new ZipkinSink({ ...options, url, client, when_full, outbox }, context),
  })
}

/** Posts no spans to each; how many there are. Throws a Problem for each that does not answer as Zipkin does. */
export async function probeZipkins(urls: readonly string[], options: ZipkinReceiverOptions): Promise<number> {
  const clients = await prepareZipkins(urls, options)
  const headers = headersOf(options.tenant)
  const asked = urls.map(async (url, i) => {
    const wrong: Problem[] = []
    const request = { method: 'POST', url: postUrl(url), headers, body: Buffer.from('[]'), keepBody: true } as const
    await collect(wrong, () => reach(clients[i], request))
    await clients[i].close()
    return wrong
  })
  throwAll((await Promise.all(asked)).flat())
  return urls.length
}
