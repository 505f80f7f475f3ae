// Reloads of a running pipeline: as a whole or not at all, and no client notices. The real program under load.

import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { Agent, createServer as createHttpServer, request } from 'node:http'
import { join } from 'node:path'
import { compressSync } from 'snappy'
import t, { type Test } from 'tap'
import { listening } from '../support/client.js'
import { encodeMessage } from '../support/remote_write.js'
import { environment, ROOT } from '../support/solder.js'
import { gone, Supervised, until } from '../support/supervised.js'
import { temporary } from '../support/temporary.js'

// Many processes, on a machine that may have other work.
t.setTimeout(600_000)

const HOST = 'scrape host --every 100ms --collector loadavg'
const two = (site: string, more = '') =>
  `version: 1\npipes:\n  one: ${HOST} | relabel --set site=${site} | write file one.ndjson\n  two: ${HOST} | write file two.ndjson\n${more}`

t.test('what changed is started anew, what did not keeps its process', async (t) => {
  const run = await new Supervised(t as Test, two('a')).running()
  const [one, other] = [await run.pipe('one'), await run.pipe('two')]
  run.write(two('b', `  three: ${HOST} | write file three.ndjson\n`))
  const { status, text } = await run.reload()
  t.equal(status, 200)
  t.same(JSON.parse(text), { started: ['one', 'three'], stopped: ['one'], unchanged: ['two'] })
  t.not((await run.pipe('one')).pid, one.pid)
  t.equal((await run.pipe('two')).pid, other.pid)
  await gone([one.pid!])
  await until(async () => /"site":"b"/.test(run.text('one.ndjson')) || undefined, 'the new one')
  // A comment, another order: the same pipeline.
  run.write(`# nothing new\n${two('b', `  three: ${HOST} | write file three.ndjson\n`).replace('version: 1\n', '')}version: 1\n`)
  t.same(JSON.parse((await run.reload()).text), { started: [], stopped: [], unchanged: ['one', 'two', 'three'] })
  run.write(two('b'))
  t.same(JSON.parse((await run.reload()).text), { started: [], stopped: ['three'], unchanged: ['one', 'two'] })
})

t.test('a mistake changes nothing, and is told to whoever asked and in the log; SIGHUP takes the file that is right', async (t) => {
  const run = await new Supervised(t as Test, two('a')).running()
  const before = [(await run.pipe('one')).pid, (await run.pipe('two')).pid]
  run.write(two('b').replace('write file two', 'write fiel two'))
  const { status, text } = await run.reload()
  t.equal(status, 422)
  t.match(text, /solder\.yaml:4:.*unknown kind 'fiel'[\s\S]*did you mean 'file'\?/)
  await run.said(/^not reloaded, nothing has changed:\n.*fiel/)
  t.same([(await run.pipe('one')).pid, (await run.pipe('two')).pid], before)
  t.equal((await run.fetch('/-/ready')).status, 200)
  run.write(two('b'))
  run.signal('SIGHUP')
  await run.said(/^reloaded: started one/)
  t.not((await run.pipe('one')).pid, before[0])
  t.match((await run.fetch('/metrics')).text, /solder_reloads_total\{result="failure"\} 1/)
})

t.test('what cannot be started is no reload: what was stopped for it runs again', async (t) => {
  const run = await new Supervised(t as Test, two('a')).running()
  const before = [(await run.pipe('one')).pid, (await run.pipe('two')).pid]
  run.write(two('b').replace('write file one.ndjson', 'write file /dev/null/x'))
  const { status, text } = await run.reload()
  t.same([status, /cannot start one: .*\/dev\/null\/x/.test(text)], [422, true])
  const one = await run.pipe('one')
  t.equal(one.state, 'running')
  t.not(one.pid, before[0], 'it had to make room')
  t.equal((await run.pipe('two')).pid, before[1])
  const lines = run.text('one.ndjson').length
  await until(async () => run.text('one.ndjson').length > lines || undefined, 'more of the old one')
  t.notMatch(run.text('one.ndjson'), '"site":"b"')
})

t.test('rules of a filter are part of its pipe', async (t) => {
  const folder = temporary(t)
  const rules = join(folder, 'rules.yaml')
  writeFileSync(rules, '- target_label: site\n  replacement: a\n')
  const run = await new Supervised(t as Test, `version: 1\npipes:\n  one: ${HOST} | relabel rules.yaml | write file one.ndjson\n`, [], { folder }).running()
  writeFileSync(rules, '- target_label: site\n  replacement: b\n')
  t.match(JSON.parse((await run.reload()).text), { started: ['one'] })
  await until(async () => /"site":"b"/.test(run.text('one.ndjson')) || undefined, 'the new rules')
})

