// Options of the admin server: those of every server, with a word in front.

import { Problem } from '../diag/problem.js'
import type { ServerValues } from '../net/server.js'
import { serverOptions } from '../net/server_options.js'
import type { OptionTable, OptionValues } from '../option/table.js'

/** Where it listens unless told otherwise. */
export const ADMIN_ADDRESS = '127.0.0.1:12345'

type Own = Omit<ReturnType<typeof serverOptions>, 'listen'>
type Named<T> = { readonly [K in keyof T & string as `http_${K}`]: T[K] }

export const ADMIN_OPTIONS = {
  http: {
    type: 'string',
    default: ADMIN_ADDRESS,
    value: 'HOST:PORT',
    help: "where the admin server listens; 'off' for nowhere",
    since: '0.1.0',
    group: 'Admin server',
  },
  ...named(),
} as const satisfies OptionTable

function named(): Named<Own> {
  const own = Object.entries(serverOptions(ADMIN_ADDRESS)).filter(([key]) => key !== 'listen')
  const entries = own.map(([key, spec]) => {
    const help = spec.help.replace(/--(?=[a-z])/g, '--http-')
    return [`http_${key}`, { ...spec, help, group: 'Admin server' }]
  })
  return Object.fromEntries(entries) as Named<Own>
}

/** The values as a server takes them. */
export function serverValues(options: OptionValues<typeof ADMIN_OPTIONS>): ServerValues {
  const entries = Object.entries(options).filter(([key]) => key.startsWith('http_'))
  const values = Object.fromEntries(entries.map(([key, value]) => [key.slice(5), value]))
  return { ...values, listen: options.http } as ServerValues
}

/** A message about a server's option, with the name that it has here. */
export function adminWords(text: string): string {
  return text.replace(/--listen\b/g, '--http').replace(/--(?!http)(?=[a-z])/g, '--http-')
}

export function adminProblem({ message, exit, expected, hint, cause }: Problem): Problem {
  return new Problem(adminWords(message), { exit, expected, hint, cause })
}
