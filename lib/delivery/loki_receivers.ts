// What the Lokis of a command need, checked before anything is sent; and their sink.

import type { Context, Sink } from '../component.js'
import { collect, Problem, throwAll } from '../diag/problem.js'
import type { HttpClient } from '../net/client.js'
import { tenantComplaint } from '../wire/loki/tenant.js'
import { loadSnappy } from '../wire/snappy.js'
import { LOKI_PUSH } from './body.js'
import {
  askAll, checkBounds, checkUrls, clientsOf, type DestinationOptions, openDestinations, urlOfApi,
} from './destinations.js'
import { type LokiOptions, LokiSink } from './loki.js'

type Made = 'url' | 'client' | 'snappy' | 'outbox' | 'when_full'

export type LokiReceiverOptions = Omit<LokiOptions, Made> & DestinationOptions

const OWN = new Set(['refused'])
const LABEL_NAME = /^(?!__)[A-Za-z_]\w*$/

/** A client for each URL. Throws every Problem at once. */
export async function prepareLokis(urls: readonly string[], options: LokiReceiverOptions): Promise<HttpClient[]> {
  const problems: Problem[] = []
  await collect(problems, () => checkUrls(urls, 'http://127.0.0.1:3100/loki/api/v1/push'))
  await collect(problems, () => checkBounds(options))
  for (const name of options.label.keys()) {
    if (LABEL_NAME.test(name)) continue
    const expected = 'letters, digits and underscores, not two underscores in front'
    problems.push(new Problem(`--label: name '${name}' is not valid`, { expected }))
  }
  const { tenant, gzip, format } = options
  const wrong = tenant === undefined ? null : tenantComplaint(tenant)
  if (wrong !== null) problems.push(new Problem(`--tenant: ${wrong}`))
  if (gzip && format !== 'json') problems.push(new Problem('--gzip is for --format json', { hint: 'protobuf is compressed already' }))
  const clients = await collect(problems, () => clientsOf(urls, options))
  throwAll(problems)
  return clients!
}

function pushUrl(url: string): string {
  return urlOfApi(url, '/loki/api/v1/push')
}

/** The sink of all. Throws a Problem. */
export async function openLokis(
  urls: readonly string[],
  clients: readonly HttpClient[],
  options: LokiReceiverOptions,
  context: Context,
): Promise<Sink> {
  const snappy = await loadSnappy()
  return openDestinations(urls.map(pushUrl), clients, options, context, {
    format: LOKI_PUSH,
    own: OWN,
    sink: (url, client, when_full, outbox, context) => new LokiSink({ ...options, url, client, snappy, when_full, outbox }, context),
  })
}

/** A push without streams, which Loki takes with 204, or 422 in later versions. */
const EMPTY = Buffer.from('{"streams":[]}')
const FINE = [400, 422]

/** Asks every Loki; how many there are. Throws a Problem for each that does not answer as Loki does. */
export async function probeLokis(urls: readonly string[], options: LokiReceiverOptions): Promise<number> {
  const clients = await prepareLokis(urls, options)
  const type = { 'content-type': 'application/json' }
  const headers = options.tenant === undefined ? type : { ...type, 'x-scope-orgid': options.tenant }
  await askAll(urls.map(pushUrl), clients, { headers, body: EMPTY }, FINE)
  return urls.length
}
