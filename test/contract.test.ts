// What every command promises, whatever it does: its help, its examples, its ends. Read from the declarations, so that
// a new command is tested as soon as it is in the catalogue.

import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Readable, Writable } from 'node:stream'
import { tmpdir } from 'node:os'
import t, { type Test } from 'tap'
import { catalogue } from '../commands/index.js'
import { allOptions, findEntry, parseInput } from '../lib/cli/command.js'
import { flagSynopsis, valueWord } from '../lib/cli/help.js'
import { type Component, loadComponent } from '../lib/component.js'
import { flagOf, type OptionSpec } from '../lib/option/table.js'
import { parseDuration, parseValue } from '../lib/option/value.js'
import { decodeLine, tailText } from '../lib/record/index.js'
import { mmdb } from './support/mmdb.js'
import { environment, ROOT, sh } from './support/solder.js'
import { solderCommands } from './support/shell.js'

const SAMPLE = '{"type":"metric","name":"up","labels":{"job":"node"},"kind":"gauge","ts":"1763804400000000000","value":1}\n'

const PIPES = '{"pipes":[{"name":"a","state":"done","pid":null,"restarts":0,"stages":[],"gaps":[]}]}'

// Many processes, on a machine that may have other work.
t.setTimeout(300_000)

// A server that is a target, a receiver, a directory of targets and the admin server of a pipeline, by what it is
// asked.
const server = createServer((request, response) => {
  request.resume()
  const { url = '' } = request
  if (url.startsWith('/api/v1/tap')) {
    // As often as it takes until the client notices that nobody reads.
    const timer = setInterval(() => response.write(`data: ${SAMPLE}\n`), 20)
    response.writeHead(200, { 'content-type': 'text/event-stream' }).on('close', () => clearInterval(timer))
  } else if (url.startsWith('/containers/') || url.startsWith('/events')) docker(url, response)
  else if (url.startsWith('/api/v1/')) response.writeHead(200).end(PIPES)
  else if (request.method === 'POST') response.writeHead(204).end()
  else if (request.headers.accept?.includes('json') === true) {
    response.writeHead(200, { 'content-type': 'application/json' }).end(`[{"targets":["${address}"]}]`)
  } else response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4' }).end('a 1\n')
})
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
const address = `127.0.0.1:${(server.address() as AddressInfo).port}`

/** A Docker daemon with one container, which goes on talking. */
function docker(url: string, response: ServerResponse): void {
  response.writeHead(200)
  if (url.startsWith('/containers/json')) response.end('[{"Id":"a"}]')
  else if (url.startsWith('/containers/a/json')) response.end('{"Name":"/a","Config":{"Tty":true},"State":{"Running":true}}')
  else if (url.includes('follow=false')) response.end('2025-11-22T09:40:00Z hello\n')
  else if (url.startsWith('/containers/a/logs')) {
    const timer = setInterval(() => response.write('2025-11-22T09:40:00Z hello\n'), 20)
    response.on('close', () => clearInterval(timer))
  } else response.flushHeaders()
}

const folder = mkdtempSync(`${tmpdir()}/solder-contract-`)
t.teardown(() => {
  server.close()
  server.closeAllConnections()
  rmSync(folder, { recursive: true })
})
writeFileSync(`${folder}/records.ndjson`, SAMPLE)
writeFileSync(`${folder}/solder.yaml`, 'version: 1\npipes:\n  a: scrape host | filter true | write file a.ndjson\ntests:\n  b: {pipe: a, in: [], out: []}\n')
const ENTRY = 'printf "MESSAGE=a\\n__REALTIME_TIMESTAMP=1763804400000000\\n\\n"'
writeFileSync(`${folder}/journalctl`, `#!/bin/sh\n${ENTRY}\ncase "$*" in *--follow*) exec sleep 30;; esac\n`, { mode: 0o755 })
writeFileSync(`${folder}/targets.json`, `[{"targets":["${address}"]}]`)

writeFileSync(`${folder}/places.mmdb`, mmdb({ '192.0.2.0/24': {} }, 'Test-City', 6))
writeFileSync(`${folder}/stages.yaml`, 'pipeline_stages: [{logfmt: {mapping: {level: }}}]')

