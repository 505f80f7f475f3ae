// The destinations of one command: each with its own client, its own spool or buffer, its own way of failing.

import type { Context, Sink } from '../component.js'
import { collect, Problem, throwAll } from '../diag/problem.js'
import type { HttpClient } from '../net/client.js'
import { clientOf } from '../net/http.js'
import type { CLIENT_OPTIONS } from '../net/options.js'
import { reach } from '../net/reach.js'
import type { OptionValues } from '../option/table.js'
import { Delivery } from './delivery.js'
import type { SPOOL_OPTIONS } from './options.js'
import type { WhenFull } from './outbox.js'
import { furtherContext, Several } from './several.js'
import { openSpooled, type OutboxMaker, spoolFolder } from './spooled.js'

export type DestinationOptions = OptionValues<typeof SPOOL_OPTIONS & typeof CLIENT_OPTIONS> & {
  when_full: 'block' | 'drop_oldest' | undefined
  timeout: number
  concurrency: number
  min_concurrency: number
  min_backoff: number
  max_backoff: number
  tenant: string | undefined
}

/** What a protocol says about its destinations. */
export interface Destinations<C> {
  /** What the bodies of its requests are, for those who read the spool. */
  readonly format: number
  /** Reasons of rejects that belong to one destination; all others are wrong with the record. */
  readonly own: ReadonlySet<string>
  /** The sink of one of them. */
  sink(url: string, client: C, whenFull: WhenFull, outbox: OutboxMaker, context: Context): Sink
}

/** Throws every problem with a URL at once. */
export function checkUrls(urls: readonly string[], example: string, schemes: readonly string[] = ['http', 'https']): void {
  const problems = urls.flatMap((url, i) => {
    if (!URL.canParse(url) || !schemes.includes(new URL(url).protocol.slice(0, -1))) {
      const expected = `an ${schemes.slice(0, -1).join(', ')} or ${schemes.at(-1)} URL such as ${example}`
      return [new Problem(`URL${urls.length > 1 ? ` ${i + 1}` : ''} is not valid`, { expected })]
    }
    const first = urls.indexOf(url)
    return first === i ? [] : [new Problem(`URL ${i + 1} is the same as URL ${first + 1}`)]
  })
  throwAll(problems)
}

/** Throws every contradiction among options at once. */
export function checkBounds(options: DestinationOptions): void {
  const problems: Problem[] = []
  if (options.min_backoff > options.max_backoff) problems.push(new Problem('--min-backoff is longer than --max-backoff'))
  if (options.min_concurrency > options.concurrency) {
    problems.push(new Problem('--min-concurrency is more than --concurrency'))
  }
  throwAll(problems)
}

/** A client for each destination: what ends with one must not end for the others. Throws Problems. */
export function clientsOf(urls: readonly string[], options: DestinationOptions): Promise<HttpClient[]> {
  return Promise.all(urls.map(() => clientOf(options, { timeout: options.timeout })))
}

export async function closeAll(clients: readonly HttpClient[]): Promise<void> {
  await Promise.all(clients.map((client) => client.close()))
}

/** A URL without a path is that of a program whose API has this one. */
export function urlOfApi(url: string, path: string): string {
  const parsed = new URL(url)
  if (parsed.pathname !== '/') return url
  parsed.pathname = path
  return parsed.href
}

/**
 * Asks every destination with a request that holds nothing, and closes its client. Throws a Problem for each that does
 * not answer as it should.
 *
 * @param fine statuses below 300 are fine, and these
 */
export async function askAll(
  urls: readonly string[],
  clients: readonly HttpClient[],
  { headers, body }: { headers: { readonly [name: string]: string }; body: Buffer },
  fine: readonly number[] = [],
): Promise<void> {
  const asked = urls.map(async (url, i) => {
    const wrong: Problem[] = []
    await collect(wrong, () => reach(clients[i], { method: 'POST', url, headers, body, keepBody: true }, fine))
    await clients[i].close()
    return wrong
  })
  throwAll((await Promise.all(asked)).flat())
}

const inMemory: OutboxMaker = (delivery, context) => new Delivery(delivery, context)

/** The sink of all destinations. Throws a Problem. */
export async function openDestinations<C = HttpClient>(
  urls: readonly string[],
  clients: readonly C[],
  options: DestinationOptions,
  context: Context,
  { format, own, sink }: Destinations<C>,
): Promise<Sink> {
  const whenFull = options.when_full ?? (urls.length > 1 ? 'drop_failing' : 'block')
  const concurrency = { min: options.min_concurrency, max: options.concurrency }
  const sinks: Sink[] = []
  for (const [i, url] of urls.entries()) {
    const of = i === 0 ? context : furtherContext(context, own)
    const folder = options.state === undefined ? null : spoolFolder(options.state, url, options.tenant)
    const open = folder === null ? inMemory : await openSpooled(folder, options, whenFull, of, format)
    const outbox: OutboxMaker = (delivery, context) => open({ ...delivery, concurrency }, context)
    sinks.push(sink(url, clients[i], whenFull, outbox, of))
  }
  return sinks.length === 1 ? sinks[0] : new Several(sinks, context)
}
