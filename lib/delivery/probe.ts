// Receivers of remote write, asked with a request that holds no sample.

import { askAll } from './destinations.js'
import { prepareReceivers } from './prepare.js'

type Options = Parameters<typeof prepareReceivers>[1]

/** Nothing, as a block of snappy: the length 0. */
const EMPTY = Buffer.from([0])

/** Remote write 1.0, whatever version samples are sent in. Some receivers refuse a request without samples: 400. */
const HEADERS = {
  'content-type': 'application/x-protobuf',
  'content-encoding': 'snappy',
  'x-prometheus-remote-write-version': '0.1.0',
}
const FINE = [400]

/** Asks every receiver; how many there are. Throws a Problem for each that does not answer as a receiver does. */
export async function probeReceivers(urls: readonly string[], options: Options): Promise<number> {
  const { clients } = await prepareReceivers(urls, options)
  const headers = options.tenant === undefined ? HEADERS : { ...HEADERS, 'x-scope-orgid': options.tenant }
  await askAll(urls, clients, { headers, body: EMPTY }, FINE)
  return urls.length
}
