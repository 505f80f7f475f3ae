// What the OTLP destinations of a command need, checked before anything is sent; and their sink.

import { isPrometheusIdentity } from '../bridge/shape.js'
import type { TO_OTLP_OPTIONS } from '../bridge/prometheus_otlp/options.js'
import type { Context, Sink } from '../component.js'
import { collect, Problem, throwAll } from '../diag/problem.js'
import type { HttpClient } from '../net/client.js'
import type { GrpcClient } from '../net/grpc/client.js'
import { STATUS } from '../net/grpc/status.js'
import { clientOf } from '../net/http.js'
import { reach } from '../net/reach.js'
import type { OptionValues } from '../option/table.js'
import { PATHS } from '../wire/otlp/endpoints.js'
import { type Signal, SIGNALS } from '../wire/otlp/schema.js'
import { OTLP_EXPORT } from './body.js'
import { BridgedSink } from './bridged.js'
import { checkBounds, checkUrls, type DestinationOptions, openDestinations } from './destinations.js'
import { type OtlpOptions, OtlpSink } from './otlp.js'
import type { ExportTransport } from './otlp_exporter.js'
import { HttpExport } from './otlp_http.js'

type Made = 'destination' | 'transport' | 'outbox' | 'when_full'

export type OtlpReceiverOptions = Omit<OtlpOptions, Made> & DestinationOptions & OptionValues<typeof TO_OTLP_OPTIONS> & {
  encoding: 'protobuf' | 'json'
  retry_on_429: boolean
  traces_url: string | undefined
  metrics_url: string | undefined
  logs_url: string | undefined
  profiles_url: string | undefined
}

/** How a destination is reached. */
export type OtlpClient = { readonly url: string } & ({ readonly http: HttpClient } | { readonly grpc: GrpcClient })

const OWN = new Set(['refused', 'partly_refused'])
const EXAMPLE = 'http://127.0.0.1:4318'
/** Registered for OTLP over gRPC. */
const GRPC_PORT = '4317'
/** Milliseconds. */
const PROBE_TIMEOUT = 10_000

/** A client for each URL. Throws every Problem at once. */
export async function prepareOtlp(urls: readonly string[], options: OtlpReceiverOptions): Promise<OtlpClient[]> {
  const problems: Problem[] = []
  await collect(problems, () => checkUrls(urls, EXAMPLE, ['http', 'https', 'grpc', 'grpcs']))
  await collect(problems, () => checkBounds(options))
  const grpc = urls.some(isGrpc)
  for (const signal of SIGNALS) {
    const [url, flag] = [options[`${signal}_url`], `--${signal}-url`]
    if (url === undefined) continue
    if (!/^https?:/.test(url)) problems.push(new Problem(`${flag} is not valid`, { expected: `an http or https URL such as ${EXAMPLE}${PATHS[signal]}` }))
    if (urls.length > 1) problems.push(new Problem(`${flag} is for one URL`, { hint: 'several destinations take a command each' }))
    if (grpc) problems.push(new Problem(`${flag} is for HTTP`, { hint: 'over gRPC each signal has a service of its own' }))
  }
  if (grpc && options.encoding === 'json') problems.push(new Problem('--encoding json is for HTTP', { expected: 'an http or https URL' }))
  const clients = await collect(problems, () => Promise.all(urls.map((url) => clientFor(url, options))))
  throwAll(problems)
  return clients!
}

function isGrpc(url: string): boolean {
  return /^grpcs?:/i.test(url) && URL.canParse(url)
}

/** What ends with one destination must not end for the others: each has a client of its own. */
async function clientFor(url: string, options: OtlpReceiverOptions): Promise<OtlpClient> {
  if (!isGrpc(url)) return { url, http: await clientOf(options, { timeout: options.timeout }) }
  const { grpcClientOf } = await import('../net/grpc/client.js')
  const parsed = new URL(url)
  if (parsed.port === '') parsed.port = GRPC_PORT
  return { url, grpc: grpcClientOf(parsed.href, options) }
}

export async function closeAll(clients: readonly OtlpClient[]): Promise<void> {
  await Promise.all(clients.map((client) => ('http' in client ? client.http : client.grpc).close()))
}

/** Where the exports of each signal go: a URL is that of all, to which a path is added (OTLP exporter, "Endpoint URLs"). */
function signalUrls(url: string, options: OtlpReceiverOptions): Record<Signal, string> {
  const urls = SIGNALS.map((signal) => {
    const base = new URL(url)
    base.pathname = `${base.pathname.replace(/\/$/, '')}${PATHS[signal]}`
    return [signal, options[`${signal}_url`] ?? base.href]
  })
  return Object.fromEntries(urls) as Record<Signal, string>
}

function headersOf({ tenant }: OtlpReceiverOptions): { [name: string]: string } {
  return tenant === undefined ? {} : { 'x-scope-orgid': tenant }
}

/** Scheme and host, which hold no secret. */
function shown(url: string): string {
  const { protocol, host } = new URL(url)
  return `${protocol}//${host}`
}

/** The sink of all, behind a bridge for samples of Prometheus. Throws a Problem. */
export async function openOtlp(clients: readonly OtlpClient[], options: OtlpReceiverOptions, context: Context): Promise<Sink> {
  const grpc = clients.some((client) => 'grpc' in client) ? await import('./otlp_grpc.js') : null
  const transportOf = (client: OtlpClient): ExportTransport => {
    const headers = headersOf(options)
    if ('grpc' in client) return new grpc!.GrpcExport({ client: client.grpc, metadata: headers, timeout: options.timeout })
    const how = { retry429: options.retry_on_429, now: () => context.clock.millis() }
    return new HttpExport({ ...options, ...how, client: client.http, urls: signalUrls(client.url, options), headers })
  }
  const urls = clients.map(({ url }) => url)
  const sink = await openDestinations(urls, clients, options, context, {
    format: OTLP_EXPORT,
    own: OWN,
    sink: (url, client, when_full, outbox, context) =>
      new OtlpSink({ ...options, destination: shown(url), transport: transportOf(client), when_full, outbox }, context),
  })
  const load = async () => {
    const { OtlpTransform } = await import('../bridge/prometheus_otlp/transform.js')
    return new OtlpTransform(options, context)
  }
  return new BridgedSink(sink, { concerns: isPrometheusIdentity, load }, context.clock)
}

/** Asks every destination with exports of nothing; how many there are. Throws a Problem for each that takes none. */
export async function probeOtlp(urls: readonly string[], options: OtlpReceiverOptions): Promise<number> {
  const clients = await prepareOtlp(urls, options)
  const asked = clients.map((client) => ('http' in client ? probeHttp(client.http, client.url, options) : probeService(client, options)))
  const problems = (await Promise.all(asked)).flat()
  await closeAll(clients)
  throwAll(problems)
  return urls.length
}

/** Each URL of a signal must answer; of the paths of a common one some, since many backends are for one signal alone. */
async function probeHttp(client: HttpClient, url: string, options: OtlpReceiverOptions): Promise<Problem[]> {
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

async function probeService({ url, grpc }: Extract<OtlpClient, { grpc: GrpcClient }>, options: OtlpReceiverOptions): Promise<Problem[]> {
  const { grpcWords, probeGrpc } = await import('./otlp_grpc.js')
  const status = await probeGrpc(grpc, headersOf(options), PROBE_TIMEOUT)
  return status.code === STATUS.ok ? [] : [new Problem(`${shown(url)} answers ${grpcWords(status)}`)]
}
