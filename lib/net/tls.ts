// TLS of clients: which servers are believed and which certificate is shown; files are read again when they change.

import { X509Certificate } from 'node:crypto'
import { existsSync } from 'node:fs'
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

const VERSIONS: { readonly [word: string]: SecureVersion } = {
  TLS10: 'TLSv1',
  TLS11: 'TLSv1.1',
  TLS12: 'TLSv1.2',
  TLS13: 'TLSv1.3',
}
const KEYS = ['ca', 'cert', 'key'] as const
type Key = (typeof KEYS)[number]
const BLOCK = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g

/** Where distributions keep the certificates that the whole machine believes (the list of Go's crypto/x509). */
const SYSTEM_CA = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/ca-bundle.pem',
  '/etc/pki/tls/cacert.pem',
  '/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem',
  '/etc/ssl/cert.pem',
]

export class ClientTls {
  readonly #files = new Map<Key, WatchedFile>()
  readonly #verify: boolean
  readonly #minVersion: SecureVersion
  /** The name of --tls-server-name, and the check that the server has it. */
  readonly name: string | undefined
  readonly identity: Pick<ConnectionOptions, 'checkServerIdentity'>
  #read: readonly (Buffer | undefined)[] = []
  #options: ConnectionOptions | null = null

  /** Reads everything that is named once; problems are added to the list. */
  constructor(options: TlsOptions, problems: Problem[]) {
    this.#verify = !options.tls_insecure_skip_verify
    this.#minVersion = VERSIONS[options.tls_min_version]
    const name = options.tls_server_name
    this.name = name
    this.identity = name === undefined ? {} : { checkServerIdentity: (_, cert) => checkServerIdentity(name, cert) }
    for (const key of KEYS) {
      const path = options[`tls_${key}`]
      if (path !== undefined) this.#files.set(key, new WatchedFile(path))
    }
    if (this.#files.has('cert') !== this.#files.has('key')) {
      problems.push(new Problem('--tls-cert and --tls-key belong together', { expected: 'both, or none' }))
    } else problems.push(...this.#check())
  }

  /** Options of a connection; the same object as long as no file changes. */
  current(): ConnectionOptions {
    if (this.#options === null && !this.#files.has('ca')) {
      const path = systemCa()
      if (path !== undefined) this.#files.set('ca', new WatchedFile(path))
    }
    const read = KEYS.map((key) => this.#bytes(key))
    if (this.#options !== null && read.every((bytes, i) => bytes === this.#read[i])) return this.#options
    const [ca, cert, key] = read
    try {
      const secureContext = createSecureContext({ ca, cert, key, minVersion: this.#minVersion })
      this.#options = { secureContext, rejectUnauthorized: this.#verify }
    } catch (cause) {
      throw new HttpError('tls', `--tls-cert, --tls-key: ${reasonOf(cause)}`, { cause })
    }
    this.#read = read
    return this.#options
  }

  #bytes(key: Key): Buffer | undefined {
    const file = this.#files.get(key)
    try {
      return file?.read()
    } catch (cause) {
      throw new HttpError('tls', `--tls-${key}: cannot read ${file!.path}: ${fileComplaint(cause)}`, { cause })
    }
  }

  #check(): Problem[] {
    const problems = [...this.#files].flatMap(([key, file]) => unreadable(file, `--tls-${key}`))
    if (problems.length > 0) return problems
    for (const key of ['ca', 'cert'] as const) {
      const file = this.#files.get(key)
      if (file !== undefined) problems.push(...badCertificates(file, `--tls-${key}`))
    }
    const [cert, key] = [this.#files.get('cert'), this.#files.get('key')]
    if (problems.length > 0 || cert === undefined || key === undefined) return problems
    try {
      createSecureContext({ cert: cert.read(), key: key.read() })
      return []
    } catch (cause) {
      return [new Problem(`--tls-key: ${key.path} does not fit ${cert.path}: ${reasonOf(cause)}`, { cause })]
    }
  }
}

/** undefined: the certificates that Node brings, which NODE_EXTRA_CA_CERTS adds to. */
function systemCa(): string | undefined {
  const { SSL_CERT_FILE: named, NODE_EXTRA_CA_CERTS: extra } = process.env
  if (named !== undefined && named !== '') return named
  return extra === undefined ? SYSTEM_CA.find((path) => existsSync(path)) : undefined
}

export function unreadable(file: WatchedFile, flag: string): Problem[] {
  try {
    file.read()
    return []
  } catch (cause) {
    return [new Problem(`${flag}: cannot read ${file.path}: ${fileComplaint(cause)}`, { cause })]
  }
}

export function badCertificates(file: WatchedFile, flag: string): Problem[] {
  const blocks = file.read().toString('latin1').match(BLOCK) ?? []
  try {
    for (const block of blocks) new X509Certificate(block)
    if (blocks.length > 0) return []
  } catch {
    // Told below, as is a file without any.
  }
  return [new Problem(`${flag}: ${file.path} holds no valid certificate`, { expected: 'PEM' })]
}

export function reasonOf(error: unknown): string {
  const { reason, message } = error as Error & { reason?: string }
  return reason ?? message
}
