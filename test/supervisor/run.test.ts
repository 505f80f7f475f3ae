// solder run FILE: a process for each pipe, kept running and ended without orphans. The real program, by what its users
// see.

import { readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { listening } from '../support/client.js'
import { gone, groupOf, lives, Supervised, until } from '../support/supervised.js'
import { temporary } from '../support/temporary.js'

// Many processes, on a machine that may have other work.
t.setTimeout(300_000)

const samples = (count: number, from = 0) =>
  Array.from({ length: count }, (_, i) => `{"type":"metric","name":"n","labels":{"i":"${from + i}"},"ts":"1","value":${from + i}}\n`).join('')

const lines = (text: string) => text.split('\n').length - 1

/** A pipe that goes on until it is told to stop. */
const HOST = 'scrape host --every 100ms --collector loadavg'

t.test('pipes run side by side, each in a process of its own, and drain when they are asked to stop', async (t) => {
  const run = await new Supervised(t as Test, `version: 1\npipes:\n  one: ${HOST} | write file one.ndjson\n  two: ${HOST} | relabel --set site=a | write file two.ndjson\n`).running()
  const [one, two] = [await run.pipe('one'), await run.pipe('two')]
  t.equal(new Set([one.pid, two.pid, run.pid]).size, 3)
  t.match(readFileSync(`/proc/${one.pid}/cmdline`, 'utf8').split('\0'), { 2: 'run', 3: '--child', 4: 'one' })
  await until(async () => lines(run.text('one.ndjson')) > 20 && lines(run.text('two.ndjson')) > 20 || undefined, 'records')
  t.equal(await run.stop(), 0)
  t.match(run.text('two.ndjson'), /"site":"a".*\n$/)
  t.notOk([one.pid!, two.pid!].some(lives), 'nothing is left')
  t.match(run.log.map(({ message }) => message), [/^admin server on /, 'running one, two', /^stopping: /])
})

t.test('branches come together and part, a program stands between, another pipe reads on: every record, everywhere', async (t) => {
  const folder = temporary(t)
  writeFileSync(join(folder, 'a.ndjson'), samples(2000))
  writeFileSync(join(folder, 'b.ndjson'), samples(1000, 2000))
  const run = new Supervised(
    t as Test,
    `version: 1
pipes:
  all:
    from: [receive ndjson a.ndjson, receive ndjson b.ndjson]
    through: ["exec sed -u s/metric/metric/", relabel --set site=a]
    to: [write file one.ndjson, "filter 'value < 10.0' | write file two.ndjson"]
  more: pipe all | filter 'value >= 2990.0' | write file three.ndjson
`,
    ['--once'],
    { folder, quiet: true },
  )
  t.equal((await run.ended).code, 0, run.stderr)
  const values = (file: string) => run.text(file).trim().split('\n').map((line) => (JSON.parse(line) as { value: number }).value).sort((a, b) => a - b)
  t.same(values('one.ndjson'), Array.from({ length: 3000 }, (_, i) => i))
  t.same(values('two.ndjson'), Array.from({ length: 10 }, (_, i) => i))
  t.same(values('three.ndjson'), Array.from({ length: 10 }, (_, i) => 2990 + i))
})

t.test('--once ends with the worst exit code, and starts nothing again', async (t) => {
  const folder = temporary(t)
  writeFileSync(join(folder, 'bad.ndjson'), `${samples(1)}nonsense\n`)
  const pipes = `  good: scrape host --collector loadavg | write file good.ndjson\n  bad: receive ndjson bad.ndjson | write file bad2.ndjson\n`
  const run = new Supervised(t as Test, `version: 1\npipes:\n${pipes}`, ['--once'], { folder, quiet: true })
  t.equal((await run.ended).code, 1, 'a record was rejected')
  t.ok(lines(run.text('good.ndjson')) > 0, 'a source that can run once does so')
  t.equal(lines(run.text('bad2.ndjson')), 1)
})

t.test('a pipe that cannot be started: none is, exit 2, and why', async (t) => {
  const run = new Supervised(t as Test, `version: 1\npipes:\n  one: ${HOST} | write file one.ndjson\n  two: ${HOST} | write file /dev/null/x\n`)
  t.equal((await run.ended).code, 2)
  t.match(run.stderr, /cannot start two: .*\/dev\/null\/x/)
  t.equal(run.text('one.ndjson'), '', 'the other one has not begun')
})

t.test('mistakes in the file: all of them, with their places, before anything starts', async (t) => {
  const run = new Supervised(t as Test, 'version: 1\npipes:\n  one: scrape host --evrey 1s | write file one.ndjson\n  two: scrape host | write fiel x\n')
  t.equal((await run.ended).code, 2)
  t.match(run.stderr, /solder\.yaml:3:.*[\s\S]*solder\.yaml:4:/)
})

t.test('a process that is killed is started again, with what it had started gone', async (t) => {
  const run = await new Supervised(t as Test, `version: 1\npipes:\n  one: ${HOST} | exec sh -c 'sleep 1000 > /dev/null 2>&1 & exec cat' | write file one.ndjson\n  two: ${HOST} | write file two.ndjson\n`).running()
  const [one, two] = [await run.pipe('one'), await run.pipe('two')]
  const group = await until(async () => (groupOf(one.pid!).length === 3 ? groupOf(one.pid!) : undefined), 'its programs')
  process.kill(one.pid!, 'SIGKILL')
  const { pipe, level } = await run.said(/was ended by SIGKILL: starting it again/)
  t.same([pipe, level], ['one', 'error'])
  await gone(group)
  const again = await until(async () => ((await run.pipe('one')).state === 'running' ? run.pipe('one') : undefined), 'another process')
  t.not(again.pid, one.pid)
  t.equal(again.restarts, 1)
  t.equal((await run.pipe('two')).pid, two.pid, 'its sibling does not notice')
  t.equal(await run.stop('SIGINT'), 0)
})

t.test('kill -9 of the supervisor takes everything along', async (t) => {
  const run = await new Supervised(t as Test, `version: 1\npipes:\n  one: ${HOST} | exec sh -c 'sleep 1000 > /dev/null 2>&1 & exec cat' | write file one.ndjson\n  two: ${HOST} | write file two.ndjson\n`).running()
  const [one, two] = [await run.pipe('one'), await run.pipe('two')]
  const group = await until(async () => (groupOf(one.pid!).length === 3 ? groupOf(one.pid!) : undefined), 'its programs')
  run.signal('SIGKILL')
  await run.ended
  await gone([...group, two.pid!])
  t.pass()
})

t.test('a program dies with the process that started it, even where both are killed', async (t) => {
  const run = await new Supervised(t as Test, `version: 1\npipes:\n  one: ${HOST} | exec sleep 1000 | write file one.ndjson\n`).running()
  const one = await run.pipe('one')
  const group = await until(async () => (groupOf(one.pid!).length === 2 ? groupOf(one.pid!) : undefined), 'its program')
  for (const pid of [run.pid, one.pid!]) process.kill(pid, 'SIGKILL')
  await gone(group)
  t.pass()
})

t.test('a program that ends too early is started again; one that says 2 is the end of its pipe', async (t) => {
  const folder = temporary(t)
  const once = `test -e done || { touch done; exit 75; }; exec cat`
  const run = await new Supervised(t as Test, `version: 1\npipes:\n  one: ${HOST} | exec sh -c '${once}' | write file one.ndjson\n  two: ${HOST} | exec sh -c 'head -c 20000 > /dev/null; exit 2' | write file two.ndjson\n`, [], { folder }).running()
  const { pipe, stage } = await run.said(/^ended with 75 before its input: starting it again/)
  t.same([pipe, stage], ['one', 'exec sh'])
  await until(async () => lines(run.text('one.ndjson')) > 0 || undefined, 'records')
  await run.said(/ended with exit code 2, which starting it again would not change/)
  t.equal((await run.pipe('two')).state, 'failed')
  const { status, text } = await run.fetch('/-/ready')
  t.same([status, text], [503, 'two: failed\n'])
  t.equal((await run.fetch('/-/healthy')).status, 200)
})

t.test('a program that fails after its input has ended is the failure of its pipe', async (t) => {
  const once = async (program: string) => {
    const folder = temporary(t)
    writeFileSync(join(folder, 'a.ndjson'), samples(10))
    const text = `version: 1\npipes:\n  one: receive ndjson a.ndjson | exec sh -c '${program}' | write file one.ndjson\n`
    const run = new Supervised(t as Test, text, ['--once'], { folder, quiet: true })
    const { code } = await run.ended
    t.equal(lines(run.text('one.ndjson')), 10, 'what it wrote is there')
    return { code, errors: run.log.filter(({ level }) => level === 'error').map(({ stage, message }) => `${stage ?? ''}: ${message}`) }
  }
  t.same(await once('cat; exit 3'), { code: 1, errors: ['exec sh: sh ended with 3 after its input', ': ended with exit code 1'] })
  t.match(await once('cat; kill -9 $$'), { code: 1, errors: ['exec sh: sh was ended by SIGKILL after its input'] })
  t.match(await once('cat; exit 75'), { code: 75, errors: ['exec sh: sh ended with 75 after its input'] })
  for (const quiet of ['cat', 'cat; exit 141', 'cat; kill -PIPE $$']) t.same(await once(quiet), { code: 0, errors: [] }, quiet)
})

t.test('and of its branch; the others have everything', async (t) => {
  const folder = temporary(t)
  writeFileSync(join(folder, 'a.ndjson'), samples(10))
  const branches = `[exec sh -c "cat; exit 1" | write file one.ndjson, write file two.ndjson]`
  const text = `version: 1\npipes:\n  one:\n    from: receive ndjson a.ndjson\n    to: ${branches}\n`
  const run = new Supervised(t as Test, text, ['--once'], { folder, quiet: true })
  t.equal((await run.ended).code, 1)
  t.match(run.stderr, /sh ended with 1 after its input/)
  t.same([lines(run.text('one.ndjson')), lines(run.text('two.ndjson'))], [10, 10])
})

t.test('a branch without a reader stalls no other, and what it gave up is counted', async (t) => {
  const folder = temporary(t)
  writeFileSync(join(folder, 'a.ndjson'), samples(60_000))
  const run = await new Supervised(
    t as Test,
    `version: 1
pipes:
  one:
    from: receive ndjson a.ndjson
    to: [write file one.ndjson, exec sleep 1000 | write file two.ndjson]
`,
    ['--branch-buffer', '64KiB', '--branch-patience', '3s', '--drain', '1s'],
    { folder },
  ).running()
  await until(async () => lines(run.text('one.ndjson')) === 60_000 || undefined, 'the other branch')
  const branch = await until(async () => {
    const { stages } = await run.pipe('one')
    return stages.find(({ stage, dropped }) => stage === 'sleep-branch' && dropped.branch_full > 0)
  }, 'what was given up')
  t.equal(branch.in, branch.out + branch.pending + branch.dropped.branch_full)
  t.same((JSON.parse((await run.fetch('/api/v1/ledger')).text) as { pipes: { gaps: string[] }[] }).pipes[0].gaps, [])
  t.equal(await run.stop(), 0)
  t.match(run.stderr, /not drained within 1s \(--drain\): killed/)
})

t.test('a full disk stops one branch, which is tried again, and not the other', async (t) => {
  const run = await new Supervised(
    t as Test,
    `version: 1\npipes:\n  one:\n    from: ${HOST}\n    to: [write file good.ndjson, "filter 'value >= 0.0' | write file /dev/full"]\n`,
  ).running()
  const { pipe } = await run.said(/filter, write-file-2: ended with \d+: again in .*; the others go on/)
  t.equal(pipe, 'one')
  const before = lines(run.text('good.ndjson'))
  await until(async () => lines(run.text('good.ndjson')) > before || undefined, 'more records')
  t.equal((await run.pipe('one')).restarts, 0, 'its process goes on')
  t.notMatch(run.stderr, 'do not add up')
})

t.test('more memory than it may have: started anew, and why', async (t) => {
  const run = await new Supervised(t as Test, `version: 1\npipes:\n  one: ${HOST} | write file one.ndjson\n`, ['--max-memory', '20MiB']).running()
  const { pipe } = await run.said(/^\d+ MiB of memory, more than 20 MiB \(--max-memory\): starting it again/)
  t.equal(pipe, 'one')
  await until(async () => (await run.pipe('one')).restarts > 0 || undefined, 'another process')
})

t.test('secrets are in no argument, no environment, no log and no answer', async (t) => {
  const folder = temporary(t)
  writeFileSync(join(folder, 'token'), 'hunter2-secret')
  const nobody = await listening(t, createServer((_, response) => response.writeHead(401).end()))
  const run = await new Supervised(
    t as Test,
    `version: 1\npipes:\n  one: ${HOST} | write prometheus http://${nobody}/ --bearer \${secret("file:token")}\n`,
    ['--log-level', 'debug'],
    { folder },
  ).running()
  const one = await run.pipe('one')
  await run.said(/401/)
  for (const file of ['cmdline', 'environ']) t.notMatch(readFileSync(`/proc/${one.pid}/${file}`, 'utf8'), 'hunter2')
  for (const path of ['/metrics', '/api/v1/pipes', '/api/v1/ledger', '/api/v1/openapi.json']) t.notMatch((await run.fetch(path)).text, 'hunter2')
  t.notMatch(run.stderr, 'hunter2')
})
