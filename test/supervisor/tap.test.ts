// tap, top and ledger on a running pipeline: what is seen, and that looking changes nothing. The real programs.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { get, type IncomingMessage } from 'node:http'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { environment, ROOT, sh } from '../support/solder.js'
import { Supervised, until } from '../support/supervised.js'
import { temporary } from '../support/temporary.js'

// Many processes, on a machine that may have other work.
t.setTimeout(300_000)

const HOST = 'scrape host --every 100ms --collector loadavg'
const pipeline = (site: string) => `version: 1\npipes:\n  one: ${HOST} | relabel --set site=${site} | filter 'name == "node_load1"' | write file one.ndjson\n`

interface Line {
  name: string
  labels: { [name: string]: string }
}
const records = (text: string) => text.trim().split('\n').map((line) => JSON.parse(line) as Line)

t.test('every seam can be looked at, also inside of a process', async (t) => {
  const run = await new Supervised(t as Test, pipeline('a')).running()
  const tap = async (words: string) => {
    const ran = await sh(`solder tap --url ${await run.url()} ${words}`)
    t.same([ran.code, ran.stderr], [0, ''], words)
    return records(ran.stdout)
  }
  const [source, relabelled, filtered, sink, whole] = await Promise.all([
    tap('one.scrape-host --count 30'),
    tap(`one.relabel --count 30 --where 'labels.site == "a" && name != "up"'`),
    tap('one.filter --count 2'),
    tap('one.write-file --count 2'),
    tap('one --count 2'),
  ])
  t.notOk(source.some(({ labels }) => 'site' in labels))
  t.ok(relabelled.every(({ name, labels }) => labels.site === 'a' && name !== 'up'))
  for (const seen of [filtered, sink, whole]) t.same(seen.map(({ name }) => name), ['node_load1', 'node_load1'])
  t.equal(await run.stop(), 0)
})

t.test('what cannot be looked at is told, with what can', async (t) => {
  const run = await new Supervised(t as Test, pipeline('a')).running()
  const said = async (words: string) => {
    const { code, stderr } = await sh(`solder tap --url ${await run.url()} ${words}`)
    return `${code} ${stderr}`
  }
  t.match(await said('two'), /^2 .*no pipe 'two'; there are one/)
  t.match(await said('one.nothing'), /^2 .*no stage 'nothing' in 'one'; there are scrape-host, relabel, filter, write-file/)
  t.match(await said(`one --where 'nmae == "up"'`), /^2 .*where: .*nmae/)
  t.match(await said('one --sample'), /^2 .*--sample needs a rate/)
  const { code, stderr } = await sh('solder tap one --url http://127.0.0.1:1')
  t.match(`${code} ${stderr}`, /^75 [\s\S]*ECONNREFUSED[\s\S]*is 'solder run' running\?/)
})

t.test('a tap lives on over reloads and restarts', async (t) => {
  const run = await new Supervised(t as Test, pipeline('a')).running()
  const child = spawn(process.execPath, [`${ROOT}/bin/solder.js`, 'tap', 'one', '--url', await run.url()], { env: environment() })
  t.teardown(() => child.kill('SIGKILL'))
  let seen = ''
  child.stdout.on('data', (chunk: Buffer) => (seen += chunk.toString()))
  const shows = (site: string) => until(async () => seen.includes(`"site":"${site}"`) || undefined, `records of ${site}`)
  await shows('a')
  run.write(pipeline('b'))
  t.equal((await run.reload()).status, 200)
  await shows('b')
  process.kill((await run.pipe('one')).pid!, 'SIGKILL')
  await run.said(/starting it again/)
  const { length } = seen
  await until(async () => seen.length > length || undefined, 'records of another process')
  child.kill('SIGINT')
  const code = await new Promise((resolve) => child.on('close', resolve))
  t.equal(code, 0)
})

t.test('a slow one misses records of its own, and is told how many; nothing else changes', async (t) => {
  const folder = temporary(t)
  const count = 100_000
  const line = (i: number) => `{"type":"metric","name":"n","labels":{"i":"${i}"},"ts":"1","value":${i}}\n`
  writeFileSync(join(folder, 'a.ndjson'), Array.from({ length: count }, (_, i) => line(i)).join(''))
  // The records come when the tap is there.
  const run = await new Supervised(
    t as Test,
    `version: 1\npipes:\n  one: receive ndjson a.ndjson | exec sh -c 'while ! test -e go; do sleep 0.1; done; exec cat' | write file one.ndjson\n`,
    [],
    { folder },
  ).running()
  const url = `${await run.url()}/api/v1/tap?pipe=one`
  let seen = ''
  const asked = get(url)
  t.teardown(() => asked.destroy())
  const response = await new Promise<IncomingMessage>((resolve) => asked.on('response', resolve))
  const [attached] = (await once(response, 'data')) as [Buffer]
  t.equal(attached.toString(), ': attached\n\n')
  response.pause()
  writeFileSync(join(folder, 'go'), '')
  await until(async () => (await run.count('one', 'write-file')) === count || undefined, 'all of them, whoever looks on')
  response.on('data', (chunk: Buffer) => (seen += chunk.toString()))
  const told = () => {
    const missed = [...seen.matchAll(/event: missed\ndata: \{"records":(\d+)\}/g)].reduce((sum, [, one]) => sum + Number(one), 0)
    return missed + [...seen.matchAll(/^data: \{"type"/gm)].length
  }
  response.resume()
  await until(async () => told() === count || undefined, 'all that was seen or missed')
  t.match(seen, 'event: missed')
  t.equal(run.text('one.ndjson').split('\n').length - 1, count)
})

t.test('a rate, and records chosen at random', async (t) => {
  const run = await new Supervised(t as Test, pipeline('a')).running()
  const { code, stdout, stderr } = await sh(`solder tap one.relabel --rate 2 --sample --count 4 --url ${await run.url()}`)
  t.equal(code, 0)
  t.equal(records(stdout).length, 4)
  t.match(stderr, /records missed/)
})

t.test('top shows rates, ledger the balance', async (t) => {
  const run = await new Supervised(t as Test, pipeline('a')).running()
  const url = await run.url()
  const top = await sh(`solder top --once --every 1s --url ${url}`)
  t.equal(top.code, 0)
  t.match(top.stdout, /^stage +in\/s .*\none: running, cpu \d+ %, memory \d+ MiB\n {2}scrape-host .*\n {2}relabel .*\n {2}filter .*\n {2}write-file /)
  const ledger = await sh(`solder ledger --url ${url}`)
  t.same([ledger.code, ledger.stderr], [0, ''])
  t.match(ledger.stdout, /^one\nstage +in +made +out .*\nscrape-host .*\nrelabel .*\nfilter .*filter|filtered \d+\nwrite-file .*\n$/)
})
