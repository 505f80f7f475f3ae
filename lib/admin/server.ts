// The admin server of a running pipeline.

import { type Problem, problemsOf, throwAll } from '../diag/problem.js'
import { systemClock } from '../io/clock.js'
import { HttpServer, type Route, type ServerValues } from '../net/server.js'
import type { RunningPipeline, Serve } from '../supervisor/run.js'
import { openApi } from './openapi.js'
import { adminProblem, adminWords } from './options.js'
import { json, ROUTES } from './routes.js'

const OPENAPI = '/api/v1/openapi.json'

/**
 * Checks everything, opens nothing; what it gives listens, and serves until the end. Throws the Problems of the
 * options.
 */
export function adminServer(values: ServerValues): Serve {
  const problems: Problem[] = []
  // Only who asks is not known yet.
  named(problems, () => construct(values, new Map(), new AbortController().signal, () => {}))
  throwAll(problems)
  return async (running) => {
    const { events, signal } = running
    const server = construct(values, routesOf(running), signal, (message) => events.warn(adminWords(message)))
    const url = await server.listen().catch((error: unknown) => {
      throw adminProblem(problemsOf(error)[0])
    })
    events.info(`admin server on ${url}`)
    return { ended: server.run() }
  }
}

function named(problems: Problem[], step: () => unknown): void {
  try {
    step()
  } catch (error) {
    problems.push(...problemsOf(error).map(adminProblem))
  }
}

function construct(
  values: ServerValues, routes: ReadonlyMap<string, Route>, signal: AbortSignal, tell: (message: string) => void,
): HttpServer {
  const log = { debug: tell, info: tell, warn: tell, error: tell }
  return new HttpServer(values, routes, { clock: systemClock, log, signal })
}

function routesOf(running: RunningPipeline): Map<string, Route> {
  const routes = ROUTES.map(({ path, method, open, answer }): [string, Route] => {
    const methods = method === 'GET' ? ['GET', 'HEAD'] : [method]
    return [path, { methods, open, answer: async (request) => answer(request, running) }]
  })
  const description = json(openApi(ROUTES))
  return new Map([...routes, [OPENAPI, { methods: ['GET', 'HEAD'], answer: () => Promise.resolve(description) }]])
}
