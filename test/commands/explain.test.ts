// explain: what it prints is a shell script that does what the file says, and tells no secret.

import { readFileSync, writeFileSync } from 'node:fs'
import t, { type Test } from 'tap'
import { sh } from '../support/solder.js'

const record = (name: string, job: string) =>
  `{"type":"metric","name":"${name}","labels":{"job":"${job}"},"ts":"1","value":1}\n`

/** Runs what explain prints for a file; the folder. */
async function explained(
  t: Test,
  text: string,
  files: { [name: string]: string },
  words = '',
): Promise<{ folder: string; script: string }> {
  const folder = t.testdir(files)
  writeFileSync(`${folder}/p.yaml`, text)
  const { code, stdout: script, stderr } = await sh(`solder explain p.yaml ${words}`, { cwd: folder })
  t.equal(`${code} ${stderr}`, '0 ')
  writeFileSync(`${folder}/script`, script)
  const ran = await sh('sh ./script', { cwd: folder })
  t.equal(`${ran.code} ${ran.stderr}`, '0 ', 'the script runs')
  return { folder, script }
}

const lines = (path: string) => readFileSync(path, 'utf8').split('\n').filter(Boolean).sort()

t.test('pipes that come together, part, and read each other run as printed', async (t) => {
  const text = `version: 1
define: {out: {args: {name: {type: string, required: true}}, pipe: "write file \${args.name}"}}
pipes:
  both:
    from: [receive ndjson a.ndjson, "receive ndjson 'b c.ndjson' | relabel --set 'from=b \\"c\\"'"]
    through: relabel --set 'x=it''s'
    to: [out --name all, "filter 'name == \\"up\\"' | out --name up"]
  down: pipe both | filter 'name != "up"' | write file down
  last: {from: [pipe down2, pipe both], to: write file last}
  down2: pipe both | exec sed s/up/UP/
`.replace("'x=it''s'", '"x=it\'s"')
  const a = record('up', 'a') + record('down', 'a')
  const { folder } = await explained(t as Test, text, { 'a.ndjson': a, 'b c.ndjson': record('up', 'b') })
  const set = (name: string, job: string, more = '') => record(name, job).trim().replace('}', `${more},"x":"it's"}`)
  const all = [
    set('down', 'a'),
    set('up', 'a'),
    record('up', 'b').trim().replace('{"job":"b"', '{"from":"b \\"c\\"","job":"b","x":"it\'s"'),
  ]
  t.same(lines(`${folder}/all`), all.sort())
  t.same(
    lines(`${folder}/up`),
    all.filter((line) => line.includes('"up"')),
  )
  t.same(
    lines(`${folder}/down`),
    all.filter((line) => line.includes('"down"')),
  )
  t.same(lines(`${folder}/last`), [...all, ...all.map((line) => line.replace('up', 'UP'))].sort())
})

t.test('one pipe with those that it reads', async (t) => {
  const text = `version: 1
pipes:
  a: receive ndjson a.ndjson | relabel
  b: pipe a | write file b
  c: pipe a | write file c
`
  const { folder, script } = await explained(t as Test, text, { 'a.ndjson': record('up', 'a') }, 'b')
  t.same(lines(`${folder}/b`).length, 1)
  t.notMatch(script, /write file c/)
  t.match(await sh('solder explain p.yaml bb', { cwd: folder }), {
    code: 2,
    stderr: /unknown pipe 'bb'[\s\S]*did you mean 'b'\?/,
  })
})

t.test('secrets are read where they are', async (t) => {
  process.env.SOLDER_TEST_EXPLAIN = 'hush-hush'
  const text = `version: 1
let: {token: '\${secret("env:SOLDER_TEST_EXPLAIN")}', file: '\${secret("file:word file")}'}
pipes:
  a: |
    receive ndjson a.ndjson | relabel --set "a=\${let.token}" --set b=\${let.file}
    | write file a
`
  const { folder, script } = await explained(t as Test, text, {
    'a.ndjson': record('up', 'a'),
    'word file': 'hush-file',
  })
  t.notMatch(script, /hush/)
  t.match(script, `--set a="$SOLDER_TEST_EXPLAIN" --set b="$(cat 'word file')"`)
  t.match(readFileSync(`${folder}/a`, 'utf8'), '"a":"hush-hush","b":"hush-file"')
})
