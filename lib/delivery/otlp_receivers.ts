// What the OTLP destinations of a command need, checked before anything is sent; and their sink.

import type { Context, Sink } from '../component.js'
import { collect, Problem, throwAll } from '../diag/problem.js'
import type { HttpClient } from '../net/client.js'
import { reach } from '../net/reach.js'
import { type Signal, SIGNALS } from '../wire/otlp/schema.js'
import { OTLP_EXPORT } from './body.js'
import { checkBounds, checkUrls, clientsOf, type DestinationOptions, openDestinations } from './destinations.js'
import { type OtlpOptions, OtlpSink } from './otlp.js'
import { HttpExport } from './otlp_http.js'
import { shownUrl } from './outcome.js'

type Made = 'destination' | 'transport' | 'outbox' | 'when_full'

export type OtlpReceiverOptions = Omit<OtlpOptions, Made> & DestinationOptions & {
  encoding: 'protobuf' | 'json'
  retry_on_429: boolean
  traces_url: string | undefined
  metrics_url: string | undefined
  logs_url: string | undefined
}

const OWN = new Set(['refused', 'partly_refused'])
const EXAMPLE = 'http://127.0.0.1:4318'

/** A client for each URL. Throws every Problem at once. */
export async function prepareOtlp(urls: readonly string[], options: OtlpReceiverOptions): Promise<HttpClient[]> {
  const problems: Problem[] = []
  await collect(problems, () => checkUrls(urls, EXAMPLE))
  await collect(problems, () => checkBounds(options))
  for (const signal of SIGNALS) {
    const url = options[`${signal}_url`]
    if (url === undefined) continue
    if (!/^https?:/.test(url)) problems.push(new Problem(`--${signal}-url is not valid`, { expected: `an http or https URL such as ${EXAMPLE}/v1/${signal}` }))
    if (urls.length > 1) problems.push(new Problem(`--${signal}-url is for one URL`, { hint: 'several destinations take a command each' }))
  }
  const clients = await collect(problems, () => clientsOf(urls, options))
  throwAll(problems)
  return clients!
}

/** Where the exports of each signal go: a URL is that of all, to which a path is added (OTLP exporter, "Endpoint URLs"). */
function signalUrls(url: string, options: OtlpReceiverOptions): Record<Signal, string> {
  const urls = SIGNALS.map((signal) => {
    const base = new URL(url)
    base.pathname = `${base.pathname.replace(/\/$/, '')}/v1/${signal}`
    return [signal, options[`${signal}_url`] ?? base.href]
  })
  return Object.fromEntries(urls) as Record<Signal, string>
}

function headersOf({ tenant }: OtlpReceiverOptions): { [name: string]: string } {
  return tenant === undefined ? {} : { 'x-scope-orgid': tenant }
}

/** The sink of all. Throws a Problem. */
export function openOtlp(
  urls: readonly string[], clients: readonly HttpClient[], options: OtlpReceiverOptions, context: Context,
): Promise<Sink> {
  return openDestinations(urls, clients, options, context, {
    format: OTLP_EXPORT,
    own: OWN,
    sink: (url, client, when_full, outbox, context) => {
      const how = { retry429: options.retry_on_429, now: () => context.clock.millis() }
      const transport = new HttpExport({ ...options, ...how, client, urls: signalUrls(url, options), headers: headersOf(options) })
      return new OtlpSink({ ...options, destination: shownUrl(url), transport, when_full, outbox }, context)
    },
  })
}

/** Asks every destination with exports of nothing; how many there are. Throws a Problem for each that takes none. */
export async function probeOtlp(urls: readonly string[], options: OtlpReceiverOptions): Promise<number> {
  const clients = await prepareOtlp(urls, options)
  const asked = urls.map(async (url, i) => {
    const wrong = await probeSignals(clients[i], url, options)
    await clients[i].close()
    return wrong
  })
  throwAll((await Promise.all(asked)).flat())
  return urls.length
}

/** Each URL of a signal must answer; of the paths of a common one some, since many backends are for one signal alone. */
async function probeSignals(client: HttpClient, url: string, options: OtlpReceiverOptions): Promise<Problem[]> {
  const headers = { 'content-type': 'application/x-protobuf', ...headersOf(options) }
  const own: Problem[] = []
  const common: Problem[][] = []
  for (const [signal, to] of Object.entries(signalUrls(url, options))) {
    const wrong: Problem[] = []
    await collect(wrong, () => reach(client, { method: 'POST', url: to, headers, body: Buffer.alloc(0), keepBody: true }))
    if (options[`${signal as Signal}_url`] === undefined) common.push(wrong)
    else own.push(...wrong)
  }
  const none = common.length > 0 && common.every((wrong) => wrong.length > 0)
  return none ? [...own, ...common[0]] : own
}
