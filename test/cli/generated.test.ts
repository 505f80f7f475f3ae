// What is made from the declarations: fresh on disk, accepted by the programs that read it, and true.

import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { Ajv } from 'ajv'
import t, { type Test } from 'tap'
import { parse } from 'yaml'
import { catalogue } from '../../commands/index.js'
import { COMPLETION_FILES, completionOf } from '../../lib/cli/completion.js'
import { ENVIRONMENT } from '../../lib/cli/facts.js'
import { GENERATED_FOLDERS, generatedFiles } from '../../lib/cli/generate.js'
import { essayPage } from '../../lib/cli/man.js'
import { schemaOf } from '../../lib/cli/schema.js'
import { loadComponent } from '../../lib/component.js'
import { argumentKey } from '../../lib/option/table.js'
import { ByteBuffer, type Json, LineReader, RECORD_TYPES } from '../../lib/record/index.js'
import { ROOT, sh } from '../support/solder.js'
import { temporary } from '../support/temporary.js'

// Many programs, on a machine that may have other work.
t.setTimeout(120_000)

const read = (path: string) => readFileSync(`${ROOT}/${path}`, 'utf8')
const components = await Promise.all(catalogue.map(loadComponent))
const written = readdirSync(`${ROOT}/docs`).filter((name) => name.endsWith('.md')).map((name) => `docs/${name}`)
const pages = new Map(written.map((path) => [path, read(path)]))
const changelog = read('CHANGELOG.md')
const files = generatedFiles(components, { changelog, pages })
const records = pages.get('docs/records.md')!

/** Programs that `npm run peers` installs. */
const peers = [...read('scripts/peers.sh').matchAll(/^need (\S+)/gm)].map(([, program]) => program)

/**
 * Runs a program that may be missing; then the test is counted as skipped, under its name, or fails where peers are
 * due.
 */
function withProgram(program: string, name: string, run: (t: Test) => void | Promise<void>): void {
  const found = spawnSync('sh', ['-c', `command -v ${program}`]).status === 0
  if (!found && process.env.SOLDER_PEERS === '1' && peers.includes(program)) t.fail(`${name}: ${program} is not installed`)
  else t.test(name, found ? {} : { skip: `${program} is not installed` }, async (t) => run(t as Test))
}

t.test('generated files are fresh (npm run generate)', async (t) => {
  const stale = [...files].filter(([path, text]) => {
    try {
      return read(path) !== text
    } catch {
      return true
    }
  })
  t.same(stale.map(([path]) => path), [], 'no file differs')
  const there = GENERATED_FOLDERS.flatMap((folder) => {
    return readdirSync(`${ROOT}/${folder}`).map((name) => `${folder}/${name}`)
  })
  t.same(there.filter((path) => !files.has(path)), [], 'no file is left over')
  const again = generatedFiles(components, { changelog, pages: new Map(written.map((path) => [path, files.get(path)!])) })
  t.same(again, files, 'once more is the same')
})

const manual = [...files].filter(([path]) => path.startsWith('man/'))

withProgram('groff', 'groff formats the man pages without a warning', (t) => {
  for (const [path, text] of manual) {
    const { stderr, status } = spawnSync('groff', ['-man', '-Tutf8', '-ww'], { input: text, encoding: 'utf8' })
    t.equal(`${status} ${stderr}`, '0 ', path)
  }
})

withProgram('mandoc', 'mandoc has no warning about the man pages', (t) => {
  for (const [path, text] of manual) {
    const { stdout } = spawnSync('mandoc', ['-T', 'lint', '-W', 'warning'], { input: text, encoding: 'utf8' })
    t.equal(stdout, '', path)
  }
})

