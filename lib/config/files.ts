// The files of a pipeline: named ones, folders of them, modules, and the one that cosmiconfig finds.

import { readFileSync, statSync } from 'node:fs'
import { readdir, readFile, stat } from 'node:fs/promises'
import { basename, extname, join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { Problem } from '../diag/problem.js'
import { fileComplaint } from '../net/file.js'

/** A file as text. */
export interface FileText {
  /** As messages show it. */
  readonly name: string
  readonly path: string
  readonly text: string
  /** The key under which the pipeline stands; the whole file if absent. */
  readonly key?: string
}

const NAMES = [
  'solder.yaml',
  'solder.yml',
  'solder.json',
  'solder.js',
  'solder.mjs',
  'solder.cjs',
  'solder.ts',
  'solder.mts',
]
const DATA = ['.yaml', '.yml', '.json']
const MODULES = ['.js', '.mjs', '.cjs', '.ts', '.mts', '.cts']

/** Longest `file("…")`; what is longer is no word. */
const MOST_BYTES = 1 << 20

/** `https://…`, `git@host:…`, `s3://…`: something that is not on this machine. */
export function isRemote(reference: string): boolean {
  return /^[a-z][a-z0-9+.-]*:/i.test(reference) || /^[\w.-]+@[\w.-]+:/.test(reference)
}

/** The problem with a reference to somewhere else. */
export function notYet(reference: string): Problem {
  const [kind] = /^[a-z0-9+-]+/i.exec(reference) ?? ['']
  const what =
    reference.startsWith('git@') || kind.startsWith('git')
      ? 'git'
      : kind === 's3'
        ? 'S3'
        : kind.startsWith('http')
          ? 'HTTP'
          : kind
  return new Problem(`a pipeline over ${what} is not yet supported`, { expected: 'a file on this machine' })
}

/** The file that is there for the folder or one above it (cosmiconfig); null if there is none. */
export async function searchFile(folder: string): Promise<string | null> {
  const { cosmiconfig } = await import('cosmiconfig')
  const raw = (_path: string, content: string) => content
  const loaders = Object.fromEntries([...DATA, ...MODULES].map((extension) => [extension, raw]))
  // The loader of package.json gives what stands in it: only a `solder` key makes it a pipeline file.
  const explorer = cosmiconfig('solder', {
    searchPlaces: [...NAMES, 'package.json'],
    loaders: {
      ...loaders,
      '.json': (path: string, content: string) =>
        (basename(path) === 'package.json' ? JSON.parse(content) : content) as unknown,
    },
    searchStrategy: 'global',
  })
  return (await explorer.search(folder))?.filepath ?? null
}

/** The files that a path stands for: itself, or those of a folder by name. Throws a Problem. */
export async function filesAt(path: string): Promise<string[]> {
  if (isRemote(path)) throw notYet(path)
  const found = await stat(path).catch((error: unknown) => {
    throw unreadable(path, error)
  })
  if (!found.isDirectory()) return [path]
  const names = (await readdir(path)).filter(
    (name) => [...DATA, ...MODULES].includes(extname(name)) && !name.startsWith('.'),
  )
  if (names.length === 0)
    throw new Problem(`${path} holds no pipeline files`, { expected: [...DATA, ...MODULES].join(', ') })
  return names.sort().map((name) => join(path, name))
}

/** Reads a file; a module is run, and what it exports is read as JSON. Throws a Problem. */
export async function readPipelineFile(path: string): Promise<FileText> {
  if (MODULES.includes(extname(path))) return { name: `${path} (as JSON)`, path, text: await moduleText(path) }
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw unreadable(path, error)
  })
  return { name: path, path, text, ...(basename(path) === 'package.json' && { key: 'solder' }) }
}

function unreadable(path: string, cause: unknown): Problem {
  return new Problem(`cannot read ${path}: ${fileComplaint(cause)}`, {
    cause,
    expected: 'a pipeline file or a folder of them',
  })
}

async function moduleText(path: string): Promise<string> {
  const file = resolve(path)
  let found: unknown
  try {
    // Another time makes another module: what changed is read again.
    const { mtimeMs } = statSync(file)
    const loaded = (await import(`${pathToFileURL(file).href}?${mtimeMs}`)) as { default?: unknown }
    found = typeof loaded.default === 'function' ? await (loaded.default as () => unknown)() : loaded.default
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ERR_UNKNOWN_FILE_EXTENSION') {
      const hint = 'name it .mjs, or use a Node that strips types (22.18 and later)'
      throw new Problem(`${path}: Node ${process.versions.node} cannot load TypeScript`, { cause, hint })
    }
    throw new Problem(`cannot load ${path}: ${(cause as Error).message}`, { cause })
  }
  if (typeof found === 'object' && found !== null) return JSON.stringify(found, null, 2) + '\n'
  throw new Problem(`${path} exports no pipeline`, {
    expected: 'an object, or a function that gives one, as its default',
  })
}

/** The text of a file in an expression, without the newline at its end. Throws a Problem. */
export function wordFile(path: string): string {
  try {
    const { size } = statSync(path)
    if (size > MOST_BYTES) throw new Problem(`file("${path}"): longer than ${MOST_BYTES} bytes`)
    return readFileSync(path, 'utf8').replace(/\r?\n$/, '')
  } catch (cause) {
    if (cause instanceof Problem) throw cause
    throw new Problem(`cannot read ${path}: ${fileComplaint(cause)}`, { cause })
  }
}
