// How rotation names files: which one may hold what another one held.

import { basename, dirname } from 'node:path'

/** Numbers and dates, as logrotate, cronolog, kubelet and newsyslog add them. */
const TURN = String.raw`[-._]\d[\d\-_:.T]*Z?`
const BEHIND = new RegExp(`(.)${TURN}$`)
const WITHIN = new RegExp(`^(.+?)${TURN}(\\.[A-Za-z]+)$`)
const PACKED = /(.)\.(?:gz|bz2|zst|zstd)$/i

/** The path without what packing and numbering put behind it: `a/app.log` for `a/app.log.2.gz`. */
export function logOf(path: string): string {
  return `${dirname(path)}/${basename(path).replace(PACKED, '$1').replace(BEHIND, '$1')}`
}

/**
 * The logs of which a file may be a piece, by its path: `a/app-20251122.log.gz` of `a/app-20251122.log` and
 * `a/app.log`.
 */
export function logsOf(path: string): string[] {
  const log = logOf(path)
  const name = basename(log)
  const within = name.replace(WITHIN, '$1$2')
  return within === name ? [log] : [log, `${dirname(log)}/${within}`]
}
