// Who may talk to a server: those that know the password, or the token.

import { createHash, timingSafeEqual } from 'node:crypto'
import { Problem } from '../diag/problem.js'
import { basic } from './basic.js'
import { openSecret, type Secret } from './secret.js'

export interface GuardOptions {
  readonly basic_user: string | undefined
  readonly basic_password: string | undefined
  readonly bearer: string | undefined
}

export class Guard {
  readonly #user: string | undefined
  readonly #password: Secret | undefined
  readonly #token: Secret | undefined
  /** The WWW-Authenticate header of a refusal. */
  readonly challenge: string

  /** Problems are added to the list. */
  constructor(options: GuardOptions, problems: Problem[]) {
    this.#user = options.basic_user
    if ((options.basic_user === undefined) !== (options.basic_password === undefined))
      problems.push(new Problem('--basic-user and --basic-password belong together', { expected: 'both, or none' }))
    this.#password = openSecret(options.basic_password, '--basic-password', problems)
    this.#token = openSecret(options.bearer, '--bearer', problems)
    this.challenge = [this.#password && 'Basic realm="solder"', this.#token && 'Bearer'].filter(Boolean).join(', ')
  }

  /** Whether this Authorization header is enough. Secrets are read as they are now; throws as the file system does. */
  admits(header: string | undefined): boolean {
    if (this.#password === undefined && this.#token === undefined) return true
    // The word in front is not case-sensitive (RFC 9110, section 11.1). Clients of InfluxDB say Token.
    const given = (header ?? '').replace(/^basic +/i, 'Basic ').replace(/^(?:bearer|token) +/i, 'Bearer ')
    const wanted: string[] = []
    if (this.#password !== undefined) wanted.push(basic(this.#user!, this.#password.value))
    if (this.#token !== undefined) wanted.push(`Bearer ${this.#token.value}`)
    return wanted.map((one) => same(one, given)).includes(true)
  }
}

/** In a time that tells nothing about where they differ. */
function same(a: string, b: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(a), digest(b))
}
