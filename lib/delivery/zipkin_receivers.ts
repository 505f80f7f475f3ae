// What the Zipkins of a command need, checked before anything is sent; and their sink.

import type { Context, Sink } from '../component.js'
import { collect, type Problem, throwAll } from '../diag/problem.js'
import type { HttpClient } from '../net/client.js'
import { ZIPKIN_POST } from './body.js'
import {
  askAll, checkBounds, checkUrls, clientsOf, type DestinationOptions, openDestinations, urlOfApi,
} from './destinations.js'
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

function postUrl(url: string): string {
  return urlOfApi(url, '/api/v2/spans')
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
  await askAll(urls.map(postUrl), clients, { headers: headersOf(options.tenant), body: Buffer.from('[]') })
  return urls.length
}
