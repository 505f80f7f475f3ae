// The host's collectors over a machine made of texts.

import t from 'tap'
import type { Clock, Log } from '../../../lib/component.js'
import { collectorsOf } from '../../../lib/host/catalogue.js'
import type { Collector } from '../../../lib/host/collector.js'
import { cpu, cpuList, parseCpuSeconds } from '../../../lib/host/cpu.js'
import { Families } from '../../../lib/host/families.js'
import { filesystem, parseMounts } from '../../../lib/host/filesystem.js'
import type { Host, Space } from '../../../lib/host/host.js'
import { parseNetdev } from '../../../lib/host/netdev.js'
import { osRelease } from '../../../lib/host/os_release.js'
import { HostScraper } from '../../../lib/host/scraper.js'
import { zoneAt } from '../../../lib/host/time.js'
import type { Batch } from '../../../lib/record/batch.js'
import { labelsOf, labelsText } from '../../../lib/record/labels.js'
import { MACHINE } from './machine.js'

const SPACE: Space = { bsize: 4096, blocks: 100, bfree: 40, bavail: 30, files: 50, ffree: 20 }
const LABELS = labelsOf([['job', 'host'], ['instance', 'workhorse']])

const clock: Clock = {
  now: () => '1763804400123000000',
  millis: () => 1763804400123,
  monotonic: () => 0,
  sleep: async () => {},
}

function hostOf(files: ReadonlyMap<string, string>, space: Host['space'] = async () => SPACE): Host {
  const under = (folder: string) => (path: string) => files.get(`${folder}${path}`)
  return {
    proc: under('proc/'),
    sys: under('sys/'),
    root: under(''),
    list: (path) => {
      const below = [...files.keys()].filter((file) => file.startsWith(`sys/${path}/`))
      return [...new Set(below.map((file) => file.slice(path.length + 5).split('/')[0]))].sort()
    },
    space,
    rootPath: '',
    machine: 'x86_64',
    pageSize: 4096,
  }
}

