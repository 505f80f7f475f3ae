// The suite of remote write 2.0: `scrape | write prometheus --protocol auto` in this process, to a receiver that
// answers as the case says.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { uncompressSync } from 'snappy'
import scrape from '../../../commands/scrape/targets.js'
import write from '../../../commands/write/prometheus.js'
import { parseInput } from '../../../lib/cli/command.js'
import type { Component, SourceContext } from '../../../lib/component.js'
import { Problem } from '../../../lib/diag/problem.js'
import { StageAccount } from '../../../lib/io/account.js'
import { systemClock } from '../../../lib/io/clock.js'
import { decodeMessage } from '../../support/remote_write.js'
import { decodeRequestMessage, encodeRequestMessage, labelsAt, type RequestMessage } from '../../support/remote_write_v2.js'
import type { Case, Runner } from '../suite.js'
import { type Check, checkRun, type Run, type Sent } from './remote_write_v2_checks.js'

interface Step {
  times?: number
  status?: number
  body?: string
  body_repeat?: { char: string; count: number }
  headers?: { [name: string]: string }
  delay_ms?: number
  connection?: string
  if_version_prefix?: string
  written_headers?: { samples?: number; histograms?: number; exemplars?: number }
}

interface Script {
  script?: Step[]
  url?: string
}

/** Requests after which there is enough to look at. */
const ENOUGH = 4

/** Long enough to be told from delays of a busy machine. */
const WAITS = ['--min-backoff', '300ms', '--timeout', '500ms', '--batch-wait', '100ms', '--drain-timeout', '300ms']

export const senderTwo: Runner = async (test) => {
  const target = await listening(createServer((_, response) => expose(test, response)))
  const { script = [{ status: 204 }], url: given } = test.receiver as Script
  const seconds = (test.run_seconds ?? 10) as number
  const receiver = new TwoReceiver(script)
  const server = await listening(createServer((request, response) => receiver.take(request, response)))
  const url = given ?? `http://127.0.0.1:${portOf(server)}/api/v1/write`
  if (script[0].connection === 'refused') await closed(server)
  try {
    const run = await send(`http://127.0.0.1:${portOf(target)}/metrics`, url, receiver, seconds * 1000)
    for (const check of (test.expected as { checks: Check[] }).checks) checkRun(check, run)
  } finally {
    await Promise.all([closed(target), closed(server)])
  }
}

senderTwo.together = 8

function expose(test: Case, response: ServerResponse): void {
  response.writeHead(200, { 'content-type': test.content_type as string }).end(test.exposition as string)
}

const portOf = (server: Server) => (server.address() as AddressInfo).port

async function listening(server: Server): Promise<Server> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server
}

async function closed(server: Server): Promise<void> {
  if (!server.listening) return
  server.closeAllConnections()
  server.close()
  await once(server, 'close')
}

/** Words of a command line as its component takes them. */
function inputOf(component: object, words: readonly string[]): never {
  return parseInput(component as Component, words) as never
}

/** The pipe, until there is enough; it must end as asked, whatever the receiver does. */
async function send(target: string, url: string, receiver: TwoReceiver, longest: number): Promise<Run> {
  const stop = new AbortController()
  const log: string[] = []
  const tell = (message: string) => void log.push(message)
  const context = {
    stage: 'conformance',
    clock: systemClock,
    log: { debug: tell, info: tell, warn: tell, error: tell },
    account: new StageAccount(),
    signal: stop.signal,
    reject: ({ detail }: { detail: string }) => tell(detail),
    emit: () => {},
    stdin: () => assert.fail(),
    records: () => assert.fail(),
  } as unknown as SourceContext
  const sinkWords = [url, '--protocol', 'auto', '--concurrency', '1', ...WAITS]
  const began = Date.now()
  const delay = monitorEventLoopDelay({ resolution: 10 })
  delay.enable()
  try {
    const sink = await write.create(inputOf(write, sinkWords), context)
    const source = { ...context, emit: (batch: Parameters<typeof sink.write>[0]) => sink.write(batch) }
    const scraping = scrape.run(inputOf(scrape, [target, '--every', '200ms', '--job', 'test']), source)
    await Promise.race([receiver.enough, sleep(longest, undefined, { ref: false }), scraping])
    stop.abort()
    await scraping
    await sink.end()
  } catch (error) {
    // What cannot be delivered in time, or is no URL, is told; anything else is a crash.
    if (!(error instanceof Problem)) throw error
    log.push(error.message)
  }
  delay.disable()
  return { sent: receiver.sent, log, began, ended: Date.now(), busy: delay.max / 1e6 }
}

