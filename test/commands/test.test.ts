// test: what passes and what fails is said as TAP, with what differs, and by the exit code.

import { chmodSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import t from 'tap'
import { RecordClock } from '../../lib/testing/clock.js'
import { diffOf } from '../../lib/testing/diff.js'
import { sh } from '../support/solder.js'

const record = (job: string, value = 1) =>
  `{"type":"metric","name":"up","labels":{"job":"${job}"},"ts":"1","value":${value}}\n`

const GOLDEN = {
  cmd: "solder filter 'labels.job != \"test\"' | sed s/up/UP/",
  'input.ndjson': record('a') + record('test') + record('b'),
  'expected.ndjson': (record('a') + record('b')).replaceAll('up', 'UP'),
}

t.test('folders of a command and what it has to do', async (t) => {
  const folder = t.testdir({
    right: GOLDEN,
    'deep.d': { wrong: { ...GOLDEN, 'expected.ndjson': record('a').replace('up', 'UP') + record('c') } },
    code: { cmd: 'echo said >&2; exit 3', 'expected.stderr': 'said\n', 'expected.code': '3\n' },
    '.hidden': { cmd: 'exit 1' },
    node_modules: { cmd: 'exit 1' },
  })
  const { code, stdout, stderr } = await sh('solder test .', { cwd: folder })
  t.equal(stderr, '')
  t.equal(
    stdout,
    `TAP version 13
1..3
ok 1 - code
not ok 2 - deep.d/wrong
  ---
  expected.ndjson: |2-
    --- expected
    +++ found
     ${record('a').trim().replace('up', 'UP')}
    -${record('c').trim()}
    +${record('b').trim().replace('up', 'UP')}
  ...
ok 3 - right
# 2 of 3 passed
`,
  )
  t.equal(code, 1)
  t.match(await sh('solder test right code', { cwd: folder }), { code: 0, stdout: /^1\.\.2$/m })
  const updated = await sh('solder test --update . && solder test .', { cwd: folder })
  t.match(updated, { code: 0, stdout: /ok 2 - deep.d\/wrong\n/ })
  t.equal(readFileSync(`${folder}/deep.d/wrong/expected.ndjson`, 'utf8'), GOLDEN['expected.ndjson'])
  t.notOk(existsSync(`${folder}/right/expected.code`), 'a file that says the same when it is not there')
})

t.test('what a command starts ends with it, in time and bounds', async (t) => {
  const folder = t.testdir({ slow: { cmd: 'sleep 1000 & echo $! > pid; sleep 1000' }, loud: { cmd: 'exec yes' } })
  const { code, stdout } = await sh('solder test --timeout 300ms --max-output 1MiB .', { cwd: folder })
  t.equal(code, 1)
  t.match(stdout, /not ok 1 - loud\n {2}---\n {2}message: \|2-\n {4}it wrote more than 1048576 bytes \(--max-output\)\n/)
  t.match(stdout, /not ok 2 - slow\n {2}---\n {2}message: \|2-\n {4}it took longer than 300ms \(--timeout\)\n/)
  const pid = readFileSync(`${folder}/slow/pid`, 'utf8').trim()
  const state = existsSync(`/proc/${pid}/stat`) ? readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1][0] : 'Z'
  t.equal(state, 'Z', 'it does not run')
})

t.test('a test that was asked to stop', async (t) => {
  const folder = t.testdir({ a: { cmd: 'kill -TERM $(cat ../pid); sleep 1000' } })
  const { code, stdout } = await sh('echo $$ > pid; exec solder test .', { cwd: folder })
  t.equal(code, 1)
  t.match(stdout, /^Bail out! asked to stop$/m)
})

const FILE = `version: 1
pipes:
  all:
    from: ["scrape http://127.0.0.1:1/", "scrape http://127.0.0.1:2/ | relabel --set from=b"]
    through: [filter 'value > 1 && labels.job != "x"', record keep, exec sed s/up/UP/]
    to: [write file all.ndjson, "relabel --set site=y | write file y.ndjson"]
  down: {from: pipe all, through: ["filter 'value > 2' --dead-letter dead.ndjson", record keep], to: write file down.ndjson}
tests:
  where branches meet and part:
    pipe: all
    in: [{type: metric, name: up, labels: {job: a}, ts: "1", value: 2}, {"value":1,"type":"metric","name":"up","ts":"1"}]
    out: ['{"type":"metric","name":"UP","value":2,"labels":{"job":"a"},"ts":"1"}']
  through a pipe that reads it:
    pipe: all
    in: {at: relabel, file: "\${dir}/in.ndjson"}
    out: {at: down.write-file, records: '{"type":"metric","name":"UP","labels":{"job":"b"},"ts":"1","value":3}'}
  in a way in:
    pipe: all
    in: {at: scrape-2, file: in.ndjson}
    out: {at: relabel, file: from.ndjson}
  in a branch:
    pipe: all
    in: {at: sed, file: in.ndjson}
    out: {at: write-file-2, file: y.expected.ndjson}
  what records keep is left out:
    pipe: down
    in: {at: filter, file: in.ndjson}
    out: {file: in.ndjson}
  a record that is rejected:
    pipe: down
    in: '{"type":"log","ts":"1","body":"b"}'
    out: []
`
const IN = record('a', 2) + record('b', 3)
const set = (key: string, value: string) => IN.replaceAll('"labels":{', `"labels":{"${key}":"${value}",`)

