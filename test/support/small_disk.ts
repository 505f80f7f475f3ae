// A disk that is soon full: a tmpfs in a mount namespace of its own, gone with the process that holds it.

import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'

const UNSHARE = ['--mount', '--propagation', 'private']

/** Why there is none to be had here; false if there is. */
export function noSmallDisk(): string | false {
  const tried = spawnSync('unshare', [...UNSHARE, 'sh', '-c', 'mount -t tmpfs -o size=64k tmpfs /mnt && nsenter --version'])
  return tried.status === 0 ? false : 'no tmpfs can be mounted: it takes root, unshare and nsenter'
}

export class SmallDisk {
  private constructor(
    private readonly pid: number,
    /** Its folder, for commands that `inside` makes. */
    readonly folder: string,
  ) {}

  /** @param size as mount(8) has it, e.g. `512k` */
  static async mount(t: Test, size: string): Promise<SmallDisk> {
    const folder = mkdtempSync(join(tmpdir(), 'solder-disk-'))
    const script = 'mount -t tmpfs -o "size=$1" tmpfs "$0" && echo ready && exec cat'
    const holder = spawn('unshare', [...UNSHARE, 'sh', '-c', script, folder, size], { stdio: ['pipe', 'pipe', 'inherit'] })
    const ended = once(holder, 'exit')
    t.teardown(async () => {
      holder.stdin.end()
      await ended
      rmSync(folder, { recursive: true })
    })
    await once(holder.stdout, 'data')
    return new SmallDisk(holder.pid!, folder)
  }

  /** The command where the disk is to be seen. */
  inside(command: string): string {
    return `nsenter --mount=/proc/${this.pid}/ns/mnt --wd=${process.cwd()} ${command}`
  }

  /** The folder as this process sees it. */
  get seen(): string {
    return `/proc/${this.pid}/root${this.folder}`
  }

  /** Leaves no room. */
  fill(): void {
    const blocks = Buffer.alloc(1 << 16)
    for (let size = blocks.length; size >= 1; size >>= 1) {
      try {
        for (;;) writeFileSync(join(this.seen, 'ballast'), blocks.subarray(0, size), { flag: 'a' })
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
      }
    }
  }

  /** Makes room again. */
  clear(): void {
    rmSync(join(this.seen, 'ballast'))
  }
}
