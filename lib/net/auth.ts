// Who the client says it is: basic, a token, or a token fetched with OAuth 2.0 client credentials.

import { Problem } from '../diag/problem.js'
import { flagOf, type OptionValues } from '../option/table.js'
import { basic } from './basic.js'
import { TokenSource, type Send } from './oauth2.js'
import type { CLIENT_OPTIONS } from './options.js'
import { openSecret, revealed } from './secret.js'

type ClientValues = OptionValues<typeof CLIENT_OPTIONS>

export interface Auth {
  /** The `Authorization` header, undefined for none. */
  header(send: Send): Promise<string | undefined>
  /** Told that a server answered 401 to a header; true where another one may be had. */
  refused(header: string): boolean
}

const KEEP = () => false

export function authOf(options: ClientValues, problems: Problem[]): Auth {
  const ways = [
    options.basic_user !== undefined || options.basic_password !== undefined ? '--basic-user' : '',
    options.bearer !== undefined ? '--bearer' : '',
    Object.keys(OAUTH2).some((key) => options[key as keyof typeof OAUTH2] !== undefined) ? '--oauth2-client-id' : '',
    [...options.header.keys()].some((name) => name.toLowerCase() === 'authorization') ? '--header Authorization' : '',
  ].filter((way) => way !== '')
  if (ways.length > 1)
    problems.push(new Problem(`${ways.join(' and ')} exclude each other`, { expected: 'one way to authenticate' }))
  const password = openSecret(options.basic_password, '--basic-password', problems)
  const token = openSecret(options.bearer, '--bearer', problems)
  if (options.basic_password !== undefined && options.basic_user === undefined) {
    problems.push(new Problem('--basic-password needs --basic-user'))
  }
  const oauth2 = oauth2Of(options, problems)
  if (oauth2 !== undefined) return oauth2
  if (token !== undefined) return fixed(() => `${options.auth_type} ${revealed(token, '--bearer')}`)
  const user = options.basic_user
  if (user === undefined) return fixed(() => undefined)
  return fixed(() => basic(user, password === undefined ? '' : revealed(password, '--basic-password')))
}

function fixed(header: () => string | undefined): Auth {
  return { header: async () => header(), refused: KEEP }
}

const OAUTH2 = { oauth2_client_id: 'an id', oauth2_client_secret: 'a secret', oauth2_token_url: 'a URL' } as const

function oauth2Of(options: ClientValues, problems: Problem[]): Auth | undefined {
  const keys = Object.keys(OAUTH2) as (keyof typeof OAUTH2)[]
  const missing = keys.filter((key) => options[key] === undefined)
  if (missing.length === keys.length) {
    if (options.oauth2_scopes.length > 0 || options.oauth2_params.size > 0)
      problems.push(new Problem('--oauth2-scopes and --oauth2-params need --oauth2-client-id'))
    return undefined
  }
  if (missing.length > 0) {
    problems.push(new Problem(`OAuth 2.0 needs ${missing.map(flagOf).join(' and ')} too`))
    return undefined
  }
  const url = options.oauth2_token_url!
  if (!/^https?:/.test(url))
    problems.push(new Problem('--oauth2-token-url is not valid', { expected: 'http:// or https://' }))
  const secret = openSecret(options.oauth2_client_secret, '--oauth2-client-secret', problems)
  if (secret === undefined) return undefined
  const tokens = new TokenSource({
    url,
    id: options.oauth2_client_id!,
    secret: () => revealed(secret, '--oauth2-client-secret'),
    scopes: options.oauth2_scopes,
    params: options.oauth2_params,
  })
  return { header: (send) => tokens.header(send), refused: (header) => tokens.refused(header) }
}
