// Certificates made by openssl when a test runs.

import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Why certificates cannot be made; false where they can. For tap's `skip`. */
export const noOpenssl = spawnSync('openssl', ['version']).status === 0 ? false : 'needs openssl'

export interface Pair {
  cert: string
  key: string
}

/** A folder of PEM files, and an authority per name that signs certificates into it. */
export class Certificates {
  readonly folder = mkdtempSync(join(tmpdir(), 'solder-tls-'))

  /** A new authority. */
  authority(name: string): Pair {
    return this.#make(name, ['-addext', 'basicConstraints=critical,CA:true'])
  }

  /** @param san as in openssl: `IP:127.0.0.1,DNS:localhost` */
  signed(name: string, by: Pair, san: string): Pair {
    return this.#make(name, [
      '-CA',
      by.cert,
      '-CAkey',
      by.key,
      '-addext',
      `subjectAltName=${san}`,
      '-addext',
      'basicConstraints=CA:false',
    ])
  }

  remove(): void {
    rmSync(this.folder, { recursive: true })
  }

  #make(name: string, more: readonly string[]): Pair {
    const pair = { cert: join(this.folder, `${name}.pem`), key: join(this.folder, `${name}.key`) }
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', pair.key]
    execFileSync(
      'openssl',
      ['req', '-x509', ...key, '-out', pair.cert, '-subj', `/CN=${name}`, '-days', '2', ...more],
      { stdio: 'pipe' },
    )
    return pair
  }
}
