// The whole job side by side: 20 targets x 5,000 series each second, three relabel rules, remote write to a receiver that takes
// everything. Prometheus in agent mode, vmagent, and solder as a shell pipe and in one process, one after another on the same targets.

import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ROOT } from '../test/support/solder.js'
import type { Row } from './filter.js'
import { cpuOf, familyOf, findProgram, peakOf, start } from './measure.js'

export interface Load {
  targets: number
  series: number
  /** Seconds before measuring. */
  warmup: number
  /** Seconds measured. */
  seconds: number
}

const RULES = [
  { source_labels: ['code'], regex: '404', action: 'drop' },
  { source_labels: ['handler'], regex: '/api/v1/(.*)', target_label: 'resource', replacement: '$1' },
  { regex: 'zone', action: 'labeldrop' },
]

interface Contestant {
  name: string
  /** The shell command; the measured processes are all below it. */
  command(setup: Setup): string
}

interface Setup {
  folder: string
  ports: number[]
  url: string
  port: number
}

const CONTESTANTS: (Contestant & { program?: string })[] = [
  {
    name: 'solder, shell pipe',
    command: (setup) => stages(setup).map((words) => `solder ${words}`).join(' | '),
  },
  {
    name: 'solder, fused',
    command: (setup) => `exec solder run -e "${stages(setup).join(' | ')}"`,
  },
  {
    name: 'prometheus agent',
    program: 'prometheus',
    command: ({ folder, port }) =>
      `exec prometheus --enable-feature=agent --config.file=${folder}/prometheus.yml --storage.agent.path=${folder}/wal --web.listen-address=127.0.0.1:${port} --log.level=error`,
  },
  {
    name: 'vmagent',
    program: 'vmagent',
    command: ({ folder, url, port }) =>
      `exec vmagent -promscrape.config=${folder}/scrape.yml -remoteWrite.url=${url} -remoteWrite.tmpDataPath=${folder}/vm -httpListenAddr=127.0.0.1:${port} -loggerLevel=ERROR`,
  },
]

function stages({ folder, url }: Setup): string[] {
  return [
    `discover file '${folder}/targets.json' --once`,
    'scrape --every 1s --timeout 1s --job bench',
    `relabel ${folder}/rules.yaml`,
    `write prometheus ${url}`,
  ]
}

/** CPU microseconds a sample scraped and peak bytes a series, per contestant that is installed. */
export async function benchAgents(load: Load): Promise<Row[]> {
  const rows: Row[] = []
  const targets = spawn(process.execPath, [`${ROOT}/dist/bench/targets.js`, String(load.targets), String(load.series)])
  const ports = JSON.parse(await firstLine(targets)) as number[]
  try {
    for (const contestant of CONTESTANTS) {
      if (contestant.program !== undefined && findProgram(contestant.program) === undefined) continue
      rows.push(await measure(contestant, ports, load))
    }
  } finally {
    targets.kill('SIGKILL')
  }
  return rows
}

async function measure(contestant: Contestant, ports: number[], load: Load): Promise<Row> {
  const receiver = spawn(process.execPath, [`${ROOT}/dist/bench/receiver.js`])
  const receiverPort = Number(await firstLine(receiver))
  const folder = mkdtempSync(join(tmpdir(), 'solder-bench-'))
  const setup = { folder, ports, url: `http://127.0.0.1:${receiverPort}/api/v1/write`, port: await freePort() }
  writeConfigs(setup)
  const running = start(contestant.command(setup))
  const samples = async () => ((await (await fetch(`http://127.0.0.1:${receiverPort}/`)).json()) as { samples: number }).samples
  try {
    await delay(load.warmup * 1000)
    const family = familyOf(running.pid)
    const before = { cpu: sum(family.map(cpuOf)), samples: await samples() }
    await delay(load.seconds * 1000)
    const cpu = sum(family.map(cpuOf)) - before.cpu
    const peak = sum(family.map(peakOf))
    const received = (await samples()) - before.samples
    if (received === 0) throw new Error(`${contestant.name}: nothing arrived: ${running.stderr()}`)
    const scraped = load.targets * load.series * load.seconds
    const figures = { 'cpu_us/sample': (cpu / scraped) * 1e6, 'rss_bytes/series': peak / (load.targets * load.series), received_share: received / scraped }
    return { name: contestant.name, figures }
  } finally {
    running.stop()
    receiver.kill('SIGKILL')
    await delay(300)
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  }
}

function writeConfigs({ folder, ports, url }: Setup): void {
  const targets = ports.map((port) => `127.0.0.1:${port}`)
  const scrape = {
    global: { scrape_interval: '1s', scrape_timeout: '1s' },
    scrape_configs: [{ job_name: 'bench', static_configs: [{ targets }], metric_relabel_configs: RULES }],
  }
  // JSON is YAML.
  writeFileSync(join(folder, 'rules.yaml'), JSON.stringify(RULES))
  writeFileSync(join(folder, 'targets.json'), JSON.stringify([{ targets }]))
  writeFileSync(join(folder, 'scrape.yml'), JSON.stringify(scrape))
  writeFileSync(join(folder, 'prometheus.yml'), JSON.stringify({ ...scrape, remote_write: [{ url }] }))
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

function firstLine(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = ''
    child.stdout!.on('data', (chunk: Buffer) => {
      text += chunk.toString()
      if (text.includes('\n')) resolve(text)
    })
    child.on('exit', (code) => reject(new Error(`ended with ${code}`)))
  })
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}
