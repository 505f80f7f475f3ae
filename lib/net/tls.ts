// TLS of clients: which servers are believed and which certificate is shown; files are read again when they change.

import { X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'
import { checkServerIdentity, type ConnectionOptions, createSecureContext, type SecureVersion } from 'node:tls'
import { Problem } from '../diag/problem.js'
import type { OptionValues } from '../option/table.js'
import { HttpError } from './client.js'
import { fileComplaint, WatchedFile } from './file.js'
import type { CLIENT_OPTIONS } from './options.js'

type TlsOptions = Pick<
  OptionValues<typeof CLIENT_OPTIONS>,
  'tls_ca' | 'tls_cert' | 'tls_key' | 'tls_server_name' | 'tls_insecure_skip_verify' | 'tls_min_version'
>

const VERSIONS: { readonly [word: string]: SecureVersion } = { TLS10: 'TLSv1', TLS11: 'TLSv1.1', TLS12: 'TLSv1.2', TLS13: 'TLSv1.3' }
const KEYS = ['ca', 'cert', 'key'] as const
const BLOCK = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g

export class ClientTls {
  readonly #files: { ca?: WatchedFile; cert?: WatchedFile; key?: WatchedFile } = {}
  readonly #fixed: ConnectionOptions
  #loaded: ConnectionOptions

  /** Reads everything once; problems are added to the list. */
  constructor(options: TlsOptions, problems: Problem[]) {
    const { tls_server_name: name } = options
    this.#fixed = {
      rejectUnauthorized: !options.tls_insecure_skip_verify,
      minVersion: VERSIONS[options.tls_min_version],
      ...(name !== undefined && { checkServerIdentity: (_, cert) => checkServerIdentity(name, cert) }),
    }
    this.#loaded = this.#fixed
    for (const key of KEYS) {
      const path = options[`tls_${key}`]
      if (path !== undefined) this.#files[key] = new WatchedFile(path)
    }
    if ((this.#files.cert === undefined) !== (this.#files.key === undefined)) {
      problems.push(new Problem('--tls-cert and --tls-key belong together', { expected: 'both, or none' }))
    } else problems.push(...this.#check())
    this.serverName = name
  }

  readonly serverName: string | undefined

  /** The SNI for a host; an address has none (RFC 6066, section 3). */
  sniOf(hostname: string): string | undefined {
    const name = this.serverName ?? hostname
    return isIP(name) === 0 ? name : undefined
  }

  /** Options of a connection; the same object as long as no file changes. */
  current(): ConnectionOptions {
    const loaded = this.#loaded
    const read: ConnectionOptions = { ...this.#fixed }
    for (const key of KEYS) {
      const file = this.#files[key]
      if (file === undefined) continue
      try {
        read[key] = file.read()
      } catch (cause) {
        throw new HttpError('tls', `--tls-${key}: cannot read ${file.path}: ${fileComplaint(cause)}`, { cause })
      }
    }
    if (KEYS.some((key) => read[key] !== loaded[key])) this.#loaded = read
    return this.#loaded
  }

  #check(): Problem[] {
    const { ca, cert, key } = this.#files
    const problems = [ca, cert, key].flatMap((file, i) => (file === undefined ? [] : unreadable(file, `--tls-${KEYS[i]}`)))
    if (problems.length > 0) return problems
    if (ca !== undefined) problems.push(...badCertificates(ca, '--tls-ca'))
    if (cert !== undefined) problems.push(...badCertificates(cert, '--tls-cert'))
    if (problems.length > 0) return problems
    try {
      createSecureContext(this.current())
    } catch (cause) {
      problems.push(new Problem(`--tls-key: ${key!.path} does not fit ${cert!.path}: ${reasonOf(cause)}`, { cause }))
    }
    return problems
  }
}

function unreadable(file: WatchedFile, flag: string): Problem[] {
  try {
    file.read()
    return []
  } catch (cause) {
    return [new Problem(`${flag}: cannot read ${file.path}: ${fileComplaint(cause)}`, { cause })]
  }
}

function badCertificates(file: WatchedFile, flag: string): Problem[] {
  const blocks = file.read().toString('latin1').match(BLOCK) ?? []
  try {
    for (const block of blocks) new X509Certificate(block)
    if (blocks.length > 0) return []
  } catch {
    // Told below, as is a file without any.
  }
  return [new Problem(`${flag}: ${file.path} holds no valid certificate`, { expected: 'PEM' })]
}

function reasonOf(error: unknown): string {
  const { reason, message } = error as Error & { reason?: string }
  return reason ?? message
}
