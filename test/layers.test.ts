// The layers, read from the imports: bin -> commands -> lib, and inside lib only downward; and the habits that a reader
// of files alone can check.

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import t from 'tap'
import { ROOT } from './support/solder.js'

/** Folders and files of lib, by layer. A new one takes its place here. */
const LAYERS: readonly (readonly string[])[] = [
  ['record'],
  ['component.ts', 'transform.ts', 'flow.ts', 'at_once.ts', 'logs', 'diag', 'regex', 'option', 'expr', 'geo', 'go', 'logql', 'redact', 'relabel', 'edit', 'aggregate', 'trace', 'wire', 'bridge', 'view', 'ledger'],
  ['io', 'net', 'spool', 'state'],
  ['scrape', 'host', 'discovery', 'tail', 'delivery', 'listen', 'receive', 'recording'],
  ['pipeline', 'config'],
  ['supervisor', 'admin', 'testing'],
  ['cli', 'main.ts'],
]

/** Modules of Node that pure layers may use: no descriptor, no socket, no clock behind them. */
const PURE = new Set(['node:buffer', 'node:crypto', 'node:util', 'node:zlib', 'node:path', 'node:url', 'node:assert'])

/** Packages that cost start-up time (10 ms and more): a component loads them when it needs them. */
const HEAVY = ['undici', 'yaml', 'chokidar', '@marcbachmann/cel-js', 'snappy', 'protobufjs', 'cosmiconfig']

const COMPONENT_LINES = 150

interface Import {
  from: string
  how: 'static' | 'type' | 'dynamic'
}

interface Source {
  /** From the root of the project. */
  path: string
  text: string
  imports: readonly Import[]
}

function sourcesIn(folder: string): Source[] {
  if (!existsSync(`${ROOT}/${folder}`)) return []
  const names = readdirSync(`${ROOT}/${folder}`, { recursive: true, encoding: 'utf8' })
  return names
    .filter((name) => /\.(ts|js|mjs)$/.test(name))
    .map((name) => {
      const path = `${folder}/${name}`
      const text = readFileSync(`${ROOT}/${path}`, 'utf8')
      return { path, text, imports: importsOf(path, text) }
    })
}

/** Text without comments, which may speak of anything. */
function code(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\/|(^|\s)\/\/[^\n]*/g, '$1')
}

function importsOf(path: string, text: string): Import[] {
  const target = (name: string) =>
    name.startsWith('.') ? relative(ROOT, join(ROOT, dirname(path), name)).replace(/\.js$/, '.ts') : name
  const found: Import[] = []
  const statement = /^(?:import|export)\s+(type\s)?(?:[\w*{}\s,$]+?\sfrom\s+)?'([^']+)'/gm
  for (const [whole, type, name] of code(text).matchAll(statement)) {
    const onlyTypes = type !== undefined || /\{\s*(type \w+(?: as \w+)?,?\s*)+\}/.test(whole)
    found.push({ from: target(name), how: onlyTypes ? 'type' : 'static' })
  }
  for (const [, name] of code(text).matchAll(/\bimport\(\s*'([^']+)'/g)) found.push({ from: target(name), how: 'dynamic' })
  return found
}

const lib = sourcesIn('lib')
const commands = sourcesIn('commands')
const bin = sourcesIn('bin')
const byPath = new Map([...lib, ...commands].map((source) => [source.path, source]))
const components = commands.filter(({ path }) => path !== 'commands/index.ts')

function layerOf(path: string): number {
  const word = path.split('/')[1]
  return LAYERS.findIndex((layer) => layer.includes(word))
}

t.test('imports are found', async (t) => {
  const text = [
    "import a from 'a'",
    "import type { B } from './b.js'",
    "import {\n  c,\n} from '../c.js'",
    "export * from './d.js'",
    "// import 'no'",
    "const x = await import('e')",
    "import { type F } from 'f'",
    "import 'g'",
  ].join('\n')
  t.same(importsOf('lib/x/y.ts', text), [
    { from: 'a', how: 'static' },
    { from: 'lib/x/b.ts', how: 'type' },
    { from: 'lib/c.ts', how: 'static' },
    { from: 'lib/x/d.ts', how: 'static' },
    { from: 'f', how: 'type' },
    { from: 'g', how: 'static' },
    { from: 'e', how: 'dynamic' },
  ])
  t.ok(lib.length > 30 && components.length > 3)
})

