// A day with solder as a new user has it, on a real terminal: a mistake in the file, its repair, a reload, a look at
// what passes, a killed process, a full disk, a backend that goes and comes back, Ctrl-C. An application sends all the
// while, and everything that it was told is stored arrives.

import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { compressSync, uncompressSync } from 'snappy'
import t, { type Test } from 'tap'
import type { PipeStatus } from '../../lib/admin/state.js'
import { decodeMessage, encodeMessage, samplesOf } from '../support/remote_write.js'
import { sh } from '../support/solder.js'
import { noSmallDisk, SmallDisk } from '../support/small_disk.js'
import { gone, lives, until } from '../support/supervised.js'
import { temporary } from '../support/temporary.js'
import { CTRL_C, noTerminal, Terminal } from '../support/terminal.js'

// Many processes, on a machine that may have other work.
t.setTimeout(300_000)

/** The place that everything goes to; it can be unplugged. */
class Backend {
  readonly numbers = new Set<number>()
  readonly sites = new Set<string>()
  #server: Server | null = null
  #port = 0

  async plug(): Promise<void> {
    const server = createServer(async (request, response) => {
      const chunks: Buffer[] = []
      for await (const chunk of request) chunks.push(chunk as Buffer)
      for (const { labels } of samplesOf([decodeMessage(uncompressSync(Buffer.concat(chunks)) as Buffer)])) {
        this.numbers.add(Number(labels.number))
        this.sites.add(labels.site)
      }
      response.writeHead(204).end()
    })
    server.listen(this.#port, '127.0.0.1')
    await once(server, 'listening')
    this.#port = (server.address() as AddressInfo).port
    this.#server = server
  }

  async unplug(): Promise<void> {
    this.#server?.closeAllConnections()
    this.#server?.close()
    this.#server = null
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}/api/v1/write`
  }
}

/** Sends numbers, each until it is told that it is stored. */
class Application {
  /** Numbers below it are stored, as it was told. */
  stored = 0
  #stopped = false
  readonly #ended: Promise<void>

  constructor(private readonly url: string) {
    this.#ended = this.#send()
  }

  /** Waits until more is stored than is now. */
  more(count = 20): Promise<true> {
    const from = this.stored
    return until(async () => this.stored >= from + count || undefined, `${count} more than ${from}, not ${this.stored}`)
  }

  async stop(): Promise<void> {
    this.#stopped = true
    await this.#ended
  }

  async #send(): Promise<void> {
    while (!this.#stopped) {
      // What cannot be compressed fills a disk.
      const pad = Array.from({ length: 100 }, () => Math.random().toString(36).slice(2)).join('')
      const values = { __name__: 'sold', number: String(this.stored), pad }
      const labels = Object.entries(values).map(([name, value]) => ({ name, value }))
      const samples = [{ value: 0, timestamp: Date.now() }]
      const body = compressSync(encodeMessage({ timeseries: [{ labels, samples }] })) as Buffer
      const headers = { 'content-type': 'application/x-protobuf', 'content-encoding': 'snappy' }
      const answer = await fetch(this.url, { method: 'POST', headers, body }).catch(() => null)
      if (answer?.status === 204) this.stored++
      await new Promise((resolve) => setTimeout(resolve, answer?.ok === true ? 2 : 50))
    }
  }
}

const skip = noTerminal() || noSmallDisk()

t.test('a new user', { skip }, async (t) => {
  const folder = temporary(t)
  const backend = new Backend()
  await backend.plug()
  t.teardown(() => backend.unplug())
  const disk = await SmallDisk.mount(t as Test, '4m')
  const state = `--state ${disk.folder}/state`
  const pipeline = (filter: string) => writeFileSync(join(folder, 'solder.yaml'), `version: 1
pipes:
  shop: |
    receive prometheus --listen 127.0.0.1:0 --ack durable --ack-timeout 2s ${state}
    | ${filter}
    | write prometheus ${backend.url} ${state} --batch-wait 10ms --max-backoff 200ms
`)
  const run = disk.inside('solder run solder.yaml --http 127.0.0.1:0').replace(/--wd=\S+/, `--wd=${folder}`)

  // A mistake in the file.
  pipeline('relable --set site=attic')
  const first = new Terminal(t as Test, run, { cwd: folder })
  t.equal(await first.ended, 2)
  t.equal(first.text, `solder.yaml:5:7: unknown command 'relable'
  5 |     | relable --set site=attic
    |       ^^^^^^^
  hint: did you mean 'relabel'?
`)

  // Its repair.
  pipeline('relabel --set site=attic')
  const screen = new Terminal(t as Test, run, { cwd: folder })
  const [, url] = await screen.says(/admin server on (http:\S+)/)
  const [, listening] = await screen.says(/shop: receive prometheus: listening on (http:\S+)/)
  await screen.says(/running shop/)
  const app = new Application(listening)
  t.teardown(() => app.stop())
  await app.more()

  const shop = async () => {
    const { pipes } = (await (await fetch(`${url}/api/v1/pipes`)).json()) as { pipes: PipeStatus[] }
    return pipes[0]
  }
  const { pid } = await shop()

  // Another mistake, for the pipeline that runs: nothing changes.
  pipeline('relabel --sett site=cellar')
  const refused = await fetch(`${url}/-/reload`, { method: 'POST' })
  t.equal(refused.status, 422)
  t.match(await refused.text(), "did you mean '--set'?")
  await screen.says(/error: not reloaded, nothing has changed:\n.*unknown option '--sett'/)
  t.equal((await shop()).pid, pid)
  await app.more()
  pipeline('relabel --set site=cellar')
  t.equal((await fetch(`${url}/-/reload`, { method: 'POST' })).status, 200)
  await screen.says(/reloaded: started shop; stopped shop/)
  await app.more()
  t.same([...backend.sites], ['attic', 'cellar'])

  // A look at what passes.
  const tap = new Terminal(t as Test, `solder tap shop.relabel --count 1 --url ${url}`)
  t.equal(await tap.ended, 0)
  t.match(JSON.parse(tap.text.replaceAll('\n', '')), { name: 'sold', labels: { site: 'cellar' } })

  const top = new Terminal(t as Test, `solder top --every 100ms --url ${url}`)
  await top.says(/shop: running, cpu \d+ %, memory \d+ MiB\n {2}receive-prometheus .*\n {2}relabel .*\n {2}write-p/)
  top.type(CTRL_C)
  t.equal(await top.ended, 0)
  t.same(top.text.split('\n').filter((line) => line.length > 80), [], 'it keeps within the terminal')

  // A killed process.
  const { pid: second } = await shop()
  process.kill(second!, 'SIGKILL')
  await screen.says(/error: shop: was ended by SIGKILL: starting it again/)
  await app.more()
  await until(async () => (await shop()).state === 'running' || undefined, 'that it runs again')
  t.equal((await shop()).restarts, 1)

  // A full disk.
  disk.fill()
  await screen.says(/shop: write prometheus: .*no room on the disk \(ENOSPC\): waiting until there is some/)
  disk.clear()
  await app.more()

  // A backend that goes, and comes back.
  const before = screen.text.length
  await backend.unplug()
  await screen.says(/shop: write prometheus: http:.*, retrying in .* held\)/, before)
  await app.more()
  // What took no second is not told to be over.
  const since = performance.now()
  await until(async () => performance.now() - since > 1000 || undefined, 'a second')
  const waiting = app.stored - 1
  await backend.plug()
  await until(async () => backend.numbers.has(waiting) || undefined, 'what had waited')
  await screen.says(/shop: write prometheus: http:.*answers again after/, before)

  // Accounts that add up, and the end.
  const ledger = await sh(`solder ledger --url ${url}`)
  t.equal(ledger.code, 0, ledger.stdout + ledger.stderr)
  await app.more()
  const { pid: last } = await shop()
  screen.type(CTRL_C)
  t.equal(await screen.ended, 0)
  await app.stop()
  t.match(screen.text, /stopping: sources stop, what is in flight drains/)
  t.notOk(lives(last!), 'nothing is left')
  const lost = Array.from({ length: app.stored }, (_, n) => n).filter((n) => !backend.numbers.has(n))
  t.same(lost, [], `all ${app.stored} arrived`)
})

t.test('who closes the terminal ends the pipeline, who sends SIGHUP reloads it', { skip: noTerminal() }, async (t) => {
  const folder = temporary(t)
  writeFileSync(join(folder, 'solder.yaml'), 'version: 1\npipes:\n  load: scrape host | write file load.ndjson\n')
  const screen = new Terminal(t as Test, 'solder run --http 127.0.0.1:0', { cwd: folder })
  const [, url] = await screen.says(/admin server on (http:\S+)/)
  await screen.says(/running load/)
  const { pipes } = (await (await fetch(`${url}/api/v1/pipes`)).json()) as { pipes: PipeStatus[] }
  const supervisor = parentOf(pipes[0].pid!)
  process.kill(supervisor, 'SIGHUP')
  await screen.says(/reloaded: unchanged load/)
  screen.close()
  await gone([supervisor, pipes[0].pid!])
  t.match(readFileSync(join(folder, 'load.ndjson'), 'utf8'), /\n$/)
})

t.test('where the backend is gone Ctrl-C waits for it a while, and another one does not', { skip: noTerminal() }, async (t) => {
  const folder = temporary(t)
  const backend = new Backend()
  await backend.plug()
  await backend.unplug()
  writeFileSync(
    join(folder, 'solder.yaml'),
    `version: 1\npipes:\n  load: scrape host --every 100ms | write prometheus ${backend.url} --batch-wait 10ms\n`,
  )
  const screen = new Terminal(t as Test, 'solder run --http 127.0.0.1:0', { cwd: folder })
  const [, url] = await screen.says(/admin server on (http:\S+)/)
  await screen.says(/running load/)
  await screen.says(/load: write prometheus: .*retrying in .* held/)
  const { pipes } = (await (await fetch(`${url}/api/v1/pipes`)).json()) as { pipes: PipeStatus[] }
  screen.type(CTRL_C)
  await screen.says(/stopping: .*; Ctrl-C ends it now/)
  await screen.says(/load: to be drained within 25s \(--drain\): write-prometheus holds \d+ records/)
  screen.type(CTRL_C)
  t.equal(await screen.ended, 130)
  await gone([pipes[0].pid!])
  t.equal(screen.text.match(/to be drained/g)?.length, 1, 'told once')
})

function parentOf(pid: number): number {
  return Number(/^PPid:\s+(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))![1])
}
