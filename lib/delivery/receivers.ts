// The receivers of one command: each with its own client, its own spool or buffer, its own way of failing.

import type { Context, Sink } from '../component.js'
import { Problem, throwAll } from '../diag/problem.js'
import type { HttpClient } from '../net/client.js'
import { clientOf } from '../net/http.js'
import type { CLIENT_OPTIONS } from '../net/options.js'
import type { OptionValues } from '../option/table.js'
import { loadSnappy } from '../wire/snappy.js'
import { Delivery } from './delivery.js'
import type { SPOOL_OPTIONS } from './options.js'
import { RemoteWriteSink, type RemoteWriteOptions } from './remote_write.js'
import { furtherContext, Several } from './several.js'
import { openSpooled, type OutboxMaker, spoolFolder } from './spooled.js'

type Made = 'rules' | 'url' | 'headers' | 'client' | 'snappy' | 'spool' | 'when_full'

export type ReceiverOptions = Omit<RemoteWriteOptions, Made> &
  OptionValues<typeof SPOOL_OPTIONS & typeof CLIENT_OPTIONS> & {
    when_full: 'block' | 'drop_oldest' | undefined
    min_concurrency: number
    tenant: string | undefined
  }

/** Reasons of rejects that belong to one receiver; all others are wrong with the record. */
const OWN = new Set(['refused', 'partly_refused'])

/** Throws every problem with a URL at once. */
export function checkUrls(urls: readonly string[]): void {
  const problems = urls.flatMap((url, i) => {
    if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
      const expected = 'an http or https URL such as http://127.0.0.1:9090/api/v1/write'
      return [new Problem(`URL${urls.length > 1 ? ` ${i + 1}` : ''} is not valid`, { expected })]
    }
    const first = urls.indexOf(url)
    return first === i ? [] : [new Problem(`URL ${i + 1} is the same as URL ${first + 1}`)]
  })
  throwAll(problems)
}

/** A client for each receiver: what ends with one must not end for the others. Throws Problems. */
export function clientsOf(urls: readonly string[], options: ReceiverOptions): Promise<HttpClient[]> {
  return Promise.all(urls.map(() => clientOf(options, { timeout: options.timeout })))
}

const inMemory: OutboxMaker = (delivery, context) => new Delivery(delivery, context)

/** The sink of all receivers. Throws a Problem. */
export async function openReceivers(
  urls: readonly string[],
  clients: readonly HttpClient[],
  options: ReceiverOptions & { rules: RemoteWriteOptions['rules'] },
  context: Context,
): Promise<Sink> {
  const { tenant } = options
  const headers: { [name: string]: string } = tenant === undefined ? {} : { 'x-scope-orgid': tenant }
  const snappy = await loadSnappy()
  const when_full = options.when_full ?? (urls.length > 1 ? 'drop_failing' : 'block')
  const sinks: Sink[] = []
  for (const [i, url] of urls.entries()) {
    const own = i === 0 ? context : furtherContext(context, OWN)
    const folder = options.state === undefined ? null : spoolFolder(options.state, url, tenant)
    const open = folder === null ? inMemory : await openSpooled(folder, options, when_full, own)
    const bounds = { min: options.min_concurrency, max: options.concurrency }
    const spool: OutboxMaker = (delivery, context) => open({ ...delivery, concurrency: bounds }, context)
    sinks.push(new RemoteWriteSink({ ...options, url, headers, client: clients[i], snappy, when_full, spool }, own))
  }
  return sinks.length === 1 ? sinks[0] : new Several(sinks, context)
}