t.test('lib imports only downward', async (t) => {
  for (const { path, imports } of lib) {
    const layer = layerOf(path)
    t.not(layer, -1, `${path} has a layer`)
    for (const { from } of imports) {
      if (from.startsWith('node:') || byPath.get(from) === undefined) {
        t.notMatch(from, /^(commands|bin|test|scripts|bench)\//, `${path} imports ${from}`)
      } else if (layerOf(from) > layer) t.fail(`${path} (L${layer}) imports ${from} (L${layerOf(from)})`)
    }
  }
})

t.test('lib/record imports nothing else', async (t) => {
  for (const { path, imports } of lib.filter(({ path }) => layerOf(path) === 0)) {
    t.same(imports.filter(({ from }) => !from.startsWith('lib/record/')), [], path)
  }
})

/** What reaches out without an import; a text may be called so, as attributes of OpenTelemetry are. */
const EFFECT = /(?<!')\bprocess\.(?!platform|arch)|\bconsole\.|\bfetch\(|\bsetTimeout\(|\bDate\.now\(/

t.test('pure layers do no input or output', async (t) => {
  for (const { path, text, imports } of lib.filter(({ path }) => layerOf(path) <= 1)) {
    for (const { from } of imports) if (from.startsWith('node:') && !PURE.has(from)) t.fail(`${path} imports ${from}`)
    t.notMatch(code(text), EFFECT, `${path} has no effects`)
  }
})

t.test('a command imports no other command and nothing of bin', async (t) => {
  for (const { path, imports } of components) {
    t.same(imports.filter(({ from }) => /^(commands|bin|test|scripts)\//.test(from)), [], path)
  }
  for (const { path, imports } of bin) t.same(imports.filter(({ from }) => from.startsWith('lib/')), [], path)
})

t.test('a component is one file, declared first, of at most 150 lines', async (t) => {
  for (const { path, text } of components) {
    t.ok(text.split('\n').length <= COMPONENT_LINES + 1, `${path} has at most ${COMPONENT_LINES} lines`)
    t.match(path, /^commands\/[a-z]+\/[a-z-]+\.ts$/)
    t.equal(text.match(/^export default (source|filter|sink|tool)\(\{$/gm)?.length, 1, `${path} declares one component`)
    const declared = text.search(/^export default /m)
    t.notMatch(text.slice(0, declared), /^(async )?function /m, `${path}: the declaration stands before the functions`)
  }
})

t.test('only main ends the process', async (t) => {
  for (const { path, text } of [...lib, ...commands]) {
    if (path !== 'lib/main.ts') t.notMatch(code(text), /\bprocess\.(exit|abort|reallyExit)\b|\bprocess\.exitCode\b/, path)
  }
})

t.test('the first line of a file says what it is', async (t) => {
  const all = [...lib, ...commands, ...sourcesIn('test'), ...sourcesIn('scripts'), ...sourcesIn('bench')]
  for (const { path, text } of all) t.match(text, /^(#!.*\n)?\/\/ \S/, path)
})

t.test('heavy packages are loaded when they are needed', async (t) => {
  for (const { path } of [...components, byPath.get('commands/index.ts')!]) {
    const seen = new Set<string>()
    const packages = new Map<string, string>()
    const visit = (at: string) => {
      if (seen.has(at)) return
      seen.add(at)
      for (const { from, how } of byPath.get(at)?.imports ?? []) {
        if (how !== 'static') continue
        if (byPath.has(from)) visit(from)
        else if (HEAVY.some((name) => from === name || from.startsWith(`${name}/`))) packages.set(from, at)
      }
    }
    visit(path)
    t.same([...packages], [], path)
  }
})
