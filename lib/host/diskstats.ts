// diskstats: work of block devices, /proc/diskstats (kernel: admin-guide/iostats), and what udev knows about them.

import { type Collector, fieldsOf, linesOf, must, numberIn } from './collector.js'
import type { Families } from './families.js'

const SECTOR = 512
const MILLISECOND = 0.001

type Column = readonly [kind: 'counter' | 'gauge', name: string, help: string, factor: number]

/** By column, after major, minor and name; older kernels have fewer. */
const COLUMNS: readonly Column[] = [
  ['counter', 'reads_completed_total', 'The total number of reads completed successfully.', 1],
  ['counter', 'reads_merged_total', 'The total number of reads merged.', 1],
  ['counter', 'read_bytes_total', 'The total number of bytes read successfully.', SECTOR],
  ['counter', 'read_time_seconds_total', 'The total number of seconds spent by all reads.', MILLISECOND],
  ['counter', 'writes_completed_total', 'The total number of writes completed successfully.', 1],
  ['counter', 'writes_merged_total', 'The number of writes merged.', 1],
  ['counter', 'written_bytes_total', 'The total number of bytes written successfully.', SECTOR],
  ['counter', 'write_time_seconds_total', 'This is the total number of seconds spent by all writes.', MILLISECOND],
  ['gauge', 'io_now', 'The number of I/Os currently in progress.', 1],
  ['counter', 'io_time_seconds_total', 'Total seconds spent doing I/Os.', MILLISECOND],
  ['counter', 'io_time_weighted_seconds_total', 'The weighted # of seconds spent doing I/Os.', MILLISECOND],
  ['counter', 'discards_completed_total', 'The total number of discards completed successfully.', 1],
  ['counter', 'discards_merged_total', 'The total number of discards merged.', 1],
  ['counter', 'discarded_sectors_total', 'The total number of sectors discarded successfully.', 1],
  ['counter', 'discard_time_seconds_total', 'This is the total number of seconds spent by all discards.', MILLISECOND],
  ['counter', 'flush_requests_total', 'The total number of flush requests completed successfully', 1],
  [
    'counter',
    'flush_requests_time_seconds_total',
    'This is the total number of seconds spent by all flush requests.',
    MILLISECOND,
  ],
]

/** The properties (`E:` lines) of a device in udev's database. */
export function udevProperties(text: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>()
  for (const [, name, value] of text.matchAll(/^E:([^=\n]*)=(.*)$/gm)) found.set(name, value)
  return found
}

/** @param udev text of the device's entry in udev's database, by major and minor number */
export function parseDiskstats(
  text: string,
  excluded: (device: string) => boolean,
  udev: (major: string, minor: string) => string | undefined,
  out: Families,
): void {
  for (const line of linesOf(text)) {
    const [major, minor, device, ...columns] = fieldsOf(line)
    if (excluded(device)) continue
    addInfo(device, major, minor, udevProperties(udev(major, minor) ?? ''), out)
    for (const [i, [kind, name, help, factor]] of COLUMNS.entries()) {
      if (i >= columns.length) break
      out[kind](`node_disk_${name}`, help, numberIn(columns[i]) * factor, ['device', device])
    }
  }
}

function addInfo(device: string, major: string, minor: string, info: ReadonlyMap<string, string>, out: Families): void {
  const get = (name: string) => info.get(name) ?? ''
  const serial = get('SCSI_IDENT_SERIAL') || get('ID_SERIAL_SHORT') || get('ID_SERIAL')
  out.gauge('node_disk_info', 'Info of /sys/block/<block_device>.', 1, [
    'device', device, 'major', major, 'minor', minor, 'model', get('ID_MODEL'), 'path', get('ID_PATH'),
    'revision', get('ID_REVISION'), 'serial', serial, 'wwn', get('ID_WWN'),
  ])
  if (get('ID_FS_TYPE') !== '') {
    out.gauge('node_disk_filesystem_info', 'Info about disk filesystem.', 1, [
      'device', device, 'type', get('ID_FS_TYPE'), 'usage', get('ID_FS_USAGE'), 'uuid', get('ID_FS_UUID'),
      'version', get('ID_FS_VERSION'),
    ])
  }
  if (get('DM_NAME') !== '') {
    out.gauge('node_disk_device_mapper_info', 'Info about disk device mapper.', 1, [
      'device', device, 'lv_layer', get('DM_LV_LAYER'), 'lv_name', get('DM_LV_NAME'), 'name', get('DM_NAME'),
      'uuid', get('DM_UUID'), 'vg_name', get('DM_VG_NAME'),
    ])
  }
  if (get('ID_ATA') !== '') addAta(device, get, out)
}

function addAta(device: string, get: (name: string) => string, out: Families): void {
  const add = (property: string, name: string, help: string) => {
    const text = get(property)
    if (text !== '' && Number.isFinite(Number(text))) out.gauge(name, help, Number(text), ['device', device])
  }
  add('ID_ATA_WRITE_CACHE', 'node_disk_ata_write_cache', 'ATA disk has a write cache.')
  add('ID_ATA_WRITE_CACHE_ENABLED', 'node_disk_ata_write_cache_enabled', 'ATA disk has its write cache enabled.')
  add('ID_ATA_ROTATION_RATE_RPM', 'node_disk_ata_rotation_rate_rpm', 'ATA disk rotation rate in RPMs (0 for SSDs).')
}

export function diskstats(excluded: (device: string) => boolean): Collector {
  return {
    name: 'diskstats',
    collect(host, out) {
      const udev = (major: string, minor: string) => host.root(`run/udev/data/b${major}:${minor}`)
      parseDiskstats(must(host.proc('diskstats'), 'diskstats'), excluded, udev, out)
    },
  }
}
