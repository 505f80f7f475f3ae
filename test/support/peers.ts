// Peer programs: found or named as missing, started on free ports, ended with the test.

import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { openSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import type { Test } from 'tap'
import { temporary } from './temporary.js'

/** What a test says when programs are missing; false where all are there. With SOLDER_PEERS=1 a missing one throws. */
export function missingPeers(...programs: string[]): string | false {
  const missing = programs.filter((program) => spawnSync('which', [program]).status !== 0)
  if (missing.length === 0) return false
  const text = `not installed: ${missing.join(', ')} (npm run peers)`
  if (process.env.SOLDER_PEERS === '1') throw new Error(text)
  return text
}

const POLL_MS = 50
const DEADLINE_MS = 30_000

/** Asks until there is an answer; what it said last where there is none in time. */
export async function until<T>(
  ask: () => Promise<T | undefined>, what: string, within = DEADLINE_MS,
): Promise<T> {
  const deadline = Date.now() + within
  let failure: unknown
  while (Date.now() < deadline) {
    try {
      const answer = await ask()
      if (answer !== undefined) return answer
    } catch (error) {
      failure = error
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
  }
  throw new Error(`${what}: not within ${within / 1000}s`, { cause: failure })
}

export function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number }
      server.close(() => resolve(port))
    })
  })
}

/** Starts a server and waits for `ready` (a path) to answer. Returns its URL. */
async function serve(
  t: Test,
  program: string,
  args: (port: number, folder: string) => string[],
  ready: string,
): Promise<string> {
  const port = await freePort()
  const folder = temporary(t)
  const log = join(folder, 'log')
  const output = openSync(log, 'w')
  const child = spawn(program, args(port, folder), { cwd: folder, stdio: ['ignore', output, output] })
  const ended = once(child, 'exit')
  t.teardown(async () => {
    child.kill('SIGKILL')
    await ended
  })
  const url = `http://127.0.0.1:${port}`
  await until(async () => {
    if (child.exitCode !== null) throw new Error(readFileSync(log, 'utf8').slice(-2000))
    return (await fetch(url + ready)).ok ? true : undefined
  }, `${program} is ready`)
  return url
}

/** A series with its newest value, as a query shows it. */
export interface Shown {
  metric: { [name: string]: string }
  value: [number, string]
}

export class Prometheus {
  private constructor(readonly url: string) {}

  /** @param config YAML; it takes remote write whatever that says */
  static async start(t: Test, config = 'global: {}'): Promise<Prometheus> {
    const args = (port: number, folder: string) => {
      writeFileSync(join(folder, 'prometheus.yml'), config)
      return [
        '--config.file=prometheus.yml',
        '--storage.tsdb.path=data',
        `--web.listen-address=127.0.0.1:${port}`,
        '--web.enable-remote-write-receiver',
        '--enable-feature=native-histograms,exemplar-storage',
      ]
    }
    return new Prometheus(await serve(t, 'prometheus', args, '/-/ready'))
  }

  get writeUrl(): string {
    return `${this.url}/api/v1/write`
  }

  async ask<T>(path: string, parameters: { [name: string]: string }): Promise<T> {
    const response = await fetch(`${this.url}/api/v1/${path}?${new URLSearchParams(parameters)}`)
    const { status, data, error } = (await response.json()) as { status: string; data: T; error?: string }
    if (status !== 'success') throw new Error(error)
    return data
  }

  /** An instant query. */
  async query(query: string): Promise<Shown[]> {
    return (await this.ask<{ result: Shown[] }>('query', { query })).result
  }

  /** All samples of a range selector, oldest first. */
  async samples(query: string): Promise<[number, string][]> {
    const { result } = await this.ask<{ result: { values: [number, string][] }[] }>('query', { query })
    return result.flatMap(({ values }) => values)
  }
}

/** VictoriaMetrics, one node. Returns its URL. */
export function victoriaMetrics(t: Test): Promise<string> {
  const args = (port: number, folder: string) => [
    `-httpListenAddr=127.0.0.1:${port}`,
    `-storageDataPath=${folder}/data`,
    '-retentionPeriod=1d',
    '-search.latencyOffset=0',
  ]
  return serve(t, 'victoria-metrics', args, '/health')
}

/** vmagent, which scrapes as `config` says and writes to `writeUrl`. */
export function vmagent(t: Test, config: string, writeUrl: string): Promise<string> {
  const args = (port: number, folder: string) => {
    writeFileSync(join(folder, 'scrape.yml'), config)
    return [
      `-httpListenAddr=127.0.0.1:${port}`,
      `-promscrape.config=${folder}/scrape.yml`,
      `-remoteWrite.url=${writeUrl}`,
      `-remoteWrite.tmpDataPath=${folder}/queue`,
      '-remoteWrite.flushInterval=200ms',
    ]
  }
  return serve(t, 'vmagent', args, '/health')
}

/** node_exporter. Returns host and port. */
export async function nodeExporter(t: Test): Promise<string> {
  const url = await serve(t, 'prometheus-node-exporter', (port) => [`--web.listen-address=127.0.0.1:${port}`], '/')
  return url.slice('http://'.length)
}