t.test('so are those that a source and a sink read at their start, which --watch looks at too', async (t) => {
  const folder = temporary(t)
  const rules = (file: string, site: string) => writeFileSync(join(folder, file), `- target_label: site\n  replacement: ${site}\n`)
  for (const file of ['scraped.yaml', 'sent.yaml']) rules(file, 'a')
  const target = createHttpServer((_, response) => response.setHeader('content-type', 'text/plain').end('m 1\n'))
  const receiver = createHttpServer((asked, response) => {
    asked.resume()
    response.writeHead(204).end()
  })
  const [from, to] = await Promise.all([target, receiver].map((server) => listening(t, server)))
  const scrape = `scrape http://${from}/metrics --every 100ms`
  const run = await new Supervised(
    t as Test,
    `version: 1
pipes:
  source: ${scrape} --metric-relabel scraped.yaml | write file source.ndjson
  sink: ${scrape} | write prometheus http://${to}/ --write-relabel sent.yaml
  neither: ${scrape} | write file neither.ndjson
`,
    ['--watch'],
    { folder },
  ).running()
  const { pid } = await run.pipe('neither')
  rules('scraped.yaml', 'b')
  await run.said(/^reloaded: started source; stopped source; unchanged sink, neither$/)
  await until(async () => /"site":"b"/.test(run.text('source.ndjson')) || undefined, 'the new rules')
  writeFileSync(join(folder, 'sent.yaml'), '- target_lable: site\n')
  await run.said(/^not reloaded, nothing has changed:\n.*sent\.yaml:1/)
  rules('sent.yaml', 'b')
  await run.said(/^reloaded: started sink; stopped sink; unchanged source, neither$/)
  t.equal((await run.pipe('neither')).pid, pid)
})

t.test('--watch takes up what is written', async (t) => {
  const run = await new Supervised(t as Test, two('a'), ['--watch']).running()
  run.write(two('b'))
  await run.said(/^reloaded: started one/)
  run.write('version: 1\npipes: {}\n')
  await run.said(/^not reloaded/)
  run.write(two('c'))
  await until(async () => /"site":"c"/.test(run.text('one.ndjson')) || undefined, 'the last one')
})

t.test('--watch looks at what a pipeline names that could not be taken', async (t) => {
  const run = await new Supervised(t as Test, two('a'), ['--watch']).running()
  const named = (file: string) => `version: 1\npipes:\n  one: ${HOST} | relabel ${file} | write file one.ndjson\n`
  const rules = (text: string) => writeFileSync(join(run.folder, 'rules.yaml'), text)
  run.write(named('rules.yaml'))
  await run.said(/^not reloaded, nothing has changed:\n.*rules\.yaml: no such file/)
  rules('- target_lable: site\n')
  await run.said(/^not reloaded, nothing has changed:\n.*rules\.yaml:1/)
  rules('- target_label: site\n  replacement: d\n')
  await until(async () => /"site":"d"/.test(run.text('one.ndjson')) || undefined, 'the rules that were mended')
})

/** Clients that send, one request after the other, until they are told to stop. */
class Load {
  sent = 0
  readonly wrong: string[] = []
  #stopped = false
  readonly #clients: Promise<void>[]

  constructor(url: string, clients: number) {
    this.#clients = Array.from({ length: clients }, (_, i) => this.#client(url, i))
  }

  async stop(): Promise<void> {
    this.#stopped = true
    await Promise.all(this.#clients)
  }

  /** Some keep their connection, others make one for each request. */
  async #client(url: string, id: number): Promise<void> {
    const agent = new Agent({ keepAlive: id % 2 === 0, maxSockets: 1 })
    for (let n = 0; !this.#stopped; n++) {
      const labels = [{ name: '__name__', value: 'm' }, { name: 'id', value: `${id}-${n}` }]
      const body = compressSync(encodeMessage({ timeseries: [{ labels, samples: [{ value: n, timestamp: 1 }] }] })) as Buffer
      const said = await post(url, agent, body).catch((error: Error) => error.message)
      if (said === 204) this.sent++
      else this.wrong.push(`${id}-${n}: ${said}`)
    }
    agent.destroy()
  }
}

function post(url: string, agent: Agent, body: Buffer): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/x-protobuf', 'content-encoding': 'snappy', 'content-length': body.length }
    const asked = request(url, { method: 'POST', agent, headers }, (response) => {
      response.resume()
      response.on('end', () => resolve(response.statusCode!))
      response.on('error', reject)
    })
    asked.on('error', reject)
    asked.end(body)
  })
}

