// Pipeline files to pipelines: what they mean, where what they get wrong stands, and that no secret of theirs is shown.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { inspect } from 'node:util'
import t, { type Test } from 'tap'
import * as yaml from 'yaml'
import { catalogue } from '../../../commands/index.js'
import { languageOf } from '../../../lib/cli/command.js'
import { formatted } from '../../../lib/config/format.js'
import { loadPipeline } from '../../../lib/config/load.js'
import { renderProblem } from '../../../lib/diag/problem.js'
import { scalarOffsets } from '../../../lib/config/scalar.js'
import { starterFile } from '../../../lib/config/starter.js'
import { fingerprintOf, nameOf, type Pipe, type Pipeline, type PipeStage } from '../../../lib/pipeline/model.js'
import { ROOT } from '../../support/solder.js'
import fc from '../../support/property.js'

const language = languageOf(catalogue)

/** Files in a folder of their own; the pipeline of those that are named, or what is wrong with them. */
async function load(t: Test, files: { [name: string]: string }, ...names: string[]) {
  const folder = t.testdir()
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(`${folder}/${name}`), { recursive: true })
    writeFileSync(`${folder}/${name}`, text)
  }
  const paths = (names.length > 0 ? names : Object.keys(files)).map((name) => `${folder}/${name}`)
  const { pipeline, problems } = await loadPipeline(paths, language)
  const short = (text: string) => text.replaceAll(`${folder}/`, '')
  const told = problems.map(({ message, place, hint }) => {
    const at = place === undefined ? '' : `${short(place.file)}:${place.line}:${place.column} `
    return `${at}${short(message)}${hint === undefined ? '' : ` (${short(hint)})`}`
  })
  return { pipeline, told }
}

async function good(t: Test, files: { [name: string]: string }, ...names: string[]): Promise<Pipeline> {
  const { pipeline, told } = await load(t, files, ...names)
  t.same(told, [])
  return pipeline!
}

const pipes = (text: string) => ({ 'a.yaml': `version: 1\npipes:\n${text.replace(/^/gm, '  ')}` })
const stage = (one: PipeStage) => [nameOf(one), ...one.words.map(String)].join(' ')
const shape = ({ from, through, to }: Pipe) => ({
  from: from.map(({ pipe, stages }) => [...(pipe === null ? [] : [`pipe ${pipe}`]), ...stages.map(stage)].join(' | ')),
  through: through.map(stage),
  to: to.map((branch) => branch.map(stage).join(' | ')),
})

t.test('a pipe as text', async (t) => {
  const text =
    "m: |\n  discover static a:1 # here\n  | scrape --every 5s\n  | filter \"name == 'up'\" | write file 'out put'\n"
  const {
    pipes: [pipe],
  } = await good(t as Test, pipes(text))
  t.same(shape(pipe), {
    from: ['discover static a:1'],
    through: ['scrape --every 5s', "filter name == 'up'"],
    to: ['write file out put'],
  })
  const [, scrape] = [...pipe.from[0].stages, ...pipe.through] as [PipeStage, PipeStage & { kind: 'component' }]
  t.equal(scrape.input().options.every, 5000)
  t.match(scrape.place, { line: 5, column: 7, length: 6 })
})

t.test('a pipe of maps, with ways in and out', async (t) => {
  const text = `
one:
  from: [scrape host, {scrape: {url: [http://a/, 'b:1'], honor_labels: true, compression: false, params: [x=1, y=2]}}]
  through:
    - relabel: {set: {site: eu, "a b": -1}}
    - filter: labels.code != "404"
  to:
    - filter 'type == "metric"' | write file a
    - write file: b/
two:
  from: {pipe: one}
  to: {write file: {path: -x, keep: 3, rotate_bytes: 1MiB}}
three: pipe two | exec ./jq -c '.a | .b' | exec /usr/bin/jq . | view
`
  const { pipes: found } = await good(t as Test, pipes(text))
  t.same(found.map(shape), [
    {
      from: ['scrape host', 'scrape http://a/ b:1 --honor-labels --no-compression --params x=1 --params y=2'],
      through: ['relabel --set site=eu --set a b=-1', 'filter labels.code != "404"'],
      to: ['filter type == "metric" | write file a', 'write file b/'],
    },
    { from: ['pipe one'], through: [], to: ['write file --keep 3 --rotate-bytes 1MiB -- -x'] },
    { from: ['pipe two'], through: ['exec ./jq -c .a | .b', 'exec /usr/bin/jq .'], to: ['view'] },
  ])
  t.same(
    found.map(({ reads, readers }) => [reads, readers]),
    [
      [[], ['two']],
      [['one'], ['three']],
      [['two'], []],
    ],
  )
  t.same(
    found[2].through.map(({ id }) => id),
    ['jq', 'jq-2'],
  )
})

