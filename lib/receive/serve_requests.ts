// The server of a source: opened when everything has been checked, with answers that may wait for the sink.

import { collect, type Problem, throwAll } from '../diag/problem.js'
import { HttpServer, type Route, type ServerContext, type ServerValues } from '../net/server.js'
import type { Acks } from './acks.js'

/**
 * Serves until the signal, and answers what is under way then. Throws the Problems.
 *
 * @param make throws the Problems of the server's options
 * @param problems found so far: with any nothing is opened
 * @param path what the log says behind each address
 */
export async function serveWith(
  make: () => HttpServer, acks: Acks | null, { log }: Pick<ServerContext, 'log'>, problems: Problem[], path: string,
): Promise<void> {
  const server = await collect(problems, make)
  throwAll(problems)
  await acks?.open()
  for (const url of await server!.listenAll()) log.info(`listening on ${url}${path}`)
  await server!.run().finally(() => acks?.close())
}

/** The same with a server of HTTP. */
export function serveRequests(
  options: ServerValues,
  routes: ReadonlyMap<string, Route>,
  acks: Acks | null,
  context: ServerContext,
  problems: Problem[],
  path: string,
): Promise<void> {
  return serveWith(() => new HttpServer(options, routes, context), acks, context, problems, path)
}
