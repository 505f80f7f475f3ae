// What the file system says of a file at a moment.

import type { BigIntStats } from 'node:fs'
import { fstatSync, statSync } from 'node:fs'

export interface Seen {
  readonly device: string
  readonly inode: string
  readonly size: number
  /** When its bytes or its name changed last, Unix milliseconds. */
  readonly changed: number
  /** When its bytes were written last, Unix milliseconds. */
  readonly written: number
  /** Whether it can be read from any place. */
  readonly regular: boolean
}

/**
 * null where there is none. Throws what the file system throws. A call that waits costs ten times the time of this one,
 * which is asked of every file again and again.
 */
export function seenAt(path: string): Seen | null {
  try {
    const stat = statSync(path, { bigint: true, throwIfNoEntry: false })
    return stat === undefined ? null : seenOf(stat)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOTDIR') return null
    throw error
  }
}

/** The same of an open file. */
export function seenIn(fd: number): Seen {
  return seenOf(fstatSync(fd, { bigint: true }))
}

function seenOf(stat: BigIntStats): Seen {
  return {
    device: String(stat.dev),
    inode: String(stat.ino),
    size: Number(stat.size),
    changed: Number(stat.ctimeMs),
    written: Number(stat.mtimeMs),
    regular: stat.isFile(),
  }
}

export function keyOf({ device, inode }: Pick<Seen, 'device' | 'inode'>): string {
  return `${device}:${inode}`
}
