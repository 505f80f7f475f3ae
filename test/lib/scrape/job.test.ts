// Scraping real servers: what they are asked, and what becomes of slow, broken, huge and vanished ones.

import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import { gzipSync } from 'node:zlib'
import t, { type Test } from 'tap'
import type { Account, SourceContext } from '../../../lib/component.js'
import { Problem } from '../../../lib/diag/problem.js'
import { systemClock } from '../../../lib/io/clock.js'
import { BodyBuffers } from '../../../lib/net/buffers.js'
import { CLIENT_OPTIONS } from '../../../lib/net/options.js'
import type { OptionTable, OptionValues } from '../../../lib/option/table.js'
import { defaultValue } from '../../../lib/option/value.js'
import type { Batch } from '../../../lib/record/batch.js'
import { getLabel, labelsOfObject } from '../../../lib/record/labels.js'
import { foundOfUrl } from '../../../lib/scrape/found.js'
import { ScrapeJob } from '../../../lib/scrape/job.js'
import { SCRAPE_OPTIONS } from '../../../lib/scrape/options.js'
import { listening, serving } from '../../support/client.js'
import { start } from '../../support/running.js'
import { sh } from '../../support/solder.js'

const TABLE = { ...SCRAPE_OPTIONS, ...CLIENT_OPTIONS } as const satisfies OptionTable
type Options = OptionValues<typeof TABLE>

interface Sample {
  name: string
  instance: string
  ts: string
  value: number | undefined
  stale: boolean
}

/** A job whose output is kept, and waited for. */
class Bench {
  readonly samples: Sample[] = []
  readonly log: string[] = []
  readonly stop = new AbortController()
  readonly dropped = new Map<string, number>()
  readonly account: Account = {
    in: 0, made: 0, out: 0, in_bytes: 0, out_bytes: 0, dropped: this.dropped,
    drop: (reason, count) => void this.dropped.set(reason, count),
  }
  job!: ScrapeJob
  /** Holds back what is emitted. */
  hold: Promise<void> | undefined
  #wake: () => void = () => {}

  static async of(t: Test, options: Partial<Options>): Promise<Bench> {
    const bench = new Bench()
    const defaults = Object.fromEntries(Object.entries(TABLE).map(([key, spec]) => [key, defaultValue(spec)]))
    bench.job = await ScrapeJob.open({ ...(defaults as unknown as Options), every: 1000, timeout: 1000, ...options }, bench.context(), [])
    t.teardown(() => bench.end())
    return bench
  }

  context(): SourceContext {
    const note = (message: string) => void this.log.push(message)
    return {
      stage: 'scrape',
      clock: systemClock,
      log: { debug: note, info: note, warn: note, error: note },
      account: this.account,
      signal: this.stop.signal,
      reject: () => {},
      emit: (batch) => this.#take(batch),
      stdin: () => { throw new Error('not read here') },
      records: () => { throw new Error('not read here') },
      lines: () => { throw new Error('not read here') },
    }
  }

