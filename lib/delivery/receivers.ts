// The receivers of remote write of one command.

import { settingsOf, type TO_PROMETHEUS_OPTIONS } from '../bridge/otlp_prometheus/options.js'
import { isOtlpIdentity } from '../bridge/shape.js'
import type { Context, Sink } from '../component.js'
import type { HttpClient } from '../net/client.js'
import type { OptionValues } from '../option/table.js'
import { loadSnappy } from '../wire/snappy.js'
import { SNAPPY_WRITE_REQUEST } from './body.js'
import { BridgedSink } from './bridged.js'
import { type DestinationOptions, openDestinations } from './destinations.js'
import { RemoteWriteSink, type RemoteWriteOptions } from './remote_write.js'

type Made = 'rules' | 'url' | 'headers' | 'client' | 'snappy' | 'spool' | 'when_full'

export type ReceiverOptions =
  Omit<RemoteWriteOptions, Made> & DestinationOptions & OptionValues<typeof TO_PROMETHEUS_OPTIONS>

const OWN = new Set(['refused', 'partly_refused'])

/** The sink of all receivers, behind a bridge for data points of OTLP. Throws a Problem. */
export async function openReceivers(
  urls: readonly string[],
  clients: readonly HttpClient[],
  options: ReceiverOptions & { rules: RemoteWriteOptions['rules'] },
  context: Context,
): Promise<Sink> {
  const { tenant } = options
  const headers: { [name: string]: string } = tenant === undefined ? {} : { 'x-scope-orgid': tenant }
  const snappy = await loadSnappy()
  const sink = await openDestinations(urls, clients, options, context, {
    format: SNAPPY_WRITE_REQUEST,
    own: OWN,
    sink: (url, client, when_full, spool, context) =>
      new RemoteWriteSink({ ...options, url, headers, client, snappy, when_full, spool }, context),
  })
  const load = async () => {
    const { PrometheusTransform } = await import('../bridge/otlp_prometheus/transform.js')
    return new PrometheusTransform(settingsOf(options), context)
  }
  return new BridgedSink(sink, { concerns: isOtlpIdentity, load }, context.clock)
}