/**
 * A word for each required argument or option, by the argument's name or the word that stands for the option's value.
 */
const ARGUMENTS: { readonly [name: string]: string } = {
  URL: `http://${address}/`,
  EXPR: 'true',
  PATH: `${folder}/out.ndjson`,
  GLOB: `${folder}/*.json`,
  TARGET: address,
  FILE: `${folder}/records.ndjson`,
  ADDRESS: `tcp://${address}`,
  CMD: 'pwd',
  STAGES: 'scrape host | view',
  'PIPE[.STAGE]': 'a',
  PIPE: `discover static ${address} | relabel`,
  RATE: '1',
  ENTRIES: '1000',
  SIZE: '1KiB',
  EXPRESSION: '^(?P<a>[a-z]*)',
  FIRSTLINE: '^never',
  FORMAT: 'RFC3339',
  TEMPLATE: '{{ .Entry }}',
  MMDB_FILE: `${folder}/places.mmdb`,
  PATTERN: '<a> <b>',
  SELECTOR: '{job!="none"}',
  LABEL: 'app',
  'LABEL=VALUE': 'app=shop',
  NAME: 'app',
  FIELD: 'app',
  'STAGES.yaml': `${folder}/stages.yaml`,
  ATTRIBUTE: 'attributes.app',
  KEY: 'app',
  VALUE: 'attributes.application',
  FROM: 'attributes.app',
  TO: 'attributes.application',
  /** Of one process at a time; as a spool it has something to show. */
  get DIR() {
    const dir = mkdtempSync(`${folder}/dir-`)
    writeFileSync(`${dir}/0000000000000001.seg`, 'torn')
    return dir
  },
}

/** What a command needs of several options, of which none is required. */
const ONE_OF: { readonly [name: string]: readonly string[] } = {
  'filter drop': ['--expression', '^never'],
  'filter sample': ['--percent', '100'],
  'filter tail': ['--policy', 'type: always_sample'],
  'enrich geoip': ['--db-type', 'city'],
  'enrich tenant': ['--value', 'a'],
  'enrich resource': ['--attribute', 'none'],
}

/** A server has nothing to say as long as nobody asks: it is told to stop, and never meets a reader that is gone. */
const listens = (component: Component) => 'listen' in component.options

/** The fewest words with which a command runs. */
function leastWords(component: Component): string[] {
  const words = component.args.filter((arg) => arg.required === true).map((arg) => {
    const word = arg.values?.[0] ?? ARGUMENTS[arg.name]
    if (word === undefined) throw new Error(`${component.name}: give the argument ${arg.name} a word in ARGUMENTS`)
    return word
  })
  const options = Object.entries(component.options).flatMap(([key, spec]) =>
    spec.required === true ? [flagOf(key), ARGUMENTS[valueWord(spec)]] : [],
  )
  // A source that does something at intervals is not waited for.
  const { every } = component.options
  const least = every?.type === 'duration' ? (every.min ?? '0') : null
  const often = least === null ? [] : ['--every', parseDuration(least)! > 200 ? least : '200ms']
  const listen = listens(component) ? ['--listen', '127.0.0.1:0'] : []
  // Without a pipe it is a supervisor, which goes on until it is stopped.
  const pipe = component.name === 'run' ? ['-e', ARGUMENTS.PIPE] : []
  // A machine need not have a journal.
  const journal = 'journalctl' in component.options ? ['--journalctl', `${folder}/journalctl`] : []
  const admin = component.role === 'tool' && 'url' in component.options ? ['--url', `http://${address}`] : []
  const daemon = component.name === 'receive docker' ? ['--host', `http://${address}`] : []
  const oneOf = ONE_OF[component.name] ?? []
  return [...component.name.split(' '), ...oneOf, ...options, ...often, ...listen, ...pipe, ...admin, ...journal, ...daemon, ...words]
}

/** What a command is fed with, so that it has something to say. */
function inputOf(component: Component): string {
  if (component.role === 'tool') return ''
  if (component.role !== 'source') return SAMPLE
  if (component.accepts.length === 0) return 'a 1\n'
  return `{"type":"target","labels":{"__address__":"${address}","__path__":"${folder}/records.ndjson"},"state":"present"}\n`
}