t.test('expressions', async (t) => {
  process.env.SOLDER_TEST_SITE = 'eu'
  const text = `version: 1
let:
  site: \${env.SOLDER_TEST_SITE}
  hosts: ["a:1", "\${let.site}:2"]
  every: {fast: 5s, slow: "\${string(2 * 30)}s"}
  limit: 10
define:
  check host:
    args: {every: {type: duration, default: 1m}, many: list, job: {type: string, required: true}}
    pipe: scrape \${args.many} --every \${args.every} --job \${args.job} --sample-limit \${let.limit + 1}
pipes:
  a: check host --job x --many \${let.hosts[0]} --many c | write file "o-\${let.site}\\\${x}" --dead-letter '\${not}'
  b:
    from: {check host: {job: 'y', many: "\${let.hosts}", every: "\${let.every.slow}"}}
    to:
      write file: '\${file("word") + (has(env.NOPE) ? "1" : "2")}$\${x}'
`
  const folder = (t as Test).testdir({ word: 'w\n' })
  const at = process.cwd()
  process.chdir(folder)
  t.teardown(() => process.chdir(at))
  writeFileSync('a.yaml', text)
  const { pipeline, problems, files } = await loadPipeline(['a.yaml'], language)
  t.same(
    problems.map(({ message }) => message),
    [],
  )
  t.same(pipeline?.pipes.map(shape), [
    {
      from: ['scrape a:1 c --every 1m --job x --sample-limit 11'],
      through: [],
      to: ['write file o-eu${x} --dead-letter ${not}'],
    },
    { from: ['scrape a:1 eu:2 --every 60s --job y --sample-limit 11'], through: [], to: ['write file w2${x}'] },
  ])
  t.same(
    files.map((file) => file.split('/').at(-1)),
    ['a.yaml', 'word'],
  )
})

t.test('definitions of several sources, of several sinks, and of whole pipes', async (t) => {
  const text = `version: 1
define:
  machines: {args: {site: string}, from: ["scrape host | relabel --set site=\${args.site}", "scrape http://h:1/"]}
  both: {args: {name: path}, to: ["write file \${args.name}1", "filter true | write file \${args.name}2"]}
  clean both: {through: filter false, to: {both: {name: c}}}
  one: {from: scrape http://h:2/, through: relabel --set one=1}
  clean: {through: [filter true, filter false]}
  whole: {args: {name: path}, from: [machines --site w, one], through: clean, to: "both --name \${args.name}"}
pipes:
  text: machines --site a | relabel --set b=c | both --name a
  map: {from: {machines: {site: b}}, through: clean, to: both --name b}
  nested: {from: machines --site c | filter true, to: filter true | clean both}
  among: {from: [machines --site d, one, scrape host], to: [both --name d, write file e]}
  all: {from: whole --name f}
  again: whole --name g
`
  const { pipes: found } = await good(t as Test, { 'a.yaml': text })
  const ins = (site: string) => [`scrape host | relabel --set site=${site}`, 'scrape http://h:1/']
  const outs = (name: string) => [`write file ${name}1`, `filter true | write file ${name}2`]
  const one = 'scrape http://h:2/ | relabel --set one=1'
  const both = ['filter true', 'filter false']
  const whole = (name: string) => ({ from: [...ins('w'), one], through: both, to: outs(name) })
  t.same(found.map(shape), [
    { from: ins('a'), through: ['relabel --set b=c'], to: outs('a') },
    { from: ins('b'), through: both, to: outs('b') },
    { from: ins('c'), through: ['filter true', 'filter true', 'filter false'], to: outs('c') },
    { from: [...ins('d'), one, 'scrape host'], through: [], to: [...outs('d'), 'write file e'] },
    whole('f'),
    whole('g'),
  ])
})

