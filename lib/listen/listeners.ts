// All the places where a source listens: opened together, closed together.

import type { SourceContext } from '../component.js'
import { collect, EXIT, Problem, throwAll } from '../diag/problem.js'
import { ServerTls, type ServerTlsOptions } from '../net/server_tls.js'
import { type Endpoint, endpointOf, endpointText, type Transport } from './address.js'
import type { Connection } from './connection.js'
import { type Datagram, DatagramListener, type DatagramOptions } from './datagrams.js'
import { StreamListener, type StreamOptions } from './streams.js'
import { Told } from '../io/told.js'

export interface ListenOptions extends StreamOptions, ServerTlsOptions, Partial<DatagramOptions> {
  readonly listen: readonly string[]
}

export interface Handlers {
  /** Reads a connection to its end. */
  stream(connection: Connection): Promise<void>
  datagrams?(datagrams: readonly Datagram[]): void | Promise<void>
}

/** Everything that is wrong with the places and certificates; opens nothing. */
export async function listenProblems(options: ListenOptions, transports: readonly Transport[]): Promise<Problem[]> {
  const problems: Problem[] = []
  const endpoints: Endpoint[] = []
  for (const text of options.listen) {
    const endpoint = await collect(problems, () => endpointOf(text, transports))
    if (endpoint !== undefined) endpoints.push(endpoint)
  }
  const tls = ServerTls.open(options, problems)
  const asks = endpoints.some(({ transport }) => transport === 'tls')
  if (asks && tls === null && problems.length === 0) {
    problems.push(new Problem('--listen tls:// needs --tls-cert and --tls-key'))
  }
  if (!asks && tls !== null && problems.length === 0) {
    problems.push(new Problem('--tls-cert is for tls:// listeners', { hint: 'say --listen tls://HOST:PORT' }))
  }
  return problems
}

type Context = Pick<SourceContext, 'account' | 'clock' | 'log' | 'signal'>

/**
 * Listens until the signal; resolves when what was on its way has been served. Throws Problems, and what handlers
 * throw.
 */
export async function serve(
  options: ListenOptions, transports: readonly Transport[], handlers: Handlers, context: Context,
): Promise<void> {
  throwAll(await listenProblems(options, transports))
  const told = new Told(context)
  let fail!: (error: Error) => void
  const failed = new Promise<never>((_, reject) => (fail = reject))
  failed.catch(() => {})
  const open = (endpoint: Endpoint) => {
    if (endpoint.transport === 'udp') {
      const bounds = options as ListenOptions & DatagramOptions
      return new DatagramListener(endpoint, bounds, (some) => handlers.datagrams!(some), fail, context, told)
    }
    const tls = endpoint.transport === 'tls' ? ServerTls.open(options, []) : null
    return new StreamListener(endpoint, options, tls, (connection) => handlers.stream(connection), fail, told)
  }
  const endpoints = options.listen.map((text) => endpointOf(text, transports))
  const listeners = endpoints.map(open)
  try {
    for (const [i, listener] of listeners.entries()) {
      const where = await listener.listen().catch((cause: NodeJS.ErrnoException) => {
        throw cannotListen(endpointText(endpoints[i]), cause)
      })
      context.log.info(`listening on ${where}`)
    }
    await Promise.race([aborted(context.signal), failed])
  } finally {
    await Promise.race([Promise.all(listeners.map((listener) => listener.end())), failed])
  }
}

function cannotListen(where: string, cause: NodeJS.ErrnoException): Problem {
  const hint = cause.code === 'EADDRINUSE' ? 'another process listens there' : undefined
  const message = `--listen: cannot listen on ${where}: ${cause.code ?? cause.message}`
  return new Problem(message, { cause, exit: EXIT.temporary, hint })
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
