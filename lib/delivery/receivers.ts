// The receivers of remote write of one command.

import type { Context, Sink } from '../component.js'
import type { HttpClient } from '../net/client.js'
import { loadSnappy } from '../wire/snappy.js'
import { SNAPPY_WRITE_REQUEST } from './body.js'
import { type DestinationOptions, openDestinations } from './destinations.js'
import { RemoteWriteSink, type RemoteWriteOptions } from './remote_write.js'

type Made = 'rules' | 'url' | 'headers' | 'client' | 'snappy' | 'spool' | 'when_full'

export type ReceiverOptions = Omit<RemoteWriteOptions, Made> & DestinationOptions

const OWN = new Set(['refused', 'partly_refused'])

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
  return openDestinations(urls, clients, options, context, {
    format: SNAPPY_WRITE_REQUEST,
    own: OWN,
    sink: (url, client, when_full, spool, context) =>
      new RemoteWriteSink({ ...options, url, headers, client, snappy, when_full, spool }, context),
  })
}