t.test('what is right with some arguments is not told of a definition that nobody uses', async (t) => {
  const text = `version: 1
define:
  any:
    args:
      {hosts: list, text: string, rules: path, url: url, key: secret, count: {type: int, min: 5}, on: bool, labels: map}
    pipe: |
      discover static \${args.hosts.map(host, host + ":" + args.text)} \${args.hosts[1]}
        --label job=\${args.text.split(":")[2]}
      | scrape --every \${args.text} --timeout \${args.text}s --bearer \${args.key} --sample-limit \${args.count}
      | relabel \${args.rules} --replace "a=\${file(args.rules)}"
      | filter "\${args.text}"
      | filter 'name.matches("\${args.text}")'
      | write prometheus \${args.url} \${args.on ? "--protocol=" + args.text : "--protocol=1"}
        --tenant \${args.labels["x"]}
`
  t.same((await load(t as Test, { 'a.yaml': text })).told, [])
  const used = `${text}pipes:\n  a: any --hosts a --text b --rules c\n`
  t.ok((await load(t as Test, { 'a.yaml': used })).told.length > 3, 'but where it is used')
})

t.test('secrets are not shown', async (t) => {
  process.env.SOLDER_TEST_SECRET = 'hush-hush'
  const text = `version: 1
let: {token: '\${secret("env:SOLDER_TEST_SECRET")}', both: 'Basic \${let.token}'}
define:
  send:
    args: {key: {type: secret, required: true}}
    pipe: write prometheus http://h/ --bearer \${args.key} --tenant "x\${args.key}"
pipes:
  a: scrape host | write prometheus http://h/\${let.token} --bearer \${let.token} --header "X-Auth=\${let.both}"
  b: scrape host | send --key plain-text
  c: {from: scrape host, to: {write prometheus: {url: http://h/, bearer: plain-text}}}
`
  const { pipes: found } = await good(t as Test, { 'a.yaml': text })
  t.same(
    found.map((pipe) => stage(pipe.to[0][0])),
    [
      'write prometheus http://h/<secret> --bearer env:SOLDER_TEST_SECRET --header X-Auth=<secret><secret>',
      'write prometheus http://h/ --bearer <secret> --tenant x<secret>',
      'write prometheus http://h/ --bearer <secret>',
    ],
  )
  for (const shown of [inspect(found, { depth: 20 }), JSON.stringify(found), String(found[0].to[0][0].words)]) {
    t.notMatch(shown, /hush-hush|plain-text/)
  }
  const words = found.map((pipe) => pipe.to[0][0].words.map((word) => word.reveal()))
  t.same(words, [
    ['http://h/hush-hush', '--bearer', 'env:SOLDER_TEST_SECRET', '--header', 'X-Auth=Basic hush-hush'],
    ['http://h/', '--bearer', 'plain-text', '--tenant', 'xplain-text'],
    ['http://h/', '--bearer', 'plain-text'],
  ])
  const before = found.map(fingerprintOf)
  t.equal(new Set(before).size, 3)
  process.env.SOLDER_TEST_SECRET = 'other'
  const after = (await good(t as Test, { 'a.yaml': text })).pipes.map(fingerprintOf)
  t.same(
    after.map((print, i) => print === before[i]),
    [false, true, true],
    'another secret makes another pipe',
  )
})