t.test('roff of what is special to it', async (t) => {
  const source = "# odd(7): a summary\n\n## Text\n\n.dot at 'line' start, `a\\b -x`, é\n\n```\n.SH no\n'q\n```\n"
  const page = essayPage(source, { version: '1', date: '2026-01-01' })
  t.match(page, /^\\&\.dot at \\\(aqline\\\(aq start, \\fBa\\eb \\%\\-x\\fR, \\\[u00E9\]$/m)
  t.match(page, /^\\&\.SH no$/m)
  t.match(page, /^\\\(aqq$/m)
  t.match(files.get('man/man1/solder-scrape.1'), "\\(aqscrape_*\\(aq", 'a star of a declaration is no markup')
  t.match(files.get('docs/reference/scrape.md'), '`__scheme__`')
})

t.test('docs/records.md: every example is a canonical record, every type has one', async (t) => {
  const examples = [...records.matchAll(/```ndjson\n([\s\S]*?)```/g)].map(([, text]) => text)
  const seen = new Set<string>()
  for (const example of examples) {
    const out = new ByteBuffer()
    const options = { maxLineBytes: 1e6, maxDepth: 64, maxIdentities: 100, onBad: () => t.fail(example) }
    const batch = new LineReader(options).push(Buffer.from(example))!
    for (let row = 0; row < batch.length; row++) {
      seen.add(batch.id(row)!.type)
      // A row that was decoded is written anew, so that its order of keys is put to the test.
      t.not(batch.payload(row), undefined)
    }
    batch.write(out)
    t.equal(out.take().toString(), example)
  }
  t.same([...seen].sort(), [...RECORD_TYPES].sort())
})

t.test('docs/records.md: the reasons are those of the reader', async (t) => {
  const bad: { [reason: string]: string | Buffer } = {
    not_json: '{"type":',
    not_utf8: Buffer.from([0x22, 0xff, 0x22]),
    not_a_record: '[]',
    unknown_type: '{"type":"sample"}',
    bad_field: '{"type":"metric","name":"up","ts":"1","value":"one"}',
    line_too_long: `"${'x'.repeat(200)}"`,
    too_deep: '[[[[[]]]]]',
  }
  const told: string[] = []
  const onBad = ({ reason }: { reason: string }) => told.push(reason) < 0
  const reader = new LineReader({ maxLineBytes: 100, maxDepth: 4, maxIdentities: 10, onBad })
  for (const line of Object.values(bad)) reader.push(Buffer.concat([Buffer.from(line), Buffer.from('\n')]))
  t.same(told, Object.keys(bad))
  const table = records.split('## Bad lines')[1].split('\n## ')[0]
  t.same([...table.matchAll(/^\| `(\w+)`/gm)].map(([, reason]) => reason), told)
})

t.test('solder(1) names the variables of the environment that the code reads', async (t) => {
  const search = `grep -rhoE "process\\.env(\\.|\\[')[A-Z_]+" lib commands | grep -oE '[A-Z_]+$' | sort -u`
  const { stdout } = await sh(search)
  // Proxies are named by the option that asks for them.
  const read = stdout.split('\n').filter((name) => name !== '' && !/PROXY$/.test(name))
  const known = ENVIRONMENT.map(([name]) => name)
  t.same(read.filter((name) => !known.includes(name)), [])
})

/** What bash offers for the words of a command line, of which the last is being typed. */
async function offered(...words: string[]): Promise<string[]> {
  const typed = words.map((word) => `'${word}'`).join(' ')
  const script = [
    `source '${ROOT}/completions/solder.bash'`,
    `COMP_WORDS=(solder ${typed}) COMP_CWORD=${words.length}`,
    '_solder',
    `printf '%s\\n' "\${COMPREPLY[@]}"`,
  ].join('\n')
  const { stdout, stderr } = await sh(`exec bash -c "$SCRIPT"`, { env: { SCRIPT: script }, cwd: folder })
  t.equal(stderr, '')
  return stdout.split('\n').filter(Boolean)
}
const folder = temporary(t)
writeFileSync(`${folder}/a rule.yaml`, '')

withProgram('bash', 'bash completes', async (t) => {
  const verbs = [...new Set(catalogue.map(({ name }) => name.split(' ')[0]))]
  t.same(await offered(''), [...verbs, '--help', '--version'], 'verbs')
  t.same(await offered('comp'), ['completion'])
  t.same(await offered('completion', ''), ['bash', 'zsh', 'fish'], 'words of an argument')
  t.same(await offered('completion', 'b'), ['bash'])
  t.same(await offered('view', '--dead'), ['--dead-letter'], 'options')
  t.same(await offered('view', '--on-bad', ''), ['drop', 'fail', 'pass'], 'words of an option')
  t.same(await offered('view', '--on-bad', '=', 'p'), ['pass'], 'after an equals sign')
  t.same(await offered('view', '--on-bad', '='), ['drop', 'fail', 'pass'])
  t.same(await offered('view', '--dead-letter', 'a'), ['a rule.yaml'], 'files of an option')
  t.same(await offered('view', '--max-depth', ''), [], 'nothing where anything may stand')
  t.same(await offered('nonsense', '--on'), [])
  for (const { name } of catalogue.filter(({ name }) => name.includes(' '))) {
    const [verb, kind] = name.split(' ')
    t.ok((await offered(verb, kind.slice(0, 1))).includes(kind), `kind of ${name}`)
    t.ok((await offered(verb, kind, '--log-l')).includes('--log-level'), `options of ${name}`)
  }
})

withProgram('zsh', 'zsh loads its completion', async (t) => {
  const file = `${ROOT}/completions/${COMPLETION_FILES.zsh}`
  const load = `autoload -U compinit; compinit -D -u; source '${file}'; print -r -- $_comps[solder]`
  const { stdout, stderr } = spawnSync('zsh', ['-f', '-c', load], { encoding: 'utf8' })
  t.equal(stdout + stderr, '_solder\n')
})

withProgram('fish', 'fish completes', async (t) => {
  const ask = (line: string) => {
    const script = `source '${ROOT}/completions/${COMPLETION_FILES.fish}'; complete -C '${line}'`
    const { stdout } = spawnSync('fish', ['--no-config', '-c', script], { encoding: 'utf8', cwd: folder })
    return stdout.split('\n').filter(Boolean).map((offer) => offer.split('\t')[0])
  }
  t.same(ask('solder comp'), ['completion'])
  t.same(ask('solder completion '), ['bash', 'fish', 'zsh'])
  t.same(ask('solder view --on-bad '), ['drop', 'fail', 'pass'])
  t.same(ask('solder view --dead'), ['--dead-letter'])
})

t.test('the tools print what the files hold', async (t) => {
  for (const shell of ['bash', 'zsh', 'fish'] as const) {
    t.equal((await sh(`solder completion ${shell}`)).stdout, completionOf(shell, components), shell)
  }
  t.match(await sh('solder completion tcsh'), { code: 2, stdout: '', stderr: /unknown shell 'tcsh'/ })
  t.equal((await sh('solder list')).stdout.split('\n').length, components.length + 1)
  t.same(JSON.parse((await sh('solder schema')).stdout), schemaOf(components))
  const declared = JSON.parse((await sh('solder list --json')).stdout) as { name: string; options: object }[]
  t.same(declared.map(({ name }) => name), components.map(({ name }) => name))
})

interface Value {
  default?: Json
  writeOnly?: boolean
  description?: string
}

interface Schema {
  definitions: { stage: { properties: { [name: string]: { anyOf: [{ properties: { [key: string]: Value } }] } } } }
}

const schema = schemaOf(components) as unknown as Schema

/** Strict, but for a word that only editors know. */
function validator(): Ajv {
  const ajv = new Ajv({ strict: true, allowUnionTypes: true })
  return ajv.addKeyword({ keyword: 'patternErrorMessage', schemaType: 'string' })
}

t.test('the schema', async (t) => {
  const { definitions } = schema
  const ajv = validator()
  t.ok(ajv.validateSchema(schema), 'is a JSON Schema')
  for (const component of components) {
    if (component.role === 'tool') continue
    const { properties } = definitions.stage.properties[component.name].anyOf[0]
    const doubled = component.args.map(argumentKey).filter((key) => Object.hasOwn(component.options, key))
    t.same(doubled, [], `${component.name}: no argument has the key of an option`)
    for (const [key, value] of Object.entries(properties)) {
      const where = `${component.name}.${key}`
      t.match(value.description, /^\S.*\.$/, `${where} is described`)
      if (value.default === undefined) continue
      t.ok(ajv.validate({ ...value, definitions }, value.default), `${where}: default is valid`)
    }
    for (const [key, spec] of Object.entries(component.options)) {
      if (spec.type !== 'secret' && spec.secret !== true) continue
      t.equal(properties[key].writeOnly, true, `${component.name}.${key} is a secret`)
    }
  }
})

t.test('the schema takes what check takes', async (t) => {
  const validate = validator().compile(schema)
  const good = readdirSync(`${ROOT}/examples`).map((name) => `examples/${name}`)
  const pipelines = good.filter((path) => /\.yaml$/.test(path) && /^pipes:/m.test(read(path)))
  t.ok(pipelines.length >= 5, `${pipelines.length} examples`)
  for (const path of pipelines) {
    const { code, stderr } = await sh(`solder check ${path}`, { env: EXAMPLE_ENVIRONMENT })
    t.equal(`${code} ${stderr}`, '0 ', `${path} is right`)
    t.ok(validate(parse(read(path))), path, { errors: validate.errors })
  }
  t.ok(validate(parse('version: 1\ndefine: {x: {from: [a, b], through: c, to: {write file: d}}}')), 'a definition of a whole pipe')
  for (const [name, text] of Object.entries(MISTAKES)) t.notOk(validate(parse(text)), name)
})

/** What examples read. */
const EXAMPLE_ENVIRONMENT = { SITE: 'attic', TOKEN: 'secret', MIMIR_URL: 'http://127.0.0.1:9009/api/v1/push' }

const MISTAKES: { readonly [name: string]: string } = {
  'unknown key': 'version: 1\npipe: {}',
  'unknown version': 'version: 2',
  'unknown option': 'version: 1\npipes: {a: {from: {scrape host: {evry: 5s}}}}',
  'no duration': 'version: 1\npipes: {a: {from: {scrape host: {every: 5 seconds}}}}',
  'no number': 'version: 1\npipes: {a: {from: x, to: {write prometheus: {url: http://h, concurrency: many}}}}',
  'unknown word': 'version: 1\npipes: {a: {from: x, to: {write file: {path: x, fsync: often}}}}',
  'argument missing': 'version: 1\npipes: {a: {from: x, to: {write file: {keep: 3}}}}',
  'no from': 'version: 1\npipes: {a: {to: view}}',
  'unknown type': 'version: 1\ndefine: {x: {args: {a: strin}, pipe: relabel}}',
  'no stages': 'version: 1\ndefine: {x: {args: {a: string}}}',
  'two names in a stage': 'version: 1\npipes: {a: {from: {scrape host: {}, view: {}}}}',
}
