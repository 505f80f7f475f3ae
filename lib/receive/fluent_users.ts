// Who may forward events: what senders must prove, from what was typed.

import { Problem } from '../diag/problem.js'
import { openSecret } from '../net/secret.js'
import type { Admission } from '../wire/fluent/handshake.js'

interface Written {
  readonly shared_key: string | undefined
  readonly users: string | undefined
}

/**
 * What is asked of senders, read again where its files change; null where it is nothing. A problem is added to the
 * list.
 */
export function admissionOf({ shared_key, users }: Written, problems: Problem[]): (() => Admission) | null {
  const key = openSecret(shared_key, '--shared-key', problems)
  const lines = openSecret(users, '--users', problems)
  if (lines !== undefined) {
    try {
      usersOf(lines.value)
    } catch (error) {
      problems.push(new Problem(`--users: ${(error as Error).message}`, { expected: 'lines of USER:PASSWORD' }))
    }
  }
  if (key === undefined && lines === undefined) return null
  return () => ({ sharedKey: key?.value ?? '', users: lines === undefined ? null : usersOf(lines.value) })
}

/** Passwords by user. Throws an Error that names the line, and not what is in it. */
function usersOf(text: string): ReadonlyMap<string, string> {
  const users = new Map<string, string>()
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (line === '' || line.startsWith('#')) continue
    const colon = line.indexOf(':')
    if (colon < 1 || colon === line.length - 1) throw new Error(`line ${index + 1} is not USER:PASSWORD`)
    users.set(line.slice(0, colon), line.slice(colon + 1))
  }
  if (users.size === 0) throw new Error('there is no user')
  return users
}
