// scrape host against Debian's node_exporter: the same series of the same machine, and of a machine made of files.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { dirname, join } from 'node:path'
import t, { type Test } from 'tap'
import host from '../../commands/scrape/host.js'
import { MACHINE } from '../lib/host/machine.js'
import { sh } from '../support/solder.js'

const EXPORTER = 'prometheus-node-exporter'
const COLLECTORS = [
  'arp', 'conntrack', 'cpu', 'diskstats', 'entropy', 'filefd', 'filesystem', 'loadavg', 'meminfo', 'netclass', 'netdev',
  'netstat', 'os', 'pressure', 'sockstat', 'softnet', 'stat', 'time', 'udp_queues', 'uname', 'vmstat',
]
/** Debian changes some defaults; ours are those of node_exporter itself. */
const FLAGS = [
  '--collector.disable-defaults',
  ...COLLECTORS.map((name) => `--collector.${name}`),
  `--collector.filesystem.mount-points-exclude=${host.options.mount_exclude.default}`,
  `--collector.filesystem.fs-types-exclude=${host.options.fs_type_exclude.default}`,
  '--collector.netdev.device-exclude=^$',
]

interface Line {
  type: string
  name: string
  kind: string
  help: string
  labels?: object
  value: number
}

type Series = Map<string, { value: number; kind: string; help: string }>

const installed = spawnSync(EXPORTER, ['--version']).status === 0
const skip = installed ? false : `${EXPORTER} is not installed (npm run peers)`
if (!installed && process.env.SOLDER_PEERS === '1') t.fail(`${EXPORTER} is not installed`)

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number }
      server.close(() => resolve(port))
    })
  })
}

/** An exporter that answers, at its port; it ends with the test. */
async function exporter(t: Test, more: readonly string[] = []): Promise<number> {
  const port = await freePort()
  const flags = [...FLAGS, ...more, `--web.listen-address=127.0.0.1:${port}`]
  const child: ChildProcess = spawn(EXPORTER, flags, { stdio: 'ignore' })
  t.teardown(() => void child.kill())
  while (child.exitCode === null) {
    const up = await fetch(`http://127.0.0.1:${port}/`).then(() => true, () => false)
    if (up) return port
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  throw new Error(`${EXPORTER} ended with ${child.exitCode}`)
}

function key(name: string, labels: readonly (readonly [string, string])[]): string {
  return `${name}${JSON.stringify(labels.filter(([, value]) => value !== '').sort(([a], [b]) => (a < b ? -1 : 1)))}`
}

/** The exporter's text, read the plain way: this test is to judge our own parsers too. */
async function shown(port: number): Promise<Series> {
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
  const series: Series = new Map()
  const kinds = new Map<string, string>()
  const helps = new Map<string, string>()
  for (const line of text.split('\n')) {
    const meta = /^# (TYPE|HELP) (\S+) (.*)$/.exec(line)
    if (meta !== null) (meta[1] === 'TYPE' ? kinds : helps).set(meta[2], meta[3])
    const sample = /^(node_\w+)(?:\{(.*)\})? (\S+)$/.exec(line)
    if (sample === null || sample[1] === 'node_exporter_build_info') continue
    const labels = [...(sample[2] ?? '').matchAll(/(\w+)="((?:\\.|[^"\\])*)"/g)].map(
      ([, name, value]) => [name, JSON.parse(`"${value}"`)] as [string, string],
    )
    const kind = kinds.get(sample[1])!.replace('untyped', 'unknown')
    series.set(key(sample[1], labels), { value: Number(sample[3]), kind, help: helps.get(sample[1])! })
  }
  return series
}

async function ours(t: Test, options = ''): Promise<Series> {
  const collectors = COLLECTORS.map((name) => `--collector ${name}`).join(' ')
  const ran = await sh(`solder scrape host --once --job '' --instance '' ${collectors} ${options}`)
  t.equal(ran.stderr, '')
  const helps = new Map<string, string>()
  const series: Series = new Map()
  for (const line of ran.stdout.trim().split('\n')) {
    const record = JSON.parse(line) as Line
    if (record.type === 'metadata') helps.set(record.name, record.help)
    else if (record.name.startsWith('node_')) {
      const { name, kind, value, labels = {} } = record
      series.set(key(name, Object.entries(labels)), { value, kind, help: helps.get(name)! })
    }
  }
  return series
}

const namesOf = (series: Series) => [...series].map(([key, { kind, help }]) => `${key} ${kind} ${help}`).sort()

t.test('this machine', { skip }, async (t) => {
  const port = await exporter(t)
  const before = await shown(port)
  const mine = await ours(t)
  const after = await shown(port)
  t.strictSame(namesOf(mine), namesOf(after), 'the same series, kinds and help')
  const still = /_info|MemTotal|SwapTotal|boot_time|_size_bytes|network_(mtu|flags|iface)|filefd_max|os_version|limit/
  for (const [key, { value, kind }] of mine) {
    const [low, high] = [before.get(key)!.value, after.get(key)!.value]
    // The kernel lets these two run backwards.
    if (/"(idle|iowait)"/.test(key)) continue
    if (kind === 'counter' && (value < low || value > high)) t.fail(`${key}: ${value} is not between ${low} and ${high}`)
    if (still.test(key) && value !== low) t.fail(`${key}: ${value}, expected ${low}`)
  }
})

t.test('a machine made of files', { skip }, async (t) => {
  const root = t.testdir()
  for (const [path, text] of MACHINE) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), text)
  }
  const port = await exporter(t, [
    `--path.procfs=${root}/proc`,
    `--path.sysfs=${root}/sys`,
    `--path.udev.data=${root}/run/udev/data`,
    '--no-collector.netdev.netlink',
  ])
  // These ask the kernel, not files; netdev's column is only in netlink's answer.
  const live = /^node_(uname|time|os|filesystem|scrape)_|receive_nohandler/
  const theirs = [...(await shown(port))].filter(([key]) => !live.test(key)).sort()
  const mine = [...(await ours(t, `--root ${root}`))].filter(([key]) => !live.test(key)).sort()
  t.strictSame(mine, theirs, 'the same series, kinds, help and values')
})