t.test('tests in a pipeline file', async (t) => {
  const files = {
    'solder.yaml': FILE,
    'in.ndjson': IN,
    'from.ndjson': set('from', 'b'),
    'y.expected.ndjson': set('site', 'y'),
  }
  const folder = t.testdir(files)
  const { code, stdout, stderr } = await sh('solder test', { cwd: folder })
  t.equal(code, 0, stdout + stderr)
  t.match(stdout, /^1\.\.6\nok 1 - solder.yaml: where branches meet and part\n/m)
  t.same(readdirSync(folder).sort(), Object.keys(files).sort(), 'no stage wrote a file')
  t.match(await sh('solder check && solder fmt solder.yaml > f.yaml && solder fmt --check f.yaml && solder test f.yaml', { cwd: folder }), { code: 0 })
  writeFileSync(`${folder}/from.ndjson`, record('c'))
  const failed = await sh('solder test .', { cwd: folder })
  t.equal(failed.code, 1)
  t.match(failed.stdout, `    solder.yaml:17\n  diff: |2-\n    --- expected\n    +++ found\n    -${record('c')}`)
  rmSync(`${folder}/from.ndjson`)
  for (const command of ['solder test .', 'solder check']) {
    t.match(await sh(command, { cwd: folder }), { code: 2, stdout: '', stderr: /cannot read from.ndjson: no such file/ })
  }
  t.match(await sh('solder explain', { cwd: folder }), { code: 0 }, 'what runs does not need them')
})

t.test('stages that do not end, fail, or cannot be set up', async (t) => {
  const side = '{pipe: a, in: [{type: metric, name: up, ts: "1", value: 1}], out: []}'
  const text = (stage: string) => `version: 1\npipes: {a: {from: scrape host, through: [${stage}], to: write file y}}\ntests: {one: ${side}}\n`
  const folder = t.testdir({
    '1.yaml': text('exec sleep 1000'),
    '2.yaml': text("filter 'int(name) > 1' --on-bad fail"),
    '3.yaml': text('relabel none.yaml'),
    '4.yaml': text('exec no-such-program'),
  })
  t.match(await sh('solder test --timeout 300ms 1.yaml', { cwd: folder }), { code: 1, stdout: /it took longer than 300ms/ })
  t.match(await sh('solder test 2.yaml', { cwd: folder }), { code: 1, stdout: /not ok 1[^]*message: .*\n {4}solder filter: / })
  t.match(await sh('solder test 3.yaml', { cwd: folder }), { code: 2, stderr: /none.yaml/ })
  t.match(await sh('solder test 4.yaml', { cwd: folder }), { code: 1, stdout: /no program 'no-such-program'/ })
})

t.test('time is that of the records', async (t) => {
  const clock = new RecordClock()
  clock.see('5000000000')
  clock.see('4000000000')
  t.equal(clock.now(), '5000000000')
  t.equal(clock.millis(), 5000)
  const ended: number[] = []
  const waits = [1000, 3000].map((ms) => clock.sleep(ms).then(() => ended.push(ms)))
  const stop = new AbortController()
  const stopped = clock.sleep(1e9, stop.signal)
  clock.see('6000000000')
  await waits[0]
  t.same(ended, [1000])
  clock.end()
  await waits[1]
  stop.abort()
  await stopped
  await clock.sleep(1e9)
})

t.test('parsers of TAP read it', async (t) => {
  const folder = t.testdir({ '#1 \\ a': { cmd: 'printf "\\033[2J\\tx\\r\\n y: |" # $?' } })
  const tap = 'solder test .'
  const { stdout } = await sh(`${tap} | "$PARSER" -j`, { cwd: folder, env: { PARSER: `${process.cwd()}/node_modules/.bin/tap-parser` } })
  t.match(stdout, '#1 \\\\ a')
  t.match(stdout, /\\\\u001b\[2J\\tx\\\\u000d\\n/)
  writeFileSync(`${folder}/run`, `#!/bin/sh\n${tap}\n`)
  chmodSync(`${folder}/run`, 0o755)
  const prove = await sh('command -v prove > /dev/null || exit 100; prove -e "" ./run', { cwd: folder })
  t.ok(prove.code === 100 || /Failed 1\/1 subtests/.test(prove.stdout + prove.stderr), 'prove', prove)
})

t.test('no tests, and none that can be read', async (t) => {
  const folder = t.testdir({ a: { 'x.yaml': 'tests\n', 'y.yaml': 'version: 1\ndefine: {a: relabel}\n' } })
  t.match(await sh('solder test . none', { cwd: folder }), {
    code: 2,
    stdout: '',
    stderr: /there are no tests in \.\n.*\nsolder test: cannot read none: no such file/,
  })
  t.match(await sh('solder test a/x.yaml', { cwd: folder }), { code: 2, stdout: '' })
  t.match(await sh('solder test a/y.yaml', { cwd: folder }), { code: 2, stdout: '', stderr: /there are no tests in a.y.yaml/ })
})

t.test('differences', async (t) => {
  const lines = (...all: string[]) => all.map((line) => `${line}\n`).join('')
  const many = Array.from({ length: 20 }, (_, i) => String(i))
  t.equal(
    diffOf(lines(...many), lines('x', ...many.slice(0, 10), ...many.slice(11), 'y')),
    '--- expected\n+++ found\n+x\n 0\n 1\n@@\n 8\n 9\n-10\n 11\n 12\n@@\n 18\n 19\n+y',
  )
  t.equal(diffOf('a\n', 'a'), '--- expected\n+++ found\n-a\n+a␤ (no newline at the end)')
  const long = Array.from({ length: 3000 }, (_, i) => `a${i}`)
  const cut = diffOf(lines(...long), lines(...long.map((line) => `${line}x`))).split('\n')
  t.equal(cut.length, 201)
  t.equal(cut[200], '… 5802 more lines')
})