t.test('20 reloads under load: no request fails, and every record arrives, once', async (t) => {
  const pipeline = (n: number) =>
    `version: 1\npipes:\n  in: receive prometheus --listen 127.0.0.1:0 | relabel --set n=${n} | write file out.ndjson\n`
  const run = await new Supervised(t as Test, pipeline(0)).running()
  const { message } = await run.said(/^listening on /)
  const load = new Load(message.replace('listening on ', ''), 6)
  for (let n = 1; n <= 20; n++) {
    const before = load.sent
    run.write(pipeline(n))
    t.match(await run.reload(), { status: 200 }, `reload ${n}`)
    await until(async () => load.sent >= before + 10 || load.wrong.length > 0 || undefined, 'requests')
  }
  await load.stop()
  t.same(load.wrong, [], 'no request failed')
  t.equal(await run.stop(), 0)
  const records = run.text('out.ndjson').trim().split('\n').map((line) => (JSON.parse(line) as { labels: { id: string; n: string } }).labels)
  t.equal(records.length, load.sent, 'as many as were answered')
  t.equal(new Set(records.map(({ id }) => id)).size, load.sent, 'each once')
  t.equal(new Set(records.map(({ n }) => n)).size, 21, 'by every pipeline that there was')
  t.equal(new Set(run.log.filter(({ message }) => /^listening on/.test(message)).map(({ message }) => message)).size, 1, 'one address all the time')
})

t.test('a killed server: connections wait for the next one', async (t) => {
  const run = await new Supervised(t as Test, 'version: 1\npipes:\n  in: receive prometheus --listen 127.0.0.1:0 | write file out.ndjson\n').running()
  const url = (await run.said(/^listening on /)).message.replace('listening on ', '')
  process.kill((await run.pipe('in')).pid!, 'SIGKILL')
  await run.said(/was ended by SIGKILL/)
  const labels = [{ name: '__name__', value: 'm' }]
  const body = compressSync(encodeMessage({ timeseries: [{ labels, samples: [{ value: 1, timestamp: 1 }] }] })) as Buffer
  t.equal(await post(url, new Agent(), body), 204, 'refused by nobody')
  await until(async () => run.text('out.ndjson') !== '' || undefined, 'the record')
})

t.test('connections that a server dies with, before or after it has them, have an end', async (t) => {
  const run = await new Supervised(t as Test, 'version: 1\npipes:\n  in: receive prometheus --listen 127.0.0.1:0 | write file out.ndjson\n').running()
  const url = (await run.said(/^listening on /)).message.replace('listening on ', '')
  const { pid } = await run.pipe('in')
  const body = compressSync(encodeMessage({ timeseries: [] })) as Buffer
  t.equal(await post(url, new Agent(), body), 204)
  // It is handed connections and takes none of them.
  process.kill(pid!, 'SIGSTOP')
  const asked = [1, 2, 3].map(() => post(url, new Agent(), body).then(() => 'answered', (error: NodeJS.ErrnoException) => error.code))
  await run.fetch('/-/healthy')
  process.kill(pid!, 'SIGKILL')
  for (const code of await Promise.all(asked)) t.match(code, /^(answered|ECONNRESET)$/)
  await run.said(/was ended by SIGKILL/)
  t.equal(await post(url, new Agent(), body), 204, 'the next one answers')
})

t.test('sockets that systemd hands over are listened on', async (t) => {
  const server: Server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  const folder = temporary(t)
  writeFileSync(join(folder, 'solder.yaml'), `version: 1\npipes:\n  in: receive prometheus --listen 127.0.0.1:${port} | write file out.ndjson\n`)
  const script = `LISTEN_PID=$$ LISTEN_FDS=1 exec ${process.execPath} ${ROOT}/bin/solder.js run solder.yaml --http off`
  const { fd } = (server as unknown as { _handle: { fd: number } })._handle
  const child = spawn('sh', ['-c', script], { cwd: folder, env: environment(), stdio: ['ignore', 'ignore', 'pipe', fd] })
  server.close()
  t.teardown(() => child.kill('SIGKILL'))
  let log = ''
  child.stderr!.on('data', (chunk: Buffer) => (log += chunk.toString()))
  await until(async () => /"running in"/.test(log) || undefined, 'the pipe')
  t.match(log, `listening sockets handed over: 127.0.0.1:${port}`)
  const labels = [{ name: '__name__', value: 'm' }]
  const body = compressSync(encodeMessage({ timeseries: [{ labels, samples: [{ value: 1, timestamp: 1 }] }] })) as Buffer
  t.equal(await post(`http://127.0.0.1:${port}/api/v1/write`, new Agent(), body), 204)
})

t.test('systemd is told what happens', async (t) => {
  const folder = temporary(t)
  // Stands in for systemd's own program, and keeps what it was told.
  writeFileSync(join(folder, 'systemd-notify'), '#!/bin/sh\necho "$@" >> told\n', { mode: 0o755 })
  const env = { NOTIFY_SOCKET: '/run/nobody', PATH: `${folder}:${process.env.PATH}` }
  const run = await new Supervised(t as Test, two('a'), [], { folder, env }).running()
  await until(async () => run.text('told').includes('--ready') || undefined, 'ready')
  t.equal((await run.reload()).status, 200)
  await run.stop()
  t.same(run.text('told').trim().split('\n'), ['--ready --status=running 2 pipes', '--reloading', '--ready', '--stopping'])
})
