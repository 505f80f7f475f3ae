// filesystem: space and inodes of mounted file systems, statfs(2), the mounts of process 1.

import { type Collector, fieldsOf, linesOf, must } from './collector.js'
import type { Families } from './families.js'
import type { Host, Space } from './host.js'

export interface Mount {
  device: string
  /** Absolute, as seen from the root. */
  point: string
  type: string
  readonly: boolean
}

/** Lines of /proc/PID/mounts, fstab(5); each device, point and type once. */
export function parseMounts(text: string, rootPath: string): Mount[] {
  const mounts = new Map<string, Mount>()
  for (const line of linesOf(text)) {
    const [device, escaped, type, options] = fieldsOf(line)
    if (options === undefined) throw new Error(`mounts: expected at least four columns, found '${line.slice(0, 80)}'`)
    const full = escaped.replace(/\\(\d{3})/g, (_, octal: string) => String.fromCharCode(parseInt(octal, 8)))
    const point = withoutRoot(full, rootPath)
    if (point === null) continue
    const key = `${device} ${point} ${type}`
    if (!mounts.has(key)) mounts.set(key, { device, point, type, readonly: options.split(',').includes('ro') })
  }
  return [...mounts.values()]
}

/** A container sees the machine's mounts below the root it was given; outside of it they are the container's own. */
function withoutRoot(point: string, rootPath: string): string | null {
  if (rootPath === '' || !point.startsWith(rootPath)) return point
  const rest = point.slice(rootPath.length)
  return rest === '' ? '/' : rest.startsWith('/') ? rest : point
}

const GAUGES: readonly (readonly [name: string, help: string, of: (space: Space) => number])[] = [
  ['size_bytes', 'Filesystem size in bytes.', (space) => space.blocks * space.bsize],
  ['free_bytes', 'Filesystem free space in bytes.', (space) => space.bfree * space.bsize],
  ['avail_bytes', 'Filesystem space available to non-root users in bytes.', (space) => space.bavail * space.bsize],
  ['files', 'Filesystem total file nodes.', (space) => space.files],
  ['files_free', 'Filesystem total free file nodes.', (space) => space.ffree],
]

const ERROR_HELP = 'Whether an error occurred while getting statistics for the given device.'

/** @param space null where asking for it failed */
export function addFilesystem(mount: Mount, space: Space | null, out: Families): void {
  const labels = ['device', mount.device, 'fstype', mount.type, 'mountpoint', mount.point]
  out.gauge('node_filesystem_device_error', ERROR_HELP, space === null ? 1 : 0, labels)
  if (space === null) return
  for (const [name, help, of] of GAUGES) out.gauge(`node_filesystem_${name}`, help, of(space), labels)
  out.gauge('node_filesystem_readonly', 'Filesystem read-only status.', mount.readonly ? 1 : 0, labels)
}

export interface FilesystemOptions {
  excludedPoint(point: string): boolean
  excludedType(type: string): boolean
  /** Milliseconds to wait for one file system. */
  timeout: number
}

/**
 * A dead network file system never answers, and each question holds a thread until it does: one that did not answer in
 * time shows a device error and is not asked again before it has.
 */
export function filesystem(options: FilesystemOptions): Collector {
  const stuck = new Set<string>()
  return {
    name: 'filesystem',
    async collect(host, out) {
      const text = must(host.proc('1/mounts') ?? host.proc('mounts'), 'mounts')
      const wanted = parseMounts(text, host.rootPath).filter(
        (mount) => !options.excludedPoint(mount.point) && !options.excludedType(mount.type),
      )
      for (const mount of wanted) {
        const space = stuck.has(mount.point) ? null : await spaceOf(host, mount.point, options.timeout, stuck)
        addFilesystem(mount, space, out)
      }
    },
  }
}

async function spaceOf(host: Host, point: string, timeout: number, stuck: Set<string>): Promise<Space | null> {
  stuck.add(point)
  const asked = host.space(point).then(
    (space) => (stuck.delete(point), space),
    () => (stuck.delete(point), null),
  )
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<null>((resolve) => (timer = setTimeout(resolve, timeout, null)))
  const answer = await Promise.race([asked, late])
  clearTimeout(timer)
  return answer
}
