// Pipeline files to one checked pipeline, or to everything that is wrong with them.

import { dirname, join, relative, resolve } from 'node:path'
import type { ParsedNode } from 'yaml'
import { collect, didYouMean, type Place, Problem, problemsOf } from '../diag/problem.js'
import type { Value } from '../expr/value.js'
import { Secret } from '../net/secret.js'
import type { Pipe, Pipeline } from '../pipeline/model.js'
import { checkAlone } from './alone.js'
import { checkBranches } from './branch.js'
import { ChainReader, type Kit } from './chain.js'
import { conflicts } from './conflict.js'
import { type Definition, readDefinition } from './definition.js'
import { ConfigDocument, type Entry, type Yaml } from './document.js'
import type { Names, Scope } from './evaluate.js'
import { filesAt, isRemote, notYet, readPipelineFile, searchFile, wordFile } from './files.js'
import { joinPipes } from './flow.js'
import type { Language } from './language.js'
import { type Found, LetNames } from './let.js'
import { maskSecrets } from './mask.js'
import { type LonePipe, readPipe } from './pipe.js'
import { Secrets } from './secrets.js'
import { type PipeTest, readTest } from './tests.js'

const KEYS = ['version', 'import', 'let', 'define', 'pipes', 'tests']

export interface Loaded {
  /** null if there is any problem. Files of definitions alone have no pipes. */
  readonly pipeline: Pipeline | null
  /** By file, line and column. */
  readonly problems: readonly Problem[]
  /** None if there is any problem. */
  readonly tests: readonly PipeTest[]
  /** Every file that was read, and that stages read at their start; also where there is any problem. */
  readonly files: readonly string[]
}

/** Reads files and folders, with all that they import, as one pipeline. Nothing is opened but files, for reading. */
export async function loadPipeline(paths: readonly string[], language: Language): Promise<Loaded> {
  const loader = new Loader(await import('yaml'), language)
  const pipes = await loader.load(paths)
  const tests = await loader.tests(pipes)
  const problems = await loader.told()
  const files = [...loader.files]
  if (problems.length > 0) return { pipeline: null, problems, tests: [], files }
  return { pipeline: { pipes: pipes.map(withoutLines), files }, problems, tests, files }
}

/** A pipe whose places do not hold the lines of the file, in which secrets may stand. */
function withoutLines(pipe: Pipe): Pipe {
  const bare = <T extends { readonly place: Place }>(one: T): T => {
    const { file, line, column, length } = one.place
    return { ...one, place: { file, line, column, length } }
  }
  return {
    ...bare(pipe),
    from: pipe.from.map((inlet) => ({ ...bare(inlet), stages: inlet.stages.map(bare) })),
    through: pipe.through.map(bare),
    to: pipe.to.map((branch) => branch.map(bare)),
    branch: pipe.branch === null ? null : bare(pipe.branch),
  }
}

/** The files that were named, or the one that is found here or above. Throws a Problem. */
export async function pipelineFiles(named: readonly string[]): Promise<readonly string[]> {
  if (named.length > 0) return named
  const found = await searchFile(process.cwd())
  if (found !== null) return [relative(process.cwd(), found)]
  throw new Problem('there is no pipeline file here or above', {
    expected: 'solder.yaml, or FILE',
    hint: "'solder new' writes one",
  })
}

class Loader {
  readonly files = new Set<string>()
  readonly #problems: Problem[] = []
  readonly #secrets = new Secrets()
  readonly #documents: ConfigDocument[] = []
  readonly #scopes = new Map<ConfigDocument, Scope>()
  readonly #definitions = new Map<string, Definition>()

  constructor(
    private readonly yaml: Yaml,
    private readonly language: Language,
  ) {}

