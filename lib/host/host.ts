// The machine as collectors see it: files under /proc and /sys, and the space of file systems.

import { readdirSync, readFileSync } from 'node:fs'
import { statfs } from 'node:fs/promises'
import { endianness, machine } from 'node:os'
import { join } from 'node:path'

export interface Space {
  /** Bytes a block. */
  bsize: number
  blocks: number
  bfree: number
  bavail: number
  files: number
  ffree: number
}

export interface Host {
  /** A file under /proc; undefined where it is missing or cannot be read. The same holds for the other two. */
  proc(path: string): string | undefined
  sys(path: string): string | undefined
  root(path: string): string | undefined
  /** Names in a directory under /sys, sorted; empty where it is missing. */
  list(path: string): string[]
  /** Space of the file system at an absolute path, as seen from the root. */
  space(mountPoint: string): Promise<Space>
  /** The root as given, without a slash at the end; `''` for `/`. */
  readonly rootPath: string
  /** Hardware name, e.g. `x86_64`. */
  readonly machine: string
  /** Bytes a page of memory. */
  readonly pageSize: number
}

export interface HostPaths {
  root: string
  proc: string
  sys: string
}

/** The machine under these paths. Files of /proc and /sys are made in memory: reading one takes as long as a call. */
export function hostAt(paths: HostPaths): Host {
  const rootPath = paths.root.replace(/\/+$/, '')
  return {
    proc: (path) => read(join(paths.proc, path)),
    sys: (path) => read(join(paths.sys, path)),
    root: (path) => read(join(paths.root, path)),
    list: (path) => names(join(paths.sys, path)),
    space: (mountPoint) => statfs(rootPath + mountPoint),
    rootPath,
    machine: machine(),
    pageSize: pageSize(),
  }
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    // Missing, forbidden, or a driver that answers EINVAL: for a collector the value is not there.
    return undefined
  }
}

function names(path: string): string[] {
  try {
    return readdirSync(path).sort()
  } catch {
    return []
  }
}

const AT_PAGESZ = 6
const USUAL_PAGE = 4096

/** Node does not tell the page size; the kernel tells every process in its auxiliary vector (getauxval(3)). */
function pageSize(): number {
  try {
    const vector = readFileSync('/proc/self/auxv')
    if (endianness() !== 'LE') return USUAL_PAGE
    for (let at = 0; at + 16 <= vector.length; at += 16) {
      if (vector.readBigUInt64LE(at) === BigInt(AT_PAGESZ)) return Number(vector.readBigUInt64LE(at + 8))
    }
  } catch {
    // No /proc: nothing that needs the size will be found either.
  }
  return USUAL_PAGE
}