class TwoReceiver {
  readonly sent: Sent[] = []
  readonly enough: Promise<void>
  #full: () => void = () => {}
  readonly #left: number[]

  constructor(private readonly script: readonly Step[]) {
    this.#left = script.map(({ times }) => times ?? Infinity)
    this.enough = new Promise((resolve) => (this.#full = resolve))
  }

  async take(
    request: AsyncIterable<Buffer> & { headers: IncomingHttpHeaders }, response: ServerResponse,
  ): Promise<void> {
    const ms = Date.now()
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const message = messageOf(request.headers, uncompressSync(Buffer.concat(chunks)) as Buffer)
    // Metadata of 1.0 travels in requests of its own, which the script does not mean.
    if (message.message.timeseries.length === 0) return void response.writeHead(204).end()
    const step = this.#step(String(request.headers['x-prometheus-remote-write-version']))
    const { status = 204, body = '', body_repeat: repeat, headers, delay_ms: delay = 0 } = step
    this.sent.push({ headers: request.headers, ms, status, ...message })
    if (this.sent.length >= ENOUGH) this.#full()
    if (delay > 0) return
    const text = repeat === undefined ? body : repeat.char.repeat(repeat.count)
    response.writeHead(status, { ...headers, ...written(step, status, message) }).end(status === 204 ? undefined : text)
  }

  #step(version: string): Step {
    const index = this.script.findIndex(
      ({ if_version_prefix: prefix = '' }, i) => this.#left[i] > 0 && version.startsWith(prefix),
    )
    const at = index < 0 ? this.script.length - 1 : index
    this.#left[at]--
    return this.script[at]
  }
}

function written({ written_headers: given }: Step, status: number, { message, version }: Pick<Sent, 'message' | 'version'>) {
  if (given === undefined && (status >= 300 || version === 1)) return {}
  const count = (kind: 'samples' | 'histograms' | 'exemplars') =>
    given?.[kind] ?? (given === undefined ? message.timeseries.reduce((sum, series) => sum + series[kind].length, 0) : 0)
  return {
    'x-prometheus-remote-write-samples-written': count('samples'),
    'x-prometheus-remote-write-histograms-written': count('histograms'),
    'x-prometheus-remote-write-exemplars-written': count('exemplars'),
  }
}

/** A request of either version, that of 1.0 with a table made of its strings. */
function messageOf(headers: IncomingHttpHeaders, bytes: Buffer): Pick<Sent, 'message' | 'version'> {
  if (String(headers['content-type']).includes('write.v2')) return { version: 2, message: decodeRequestMessage(bytes) }
  const symbols = ['']
  const { timeseries } = decodeMessage(bytes)
  const series = timeseries.map(({ labels, samples }) => ({
    labels_refs: labels.flatMap(({ name, value }) => [symbols.push(name) - 1, symbols.push(value) - 1]),
    samples: samples.map(({ value, timestamp }) => ({ value, timestamp })),
  }))
  const message: RequestMessage = decodeRequestMessage(encodeRequestMessage({ symbols, timeseries: series }))
  assert.ok(message.timeseries.every(({ labels_refs: refs }) => labelsAt(refs, symbols).length > 0))
  return { version: 1, message }
}
