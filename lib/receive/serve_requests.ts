// The server of a source: opened when everything has been checked, with answers that may wait for the sink.

import { collect, type Problem, throwAll } from '../diag/problem.js'
import { HttpServer, type Route, type ServerContext, type ServerValues } from '../net/server.js'
import type { Acks } from './acks.js'

/**
 * Serves until the signal, and answers what is under way then. Throws the Problems.
 *
 * @param problems found so far: with any nothing is opened
 * @param path what the log says behind the address
 */
export async function serveRequests(
  options: ServerValues,
  routes: ReadonlyMap<string, Route>,
  acks: Acks | null,
  context: ServerContext,
  problems: Problem[],
  path: string,
): Promise<void> {
  const server = await collect(problems, () => new HttpServer(options, routes, context))
  throwAll(problems)
  await acks?.open()
  context.log.info(`listening on ${await server!.listen()}${path}`)
  await server!.run().finally(() => acks?.close())
}
