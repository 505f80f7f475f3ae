// What surrounds a contestant: a process of targets before it, a process that receives behind it, a folder and a port
// of its own.

import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ROOT } from '../test/support/solder.js'

export interface Load {
  targets: number
  /** Of each target. */
  series: number
  /** Every so-manieth series is another one at each scrape; 0 is none. */
  churn: number
}

/** What has happened so far around a contestant. */
export interface Counts {
  /** Scrapes answered in full, of all targets. */
  scrapes: number
  /** Scrapes that the contestant has reported as good. */
  good: number
  /** Samples of the targets' series that have arrived. */
  samples: number
  /** Staleness markers of theirs. */
  markers: number
}

export class Rig {
  readonly folder = mkdtempSync(join(tmpdir(), 'solder-bench-'))

  private constructor(
    readonly targets: readonly string[],
    /** Takes remote writes. */
    readonly url: string,
    /** Free for the contestant's own server. */
    readonly port: number,
    private readonly control: string,
    private readonly children: readonly ChildProcess[],
  ) {}

  static async open({ targets, series, churn }: Load): Promise<Rig> {
    const farm = spawn(process.execPath, [`${ROOT}/dist/bench/targets.js`, ...[targets, series, churn].map(String)])
    const receiver = spawn(process.execPath, [`${ROOT}/dist/bench/receiver.js`])
    const [[control, ...ports], receiving] = [(await firstLine(farm)) as number[], (await firstLine(receiver)) as number]
    const hosts = ports.map((port) => `127.0.0.1:${port}`)
    const url = `http://127.0.0.1:${receiving}/api/v1/write`
    return new Rig(hosts, url, await freePort(), `http://127.0.0.1:${control}`, [farm, receiver])
  }

  async counts(): Promise<Counts> {
    const read = async (url: string) => (await (await fetch(url)).json()) as Counts
    const [served, arrived] = await Promise.all([read(this.control), read(this.url)])
    return { ...arrived, scrapes: served.scrapes, good: arrived.scrapes }
  }

  /** Makes the targets fail from now on, and waits until what was scraped before has arrived, or no more comes. */
  async drain(samplesPerScrape: number): Promise<Counts> {
    await fetch(`${this.control}/pause`)
    await delay(100)
    let counts = await this.counts()
    const isWhole = () => counts.samples >= counts.scrapes * samplesPerScrape && counts.good >= counts.scrapes
    for (let quiet = 0; !isWhole() && quiet < QUIET_SECONDS; quiet++) {
      await delay(1000)
      const now = await this.counts()
      if (now.samples + now.markers > counts.samples + counts.markers) quiet = 0
      counts = now
    }
    return counts
  }

  async close(): Promise<void> {
    for (const child of this.children) child.kill('SIGKILL')
    await delay(300)
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 })
  }
}

/** Longer than any contestant holds a request that is not full (5 s). */
const QUIET_SECONDS = 8

export function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

/** What a child prints as JSON when it is ready. */
export function firstLine(child: ChildProcess): Promise<unknown> {
  return new Promise((resolve, reject) => {
    let text = ''
    child.stdout!.on('data', (chunk: Buffer) => {
      text += chunk.toString()
      if (text.includes('\n')) resolve(JSON.parse(text))
    })
    child.stderr!.on('data', (chunk: Buffer) => process.stderr.write(chunk))
    child.on('exit', (code) => reject(new Error(`ended with ${code}`)))
  })
}

export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}