t.test('what is wrong with secrets is told without them', async (t) => {
  process.env.SOLDER_TEST_SECRET = 'hush-hush'
  const secret = '${secret("env:SOLDER_TEST_SECRET")}'
  const text = `
a: scrape host --every ${secret} | write prometheus http://h/ --bearrer hush-hush --tenant
b: scrape host | filter "${secret}" | write prometheus x${secret} --min-backoff 5h
c: {from: scrape host, to: {write prometheus: {url: "ftp://${secret.replaceAll('"', '\\"')}/", bearer: hush-hush, tennant: x}}}
d: scrape host | write file "\${size(secret('env:SOLDER_TEST_SECRET'))}\${secret('hush-hush')}"
`
  const { told } = await load(t as Test, pipes(text))
  t.notMatch(told.join('\n'), /hush-hush/)
  t.ok(told.length >= 7, `${told.length} problems`)
})

t.test('several files are one pipeline', async (t) => {
  const files = {
    'main.yaml': 'version: 1\nimport: parts/define.yaml\npipes: {a: shop | write file a}',
    'parts/define.yaml': 'version: 1\nimport: [../main.yaml, more]\ndefine: {shop: "scrape ${let.url}"}',
    'parts/more/let.json': '{"version": 1, "let": {"url": "http://h/"}}',
  }
  t.same((await good(t as Test, files, 'main.yaml')).pipes.map(shape), [
    { from: ['scrape http://h/'], through: [], to: ['write file a'] },
  ])
  const twice = {
    'd/a.yaml': 'version: 1\nlet: {x: 1}\npipes: {a: scrape host | view, a: scrape host | view}',
    'd/b.yaml': 'version: 1\nlet:\n  x: 2\npipes: {b: scrape host | view}',
  }
  t.same((await load(t as Test, twice, 'd')).told, [
    "d/a.yaml:3:32 'a' is defined twice (it is also at d/a.yaml:3:9)",
    "d/b.yaml:3:3 'x' is defined twice (it is also at d/a.yaml:2:7)",
  ])
})

t.test('modules and package.json', async (t) => {
  const pipe = { version: 1, pipes: { a: 'scrape host | view' } }
  const json = JSON.stringify(pipe)
  const wanted = [{ from: ['scrape host'], through: [], to: ['view'] }]
  const files = {
    'package.json': JSON.stringify({ name: 'x', solder: pipe }),
    'a.mjs': `export default ${json}`,
    'b.cjs': `module.exports = async () => (${json})`,
  }
  for (const name of Object.keys(files)) t.same((await good(t as Test, files, name)).pipes.map(shape), wanted, name)
  const bad = {
    'c.mjs': 'export default { version: 1, pipes: { a: "scrape host | veiw" } }',
    'd.mjs': 'export default 1',
    'e.mjs': 'no(',
  }
  const { told } = await load(t as Test, bad)
  t.match(told.sort(), [/^c.mjs \(as JSON\):4:/, /^cannot load e.mjs: /, /^d.mjs exports no pipeline$/])
})

t.test('a pipe is the same however it is written', async (t) => {
  const one = await good(t as Test, pipes('a: scrape host --every 5s | write file x'))
  const other = await good(
    t as Test,
    pipes('z: scrape host | view\na:\n  from: {scrape host: {every: 5s}}\n  to: write   file "x" # so'),
  )
  t.equal(fingerprintOf(one.pipes[0]), fingerprintOf(other.pipes[1]))
  t.not(fingerprintOf(other.pipes[0]), fingerprintOf(other.pipes[1]))
})

t.test('a new file means the pipe that it was made from, and is in its usual form', async (t) => {
  const texts = [
    'scrape host | view',
    "discover static a:1 b:2 --label job=x | scrape --every 5s --params a=1 --params b=2 | write file 'a b' --keep 3 --rotate-bytes 1MiB",
    "receive prometheus | relabel --set 'a=${b}' --set 'c=: #' | filter 'name != \"up\"' | write prometheus http://h/ --no-metadata --bearer x",
    'receive exposition --max-body-bytes 1KiB | relabel | filter -- -1==value | view --on-bad fail',
  ]
  for (const text of texts) {
    const file = await starterFile(text, 'main', language)
    t.equal(await formatted('new.yaml', file), file, text)
    const [made] = (await good(t as Test, { 'a.yaml': file })).pipes
    const [meant] = (await good(t as Test, { 'b.yaml': `version: 1\npipes:\n  main: |\n    ${text}\n` })).pipes
    t.same(shape(made), { ...shape(meant), from: shape(made).from }, text)
    t.equal(fingerprintOf(made), fingerprintOf(meant), text)
  }
})

