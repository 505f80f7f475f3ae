// ledger, and whether the accounts of real pipes add up: every stage, what it drops, what it refuses, how it ends.

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { parseEntry } from '../../lib/ledger/ledger.js'
import { bodyOf, serving } from '../support/client.js'
import { type Ran, sh } from '../support/solder.js'

// Many processes, on a machine that may have other work.
t.setTimeout(120_000)

const EXPOSITION = '# HELP a What.\n# TYPE a counter\na{x="1"} 1\na{x="2"} 2\nb 3\n'
const sample = (n: number) =>
  `{"type":"metric","name":"n","labels":{"i":"${n % 7}"},"ts":"${1763804400000000000n + BigInt(n)}","value":${n}}\n`
const MIXED =
  Array.from({ length: 50 }, (_, n) => sample(n)).join('') +
  'not a record\n{"type":"log","ts":"1","body":"b"}\n{"type":"metadata","name":"n","kind":"gauge"}\n' +
  '{"type":"metadata","name":"n","kind":"gauge"}\n{"type":"metric","name":"n","ts":"1"}\n'

/** Runs a pipe with an account of each stage, and adds them up. */
async function account(t: Test, stages: readonly string[], stdin = ''): Promise<Ran & { accounts: string[] }> {
  const folder = t.testdir({ mixed: MIXED, exposition: EXPOSITION, bad: 'a{ 1\n', 'urls.json': '[]' })
  const files = stages.map((_, i) => `${i}.json`)
  const pipe = stages.map((stage, i) => `${stage} --ledger 2> ${files[i]}`).join(' | ')
  await sh(pipe, { cwd: folder, stdin })
  const accounts = files.map((file) => readFileSync(join(folder, file), 'utf8'))
  const ran = await sh(`solder ledger --settled ${files.join(' ')}`, { cwd: folder })
  t.equal(ran.code, 0, `${stages.join(' | ')}\n${ran.stdout}${ran.stderr}`)
  return { ...ran, accounts }
}

const lastOf = (account: string) => parseEntry(account.trim().split('\n').at(-1)!)!

t.test('pipes of files', async (t) => {
  const copied = await account(t, [
    'solder receive ndjson mixed --state S',
    'solder relabel --drop i=3',
    'solder filter "value > 10.0"',
    'solder record R',
    'solder write file out --state S',
  ])
  const entries = copied.accounts.map(lastOf)
  t.same(entries.map(({ stage }) => stage), ['receive ndjson', 'relabel', 'filter', 'record', 'write file'])
  for (const [i, { out_bytes }] of entries.slice(0, -1).entries()) t.equal(out_bytes, entries[i + 1].in_bytes)
  await account(t, ['solder receive exposition exposition bad', 'solder relabel --set a=b', 'solder view'])
  await account(t, ['solder replay mixed --speed max --from 2025-11-22T09:40:00.000000007Z', 'solder write file out'])
  await account(t, ['solder relabel --on-bad pass', 'solder filter true', 'solder view'], MIXED)
  await account(t, ['solder relabel', 'solder filter "int(labels.i) > 2"', 'solder write file out'], MIXED)
})

t.test('pipes of the net', async (t) => {
  let answers = 0
  const url = await serving(t, (request, response) => {
    void bodyOf(request).then(() => {
      if (request.method !== 'POST') return response.end(EXPOSITION)
      // The first attempt fails, the second is refused, the others are taken.
      const code = [503, 400][answers++] ?? 204
      response.writeHead(code).end()
    })
  })
  const write = `solder write prometheus ${url}/write --min-backoff 10ms --batch-samples 20`
  const target = url.slice('http://'.length)
  const scraped = ['solder relabel --set job=j', 'solder scrape --once --sample-limit 2', 'solder relabel', write]
  await account(t, [`solder discover static ${target}`, ...scraped])
  answers = 0
  await account(t, ['solder receive ndjson mixed', write])
  await account(t, ['solder scrape host --once', write])
  const dead = 'solder write prometheus http://127.0.0.1:1/ --drain-timeout 200ms --min-backoff 10ms'
  const { accounts } = await account(t, ['solder receive ndjson mixed', dead])
  t.match(accounts[1], /"shutdown":/)
})

t.test('a pipe that is stopped', async (t) => {
  // As soon as something arrived.
  const stopped = `sh -c '"$@" & while ! test -s out; do sleep 0.05; done; kill $!; wait $!' -`
  const every = `${stopped} solder scrape host --every 100ms --collector loadavg`
  const { accounts } = await account(t, [every, 'solder filter "name != \\"node_load5\\""', 'solder write file out'])
  t.ok(lastOf(accounts[0]).made > 0)
})

t.test('what is told', async (t) => {
  const folder = t.testdir({ log: 'solder relabel: nothing\n' })
  const ledger = (words: string, stdin = '') => sh(`solder ledger ${words}`, { cwd: folder, stdin })
  t.match(await ledger('none log'), { code: 2, stderr: /cannot read none: ENOENT[^]*log holds no account/ })
  t.match(await ledger('-'), { code: 2, stderr: /stdin holds no account\n {2}expected: a line that a stage wrote with --ledger/ })
  const line = (pending: number) =>
    `{"stage":"a","in":4,"made":0,"out":4,"dropped":{},"pending":${pending},"in_bytes":0,"out_bytes":0}\n`
  writeFileSync(join(folder, 'twice'), line(-4) + line(0))
  t.match(await ledger('twice twice'), { code: 0 }, 'the last account of a file counts')
  const held = line(0).replace('"out":4', '"out":3').replace('"pending":0', '"pending":1')
  t.match(await ledger('-', held), { code: 0 })
  t.match(await ledger('--settled -', held), { code: 1, stdout: /gap: a: 1 pending\n$/ })
  const more = await ledger('-', line(0).replace('"in":4', '"in":5'))
  t.match(more.stdout, /gap: a: 5 came in or were made, 4 are accounted for: 1 missing\n$/)
})
