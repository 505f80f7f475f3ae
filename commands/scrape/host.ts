// scrape host: the machine's own metrics.

import { hostname } from 'node:os'
import { join } from 'node:path'
import { type Clock, source, type SourceContext } from '../../lib/component.js'
import { type Problem, throwAll } from '../../lib/diag/problem.js'
import { chooseCollectors, collectorsOf } from '../../lib/host/catalogue.js'
import { DEFAULT_EXCLUDES, exclusion } from '../../lib/host/exclude.js'
import { hostAt } from '../../lib/host/host.js'
import { HostScraper } from '../../lib/host/scraper.js'
import { systemClock } from '../../lib/io/clock.js'
import { labelsOf } from '../../lib/record/labels.js'

const PATHS = 'Where to look'
const WHAT = 'What to leave out'

export default source({
  name: 'scrape host',
  summary: "read the machine's own metrics from /proc and /sys",
  description: `Reads processors, memory, load, disks, file systems, network and the rest of what the kernel tells in
/proc and /sys, under the names, labels and help that node_exporter 1.5 gives them, so that dashboards and alerts made
for it work unchanged. Nothing is started and no port is opened. It reads Linux; elsewhere every collector but time
has no success.

Each reading is what a scrape of that exporter would be: one time stamp, the series 'up' and 'scrape_*' beside the
metrics, 'node_scrape_collector_success' by collector, and a staleness marker for every series that went (a disk taken
out, a file system unmounted). A file that is missing is no error: that collector's success is 0. Collectors that need
system calls which Node does not have (timex) are not there.

In a container, mount the machine's root and give it with --root; the host's network shows only in its network
namespace.`,
  since: '0.1.0',
  accepts: [],
  emits: ['metadata', 'metric'],
  guarantee: 'A reading that is late is skipped, never made up.',
  args: [],
  options: {
    every: { type: 'duration', default: '15s', min: '10ms', help: 'time between readings', since: '0.1.0' },
    once: { type: 'bool', help: 'read once and end', since: '0.1.0' },
    job: { type: 'string', default: 'host', help: "value of the label 'job'", since: '0.1.0' },
    instance: { type: 'string', help: "value of the label 'instance'; the host's name if absent", since: '0.1.0' },
    label: { type: 'map', help: 'label that every series gets', since: '0.1.0' },
    collector: { type: 'list', help: 'only this collector, e.g. cpu; all of them if absent', since: '0.1.0' },
    root: { type: 'path', default: '/', help: 'root of the machine to read', since: '0.1.0', group: PATHS },
    proc: { type: 'path', help: 'its /proc, if not below the root', since: '0.1.0', group: PATHS },
    sys: { type: 'path', help: 'its /sys, if not below the root', since: '0.1.0', group: PATHS },
    disk_exclude: {
      type: 'string',
      default: DEFAULT_EXCLUDES.disk_exclude,
      help: 'disks to leave out, a regular expression',
      since: '0.1.0',
      group: WHAT,
    },
    net_exclude: {
      type: 'string',
      default: DEFAULT_EXCLUDES.net_exclude,
      help: 'network devices to leave out of netdev',
      since: '0.1.0',
      group: WHAT,
    },
    mount_exclude: {
      type: 'string',
      default: DEFAULT_EXCLUDES.mount_exclude,
      help: 'mount points to leave out',
      since: '0.1.0',
      group: WHAT,
    },
    fs_type_exclude: {
      type: 'string',
      default: DEFAULT_EXCLUDES.fs_type_exclude,
      help: 'types of file systems to leave out',
      since: '0.1.0',
      group: WHAT,
    },
    mount_timeout: {
      type: 'duration',
      default: '5s',
      help: 'time that a file system has to tell its space before it counts as broken',
      since: '0.1.0',
      group: 'Bounds',
    },
  },
  check({ options }) {
    chosen(options, systemClock)
  },
  examples: [
    { command: 'solder scrape host --once --collector loadavg', about: 'the load now' },
    {
      command: "solder scrape host --every 5s | solder filter 'labels.mode != \"idle\"' | solder view",
      about: 'watch the machine',
      needs: 'it runs until it is stopped',
    },
  ],
  async run({ options }, context) {
    const collectors = chosen(options, context.clock)
    const { root } = options
    const host = hostAt({ root, proc: options.proc ?? join(root, 'proc'), sys: options.sys ?? join(root, 'sys') })
    const named = new Map([['job', options.job], ['instance', options.instance ?? hostname()], ...options.label])
    const labels = labelsOf([...named].filter(([, value]) => value !== ''))
    const scraper = new HostScraper(host, collectors, labels, context.clock, context.log)
    await (options.once ? read(scraper, context) : readEvery(scraper, options.every, context))
  },
})

type Excludes = { readonly [K in keyof typeof DEFAULT_EXCLUDES]: string }

/** The collectors that options ask for. Throws every Problem at once. */
function chosen(
  options: Excludes & { readonly mount_timeout: number; readonly collector: readonly string[] }, clock: Clock,
) {
  const problems: Problem[] = []
  const excluded = (key: keyof typeof DEFAULT_EXCLUDES) => exclusion(key, options[key], problems)
  const all = collectorsOf({
    excludedDisk: excluded('disk_exclude'),
    excludedNetworkDevice: excluded('net_exclude'),
    excludedPoint: excluded('mount_exclude'),
    excludedType: excluded('fs_type_exclude'),
    timeout: options.mount_timeout,
    clock,
  })
  const collectors = chooseCollectors(all, options.collector, problems)
  throwAll(problems)
  return collectors
}

async function read(scraper: HostScraper, context: SourceContext): Promise<void> {
  for (const batch of await scraper.scrape()) await context.emit(batch)
}

async function readEvery(scraper: HostScraper, every: number, context: SourceContext): Promise<void> {
  const { clock, signal } = context
  const began = clock.monotonic()
  for (let turn = 0; !signal.aborted; ) {
    await read(scraper, context)
    turn = Math.max(turn + 1, Math.ceil((clock.monotonic() - began) / every))
    await clock.sleep(began + turn * every - clock.monotonic(), signal)
  }
}
