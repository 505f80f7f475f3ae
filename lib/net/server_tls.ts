// TLS of servers: the certificate that is shown, those that clients must have; files are read again when they change.

import { createSecureContext, type SecureContextOptions } from 'node:tls'
import { Problem } from '../diag/problem.js'
import { WatchedFile } from './file.js'
import { badCertificates, reasonOf, unreadable } from './tls.js'

const KEYS = ['cert', 'key', 'client_ca'] as const
type Key = (typeof KEYS)[number]

export type ServerTlsOptions = { readonly [K in `tls_${Key}`]: string | undefined }

export class ServerTls {
  readonly #files = new Map<Key, WatchedFile>()
  #read: readonly (Buffer | undefined)[] = []

  private constructor() {}

  /** Reads everything that is named once; problems are added to the list. null where TLS is not asked for. */
  static open(options: ServerTlsOptions, problems: Problem[]): ServerTls | null {
    const tls = new ServerTls()
    for (const key of KEYS) {
      const path = options[`tls_${key}`]
      if (path !== undefined) tls.#files.set(key, new WatchedFile(path))
    }
    if (tls.#files.size === 0) return null
    const before = problems.length
    if (!tls.#files.has('cert') || !tls.#files.has('key'))
      problems.push(new Problem('--tls-cert and --tls-key belong together', { expected: 'both, or none' }))
    for (const [key, file] of tls.#files) problems.push(...unreadable(file, `--tls-${key.replace('_', '-')}`))
    if (problems.length === before) problems.push(...tls.#check())
    return tls
  }

  /** Whether clients must show a certificate. */
  get mutual(): boolean {
    return this.#files.has('client_ca')
  }

  /** What to listen with, if that has changed since it was asked for; throws what the file system throws. */
  changed(): SecureContextOptions | null {
    const read = KEYS.map((key) => this.#files.get(key)?.read())
    if (read.every((bytes, i) => bytes === this.#read[i])) return null
    const [cert, key, ca] = read
    const options: SecureContextOptions = { cert, key, ca, minVersion: 'TLSv1.2' }
    createSecureContext(options)
    this.#read = read
    return options
  }

  #check(): Problem[] {
    const problems = [...this.#files]
      .filter(([key]) => key !== 'key')
      .flatMap(([key, file]) => badCertificates(file, `--tls-${key.replace('_', '-')}`))
    if (problems.length > 0) return problems
    const [cert, key] = [this.#files.get('cert')!, this.#files.get('key')!]
    try {
      createSecureContext({ cert: cert.read(), key: key.read() })
      return []
    } catch (cause) {
      return [new Problem(`--tls-key: ${key.path} does not fit ${cert.path}: ${reasonOf(cause)}`, { cause })]
    }
  }
}
