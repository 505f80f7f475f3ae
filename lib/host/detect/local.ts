// Detectors that ask nobody: environment, host, operating system, process, container.

import { basename } from 'node:path'
import { userInfo } from 'node:os'
import { osRelease } from '../os_release.js'
import { type Detector, type Found, Undetected } from './detector.js'

/** OTEL_RESOURCE_ATTRIBUTES and OTEL_SERVICE_NAME (OpenTelemetry, resource SDK: by environment variable). */
export const env: Detector = ({ env }) => {
  const found = new Map<string, string>()
  for (const pair of (env('OTEL_RESOURCE_ATTRIBUTES') ?? '').split(',')) {
    if (pair.trim() === '') continue
    const at = pair.indexOf('=')
    // One fault, and nothing of it counts.
    if (at < 1) throw new Undetected(`OTEL_RESOURCE_ATTRIBUTES: '${pair.trim()}' is no name=value`)
    found.set(pair.slice(0, at).trim(), decoded(pair.slice(at + 1).trim()))
  }
  const service = env('OTEL_SERVICE_NAME') ?? ''
  if (service !== '') found.set('service.name', service)
  return Object.fromEntries(found)
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw new Undetected(`OTEL_RESOURCE_ATTRIBUTES: '${text}' is not percent-encoded`)
  }
}

/** Hardware names of Linux and Node, and those of the semantic conventions. */
const ARCHITECTURES = new Map([
  ['x86_64', 'amd64'], ['aarch64', 'arm64'], ['arm64', 'arm64'], ['i386', 'x86'], ['i686', 'x86'], ['armv6l', 'arm32'],
  ['armv7l', 'arm32'], ['ia64', 'ia64'], ['ppc', 'ppc32'], ['ppc64', 'ppc64'], ['ppc64le', 'ppc64'], ['s390x', 's390x'],
])

export const host: Detector = ({ host }) => ({
  'host.name': host.proc('sys/kernel/hostname')?.trim(),
  'host.id': (host.root('etc/machine-id') ?? host.root('var/lib/dbus/machine-id'))?.trim(),
  'host.arch': ARCHITECTURES.get(host.machine) ?? host.machine,
})

export const os: Detector = ({ host }) => {
  const release = osRelease(host.root('etc/os-release') ?? host.root('usr/lib/os-release') ?? '')
  return {
    'os.type': process.platform === 'win32' ? 'windows' : process.platform,
    'os.name': release.get('NAME'),
    'os.version': release.get('VERSION_ID'),
    'os.description': release.get('PRETTY_NAME'),
    'os.build_id': host.proc('sys/kernel/osrelease')?.trim(),
  }
}

/** Of this process. Its arguments are not told: they may hold secrets. */
export const ownProcess: Detector = () => ({
  'process.pid': process.pid,
  'process.parent_pid': process.ppid,
  'process.executable.name': basename(process.execPath),
  'process.executable.path': process.execPath,
  'process.owner': owner(),
  'process.runtime.name': 'nodejs',
  'process.runtime.version': process.versions.node,
})

function owner(): string | undefined {
  try {
    return userInfo().username
  } catch {
    // A user that the machine has no name for, as in many containers.
    return undefined
  }
}

/** The id at the end of a path of a control group: `/docker/ID`, `/…/cri-containerd-ID.scope`, `…/crio-ID`. */
const CGROUP = /(?:^|[/:-])([0-9a-f]{64})(?:\.scope)?$/m
/** With control groups of version 2 the files that the runtime mounts tell it. */
const MOUNT = /\/(?:overlay-)?containers\/([0-9a-f]{64})\/(?:\S*\/)?(?:hostname|resolv\.conf|hosts)\b/

export const container: Detector = ({ host }): Found => {
  const id = CGROUP.exec(host.proc('self/cgroup') ?? '')?.[1] ?? MOUNT.exec(host.proc('self/mountinfo') ?? '')?.[1]
  if (id === undefined) throw new Undetected('neither /proc/self/cgroup nor /proc/self/mountinfo names a container')
  return { 'container.id': id }
}