interface End {
  code: number | null
  signal: string | null
  stdout: string
  stderr: string
}

interface Run {
  stdin?: string
  /** stdin stays open after it. */
  open?: boolean
  /** SIGTERM is sent when the command listens for it and, if this is `output`, has written something. */
  term?: 'ready' | 'output'
  /** Nobody reads stdout. */
  deaf?: boolean
}

// Tells on descriptor 3 that SIGTERM is listened for; before that it would end the process by itself.
const READY = `import{writeSync}from'node:fs';process.on('newListener',(e)=>{if(e==='SIGTERM')writeSync(3,'ready')})`

function run(words: readonly string[], { stdin = '', open = false, term, deaf = false }: Run = {}): Promise<End> {
  const child = spawn(process.execPath, [`${ROOT}/bin/solder.js`, ...words], {
    cwd: folder,
    env: environment({ NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(READY)}` }),
    stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
    timeout: 30_000,
    killSignal: 'SIGKILL',
  })
  const [input, output, errors, told] = child.stdio as unknown as [Writable, Readable, Readable, Readable]
  const end: End = { code: null, signal: null, stdout: '', stderr: '' }
  let ready = false
  let stopped = false
  const stop = () => {
    if (stopped || !ready || term === undefined || (term === 'output' && end.stdout === '')) return
    // A second signal would end it at once.
    stopped = child.kill('SIGTERM')
  }
  told.on('data', () => {
    ready = true
    stop()
  })
  output.on('data', (chunk: Buffer) => {
    end.stdout += chunk.toString()
    stop()
  })
  errors.on('data', (chunk: Buffer) => (end.stderr += chunk.toString()))
  if (deaf) output.destroy()
  input.on('error', () => {})
  input.write(stdin)
  if (!open) input.end()
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => resolve({ ...end, code, signal }))
  })
}

const said = ({ code, signal, stderr }: End) => `${signal ?? code} ${stderr}`

/** Fails for every line that is no record in canonical form. */
function onlyRecords(t: Test, stdout: string, what: string): void {
  for (const line of stdout.split('\n').slice(0, -1)) {
    const record = decodeLine(Buffer.from(line))
    if ('reason' in record) t.fail(`${what}: ${record.detail}: ${line}`)
    else {
      const canonical = record.identity.prefix.toString() + tailText(record.identity, record.payload)
      t.equal(canonical, `${line}\n`, `${what}: canonical`)
    }
  }
  t.match(stdout, /^$|\n$/, `${what}: the last line is whole`)
}

/** One sentence as help wants it: lower case unless it begins with a name, no full stop. */
const HELP = /^(?=[^A-Z]|[A-Z]+[A-Z0-9./-]|[A-Z]\w+('s)? )\S.*[^.\s]$/s

function declares(t: Test, component: Component): void {
  t.match(component.summary, /^[a-z].*[^.\s]$/, 'summary: lower case, no full stop')
  t.match(component.description, /[.…]\s*$/, 'description: sentences')
  t.match(component.since, /^\d+\.\d+\.\d+$/, 'since')
  if (component.role !== 'tool') t.match(component.guarantee, /\.\s*$/, 'guarantee: sentences')
  for (const arg of component.args) {
    t.match(arg.help, HELP, `${arg.name}: help`)
    t.equal(arg.path === true, /FILE|PATH|GLOB|DIR|\.yaml/.test(arg.name), `${arg.name}: whether it names files`)
  }
  for (const [key, spec] of Object.entries(allOptions(component))) {
    t.match(key, /^[a-z][a-z0-9]*(_[a-z0-9]+)*$/, `${key}: snake_case`)
    t.match(spec.help, HELP, `${key}: help`)
    t.match(spec.since, /^\d+\.\d+\.\d+$/, `${key}: since`)
    t.doesNotThrow(() => checkDefault(spec, key), `${key}: legal default`)
  }
  const own = Object.keys(component.options).filter((key) => key in allOptions({ ...component, options: {} } as Component))
  t.same(own, [], 'no own option hides one that every stage has')
}

function checkDefault(spec: OptionSpec, key: string): void {
  if (!('default' in spec) || spec.default === undefined) return
  const each = Array.isArray(spec.default) ? (spec.default as string[]) : [String(spec.default)]
  for (const one of each) parseValue(spec, one, flagOf(key))
}

async function helps(t: Test, component: Component): Promise<void> {
  const { code, stdout, stderr } = await run([...component.name.split(' '), '--help'])
  t.equal(`${code} ${stderr}`, '0 ', '--help')
  const flags = Object.entries(allOptions(component)).map(([key, spec]) => flagSynopsis(key, spec).split(' ')[0])
  t.same(flags.filter((flag) => !stdout.includes(`\n  ${flag}`)), [], '--help names every option')
}

async function refuses(t: Test, component: Component): Promise<void> {
  const key = Object.keys(allOptions(component))[0] ?? 'help'
  const { code, stdout, stderr } = await run([...leastWords(component), `${flagOf(key)}x`])
  t.equal(code, 2, 'an unknown option exits 2')
  t.equal(stdout, '')
  t.match(stderr, `unknown option '${flagOf(key)}x' for '${component.name}'`)
  if (key !== 'help') t.match(stderr, `did you mean '${flagOf(key)}'?`)
}

/** Without input: filters and sinks are done; a source is done or goes on until it is told to stop. */
async function endsWithInput(t: Test, component: Component): Promise<void> {
  const once = 'once' in component.options ? ['--once'] : []
  const end = await run([...leastWords(component), ...once], { term: listens(component) ? 'ready' : 'output' })
  t.equal(end.code, 0, `empty stdin exits 0: ${said(end)}`)
  if (component.role === 'source' || component.role === 'filter') onlyRecords(t, end.stdout, 'empty stdin')
}

async function drains(t: Test, component: Component): Promise<void> {
  const end = await run(leastWords(component), { stdin: inputOf(component), open: true, term: 'ready' })
  t.equal(end.code, 0, `SIGTERM while stdin is open exits 0: ${said(end)}`)
  if (component.role === 'source' || component.role === 'filter') onlyRecords(t, end.stdout, 'SIGTERM')
  if (component.name.startsWith('write ')) t.equal(end.stdout, '', 'nothing on stdout')
  if (component.role !== 'filter') return
  // A sample of Prometheus is what it translates; the others let it be.
  const translated = component.name === 'derive otlp'
  t.equal(translated ? end.stdout.split('\n').length : end.stdout, translated ? 2 : SAMPLE, 'what stood in the pipe came through')
}

/** A command whose reader is gone ends silently; one that writes nothing to stdout does not notice. */
async function quietWithoutReader(t: Test, component: Component): Promise<void> {
  if (listens(component)) return
  const end = await run(leastWords(component), { stdin: inputOf(component), deaf: true })
  const silent = component.role === 'sink' ? /^(141|0) $/ : /^141 $/
  t.match(said(end), silent, 'the reader of stdout is gone: 141, and not a word')
}

async function showsExamples(t: Test, component: Component): Promise<void> {
  for (const { command, about, needs } of component.examples) {
    t.match(about, HELP, `${command} is explained`)
    for (const words of solderCommands(command)) {
      t.doesNotThrow(() => parse(words), `example is valid: solder ${words.join(' ')}`)
    }
    if (needs !== undefined) continue
    const at = mkdtempSync(`${folder}/example-`)
    const { code, stderr } = await sh(command, { cwd: at, timeout: 20_000 })
    t.equal(code, 0, `example runs, and ends: ${command}\n${stderr}`)
  }
}

const components = await Promise.all(catalogue.map(loadComponent))

function parse(words: readonly string[]): void {
  const { entry, rest } = findEntry(catalogue, words)
  const component = components.find(({ name }) => name === entry.name)!
  if (!rest.includes('--help')) parseInput(component, rest)
}

t.test('the catalogue', async (t) => {
  const names = catalogue.map(({ name }) => name)
  t.same(components.map(({ name }) => name), names, 'names are those that the components declare')
  t.equal(new Set(names).size, names.length, 'no name twice')
})

for (const component of components) {
  t.test(`solder ${component.name}`, async (t) => {
    const test = t as Test
    declares(test, component)
    const stage = component.role === 'tool' ? [] : [endsWithInput, drains]
    await Promise.all([helps, refuses, quietWithoutReader, showsExamples, ...stage].map((check) => check(test, component)))
  })
}