function logTo(lines: string[]): Log {
  const write = (level: string) => (message: string) => void lines.push(`${level}: ${message}`)
  return { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') }
}

const collectors = () =>
  collectorsOf({
    excludedDisk: (device) => /^(ram|sd[a-z])\d+$/.test(device),
    excludedNetworkDevice: () => false,
    excludedPoint: (point) => /^\/(sys|dev)/.test(point),
    excludedType: (type) => type === 'sysfs',
    timeout: 1000,
    clock,
  })

type Files = ReadonlyMap<string, string>

function scraperOf(files: Files, all: readonly Collector[] = collectors(), lines: string[] = []): HostScraper {
  return new HostScraper(hostOf(files), all, LABELS, clock, logTo(lines))
}

/** `name{labels}` to the value, or `stale`. */
function seriesOf(batches: readonly Batch[]): Map<string, unknown> {
  const found = new Map<string, unknown>()
  for (const batch of batches) {
    for (let row = 0; row < batch.length; row++) {
      const id = batch.id(row)!
      const payload = batch.payload(row)
      if (id.type !== 'metric') continue
      found.set(id.name + labelsText(id.labels), payload.stale === true ? 'stale' : payload.value)
    }
  }
  return found
}

function without(...paths: string[]): Map<string, string> {
  return new Map([...MACHINE].filter(([path]) => !paths.includes(path)))
}

t.test('samples as node_exporter shows them', async (t) => {
  const series = seriesOf(await scraperOf(MACHINE).scrape())
  const at = (name: string, labels: { [label: string]: string } = {}) =>
    series.get(name + labelsText(labelsOf([...Object.entries(labels), ['instance', 'workhorse'], ['job', 'host']])))
  t.equal(at('node_load1'), 0.21)
  t.equal(at('node_cpu_seconds_total', { cpu: '1', mode: 'idle' }), 11107.87)
  t.equal(at('node_cpu_guest_seconds_total', { cpu: '1', mode: 'nice' }), 0.35)
  t.equal(at('node_cpu_package_throttles_total', { package: '1' }), 6, 'counted once a package')
  t.equal(at('node_memory_Active_anon_bytes'), 2068484 * 1024)
  t.equal(at('node_memory_HugePages_Total'), 3, 'a field without unit')
  t.equal(at('node_memory_Committed_AS_bytes'), 9007199254740992 * 1024, 'rounded to a double')
  t.equal(at('node_disk_read_time_seconds_total', { device: 'nvme0n1' }), 21.650000000000002)
  t.equal(at('node_disk_discards_completed_total', { device: 'sda' }), undefined, 'an older kernel has fewer columns')
  t.equal(at('node_disk_reads_completed_total', { device: 'sda1' }), undefined, 'left out')
  t.equal(at('node_disk_ata_write_cache_enabled', { device: 'sda' }), 0)
  t.equal(at('node_network_receive_nohandler_total', { device: 'eth0' }), 13)
  t.equal(at('node_network_speed_bytes', { device: 'eth0' }), 125e6)
  t.equal(at('node_network_flags', { device: 'eth0' }), 0x1303)
  t.equal(at('node_netstat_Ip6_InOctets'), 460)
  t.equal(at('node_sockstat_TCP_mem_bytes'), 4096)
  t.equal(at('node_nf_conntrack_stat_search_restart'), 249)
  t.equal(at('node_udp_queues', { ip: 'v4', queue: 'rx' }), 26)
  t.equal(at('node_pressure_io_waiting_seconds_total'), 159.886802)
  t.equal(at('node_filesystem_avail_bytes', { device: '/dev/sda3', fstype: 'ext4', mountpoint: '/' }), 30 * 4096)
  t.equal(at('node_filesystem_readonly', { device: '//nas/share', fstype: 'cifs', mountpoint: '/no/such share' }), 1)
  t.equal(at('node_os_version', { id: 'ubuntu', id_like: 'debian', name: 'Ubuntu' }), 20.04)
  t.equal(at('node_time_seconds'), 1763804400.1230001, 'as a double holds nanoseconds')
  t.equal(at('up'), 1)
  t.equal(at('scrape_samples_scraped'), series.size - 5)
  t.equal(at('scrape_series_added'), series.size - 5)
  for (const { name } of collectors()) t.equal(at('node_scrape_collector_success', { collector: name }), 1, name)
})

t.test('a layout stays while the series do; what goes is marked once', async (t) => {
  const files = new Map(MACHINE)
  const scraper = scraperOf(files)
  const first = await scraper.scrape()
  t.strictSame(first.map((batch) => batch.id(0)!.type), ['metadata', 'metric', 'metric'], 'metadata comes before')
  const second = await scraper.scrape()
  t.equal(second.length, 2, 'metadata is told once')
  t.equal(second[0].layout, first[1].layout)
  t.equal(seriesOf(second).get('scrape_series_added{"instance":"workhorse","job":"host"}'), 0)

  files.delete('proc/loadavg')
  const third = await scraper.scrape()
  t.not(third[0].layout, second[0].layout)
  t.equal(third[0].id(3), second[0].id(3), 'identities of those that stay stay')
  const loads = [1, 5, 15].map((n) => `node_load${n}{"instance":"workhorse","job":"host"}`)
  t.strictSame([...seriesOf([third[1]])], loads.map((load) => [load, 'stale']))
  t.equal((await scraper.scrape()).length, 2, 'marked once')
})

t.test('a missing file is no error, a strange one is told once', async (t) => {
  const lines: string[] = []
  const files = without('proc/loadavg', 'proc/net/snmp6', 'etc/os-release')
  files.set('proc/meminfo', 'MemTotal: many kB\n')
  const scraper = scraperOf(files, collectors(), lines)
  const series = seriesOf(await scraper.scrape())
  await scraper.scrape()
  const success = (name: string) =>
    series.get(`node_scrape_collector_success{"collector":"${name}","instance":"workhorse","job":"host"}`)
  t.strictSame(['loadavg', 'netstat', 'os', 'meminfo', 'cpu'].map(success), [0, 1, 0, 0, 1])
  t.strictSame(lines, [
    'debug: collector loadavg: loadavg is not there',
    "warn: collector meminfo: expected a number, found 'many'",
    'debug: collector os: os-release is not there',
  ])
  const empty = seriesOf(await scraperOf(new Map()).scrape())
  t.ok(empty.size > 40, 'an empty machine still reports its collectors')
})

t.test("a series' own job and instance are kept aside", async (t) => {
  const odd: Collector = { name: 'odd', collect: (_, out) => out.gauge('odd', 'Odd.', 1, ['empty', '', 'job', 'mine']) }
  const series = seriesOf(await scraperOf(MACHINE, [odd, odd]).scrape())
  t.equal(series.get('odd{"exported_job":"mine","instance":"workhorse","job":"host"}'), 1, 'and a series is shown once')
})

t.test('processor time never runs backwards, but for a processor that was put back', (t) => {
  const files = new Map([['proc/stat', 'cpu0 100 0 100 1000 50\n']])
  const collector = cpu()
  const read = (stat: string) => {
    files.set('proc/stat', stat)
    const out = new Families()
    void collector.collect(hostOf(files), out)
    return [...out.list][0].samples.slice(0, 5).map(({ value }) => value)
  }
  t.strictSame(read('cpu0 100 0 100 1000 50\n'), [1, 0, 1, 10, 0.5])
  t.strictSame(read('cpu0 101 0 100 990 40\n'), [1.01, 0, 1, 10, 0.5])
  t.strictSame(read('cpu0 1 0 1 2 3\n'), [0.01, 0, 0.01, 0.02, 0.03])
  t.strictSame([...parseCpuSeconds('cpu 1 2 3 4\nintr 5\n').keys()], [])
  t.strictSame(cpuList('0-2,7\n'), [0, 1, 2, 7])
  t.strictSame(cpuList('\n'), [])
  t.end()
})

t.test('a file system that does not answer is not asked twice', async (t) => {
  let asked = 0
  let answer: (space: Space) => void = () => {}
  const host = hostOf(new Map([['proc/mounts', 'nas:/x /x nfs rw 0 0\n']]), () => {
    asked++
    return new Promise((resolve) => (answer = resolve))
  })
  const collector = filesystem({ excludedPoint: () => false, excludedType: () => false, timeout: 1 })
  const read = async () => {
    const out = new Families()
    await collector.collect(host, out)
    return [...out.list].map(({ name, samples }) => [name, samples[0].value])
  }
  const broken = [['node_filesystem_device_error', 1]]
  t.strictSame(await read(), broken)
  t.strictSame(await read(), broken)
  t.equal(asked, 1)
  answer(SPACE)
  await Promise.resolve()
  const again = read()
  answer(SPACE)
  t.equal((await again).length, 7)
  t.equal(asked, 2)
})

t.test('details of the formats', (t) => {
  const mounts = '/dev/sda1 /host ext4 rw 0 0\n/dev/sdb /host/a\\011b xfs ro 0 0\nx /hostile tmpfs rw 0 0\n'
  t.strictSame(parseMounts(mounts, '/host').map(({ point }) => point), ['/', '/a\tb', '/hostile'])
  t.throws(() => parseMounts('garbage\n', ''), /at least four columns/)

  const out = new Families()
  const header = 'Inter-|R|T\n face |bytes packets|bytes packets\n'
  parseNetdev(`${header}eth0:1:10 20 30 40\n`, () => false, () => undefined, out)
  t.strictSame([...out.list][0].samples, [{ labels: ['device', 'eth0:1'], value: 10 }], 'an alias has a colon')
  t.throws(() => parseNetdev(`${header}eth0: 10 20 30\n`, () => false, () => undefined, out), /expected 4 columns/)
  t.throws(() => parseNetdev('what\never\n', () => false, () => undefined, out), /three columns/)

  t.strictSame([...osRelease(`A="x \\"y\\""\nB='z'\n#C=1\nD=\n`)], [['A', 'x "y"'], ['B', 'z'], ['D', '']])
  t.strictSame(zoneAt(new Date('2025-01-01'), 'UTC'), { name: 'UTC', offset: 0 })
  t.strictSame(zoneAt(new Date('2025-01-01'), 'Europe/Berlin'), { name: 'CET', offset: 3600 })
  t.strictSame(zoneAt(new Date('2025-07-01'), 'America/New_York'), { name: 'EDT', offset: -4 * 3600 })
  t.strictSame(zoneAt(new Date('2025-07-01'), 'Asia/Kolkata').offset, 19800)
  t.end()
})
