// How rotation names files: which one may be a copy of which other.

import { basename, dirname } from 'node:path'

/** Numbers and dates, as logrotate, cronolog, kubelet and newsyslog add them. */
const TURN = String.raw`[-._]\d[\d\-_:.T]*Z?`
const BEHIND = new RegExp(`${TURN}$`)
const WITHIN = new RegExp(`^(.+?)${TURN}(\\.[A-Za-z]+)$`)
const PACKED = /\.(?:gz|bz2|zst|zstd)$/i

/** The name, in its folder, that a file had before it was rotated: `a/app.log` for `a/app.log.2.gz` and `a/app-20251122.log`. */
export function logOf(path: string): string {
  const name = unpackedName(path)
  const bare = name.replace(BEHIND, '')
  return `${dirname(path)}/${bare === name || bare === '' ? name.replace(WITHIN, '$1$2') : bare}`
}

/** Whether the name of a plain file says that it may have been copied from one at `other` when that was rotated. */
export function namedAsCopy(path: string, other: string): boolean {
  return basename(path) !== basename(other) && logOf(path) === `${dirname(other)}/${basename(other)}`
}

function unpackedName(path: string): string {
  return basename(path).replace(PACKED, '')
}