  async load(paths: readonly string[]): Promise<Pipeline['pipes']> {
    for (const path of paths) {
      const files = await collect(this.#problems, () => filesAt(path))
      for (const file of files ?? []) await this.#read(file)
    }
    const names = new LetNames(this.#named('let'), (document) => this.#scopes.get(document)!)
    for (const document of this.#documents) this.#scopes.set(document, this.#scope(document, names))
    await names.all(this.#problems)
    for (const { key, at, value, document } of this.#named('define')) {
      if (!this.#isFree(key, at, document)) continue
      const found = await readDefinition(document, key, at, value, this.#scopes.get(document)!, this.#secrets)
      if (found !== null) this.#definitions.set(key, found)
    }
    return this.#pipes()
  }

  async #pipes(): Promise<Pipeline['pipes']> {
    const kit: Kit = {
      language: this.language,
      definitions: this.#definitions,
      secrets: this.#secrets,
      problems: this.#problems,
      files: this.files,
      expanded: new Set(),
    }
    const pipes: LonePipe[] = []
    const found = this.#named('pipes')
    for (const entry of found) {
      const chain = new ChainReader(kit, entry.document, this.#scopes.get(entry.document)!)
      const pipe = await readPipe(entry.document, entry, chain)
      if (pipe !== null) pipes.push(pipe)
    }
    await this.#unused(kit)
    if (found.length === 0 && this.#definitions.size === 0 && this.#problems.length === 0) {
      const [document] = this.#documents
      const place = { file: document.name, line: 1, column: 1 }
      this.#problems.push(new Problem('there is no pipe', { place, expected: "'pipes' with a pipe in it" }))
    }
    const joined = joinPipes(
      pipes,
      found.map(({ key }) => key),
      this.#problems,
    )
    conflicts(joined, this.#problems)
    checkBranches(joined, this.#problems)
    return joined
  }

  /** Checks the definitions that nobody uses. */
  async #unused(kit: Kit): Promise<void> {
    const files = new Set(this.files)
    for (const definition of this.#definitions.values()) {
      if (!kit.expanded.has(definition.name)) await checkAlone(definition, kit)
    }
    // Names of files that arguments were made of.
    for (const file of this.files) if (!files.has(file)) this.files.delete(file)
  }

  async tests(pipes: Pipeline['pipes']): Promise<PipeTest[]> {
    const names = this.#named('pipes').map(({ key }) => key)
    const tests: PipeTest[] = []
    for (const entry of this.#named('tests')) {
      const scope = this.#scopes.get(entry.document)!
      const test = await readTest(entry.document, entry, { pipes, names, scope, secrets: this.#secrets })
      if (test !== null) tests.push(test)
    }
    return tests
  }

  /** What is wrong, each once, in the order of the files, without secrets. */
  async told(): Promise<Problem[]> {
    if (this.#problems.length === 0) return []
    const components = await this.language.components()
    const tables = [
      ...components.map((component) => this.language.options(component)),
      ...[...this.#definitions.values()].map(({ options }) => options),
    ]
    const secrets = tables.flatMap((table) =>
      Object.keys(table).filter((key) => table[key].type === 'secret' || table[key].secret === true),
    )
    const order = this.#documents.map(({ name }) => name)
    const rank = ({ file }: Place) => order.indexOf(file) + 1 || order.length + 1
    const key = ({ place, message }: Problem) => `${place?.file}:${place?.line}:${place?.column}: ${message}`
    const once = new Map(this.#problems.map((problem) => [key(problem), problem]))
    return [...once.values()]
      .sort((a, b) => {
        if (a.place === undefined || b.place === undefined)
          return Number(b.place === undefined) - Number(a.place === undefined)
        const lines = (a.place.line ?? 0) - (b.place.line ?? 0)
        return rank(a.place) - rank(b.place) || lines || (a.place.column ?? 0) - (b.place.column ?? 0)
      })
      .map((problem) => maskSecrets(problem, new Set(secrets)))
  }

  /** Reads a file and what it imports, each file once. */
  async #read(path: string): Promise<void> {
    if (this.files.has(resolve(path))) return
    this.files.add(resolve(path))
    const file = await collect(this.#problems, () => readPipelineFile(path))
    if (file === undefined) return
    const document = new ConfigDocument(this.yaml, file.name, file.text, this.#problems, path, file.key)
    this.#documents.push(document)
    if (document.root === null) return
    const entries = document.entries(document.root)
    if (entries === null)
      return document.problem(document.root, 'this is no pipeline', { expected: `a map of ${KEYS.join(', ')}` })
    this.#version(document, entries)
    for (const { key, at, value } of entries) {
      if (!KEYS.includes(key))
        document.problem(at, `unknown key '${key}'`, { expected: KEYS.join(', '), hint: didYouMean(key, KEYS) })
      else if (key === 'import' && value !== null) await this.#imports(document, path, value)
    }
  }

  #version(document: ConfigDocument, entries: readonly Entry[]): void {
    const version = entries.find(({ key }) => key === 'version')
    if (version === undefined) document.problem(document.root!, "'version' is missing", { expected: 'version: 1' })
    else if (version.value === null || document.scalar(version.value) !== '1') {
      document.problem(version.value ?? version.at, 'unknown version', { expected: '1' })
    }
  }

  async #imports(document: ConfigDocument, path: string, node: ParsedNode): Promise<void> {
    for (const item of document.items(node) ?? [node]) {
      const reference = item === null ? null : document.scalar(item)
      if (item === null || reference === null)
        document.problem(item ?? node, 'this is no import', { expected: 'the path of a file' })
      else if (isRemote(reference)) document.problem(item, notYet(reference).message, notYet(reference))
      else {
        const files = await filesAt(join(dirname(path), reference)).catch((error: unknown) => {
          for (const { message, expected } of problemsOf(error)) document.problem(item, message, { expected })
        })
        for (const file of files ?? []) await this.#read(file)
      }
    }
  }

  /** The names under a key of all files. */
  #named(section: string): Found[] {
    const found = new Map<string, Found>()
    for (const document of this.#documents) {
      const entry =
        document.root === null ? undefined : document.entries(document.root)?.find(({ key }) => key === section)
      if (entry === undefined || entry.value === null) continue
      const entries = document.entries(entry.value)
      if (entries === null) document.problem(entry.value, `'${section}' is no map`, { expected: 'NAME: …' })
      for (const one of entries ?? []) {
        const first = found.get(one.key)
        if (first !== undefined) document.twice(one.key, one.at, first.document.place(first.at))
        else found.set(one.key, { ...one, document })
      }
    }
    return [...found.values()]
  }

  #scope(document: ConfigDocument, names: Names): Scope {
    const secret = (reference: string): string => {
      if (!/^(?:file|env):./.test(reference)) {
        throw new Problem('secret() takes a reference', { expected: 'secret("file:PATH") or secret("env:NAME")' })
      }
      if (reference.startsWith('file:')) this.files.add(resolve(reference.slice('file:'.length)))
      return this.#secrets.mark({ reference, value: Secret.open(reference, 'secret').value })
    }
    const file = (path: string): string => {
      this.files.add(resolve(path))
      return wordFile(path)
    }
    const functions = new Map<string, (text: string) => Value>([
      ['file', file],
      ['secret', secret],
    ])
    const env = (name: string) => (Object.hasOwn(process.env, name) ? process.env[name] : undefined)
    return { env, dir: dirname(document.path), let: names, args: null, functions }
  }

  #isFree(name: string, at: ParsedNode, document: ConfigDocument): boolean {
    const words = name.split(' ')
    const taken = this.language.names.find((one) => one === name || (words.length === 1 && one.startsWith(`${name} `)))
    if (taken !== undefined) document.problem(at, `'${name}' is a command of solder`, { expected: 'another name' })
    else if (
      name === 'pipe' ||
      name === 'exec' ||
      words.length > 2 ||
      !words.every((word) => /^[a-z][a-z0-9_-]*$/.test(word))
    ) {
      document.problem(at, `'${name}' is no name of a definition`, {
        expected: 'one or two words of lower case letters, digits, - and _',
      })
    } else return true
    return false
  }
}
