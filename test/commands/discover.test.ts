// The discover commands as processes: files and answers that change while they run.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import t, { type Test } from 'tap'
import { serving } from '../support/client.js'
import { environment } from '../support/solder.js'
import { temporary } from '../support/temporary.js'

interface Running {
  child: ChildProcess
  /** The next line on stdout. */
  out(): Promise<string>
  /** The next line on stderr. */
  err(): Promise<string>
}

function running(t: Test, words: readonly string[]): Running {
  const child = spawn('solder', words, { env: environment(), stdio: ['ignore', 'pipe', 'pipe'] })
  t.teardown(() => child.kill('SIGKILL'))
  const reader = (stream: NodeJS.ReadableStream) => {
    const lines = createInterface(stream)[Symbol.asyncIterator]()
    return async () => String((await lines.next()).value)
  }
  return { child, out: reader(child.stdout), err: reader(child.stderr) }
}

async function stops(t: Test, { child }: Running): Promise<void> {
  child.kill('SIGTERM')
  t.same(await once(child, 'exit'), [0, null], 'SIGTERM ends it')
}

const target = (address: string, labels: string, state: string) =>
  `{"type":"target","labels":{"__address__":"${address}"${labels}},"state":"${state}"}`

t.test('discover file follows its files', async (t) => {
  const folder = temporary(t)
  const path = join(folder, 'a.yml')
  const write = (text: string) => {
    writeFileSync(join(folder, 'new'), text)
    renameSync(join(folder, 'new'), path)
  }
  const labels = `,"__meta_filepath":"${path}"`
  // An hour between two reads: what is seen is seen by watching.
  const stage = running(t, ['discover', 'file', join(folder, '*.yml'), '--every', '1h'])
  t.equal(await stage.err(), `solder discover file: ${folder}/*.yml: no file matches`)
  write('- targets: [a, b]')
  t.equal(await stage.out(), target('a', labels, 'present'))
  t.equal(await stage.out(), target('b', labels, 'present'))
  write('- targets: b')
  t.equal(await stage.err(), `solder discover file: ${path}:1:12: 'targets' is not a list`)
  write('- targets: [b]')
  t.equal(await stage.out(), target('a', labels, 'gone'))
  rmSync(path)
  t.equal(await stage.out(), target('b', labels, 'gone'))
  await stops(t, stage)
})

t.test('discover file waits for folders that are not there', async (t) => {
  const folder = temporary(t)
  const path = join(folder, 'later', 'a.json')
  const stage = running(t, ['discover', 'file', path, '--every', '1h'])
  t.equal(await stage.err(), `solder discover file: ${path}: no file matches`)
  const labels = `,"__meta_filepath":"${path}"`
  for (const address of ['a', 'b']) {
    mkdirSync(join(folder, 'later'))
    writeFileSync(path, `[{"targets":["${address}"]}]`)
    t.equal(await stage.out(), target(address, labels, 'present'))
    rmSync(join(folder, 'later'), { recursive: true })
    t.equal(await stage.out(), target(address, labels, 'gone'))
  }
  await stops(t, stage)
})

t.test('discover http asks again', async (t) => {
  const answers = [
    [200, '[{"targets":["a","b"]}]'],
    [500, 'no'],
    [200, '[{"targets":["b"]}]'],
  ] as const
  let asked = 0
  const url = await serving(t, (request, response) => {
    t.equal(request.headers.authorization, 'Bearer secret')
    const [status, body] = answers[Math.min(asked++, 2)]
    response.writeHead(status, { 'content-type': 'application/json' }).end(body)
  })
  const stage = running(t, ['discover', 'http', url, '--every', '1s', '--bearer', 'secret'])
  const labels = `,"__meta_url":"${url}"`
  t.equal(await stage.out(), target('a', labels, 'present'))
  t.equal(await stage.out(), target('b', labels, 'present'))
  t.equal(await stage.err(), `solder discover http: ${url}: status 500`)
  t.equal(await stage.out(), target('a', labels, 'gone'))
  await stops(t, stage)
})

t.test('discover http gives up an answer that does not come when it is stopped', async (t) => {
  let asked = () => {}
  const question = new Promise<void>((resolve) => (asked = resolve))
  const url = await serving(t, () => asked())
  const stage = running(t, ['discover', 'http', url, '--timeout', '1h'])
  await question
  await stops(t, stage)
  t.equal(await stage.err(), 'undefined', 'without a complaint')
})
