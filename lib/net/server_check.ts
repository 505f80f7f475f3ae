// The options of a server, looked at without listening.

import type { Problem } from '../diag/problem.js'
import { Guard } from './guard.js'
import { addressProblems } from './listen.js'
import type { ServerValues } from './server.js'
import { ServerTls } from './server_tls.js'

/** What is wrong with addresses, credentials and certificates. */
export function serverProblems(options: ServerValues): Problem[] {
  const problems: Problem[] = []
  new Guard(options, problems)
  ServerTls.open(options, problems)
  return [...problems, ...addressProblems(options.listen)]
}