t.test('any text gets an answer, with places that are in it', async (t) => {
  const file = `${t.testdir()}/x.yaml`
  const examples = ['agent', 'fan', 'define', 'import', 'programs'].map((name) =>
    readFileSync(`${ROOT}/examples/${name}.yaml`, 'utf8').replaceAll('import: define.yaml', ''),
  )
  const piece = fc.constantFrom(
    '${',
    '}',
    '|',
    '"',
    "'",
    ': ',
    '\n',
    '  ',
    '-',
    '&a ',
    '*a',
    '#',
    '[',
    '{',
    '?',
    '--x',
    'null',
    '\0',
    '😀',
    'let.',
    '>',
    '',
  )
  const edit = fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.nat({ max: 12 }), piece)
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...examples),
      fc.array(edit, { minLength: 1, maxLength: 4 }),
      async (example, edits) => {
        const text = edits.reduce((rest, [where, length, more]) => {
          const start = Math.floor(where * rest.length)
          return rest.slice(0, start) + more + rest.slice(start + length)
        }, example)
        writeFileSync(file, text)
        const { pipeline, problems } = await loadPipeline([file], language)
        if ((pipeline === null) !== problems.length > 0) throw new Error('neither a pipeline nor a problem')
        const lines = text.split('\n')
        for (const problem of problems) {
          const { message, place, expected, hint } = problem
          if (/undefined|\[object/.test(`${message} ${expected ?? ''} ${hint ?? ''}`)) throw new Error(message)
          if (place?.line === undefined || place.file !== file) continue
          const line = lines[place.line - 1]?.replace(/\r$/, '')
          if (line === undefined || place.column! > line.length + 1)
            throw new Error(`${message} at ${place.line}:${place.column}`)
          if (renderProblem(problem, 'x') === '') throw new Error('nothing said')
        }
      },
    ),
    { numRuns: 150 },
  )
})

t.test('every character of a scalar has its place', async () => {
  const text = fc.string({
    unit: fc.constantFrom('a', 'b', ' ', '\n', "'", '"', '\\', '#', ':', '\t', 'é', '😀', '-', '|'),
  })
  const type = fc.constantFrom('PLAIN', 'QUOTE_SINGLE', 'QUOTE_DOUBLE', 'BLOCK_LITERAL', 'BLOCK_FOLDED')
  fc.assert(
    fc.property(
      text,
      type,
      fc.integer({ min: 0, max: 3 }),
      fc.constantFrom(8, 20, 80),
      (value, style, depth, width) => {
        let tree: unknown = new yaml.Scalar(value)
        ;(tree as yaml.Scalar).type = style as yaml.Scalar.Type
        for (let i = 0; i < depth; i++) tree = { key: tree }
        const file = new yaml.Document({ x: tree, y: 1 }).toString({ lineWidth: width })
        const read = yaml.parseDocument(file)
        const node = read.getIn(['x', ...Array<string>(depth).fill('key')], true) as yaml.Scalar<string>
        // The library writes some texts so that it reads them as something else.
        if (read.errors.length > 0 || typeof node?.value !== 'string') return true
        // Folding leaves lines alone that begin with a blank, which is not followed.
        if (file[node.range![0]] === '>' && /(^|\n)[ \t]/.test(node.value)) return true
        const offsets = scalarOffsets(file, node.range!, node.value)
        if (offsets.length !== node.value.length + 1) return false
        return node.value.split('').every((char, i) => !/[ab:é#-]/.test(char) || file[offsets[i]] === char)
      },
    ),
    { numRuns: 500 },
  )
})
