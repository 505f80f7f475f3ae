// os: the distribution, os-release(5).

import { type Collector, must } from './collector.js'
import type { Families } from './families.js'

const INFO_HELP =
  "A metric with a constant '1' value labeled by build_id, id, id_like, image_id, image_version, name, pretty_name, " +
  'variant, variant_id, version, version_codename, version_id.'

const INFO_LABELS = [
  'build_id', 'id', 'id_like', 'image_id', 'image_version', 'name', 'pretty_name', 'variant', 'variant_id', 'version',
  'version_codename', 'version_id',
]

/** `NAME=value` lines, values quoted as a shell would. */
export function osRelease(text: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>()
  for (const line of text.split('\n')) {
    const match = /^\s*([A-Za-z_][A-Za-z0-9_]*)=(.*?)\s*$/.exec(line)
    if (match === null) continue
    const [, name, raw] = match
    const quoted = /^(["'])(.*)\1$/.exec(raw)
    if (quoted === null) found.set(name, raw)
    else found.set(name, quoted[1] === '"' ? quoted[2].replace(/\\(["\\$`])/g, '$1') : quoted[2])
  }
  return found
}

export function parseOsRelease(text: string, out: Families): void {
  const fields = osRelease(text)
  const get = (label: string) => fields.get(label.toUpperCase()) ?? ''
  out.gauge('node_os_info', INFO_HELP, 1, INFO_LABELS.flatMap((label) => [label, get(label)]))
  const version = /^\d+\.?\d*/.exec(get('version_id'))
  if (version !== null && Number(version[0]) > 0) {
    const labels = ['id', get('id'), 'id_like', get('id_like'), 'name', get('name')]
    const help = 'Metric containing the major.minor part of the OS version.'
    out.gauge('node_os_version', help, Number(version[0]), labels)
  }
}

export const os: Collector = {
  name: 'os',
  collect: (host, out) =>
    parseOsRelease(must(host.root('etc/os-release') ?? host.root('usr/lib/os-release'), 'os-release'), out),
}