  #take(batch: Batch): void | Promise<void> {
    for (let row = 0; row < batch.length; row++) {
      const id = batch.id(row)!
      if (id.type !== 'metric') continue
      const { ts, value, stale } = batch.payload(row)
      const sample = { name: id.name, instance: getLabel(id.labels, 'instance'), ts: ts!, value: value as number | undefined, stale: stale === true }
      this.samples.push(sample)
    }
    this.#wake()
    return this.hold
  }

  add(address: string, more: { [name: string]: string } = {}): void {
    this.job.present({ labels: labelsOfObject({ __address__: address, ...more }) })
  }

  /** Waits until the samples so far satisfy the condition. */
  async until(condition: (samples: Sample[]) => boolean): Promise<void> {
    while (!condition(this.samples)) await new Promise<void>((resolve) => (this.#wake = resolve))
  }

  of(name: string, instance?: string): Sample[] {
    return this.samples.filter((sample) => sample.name === name && (instance === undefined || sample.instance === instance))
  }

  async end(): Promise<void> {
    this.stop.abort()
    await this.job.finished()
    await this.job.close()
  }
}

// They wait more than they work.
t.jobs = 16

const hostOf = (url: string) => url.slice('http://'.length)
const plain = { 'content-type': 'text/plain; version=0.0.4' }

const metrics = (body: () => string): RequestListener => (_, response) => void response.writeHead(200, plain).end(body())

/** Scrapes once. */
async function scraped(t: Test, listener: RequestListener, options: Partial<Options> = {}): Promise<Bench> {
  const bench = await Bench.of(t, { once: true, every: 60_000, timeout: 10_000, ...options })
  bench.add(hostOf(await serving(t, listener)))
  await bench.job.finished()
  return bench
}

t.test('what a target is asked for', async (t) => {
  const seen: { [name: string]: unknown }[] = []
  const listener: RequestListener = (request, response) => {
    seen.push({ url: request.url, ...request.headers })
    response.writeHead(200, { 'content-type': 'text/plain', 'content-encoding': 'gzip' }).end(gzipSync('a 1\n'))
  }
  const bench = await scraped(t, listener, { params: ['module=x', 'module=y z'] })
  t.equal(bench.of('a')[0].value, 1)
  t.equal(seen[0].url, '/metrics?module=x&module=y+z')
  t.equal(seen[0]['accept-encoding'], 'gzip')
  t.equal(seen[0]['x-prometheus-scrape-timeout-seconds'], '10')
  t.match(seen[0]['user-agent'], /^solder\//)
  t.equal(
    seen[0].accept,
    'application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,' +
      'text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2',
  )
  await scraped(t, listener, { native_histograms: true, compression: false, name_validation_scheme: 'legacy' })
  t.match(seen[1].accept, /^application\/vnd\.google\.protobuf;proto=io\.prometheus\.client\.MetricFamily;encoding=delimited;q=0\.6,.*escaping=underscores/)
  t.equal(seen[1]['accept-encoding'], 'identity')
  await scraped(t, listener, { scrape_protocols: ['PrometheusText0.0.4'] })
  t.equal(seen[2].accept, 'text/plain;version=0.0.4;q=0.6,*/*;q=0.5')
})

t.test('credentials of a URL are sent, and never shown', async (t) => {
  let authorization: string | undefined
  const url = await serving(t, (request, response) => {
    authorization = request.headers.authorization
    response.writeHead(500).end()
  })
  const bench = await Bench.of(t, { once: true, every: 60_000, timeout: 10_000 })
  bench.job.present(foundOfUrl(url.replace('//', '//me:pa%20ss@')))
  await bench.job.finished()
  t.equal(authorization, `Basic ${Buffer.from('me:pa ss').toString('base64')}`)
  t.equal(bench.of('up', hostOf(url))[0].value, 0)
  t.strictSame(bench.log, [`${url}/metrics: server returned HTTP status 500 Internal Server Error`])
})

t.test('formats: by Content-Type, else the fallback, else failure', async (t) => {
  const served = (type: string | undefined): RequestListener => (_, response) => {
    response.writeHead(200, type === undefined ? {} : { 'content-type': type }).end('a_total 1\n# EOF\n')
  }
  t.equal((await scraped(t, served('application/openmetrics-text; version=1.0.0'))).of('a_total').length, 1)
  const bench = await scraped(t, served(undefined))
  t.strictSame([bench.of('a_total').length, bench.of('up')[0].value], [0, 0])
  t.match(bench.log[0], /blank Content-Type/)
  t.equal((await scraped(t, served(undefined), { fallback_scrape_protocol: 'OpenMetricsText1.0.0' })).of('a_total').length, 1)
})

t.test('a target that hangs, one that dribbles and one that is huge delay no other', async (t) => {
  const hanging = hostOf(await serving(t, () => {}))
  const dribbling = hostOf(await serving(t, (_, response) => void response.writeHead(200, plain).write('a 1\n')))
  const huge = hostOf(await serving(t, (_, response) => {
    response.writeHead(200, plain)
    const more = () => { while (!response.destroyed && response.write(`# ${'x'.repeat(1 << 16)}\n`)); }
    response.on('drain', more)
    more()
  }))
  const healthy = hostOf(await serving(t, metrics(() => 'a 1\n')))
  const addAll = (bench: Bench) => [hanging, dribbling, huge, healthy].forEach((address) => bench.add(address))
  const patient = await Bench.of(t, { once: true, every: 3_600_000, timeout: 3_600_000, body_size_limit: 1 << 24 })
  addAll(patient)
  await patient.until(() => patient.of('up', healthy).length === 1 && patient.of('up', huge).length === 1)
  t.strictSame([patient.of('up', hanging), patient.of('up', dribbling)], [[], []], 'still waiting for them')
  const bench = await Bench.of(t, { body_size_limit: 1 << 20 })
  addAll(bench)
  await bench.until(() => [hanging, dribbling, huge, healthy].every((address) => bench.of('up', address).length >= 3))
  t.equal(bench.of('up').filter(({ value }) => value === 1).length, bench.of('a', healthy).length)
})

t.test('time is up: the target is down, and its series stale', async (t) => {
  let slow = false
  const bench = await Bench.of(t, { every: 1000, timeout: 500 })
  bench.add(hostOf(await serving(t, (_, response) => void (slow || response.writeHead(200, plain).end('a 1\n')))))
  await bench.until(() => bench.of('a').length > 0)
  slow = true
  await bench.until(() => bench.of('up').some(({ value }) => value === 0))
  const stale = bench.of('a').at(-1)!
  t.ok(stale.stale)
  t.equal(stale.ts, bench.of('up').find(({ value }) => value === 0)!.ts, 'the marker has the time of the scrape that failed')
  t.match(bench.log[0], /within 500ms/)
  slow = false
  const before = bench.samples.length
  await bench.until(() => bench.samples.length > before && bench.of('a').at(-1)!.stale === false)
  t.match(bench.log.at(-1), /up again/)
})

t.test('a series that goes gets a marker', async (t) => {
  let body = 'a 1\nb 1\n'
  const bench = await Bench.of(t, {})
  bench.add(hostOf(await serving(t, metrics(() => body))))
  await bench.until(() => bench.of('b').length > 0)
  body = 'a 2\n'
  await bench.until(() => bench.of('b').at(-1)!.stale)
  t.notOk(bench.of('a').some(({ stale, ts }) => stale && ts === bench.of('b').at(-1)!.ts))
})

t.test('a target that goes gets markers, one that moves or comes back does not', async (t) => {
  const address = hostOf(await serving(t, metrics(() => 'a 1\n')))
  const labels = labelsOfObject({ __address__: address })
  const bench = await Bench.of(t, {})
  bench.add(address)
  await bench.until(() => bench.of('a').length > 0)
  bench.job.gone(labels, false, 0)
  bench.add(address)
  const before = bench.of('a').length
  await bench.until(() => bench.of('a').length > before + 4)
  t.notOk(bench.samples.some(({ stale }) => stale), 'it came back')
  bench.job.gone(labels, true, 0)
  await bench.job.finished()
  t.notOk(bench.samples.some(({ stale }) => stale), 'it moved')
  bench.add(address)
  const again = bench.of('a').length
  await bench.until(() => bench.of('a').length > again)
  bench.job.gone(labels, false, 0)
  await bench.job.finished()
  for (const name of ['a', 'up', 'scrape_series_added']) {
    const last = bench.of(name).at(-1)!
    t.ok(last.stale, name)
    t.ok(BigInt(last.ts) > BigInt(bench.of(name).at(-2)!.ts))
  }
})

t.test('a successor under another address keeps the series alive', async (t) => {
  const old = hostOf(await serving(t, metrics(() => 'a 1\nb 1\n')))
  const young = hostOf(await serving(t, metrics(() => 'a 2\n')))
  const bench = await Bench.of(t, {})
  bench.add(old, { instance: 'pod' })
  await bench.until(() => bench.of('b').length > 0)
  bench.job.gone(labelsOfObject({ __address__: old, instance: 'pod' }), false, 0)
  bench.add(young, { instance: 'pod' })
  await bench.until(() => bench.of('b').at(-1)!.stale)
  const end = bench.of('b').at(-1)!.ts
  t.strictSame(bench.samples.filter(({ stale, ts }) => stale && ts === end).map(({ name }) => name), ['b'])
})

t.test('one target found twice is scraped once, until both are gone', async (t) => {
  let scrapes = 0
  const address = hostOf(await serving(t, metrics(() => `a ${++scrapes}\n`)))
  const found = (origin: string) => ({ labels: labelsOfObject({ __address__: address, __meta_origin: origin }) })
  const bench = await Bench.of(t, {})
  bench.job.present(found('x'))
  bench.job.present(found('y'))
  bench.job.present(found('y'))
  await bench.until(() => bench.of('a').length >= 2)
  t.equal(bench.of('up').length, scrapes)
  bench.job.gone(found('x').labels, false, 0)
  const before = scrapes
  await bench.until(() => scrapes > before + 3)
  bench.job.gone(found('y').labels, false, 0)
  await bench.job.finished()
  t.ok(bench.of('a').at(-1)!.stale)
})

t.test('bodies that are too large, bombs and endless ones', async (t) => {
  const bomb = gzipSync(Buffer.alloc(16 << 20, 'x'))
  const listeners: { [name: string]: RequestListener } = {
    large: metrics(() => 'a 1\n'.repeat(1000)),
    bomb: (_, response) => void response.writeHead(200, { ...plain, 'content-encoding': 'gzip' }).end(bomb),
    endless: (_, response) => {
      response.writeHead(200, plain)
      const more = () => { while (!response.destroyed && response.write('a 1\n'.repeat(1000))); }
      response.on('drain', more)
      more()
    },
  }
  for (const [name, listener] of Object.entries(listeners)) {
    const bench = await scraped(t, listener, { body_size_limit: 1024, extra_metrics: true })
    t.equal(bench.of('up')[0].value, 0, name)
    t.equal(bench.of('scrape_body_size_bytes')[0].value, -1)
    t.match(bench.log[0], /body size limit exceeded \(body_size_limit: 1024\)/)
  }
})

t.test('target_limit fails every scrape, and lets them be when there are fewer again', async (t) => {
  const a = hostOf(await serving(t, metrics(() => 'a 1\n')))
  const b = hostOf(await serving(t, metrics(() => 'a 1\n')))
  const bench = await Bench.of(t, { target_limit: 1 })
  bench.add(a)
  bench.add(b)
  await bench.until(() => bench.of('up', a).length > 0 && bench.of('up', b).length > 0)
  t.strictSame(new Set(bench.of('up').map(({ value }) => value)), new Set([0]))
  t.match(bench.log[0], /target_limit exceeded \(number of targets: 2, limit: 1\)/)
  bench.job.gone(labelsOfObject({ __address__: b }), true, 0)
  await bench.until(() => bench.of('up', a).at(-1)!.value === 1)
})

t.test('a slow reader slows the source, and nothing piles up', async (t) => {
  let scrapes = 0
  const bench = await Bench.of(t, { every: 100, timeout: 100 })
  const addresses = await Promise.all([1, 2, 3].map(() => serving(t, metrics(() => `a ${++scrapes}\n`))))
  for (const url of addresses) bench.add(hostOf(url))
  await bench.until(() => bench.of('a').length >= 6)
  let release = () => {}
  bench.hold = new Promise((resolve) => (release = resolve))
  await bench.until((samples) => samples.length > 0)
  const before = scrapes
  // Ten ticks of each target.
  await systemClock.sleep(1000)
  t.ok(scrapes - before <= 2 * addresses.length, `${scrapes - before} scrapes while nobody reads`)
  bench.hold = undefined
  release()
  const held = scrapes
  await bench.until(() => scrapes > held + 3)
})

t.test('samples that cannot be taken are counted', async (t) => {
  const bench = await scraped(t, metrics(() => `a 1\na 2\nb 1 ${Date.now() + 3_600_000}\n`))
  t.strictSame([...bench.dropped], [['duplicate', 1], ['out_of_bounds', 1]])
  t.equal(bench.of('a').length, 1)
})

t.test('bytes of bodies are counted', async (t) => {
  const bench = await scraped(t, metrics(() => 'a 1\nb 1\n'))
  t.equal(bench.account.in_bytes, 8)
})

t.test('options that contradict are refused together', async (t) => {
  const rejected = Bench.of(t, { timeout: 2000, params: ['x'], scrape_protocols: ['Promtext'], metric_relabel: '/does/not/exist' })
  await t.rejects(rejected, { message: /--timeout.*--params.*--scrape-protocols.*--metric-relabel/ })
})

t.test('targets that cannot be', async (t) => {
  for (const text of ['http://', '', 'ftp://h/x', 'http://u:secret@/x']) {
    t.throws(() => foundOfUrl(text), Problem)
    t.throws(() => foundOfUrl(text), { message: /^not a target: '[^']*'$/ })
  }
  t.notMatch((() => { try { foundOfUrl('http://u:secret@/x'); return '' } catch (error) { return (error as Error).message } })(), /secret/)
  t.strictSame(foundOfUrl('h:1').labels, ['__address__', 'h:1'])
  const found = foundOfUrl('https://h:443/a%20b?x=1&x=2')
  t.strictSame(found.labels, labelsOfObject({ __address__: 'h:443', __scheme__: 'https', __metrics_path__: '/a b' }))
  t.strictSame([...found.params!], [['x', ['1', '2']]])
})

t.test('body buffers come back once, and only those that were given', async (t) => {
  const buffers = new BodyBuffers()
  const first = buffers.take(100_000)
  buffers.give(first.subarray(0, 10))
  buffers.give(first)
  const second = buffers.take(90_000)
  t.equal(second.buffer, first.buffer)
  t.not(buffers.take(90_000).buffer, first.buffer, 'not twice')
  buffers.give(Buffer.from('somebody else\'s'))
  buffers.give(second)
  t.not(buffers.take(1000).buffer, first.buffer, 'not for something much smaller')
})

t.test('buffers that nobody needed for long are let go of', async (t) => {
  const buffers = new BodyBuffers()
  const burst = Array.from({ length: 10 }, () => buffers.take(10_000))
  for (const buffer of burst) buffers.give(buffer)
  const before = new Set(burst.map(({ buffer }) => buffer))
  for (let i = 0; i < 3000; i++) buffers.give(buffers.take(10_000))
  const after = Array.from({ length: 10 }, () => buffers.take(10_000))
  t.equal(after.filter(({ buffer }) => before.has(buffer)).length, 1)
})

t.test('the command: targets on stdin, once and on and on', async (t) => {
  const address = await listening(t, createServer(metrics(() => 'a 1\n')))
  const record = (more: string) => `{"type":"target","labels":{"__address__":"${address}","job":"j"}${more}}\n`
  const once_ = await sh('solder scrape --once --ledger', { stdin: `${record('')}{"type":"target","labels":{}}\n{"type":"target","labels":{},"state":"lost"}\n` })
  t.equal(once_.code, 1, 'a record was rejected')
  t.match(once_.stdout, `{"type":"metric","name":"a","labels":{"instance":"${address}","job":"j"},"ts":`)
  t.match(once_.stderr, /stdin:2|no address/)
  t.match(once_.stderr, /"dropped":\{"bad_target":2,"consumed":1\}|"dropped":\{"consumed":1,"bad_target":2\}/)
  const all = await sh(`solder scrape ${address} --once --label site=eu`)
  t.equal(all.code, 0)
  t.match(all.stdout, /"labels":\{"instance":"[^"]*","job":"scrape","site":"eu"\}/)
  const down = await sh('solder scrape 127.0.0.1:1 --once')
  t.equal(down.code, 1)
  t.match(down.stdout, /"name":"up",.*"value":0/)
})

t.test('stdin ends, the targets are scraped on, and SIGTERM ends without markers', async (t) => {
  let scrapes = 0
  const server = createServer(metrics(() => 'a 1\n'))
  server.on('request', () => scrapes++)
  const address = await listening(t, server)
  const running = start(`solder discover static ${address} | solder scrape --every 1s`)
  while (scrapes < 3) await once(server, 'request')
  const { code, stdout } = await running.stop()
  t.equal(code, 0)
  t.match(stdout, /"name":"a"/)
  t.notMatch(stdout, /stale/)
})
